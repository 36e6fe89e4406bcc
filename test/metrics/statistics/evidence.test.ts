import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {gateState, itemsToProve} from '../../../source/metrics/decisions/elimination.ts';
import {
	evidentT,
	largestShare,
	logEvidence,
	logShareEvidence,
} from '../../../source/metrics/statistics/intervals.ts';

/** Tests source/metrics/statistics/intervals.ts: evidence that may be read at any time. */

describe('evidence on a mean', () => {
	it('is the closed form of the safe t-test with g = 0.5', () => {
		// By hand: n = 10, t = 3, v = 9: -0.5 ln 6 + 5 (ln 2 - ln(1 + 9 / 54)).
		expect(logEvidence(3, 10)).toBeCloseTo(-0.5 * Math.log(6) + 5 * (Math.log(2) - Math.log(1 + 9 / 54)), 12);
	});

	it('reaches the level after six observations without any spread, and never before', () => {
		for (const level of [0.05, 0.1 / 3]) {
			expect([2, 3, 4, 5].map((n) => logEvidence(Number.POSITIVE_INFINITY, n) >= -Math.log(level))).toEqual([
				false,
				false,
				false,
				false,
			]);
			expect(logEvidence(Number.POSITIVE_INFINITY, 6)).toBeGreaterThan(-Math.log(level));
			expect(evidentT(5, level)).toBe(Number.POSITIVE_INFINITY);
		}
	});

	it('is at the level at the t that is said to be evident', () => {
		fc.assert(
			fc.property(fc.integer({min: 6, max: 5000}), fc.constantFrom(0.05, 0.1 / 3, 0.0143), (n, level) => {
				const t = evidentT(n, level);
				if (Number.isFinite(t)) {
					expect(logEvidence(t, n)).toBeCloseTo(-Math.log(level), 6);
					expect(logEvidence(t * 1.01, n)).toBeGreaterThan(-Math.log(level));
				}
			}),
		);
	});

	it('is none for one observation, or for what is not a number', () => {
		expect([logEvidence(5, 1), logEvidence(Number.NaN, 10)]).toEqual([0, 0]);
	});
});

describe('evidence on a share', () => {
	it('is that of a beta mixture', () => {
		// Jeffreys: B(n + 1/2, 1/2) / B(1/2, 1/2) for n successes of n: the product of (2 i - 1) / (2 i).
		const share = Array.from({length: 10}, (_, index) => (2 * index + 1) / (2 * index + 2));
		const mixture = share.reduce((product, part) => product * part, 1);
		expect(logShareEvidence(10, 10, 0.5)).toBeCloseTo(Math.log(mixture) - 10 * Math.log(0.5), 9);
		expect(logShareEvidence(10, 0, 0.5)).toBeCloseTo(logShareEvidence(10, 10, 0.5), 9);
	});

	it('bounds a share from above', () => {
		expect(largestShare(0, 0, 0.05)).toBe(1);
		expect(largestShare(10, 10, 0.05)).toBe(1);
		const most = largestShare(20, 0, 0.05);
		expect(logShareEvidence(20, 0, most)).toBeCloseTo(Math.log(20), 4);
		expect(largestShare(200, 0, 0.05)).toBeLessThan(most);
	});
});

describe('the quality gate', () => {
	it.each([
		[20, 18, 'unproven'],
		[50, 20, 'failed'],
		[60, 60, 'passed'],
		[0, 0, 'unproven'],
	] as const)('of 0.9 says of %i items with %i passed: %s', (count, passed, state) => {
		expect(gateState({count, passed}, 0.9)).toBe(state);
	});

	it('is none where no quality is asked for', () => {
		expect(gateState({count: 10, passed: 0}, null)).toBe('none');
		expect(gateState({count: 10, passed: 0}, 0)).toBe('none');
	});

	it('says how many more items would prove it, and that so many do', () => {
		const more = itemsToProve({count: 20, passed: 20}, 0.9) ?? Number.NaN;
		expect(gateState({count: 20 + more, passed: 20 + more}, 0.9)).toBe('passed');
		expect(gateState({count: 19 + more, passed: 19 + more}, 0.9)).toBe('unproven');
		expect(itemsToProve({count: 1000, passed: 900}, 0.9)).toBeUndefined();
	});
});
