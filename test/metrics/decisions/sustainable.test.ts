import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {createRandom} from '../../../source/domain/clock.ts';
import {type CellBounds, sustainableRate} from '../../../source/metrics/decisions/sustainable.ts';
import {momentCount, toVector} from '../../../source/metrics/figures/blocks.ts';
import {wilsonInterval} from '../../../source/metrics/statistics/intervals.ts';
import {VectorMoments} from '../../../source/metrics/statistics/streams.ts';
import {quotaOf} from '../../helpers/spec-fixture.ts';

const serviceMs = 1000;

/** Requests with so many useful items and quota tokens each. */
const requestsOf = (...requests: ReadonlyArray<readonly [useful: number, quotaTokens: number]>) => {
	const moments = new VectorMoments(momentCount);
	for (const [useful, quotaTokens] of requests) {
		moments.add(
			toVector({
				useful,
				quotaTokens,
				occupiedTokens: quotaTokens,
				occupiedRequests: 1,
				occupiedOutput: 0,
				costUsd: 0,
				serviceMs,
				setAside: 0,
				logTotalMs: 0,
				answers: 1,
				requests: 1,
				items: 1,
			}),
		);
	}
	return moments;
};

const rateOf = (
	requests: ReadonlyArray<readonly [number, number]>,
	bounds: CellBounds = {},
	quota = quotaOf(200, 1e6),
) => sustainableRate(requestsOf(...requests), quota, bounds);

const repeat = (count: number, request: readonly [number, number]) =>
	Array.from({length: count}, () => request);

describe('the interval of the sustainable rate', () => {
	it.each([2, 20, 200])('is as wide as that of the useful share where all of %i passed', (count) => {
		const {usefulPerMinute, low, high} = rateOf(repeat(count, [1, 100]));
		expect(usefulPerMinute).toBe(200);
		expect(low).toBeCloseTo(200 * (wilsonInterval(count, count)?.low ?? Number.NaN), 6);
		expect(high).toBe(200);
	});

	it('ends where the quota does', () => {
		const {usefulPerMinute, low, high} = rateOf([...repeat(3, [0, 100]), ...repeat(3, [1, 100])]);
		expect(usefulPerMinute).toBe(100);
		expect(low).toBeGreaterThan(0);
		expect(high).toBeLessThanOrEqual(200);
	});

	it('holds zero where nothing was useful, and what may still be', () => {
		const {usefulPerMinute, low, high} = rateOf(repeat(10, [0, 100]));
		expect([usefulPerMinute, low]).toEqual([0, 0]);
		expect(high).toBeCloseTo(200 * (wilsonInterval(0, 10)?.high ?? Number.NaN), 6);
	});

	it('counts the items of packed requests that all passed, and the requests where items fail together', () => {
		const all = rateOf(repeat(10, [5, 100]), {itemsPerRequest: 5});
		expect(all.low).toBeCloseTo(1000 * (wilsonInterval(50, 50)?.low ?? Number.NaN), 6);
		const together = rateOf([...repeat(2, [0, 100]), ...repeat(8, [5, 100])], {itemsPerRequest: 5});
		expect(together.low).toBeCloseTo(1000 * (wilsonInterval(8, 10)?.low ?? Number.NaN), 6);
		expect(together.high).toBeCloseTo(1000 * (wilsonInterval(8, 10)?.high ?? Number.NaN), 6);
	});

	it('is around the rate, and within what the quota of requests can give', () => {
		const request = fc.tuple(fc.integer({min: 0, max: 4}), fc.integer({min: 1, max: 5000}));
		fc.assert(
			fc.property(
				fc.array(request, {minLength: 2, maxLength: 40}),
				fc.integer({min: 100, max: 1e6}),
				fc.option(fc.integer({min: 1, max: 20})),
				(requests, tokensPerMinute, inFlight) => {
					const rate = rateOf(requests, {itemsPerRequest: 4, inFlight}, quotaOf(200, tokensPerMinute));
					const {usefulPerMinute, low, high} = rate;
					expect(low ?? -1).toBeGreaterThanOrEqual(0);
					expect(low ?? 0).toBeLessThanOrEqual((usefulPerMinute ?? 0) + 1e-9);
					expect(high ?? 0).toBeGreaterThanOrEqual(usefulPerMinute ?? 0);
					expect(high ?? 0).toBeLessThanOrEqual(200 * 4 + 1e-9);
				},
			),
		);
	});

	it('holds the truth in at least 93 of 100 runs where answers fail and tokens vary', () => {
		const runs = 400;
		const random = createRandom(3);
		// 100,000 quota tokens a minute, 120 a request on average, nine of ten useful.
		const truth = (100_000 / 120) * 0.9;
		let held = 0;
		for (let run = 0; run < runs; run++) {
			const requests = Array.from({length: 20}, () => [random() < 0.9 ? 1 : 0, 20 + 200 * random()] as const);
			const {low, high} = rateOf(requests, {}, quotaOf(1e6, 100_000));
			held += (low ?? 0) <= truth && (high ?? 0) >= truth ? 1 : 0;
		}
		expect(held / runs).toBeGreaterThan(0.93);
	});
});
