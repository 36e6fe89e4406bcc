import {describe, expect, it} from 'vitest';
import {createRandom, type Random} from '../../../source/domain/clock.ts';
import {adviseMaxTokens, longerShareBound} from '../../../source/metrics/decisions/client-settings.ts';
import {Quantiles} from '../../../source/metrics/statistics/streams.ts';
import {isSoak} from '../../helpers/random-cases.ts';
import {quotaOf} from '../../helpers/spec-fixture.ts';

/** Tests source/metrics/decisions/client-settings.ts: the max tokens that are advised. */

/** Values of one answer, as a part of all answers that are shorter: any distribution looks like this by its own ranks. */
const wrongAtSomeLook = (random: Random, answers: number): boolean => {
	let longest = 0;
	for (let count = 1; count <= answers; count++) {
		longest = Math.max(longest, random());
		const bound = longerShareBound(count);
		if (bound !== undefined && 1 - longest > bound) {
			return true;
		}
	}
	return false;
};

describe('the share of answers that are longer than the longest so far', () => {
	it('is bounded wrongly in at most 5% of cases, looked at after every answer', () => {
		const random = createRandom(3);
		const runs = isSoak ? 4000 : 1000;
		const wrong = Array.from({length: runs}, () => wrongAtSomeLook(random, 3000)).filter(Boolean).length;
		// Three standard errors above 5%.
		expect(wrong / runs).toBeLessThan(0.05 + 3 * Math.sqrt((0.05 * 0.95) / runs));
		// It is not so wide that it is never wrong.
		expect(wrong).toBeGreaterThan(0);
	});

	it('is not bounded below 30 answers, and falls as answers come in', () => {
		expect(longerShareBound(29)).toBeUndefined();
		expect(longerShareBound(30)).toBeCloseTo(1 - 0.025 ** (1 / 30), 12);
		const bounds = [30, 60, 120, 1000, 10_000].map((count) => longerShareBound(count) ?? 1);
		expect(bounds).toEqual(bounds.toSorted((one, other) => other - one));
		expect(bounds.at(-1)).toBeLessThan(0.002);
	});
});

describe('advised max tokens', () => {
	const request = {useful: 1, quotaTokens: 200, reservedTokens: 4196, serviceMs: 1000};
	const outputs = (values: readonly number[]): Quantiles => {
		const quantiles = new Quantiles();
		for (const value of values) {
			quantiles.add(value);
		}
		return quantiles;
	};
	const few = outputs([...Array.from({length: 400}, () => 40), 1501]);

	it('may cut off one answer in a hundred, unless a least value is asked for', () => {
		expect(adviseMaxTokens(few, 0, 4096, quotaOf(1e4, 1e5), request).value).toBeLessThan(100);
		const advice = adviseMaxTokens(few, 0, 4096, quotaOf(1e4, 1e5), request, few.max);
		expect(advice).toEqual({
			value: 1504,
			truncationRisk: 1 / 403,
			sustainablePerMinute: expect.any(Number),
		});
	});

	it('never exceed what is sent now', () => {
		expect(adviseMaxTokens(few, 0, 1502, quotaOf(1e4, 1e5), request, few.max).value).toBe(1502);
	});
});
