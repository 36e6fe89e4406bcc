/** Standard normal quantile of 0.975. */
const z975 = 1.959963984540054;
/** Part that a two-sided 95 % interval leaves on either side. */
const usualTail = 0.025;

/** Two-sided 95 % quantiles of Student's t for 1 to 12 degrees of freedom (any statistics table). */
const small = [
	12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622, 2.2281, 2.201, 2.1788,
] as const;

/** z that leaves a part of the standard normal distribution above it (Abramowitz and Stegun 26.2.23, to 0.0005). */
export const normalQuantile = (tail: number): number => {
	if (tail === usualTail) {
		return z975;
	}
	const t = Math.sqrt(-2 * Math.log(tail));
	return (
		t -
		(2.515517 + 0.802853 * t + 0.010328 * t ** 2) / (1 + 1.432788 * t + 0.189269 * t ** 2 + 0.001308 * t ** 3)
	);
};

/**
 * Quantile of Student's t that leaves a part on either side.
 * The usual one for up to 12 degrees of freedom from a table, all others by the Cornish-Fisher expansion (Abramowitz and
 * Stegun 26.7.5): right to four digits above 12, to a hundredth from 7 on.
 * @param degreesOfFreedom At least 1; below it the quantile is infinite.
 * @param tail Part on either side, at most 0.025.
 */
export const studentT = (degreesOfFreedom: number, tail = usualTail): number => {
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
};
