import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {Failure} from '../../../source/domain/backend.ts';
import type {RunEvent} from '../../../source/domain/run-event.ts';
import {emptyFigures} from '../../../source/metrics/figures/figures.ts';
import {foldEvent} from '../../../source/metrics/figures/fold-event.ts';
import {LatencyOverTime, TimelineSeries} from '../../../source/metrics/figures/timeline.ts';
import {toVariantFigures} from '../../../source/metrics/figures/variant-figures.ts';
import {cellOf, quotaOf, targetOf} from '../../helpers/spec-fixture.ts';

const cells = [cellOf(), cellOf({variant: 1})];
const target = targetOf(quotaOf(100, 10_000));

const failure: fc.Arbitrary<Failure> = fc.record({
	class: fc.constantFrom('network', 'throttled-tokens', 'stream-cut', 'validation'),
	message: fc.string(),
	advice: fc.string(),
	isRetryable: fc.boolean(),
	charge: fc.constantFrom('none', 'unknown'),
});
const count = fc.integer({min: 0, max: 1000});
const items = fc
	.record({useful: count, checkFailed: count, unparsed: count, checked: count, passed: count})
	.map((counts) => ({...counts, passed: Math.min(counts.passed, counts.checked)}));
const time = fc.double({min: 0, max: 1e6, noNaN: true});
/** Cells and targets beyond those of the run must do no harm either. */
const attempt = {
	at: time,
	cell: fc.integer({min: 0, max: 3}),
	target: fc.integer({min: 0, max: 2}),
	isCounted: fc.boolean(),
};

const place = fc.record({
	number: fc.integer({min: 0, max: 5}),
	units: fc.integer({min: 1, max: 4}),
	isUnitOver: fc.boolean(),
	item: fc.option(
		fc.record({
			index: fc.integer({min: 0, max: 3}),
			pass: fc.integer({min: 0, max: 3}),
			ofPass: fc.integer({min: 1, max: 4}),
		}),
		{nil: undefined},
	),
});

const event: fc.Arbitrary<RunEvent> = fc.oneof(
	fc.record({type: fc.constant('started' as const), at: time, epochMs: fc.integer({min: 0, max: 1e12})}),
	fc.record({type: fc.constantFrom('ended' as const, 'paused' as const, 'resumed' as const), at: time}),
	fc.record({
		...attempt,
		type: fc.constant('sent' as const),
		isFirst: fc.boolean(),
		items: count,
		reservedTokens: count,
		prompt: fc.constant({system: undefined, user: 'x'}),
	}),
	fc.record({
		...attempt,
		type: fc.constant('answered' as const),
		block: fc.option(place, {nil: undefined}),
		stopReason: fc.string(),
		isTruncated: fc.boolean(),
		isRefused: fc.boolean(),
		items,
		tokens: fc.record({
			input: count,
			output: count,
			cacheRead: count,
			cacheWrite: count,
			reasoning: fc.option(count, {nil: undefined}),
			isEstimated: fc.boolean(),
		}),
		quotaTokens: count,
		occupied: fc.record({tokens: count, requests: count}),
		broken: fc.option(fc.record({attempts: count, quotaTokens: count, costUsd: time, maxUsd: time}), {
			nil: undefined,
		}),
		checks: fc.option(
			fc.array(fc.tuple(fc.option(fc.integer({min: 0, max: 9}), {nil: undefined}), fc.boolean())),
			{nil: undefined},
		),
		reservedTokens: count,
		isOverrun: fc.boolean(),
		costUsd: fc.option(time, {nil: undefined}),
		times: fc.record({
			timeToFirstToken: fc.option(time, {nil: undefined}),
			service: time,
			dispatchDelay: time,
			total: time,
		}),
		isWithinServiceLevel: fc.option(fc.boolean(), {nil: undefined}),
		isSimulated: fc.boolean(),
		text: fc.string(),
	}),
	fc.record({
		...attempt,
		type: fc.constant('throttled' as const),
		kind: fc.constantFrom('requests' as const, 'tokens' as const, 'day' as const, 'overloaded' as const),
		failure,
		reservedTokens: count,
	}),
	fc.record({...attempt, type: fc.constant('failed' as const), failure, reservedTokens: count}),
	fc.record({...attempt, type: fc.constant('abandoned' as const), reservedTokens: count}),
	fc.record({
		type: fc.constant('lost' as const),
		at: time,
		cell: fc.integer({min: 0, max: 3}),
		isCounted: fc.boolean(),
		block: fc.option(place, {nil: undefined}),
		failure,
		wasSent: fc.boolean(),
	}),
	fc.record({type: fc.constant('noted' as const), at: time, kind: fc.string(), text: fc.string()}),
);

const figuresOf = (events: readonly RunEvent[]) => {
	const figures = emptyFigures(cells, 1);
	for (const each of events) {
		foldEvent(figures, each);
	}
	const views = cells.map((cell, index) =>
		toVariantFigures(figures, index, {
			name: `v${index}`,
			cell,
			target,
			shape: 'saturate',
			hasServiceLevel: true,
			maxTokens: 100,
		}),
	);
	return {
		views,
		events: figures.events,
		timeline: figures.timeline.toTimeline(),
		failures: [...figures.failures],
	};
};

