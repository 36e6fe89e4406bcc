const z = 1.959963984540054;

/** 95 % interval of a proportion (Wilson 1927); undefined without trials. Good for few trials and at 0 and 1. */
export const wilsonInterval = (
	successes: number,
	trials: number,
): {readonly low: number; readonly high: number} | undefined => {
	if (trials === 0) {
		return undefined;
	}
	const part = successes / trials;
	const scale = 1 + z ** 2 / trials;
	const centre = (part + z ** 2 / (2 * trials)) / scale;
	const half = (z / scale) * Math.sqrt((part * (1 - part)) / trials + z ** 2 / (4 * trials ** 2));
	// Exactly: what is a rounding error below 1 is shown as 99 %.
	return {
		low: successes === 0 ? 0 : Math.max(0, centre - half),
		high: successes === trials ? 1 : Math.min(1, centre + half),
	};
};
