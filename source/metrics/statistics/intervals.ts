/** How sure a figure is: intervals of shares, means and quantiles, and evidence that may be read at any time. */

/** Standard normal quantile of 0.975. */
const z975 = 1.959963984540054;
/** Part that a two-sided 95% interval leaves on either side. */
const usualTail = 0.025;

/** Two-sided 95% quantiles of Student's t for 1 to 12 degrees of freedom (any statistics table). */
const small = [
	12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622, 2.2281, 2.201, 2.1788,
] as const;

/** z that leaves a part of the standard normal distribution above it (Abramowitz and Stegun 26.2.23, to 0.0005). */
export function normalQuantile(tail: number): number {
	if (tail === usualTail) {
		return z975;
	}
	const t = Math.sqrt(-2 * Math.log(tail));
	return (
		t -
		(2.515517 + 0.802853 * t + 0.010328 * t ** 2) / (1 + 1.432788 * t + 0.189269 * t ** 2 + 0.001308 * t ** 3)
	);
}

/**
 * Quantile of Student's t that leaves a part on either side.
 * The usual one for up to 12 degrees of freedom from a table, all others by the Cornish-Fisher expansion (Abramowitz and
 * Stegun 26.7.5): right to four digits above 12, to a hundredth from 7 on.
 * @param degreesOfFreedom At least 1; below it the quantile is infinite.
 * @param tail Part on either side, at most 0.025.
 */
export function studentT(degreesOfFreedom: number, tail = usualTail): number {
	if (degreesOfFreedom < 1) {
		return Number.POSITIVE_INFINITY;
	}
	const known = tail === usualTail ? small[Math.floor(degreesOfFreedom) - 1] : undefined;
	if (known !== undefined) {
		return known;
	}
	const n = degreesOfFreedom;
	const z = normalQuantile(tail);
	const [z3, z5, z7, z9] = [z ** 3, z ** 5, z ** 7, z ** 9];
	return (
		z +
		(z3 + z) / (4 * n) +
		(5 * z5 + 16 * z3 + 3 * z) / (96 * n ** 2) +
		(3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * n ** 3) +
		(79 * z9 + 776 * z7 + 1482 * z5 - 1920 * z3 - 945 * z) / (92_160 * n ** 4)
	);
}

/** 95% interval of a proportion (Wilson 1927); undefined without trials. Good for few trials and at 0 and 1. */
export function wilsonInterval(
	successes: number,
	trials: number,
): {readonly low: number; readonly high: number} | undefined {
	if (trials === 0) {
		return undefined;
	}
	const part = successes / trials;
	const scale = 1 + z975 ** 2 / trials;
	const centre = (part + z975 ** 2 / (2 * trials)) / scale;
	const half = (z975 / scale) * Math.sqrt((part * (1 - part)) / trials + z975 ** 2 / (4 * trials ** 2));
	// Exactly 1: a rounding error below it would be shown as 99%.
	return {
		low: successes === 0 ? 0 : Math.max(0, centre - half),
		high: successes === trials ? 1 : Math.min(1, centre + half),
	};
}

/** Standard deviations below the mean where sums begin: less than a millionth lies before them. */
const farBelow = 5;

/**
 * Cumulative binomial probabilities of k of n, ascending. A screen asks several times per second, so that the steps grow
 * with the square root of n, and each is a product.
 */
function* binomialSums(n: number, p: number): Generator<readonly [k: number, sum: number]> {
	const first = Math.max(0, Math.floor(n * p - farBelow * Math.sqrt(n * p * (1 - p))));
	const ways = logGamma(n + 1) - logGamma(first + 1) - logGamma(n - first + 1);
	let each = Math.exp(ways + first * Math.log(p) + (n - first) * Math.log1p(-p));
	let sum = 0;
	for (let k = first; k <= n; k++) {
		sum += each;
		yield [k, Math.min(1, sum)];
		each *= ((n - k) / (k + 1)) * (p / (1 - p));
	}
}

/**
 * Ranks, from 1, between which a percentile lies with 95% confidence (order statistics).
 * @returns Undefined where n values cannot bound it on both sides.
 */
export function percentileRanks(
	n: number,
	part: number,
): {readonly low: number; readonly high: number} | undefined {
	let low = 0;
	for (const [k, sum] of binomialSums(n, part)) {
		if (sum <= usualTail) {
			low = k + 1;
		}
		if (sum >= 1 - usualTail) {
			return low === 0 || k + 1 > n ? undefined : {low, high: k + 1};
		}
	}
	return undefined;
}

/**
 * Confidence interval of a percentile, at the resolution of the histogram.
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

/** Minimum of samples for a percentile: 3 / (1 - p), so that a few are beyond it. */
export const minSamples = {p50: 8, p90: 30, p99: 300} as const;

/**
 * Anytime-valid evidence: it may be read at any time, and stopping when it reaches 1 / level is wrong in
 * at most that share of cases (Ville's inequality). Everything is a logarithm.
 */

/** Variance of the effect under the alternative, in units of the variance of one observation. */
const g = 0.5;

/**
 * Evidence that a mean differs from 0, from its t statistic (safe t-test; Lai 1976, Rouder 2009, Perez-Ortiz et al. 2022).
 * @param t Mean over its standard error.
 * @param n Independent observations; below 2 there is none.
 */
export function logEvidence(t: number, n: number): number {
	if (n < 2 || Number.isNaN(t)) {
		return 0;
	}
	const v = n - 1;
	const spread = 1 + n * g;
	if (!Number.isFinite(t)) {
		return ((n - 1) / 2) * Math.log(spread);
	}
	return -Math.log(spread) / 2 + (n / 2) * (Math.log1p(t ** 2 / v) - Math.log1p(t ** 2 / (v * spread)));
}

