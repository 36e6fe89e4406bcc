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
export function logGamma(x: number): number {
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
