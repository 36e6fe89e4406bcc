import {logGamma} from './evidence.ts';

/** What a histogram leaves possible for a percentile: ranks that a binomial count of smaller values does not refuse. */

/** Part that the interval leaves on either side. */
const tail = 0.025;

/** Cumulative binomial probabilities of 0, 1, 2, ... of n. */
function* binomialSums(n: number, p: number): Generator<number> {
	let sum = 0;
	for (let k = 0; k <= n; k++) {
		const ways = logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);
		sum += Math.exp(ways + k * Math.log(p) + (n - k) * Math.log1p(-p));
		yield Math.min(1, sum);
	}
}

/**
 * Ranks, from 1, between which a percentile lies with 95 % confidence (order statistics).
 * @returns Undefined where n values cannot bound it on both sides.
 */
export function percentileRanks(
	n: number,
	part: number,
): {readonly low: number; readonly high: number} | undefined {
	let low = 0;
	let k = 0;
	for (const sum of binomialSums(n, part)) {
		if (sum <= tail) {
			low = k + 1;
		}
		if (sum >= 1 - tail) {
			return low === 0 || k + 1 > n ? undefined : {low, high: k + 1};
		}
		k++;
	}
	return undefined;
}

/**
 * The least and the greatest value that a percentile may have, as fine as the histogram is.
 * @param histogram [upper bound, count], ascending.
 */
export function percentileBounds(
	histogram: ReadonlyArray<readonly [upper: number, count: number]>,
	part: number,
): {readonly low: number; readonly high: number} | undefined {
	const n = histogram.reduce((sum, [, count]) => sum + count, 0);
	const ranks = percentileRanks(n, part);
	if (ranks === undefined) {
		return undefined;
	}
	let seen = 0;
	let before = 0;
	let low: number | undefined;
	for (const [upper, count] of histogram) {
		seen += count;
		if (low === undefined && seen >= ranks.low) {
			low = before;
		}
		if (seen >= ranks.high) {
			return {low: low ?? before, high: upper};
		}
		before = upper;
	}
	return undefined;
}
