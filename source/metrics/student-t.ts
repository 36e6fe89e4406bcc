/** Standard normal quantile of 0.975. */
const z975 = 1.959963984540054;

/** Two-sided 95 % quantiles of Student's t for 1 to 12 degrees of freedom (any statistics table). */
const small = [
	12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622, 2.2281, 2.201, 2.1788,
] as const;

/**
 * Quantile of Student's t that leaves 2.5 % on either side.
 * Above 12 degrees of freedom by the Cornish-Fisher expansion (Abramowitz and Stegun 26.7.5), right to four digits there.
 * @param degreesOfFreedom At least 1; below it the quantile is infinite.
 */
export const studentT = (degreesOfFreedom: number): number => {
	if (degreesOfFreedom < 1) {
		return Number.POSITIVE_INFINITY;
	}
	const known = small[Math.floor(degreesOfFreedom) - 1];
	if (known !== undefined) {
		return known;
	}
	const n = degreesOfFreedom;
	const [z, z3, z5, z7] = [z975, z975 ** 3, z975 ** 5, z975 ** 7];
	return (
		z +
		(z3 + z) / (4 * n) +
		(5 * z5 + 16 * z3 + 3 * z) / (96 * n ** 2) +
		(3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * n ** 3)
	);
};
