import {describe, expect, it} from 'vitest';
import {chooseRoute} from '../../source/batch/plan.ts';
import {batchPrice} from '../../source/batch/setup.ts';
import type {Limit, Quota} from '../../source/domain/target.ts';

/** Tests source/batch/plan.ts: the choice between on demand and a batch. */

const limit = (value: number | null): Limit => ({
	value,
	state: value === null ? 'unknown' : 'known',
	source: null,
	applied: value,
	default: null,
	adjustable: null,
	code: null,
	name: null,
});

const quotaOf = (requests: number | null, tokens: number | null): Quota => ({
	requestsPerMinute: limit(requests),
	tokensPerMinute: limit(tokens),
	tokensPerDay: limit(null),
});

const price = {input: 1e-6, output: 4e-6, cacheRead: 0, cacheWrite: 0, source: 'list'};
const prices = {onDemand: price, batch: batchPrice(price)};
const bounds = {minRecords: 100, share: 1};
const work = {items: 60_000, itemsPerRequest: 10, inputTokens: 900, outputTokens: 100, burndown: 1};

describe('chooseRoute', () => {
	it('reckons with the limit that binds', () => {
		// 6,000 requests of 1,000 quota tokens: 60 minutes at 100 a minute, 120 at 50,000 tokens.
		expect(chooseRoute(work, quotaOf(100, null), prices, bounds).onDemand.durationMs).toBe(3_600_000);
		const byTokens = chooseRoute(work, quotaOf(100, 50_000), prices, bounds);
		expect(byTokens.onDemand.durationMs).toBe(7_200_000);
		expect(byTokens.recommended).toBe('batch');
	});

	it('states both costs, that of the batch as assumed', () => {
		const {onDemand, batch} = chooseRoute(work, quotaOf(100, 50_000), prices, bounds);
		expect(onDemand.costUsd).toBeCloseTo(6000 * (900e-6 + 400e-6));
		expect(batch.costUsd).toBeCloseTo((onDemand.costUsd ?? 0) / 2);
		expect(prices.batch?.source).toMatch(/^assumed: 50% of list$/);
		expect(batchPrice(null)).toBeNull();
	});

	it.each([
		['work of a few minutes', {...work, items: 2000}, quotaOf(100, 1_000_000), 'on-demand'],
		['fewer records than a job needs', {...work, items: 990}, quotaOf(1, 1000), 'on-demand'],
		['a quota of 0', work, quotaOf(0, 1000), 'batch'],
		['an unknown quota', work, quotaOf(null, null), null],
	] as const)('with %s', (_words, some, quota, recommended) => {
		const choice = chooseRoute(some, quota, {onDemand: null, batch: null}, bounds);
		expect(choice.recommended).toBe(recommended);
		expect(choice.onDemand.costUsd).toBeNull();
		expect(choice.reason).not.toBe('');
	});

	it('uses no more than its share of the minute', () => {
		const whole = chooseRoute(work, quotaOf(100, 50_000), prices, bounds);
		const half = chooseRoute(work, quotaOf(100, 50_000), prices, {...bounds, share: 0.5});
		expect(half.onDemand.durationMs).toBe(2 * (whole.onDemand.durationMs ?? 0));
		expect(whole.reason).toContain('the whole on-demand quota');
		expect(half.reason).toContain('50% of the on-demand quota');
	});

	it('reckons with what is assumed where nobody tells, and says so', () => {
		const assumed = (value: number): Limit => ({...limit(null), value, source: 'assumed'});
		const quota = {
			...quotaOf(null, null),
			requestsPerMinute: assumed(100),
			tokensPerMinute: assumed(10_000),
		};
		const choice = chooseRoute(work, quota, prices, bounds);
		expect(choice).toMatchObject({recommended: 'batch', isAssumed: true});
		expect(choice.onDemand.durationMs).toBe(600 * 60_000);
		expect(choice.reason).toContain('by an assumed quota');
		expect(chooseRoute(work, quotaOf(100, 50_000), prices, bounds).isAssumed).toBe(false);
	});
});
