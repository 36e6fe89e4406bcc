import {describe, expect, it} from 'vitest';
import {
	assertVariants,
	type Condition,
	judge,
	metSentences,
	readCondition,
	undecidable,
} from '../../source/reports/conditions.ts';
import {resultsOf} from '../../source/reports/results.ts';
import {environment, snapshot} from '../helpers/results-fixture.ts';

const results = resultsOf(snapshot(), environment);
const [variant] = results.variants;
const name = variant?.name ?? '';

const metConditions = (conditions: readonly Condition[], run: typeof results): readonly string[] =>
	metSentences(judge(conditions, run));

const met = (...texts: readonly string[]): readonly string[] =>
	metConditions(texts.map(readCondition), results);

describe('a condition of --fail-if', () => {
	it('is about any variant, or the named one', () => {
		expect(met('requests.sent>0')).toHaveLength(1);
		expect(met(`${name}:requests.sent<0`)).toEqual([]);
		expect(met(`${name}:requests.sent>0`)[0]).toContain(`of ${name} is ${variant?.requests.sent}`);
	});

	it('takes what did not occur as 0, and what is not known as true', () => {
		expect(met(`${name}:requests.failed.timeout>0`, `${name}:stopReasons.never_seen>0`)).toEqual([]);
		expect(met(`${name}:requests.failed.timeout==0`)).toHaveLength(1);
		const unknown = {...results, variants: results.variants.map((each) => ({...each, costUsd: null}))};
		expect(metConditions([readCondition('costUsd>100')], unknown)[0]).toContain('is not known');
	});

	it('holds a percentile against the end of its interval, and says how many answers it needs', () => {
		const withTotals = (histogram: ReadonlyArray<readonly [number, number]>, p90: number | null) => ({
			...results,
			variants: results.variants.map((each) => ({
				...each,
				latencyMs: {
					...each.latencyMs,
					total: {
						...each.latencyMs.total,
						count: histogram.reduce((sum, [, count]) => sum + count, 0),
						p90,
						histogram,
					},
				},
			})),
		});
		const meets = (text: string, run: typeof results) => metConditions([readCondition(text)], run);
		// 90 fast and 10 slow: the p90 may as well be fast as slow, so neither side fails.
		const mixed = withTotals(
			[
				[100, 90],
				[900, 10],
			],
			100,
		);
		expect(meets('latencyMs.total.p90>500', mixed)).toEqual([]);
		expect(meets('latencyMs.total.p90<500', mixed)).toEqual([]);
		const slow = withTotals(
			[
				[100, 50],
				[800, 20],
				[900, 30],
			],
			900,
		);
		expect(meets('latencyMs.total.p90>500', slow)[0]).toMatch(/p90 of \w+ is 900 \(95%: [\d.]+ to [\d.]+\)/);
		const few = withTotals([[900, 12]], null);
		expect(meets('latencyMs.total.p90>500', few)[0]).toContain(
			'it needs 30 answers, and has 12: --requests 30',
		);
	});

	it('that a run cannot decide is named before anything is sent, with the number that would', () => {
		const conditions = ['latencyMs.total.p99>2000', 'latencyMs.total.p50>2000', 'quality.low<0.8'].map(
			readCondition,
		);
		expect(undecidable(conditions, {shape: 'measure', requests: 20})).toEqual([
			'--fail-if "latencyMs.total.p99>2000": a p99 needs 300 answers per variant, and this run asks for at most 20: --requests 300.',
		]);
		expect(undecidable(conditions, {shape: 'measure', requests: 300})).toEqual([]);
		expect(undecidable(conditions, {shape: 'saturate', requests: null})).toEqual([]);
	});

	it('is answered with a figure that can be read', () => {
		const close = results.variants.map((each) => ({
			...each,
			quality: {...each.quality, low: 0.8620237953250198},
			requests: {...each.requests, sent: 123_456},
		}));
		const [low, sent] = metConditions(['quality.low<0.9', 'requests.sent>1'].map(readCondition), {
			...results,
			variants: close,
		});
		expect(low).toMatch(/ is 0\.862\.$/);
		expect(sent).toMatch(/ is 123456\.$/);
	});

	it('is refused where its path is not a figure, with those that are', () => {
		expect(() => readCondition('sample>3')).toThrow('"sample" is not a figure of a variant');
		try {
			readCondition('sample>3');
		} catch (error) {
			const {hint = ''} = error as {hint?: string};
			expect(hint).toContain('latencyMs');
			expect(hint).not.toMatch(/\b(?:sample|prompt|name|lane)\b/);
		}
	});

	it('is refused before anything is sent where the run has no such variant', () => {
		const conditions = [readCondition('nope:requests.sent>1')];
		expect(() => assertVariants(conditions, ['minimal', 'concise'])).toThrow('no variant "nope" in this run');
		const fitting = ['requests.sent>1', 'concise:requests.sent>1'].map(readCondition);
		expect(assertVariants(fitting, ['minimal', 'concise'])).toBeUndefined();
	});
});