/** Numbers of a value, however deep. */
const numbersIn = (value: unknown): readonly number[] =>
	typeof value === 'number'
		? [value]
		: typeof value === 'object' && value !== null
			? Object.values(value).flatMap(numbersIn)
			: [];

describe('foldEvent', () => {
	it('takes any sequence of events and gives finite, serialisable, bounded figures', () => {
		fc.assert(
			fc.property(fc.array(event, {maxLength: 300}), (events) => {
				const figures = figuresOf(events);
				expect(numbersIn(figures).every(Number.isFinite)).toBe(true);
				expect(JSON.parse(JSON.stringify(figures))).toEqual(figures);
				expect(figures.events.length).toBeLessThanOrEqual(200);
				expect(figures.timeline.points.length).toBeLessThanOrEqual(600);
			}),
		);
	});

	it('gives the same figures for the same events', () => {
		fc.assert(
			fc.property(fc.array(event, {maxLength: 100}), (events) => {
				expect(figuresOf(events)).toEqual(figuresOf(events));
			}),
		);
	});

	it('counts each kind of event once', () => {
		fc.assert(
			fc.property(fc.array(event, {maxLength: 100}), (events) => {
				const of = <Type extends RunEvent['type']>(type: Type) =>
					events.filter(
						(each): each is Extract<RunEvent, {type: Type}> =>
							each.type === type && 'cell' in each && each.cell === 0,
					);
				const counted = of('answered').filter(({isCounted}) => isCounted);
				const [first] = figuresOf(events).views;
				expect(first?.requests.succeeded).toBe(counted.length);
				expect(first?.requests.attempts).toBe(of('sent').filter(({isCounted}) => isCounted).length);
				expect(first?.tokens.quota).toBe(counted.reduce((sum, {quotaTokens}) => sum + quotaTokens, 0));
				expect(first?.latencyMs.total.count).toBe(counted.length);
			}),
		);
	});
});

describe('TimelineSeries', () => {
	it('keeps every count while its interval doubles', () => {
		fc.assert(
			fc.property(
				fc.array(fc.tuple(fc.double({min: 0, max: 5e6, noNaN: true}), fc.integer({min: 0, max: 2}), count)),
				(entries) => {
					const series = new TimelineSeries(3);
					for (const [at, index, tokens] of entries) {
						series.count(at, index, {requests: 1, quotaTokens: tokens});
					}
					const {points, intervalSeconds} = series.toTimeline();
					expect(points.length).toBeLessThanOrEqual(600);
					expect(Math.log2(intervalSeconds) % 1).toBe(0);
					expect(points.reduce((sum, {requests}) => sum + requests, 0)).toBe(entries.length);
					expect(points.reduce((sum, {quotaTokens}) => sum + quotaTokens, 0)).toBe(
						entries.reduce((sum, [, , tokens]) => sum + tokens, 0),
					);
				},
			),
		);
	});

	it('carries levels over intervals without events', () => {
		const series = new TimelineSeries(1);
		series.setLevels(500, 0, {inFlight: 3, reserved: 300, held: 2});
		series.setLevels(3500, 0, {inFlight: 0, reserved: 0, held: 0});
		series.count(5500, 0, {requests: 1});
		const {points} = series.toTimeline();
		expect(points.map(({inFlight}) => inFlight)).toEqual([3, 3, 3, 3, 0, 0]);
		expect(points.map(({held}) => held)).toEqual([2, 2, 2, 2, undefined, undefined]);
	});
});

describe('LatencyOverTime', () => {
	it('the mean of the answers of each cell by interval, null where none came', () => {
		const latencies = new LatencyOverTime(2);
		latencies.add(200, 0, 100);
		latencies.add(900, 0, 300);
		latencies.add(2500, 0, 400);
		latencies.add(1500, 1, 50);
		latencies.add(1500, 7, 50);
		expect(latencies.toSeries()).toEqual({
			intervalSeconds: 1,
			cells: [
				[200, null, 400],
				[null, 50],
			],
		});
	});

	it('stays small however long the run is and however many cells there are, and loses no answer', () => {
		fc.assert(
			fc.property(
				fc.integer({min: 1, max: 2000}),
				fc.double({min: 1, max: 1e9, noNaN: true}),
				(cells, endMs) => {
					const latencies = new LatencyOverTime(cells);
					latencies.add(0, 0, 10);
					latencies.add(endMs, cells - 1, 30);
					const {cells: series, intervalSeconds} = latencies.toSeries();
					expect(series.flat().length).toBeLessThanOrEqual(Math.max(480, cells));
					expect(series[cells - 1]?.[Math.floor(endMs / 1000 / intervalSeconds)]).toBeGreaterThan(0);
					expect(JSON.stringify(series.filter((each) => each.length > 0)).length).toBeLessThan(4000);
				},
			),
		);
	});
});
