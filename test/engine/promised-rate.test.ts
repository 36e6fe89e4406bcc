/** Tests source/metrics/decisions/sustainable.ts: a run reaches the rate that it promises. */
import {describe, expect, it} from 'vitest';
import {type PromiseScene, promise} from '../helpers/promise-lab.ts';

const scene: PromiseScene = {
	enforcement: 'sliding',
	countsAtEnd: false,
	answerMs: 11_000,
	firstByteMs: 500,
	maxTokens: 300,
	burndown: 1,
	minutes: 20,
};

describe('the rate that is promised', () => {
	it.each([
		...([300, 1000, 4096] as const).flatMap((maxTokens) => [
			{answerMs: 11_000, maxTokens},
			{answerMs: 31_000, maxTokens, countsAtEnd: true},
		]),
		{answerMs: 5000, burndown: 5},
		{answerMs: 11_000, burndown: 5, countsAtEnd: true, maxTokens: 1000},
		{answerMs: 11_000, firstByteMs: undefined},
		{enforcement: 'fixed' as const, answerMs: 31_000},
		{enforcement: 'refill' as const, answerMs: 11_000, countsAtEnd: true},
	])('is reached within 5 %%: %j', async (change: Partial<PromiseScene>) => {
		const {promised, reached, throttled} = await promise({...scene, ...change});
		expect(reached / promised).toBeGreaterThan(0.95);
		expect(reached / promised).toBeLessThan(1.05);
		// The one that may teach where tokens count from.
		expect(throttled).toBeLessThanOrEqual(change.countsAtEnd === true ? 1 : 0);
	});

	it('puts two variants in the order in which a run reaches them', async () => {
		// Short answers with max tokens that no answer needs, against longer ones whose max tokens fit.
		const wasteful = await promise({...scene, maxTokens: 4096, outputTokens: 150});
		const fitting = await promise({...scene, maxTokens: 256, outputTokens: 190});
		expect(fitting.promised / wasteful.promised).toBeCloseTo(fitting.reached / wasteful.reached, 1);
		expect(fitting.reached).toBeGreaterThan(2 * wasteful.reached);
	});
});