/** The t at which the evidence of n observations reaches 1 / level; infinite where no t is enough. */
export function evidentT(n: number, level: number): number {
	if (n < 2) {
		return Number.POSITIVE_INFINITY;
	}
	const spread = 1 + n * g;
	const growth = Math.exp((2 / n) * (-Math.log(level) + Math.log(spread) / 2));
	return growth >= spread
		? Number.POSITIVE_INFINITY
		: Math.sqrt(((n - 1) * (growth - 1)) / (1 - growth / spread));
}

/** Logarithm of the gamma function for arguments above 0 (Stirling's series after shifting the argument above 10). */
function logGamma(x: number): number {
	let shift = 0;
	let at = x;
	while (at < 10) {
		shift += Math.log(at);
		at++;
	}
	const inverse = 1 / at;
	const series = inverse / 12 - inverse ** 3 / 360 + inverse ** 5 / 1260 - inverse ** 7 / 1680;
	return (at - 0.5) * Math.log(at) - at + Math.log(2 * Math.PI) / 2 + series - shift;
}

const logBeta = (a: number, b: number): number => logGamma(a) + logGamma(b) - logGamma(a + b);

/**
 * Evidence that a share is not q (beta mixture, Robbins 1970, with Jeffreys' prior).
 * @param n Items.
 * @param k Successes among them; an item that was asked several times counts as its mean, so k may be a fraction.
 */
export function logShareEvidence(n: number, k: number, q: number): number {
	const part = (count: number, probability: number): number =>
		count === 0 ? 0 : count * Math.log(probability);
	return logBeta(k + 0.5, n - k + 0.5) - logBeta(0.5, 0.5) - part(k, q) - part(n - k, 1 - q);
}

/** The largest share that n items with k successes do not refuse at a level. */
export function largestShare(n: number, k: number, level: number): number {
	if (n === 0 || k >= n) {
		return 1;
	}
	let low = k / n;
	let high = 1;
	for (let step = 0; step < 50; step++) {
		const middle = (low + high) / 2;
		if (logShareEvidence(n, k, middle) >= -Math.log(level)) {
			high = middle;
		} else {
			low = middle;
		}
	}
	return high;
}

/** Two variants asked for the same items: only the items on which they differ say which is better. */

/** Items that both were asked for, and on how many of them only one gave a useful answer. */
export type PairedCounts = {
	readonly items: number;
	/** Only the newer one was right. */
	readonly gained: number;
	/** Only the older one was. */
	readonly lost: number;
};

/** A difference of two shares of the same items, with its bounds. */
type PairedDifference = {readonly mean: number; readonly low: number; readonly high: number};

/** Part of cases in which a bound is on the wrong side of the truth, each bound by itself. */
export const boundLevel = 0.05;

/**
 * The score of a difference (Tango 1998): how many standard errors the counts are above it. The error is that of the most
 * likely shares with this difference, so that it holds where few or no items differ.
 */
const scoreAt = ({items: n, gained, lost}: PairedCounts, difference: number): number => {
	const b = -(gained + lost) + (2 * n - gained + lost) * difference;
	const c = -lost * difference * (1 - difference);
	const lostShare = (Math.sqrt(Math.max(0, b ** 2 - 8 * n * c)) - b) / (4 * n);
	const variance = n * (2 * lostShare + difference * (1 - difference));
	const above = gained - lost - n * difference;
	return variance <= 0 ? Math.sign(above) * Number.POSITIVE_INFINITY : above / Math.sqrt(variance);
};

/** The smallest difference that the counts do not refuse. */
const lowerBound = (counts: PairedCounts, level: number): number => {
	const enough = normalQuantile(level);
	let low = -1;
	let high = (counts.gained - counts.lost) / counts.items;
	for (let step = 0; step < 50; step++) {
		const middle = (low + high) / 2;
		if (scoreAt(counts, middle) > enough) {
			low = middle;
		} else {
			high = middle;
		}
	}
	return low;
};

/**
 * By how much the share of the newer variant is above that of the older one.
 * @param level Part of cases in which each bound is wrong.
 * @returns Undefined without items.
 */
export function pairedDifference(counts: PairedCounts, level = boundLevel): PairedDifference | undefined {
	const {items, gained, lost} = counts;
	return items === 0
		? undefined
		: {
				mean: (gained - lost) / items,
				low: lowerBound(counts, level),
				high: -lowerBound({items, gained: lost, lost: gained}, level),
			};
}

/** (z of 95% + z of 90%)^2: pairs per share that differs and squared margin, so that an equal one is proven in 90% of cases. */
const pairsFactor = 8.6;

/** Items that prove "at most `margin` worse" with 90% power, where two equal variants differ on this share of them. */
export function itemsForMargin(margin: number, differing: number): number {
	return Math.ceil((pairsFactor * differing) / margin ** 2);
}

/** The smallest margin that so many items prove with 90% power. */
export function marginOfItems(items: number, differing: number): number {
	return Math.sqrt((pairsFactor * differing) / items);
}

/** Part of the standard normal distribution below z (Abramowitz and Stegun 26.2.17, to 0.0000001). */
export function normalBelow(z: number): number {
	const t = 1 / (1 + 0.2316419 * Math.abs(z));
	const sum =
		t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
	const above = (Math.exp(-(z ** 2) / 2) / Math.sqrt(2 * Math.PI)) * sum;
	return z >= 0 ? 1 - above : above;
}
