/** Many durations in little room: a histogram whose classes are 2 % wide. */
export type Durations = {
	readonly classes: Map<number, number>;
	count: number;
	sumMs: number;
};

const classWidth = Math.log(1.02);

export const createDurations = (): Durations => ({classes: new Map(), count: 0, sumMs: 0});

/** Adds `weight` durations of the same length. */
export const addDuration = (durations: Durations, durationMs: number, weight = 1): void => {
	const shown = Math.max(1, durationMs);
	const index = Math.round(Math.log(shown) / classWidth);
	durations.classes.set(index, (durations.classes.get(index) ?? 0) + weight);
	durations.count += weight;
	durations.sumMs += shown * weight;
};

export const addDurations = (sum: Durations, more: Durations): void => {
	for (const [index, weight] of more.classes) {
		sum.classes.set(index, (sum.classes.get(index) ?? 0) + weight);
	}
	sum.count += more.count;
	sum.sumMs += more.sumMs;
};

/** The duration that a fraction (0 to 1) of them does not exceed, within 1 %; undefined where there are none. */
export const quantile = ({classes, count}: Durations, fraction: number): number | undefined => {
	let left = fraction * count;
	let found: number | undefined;
	for (const [index, weight] of [...classes].sort(([first], [second]) => first - second)) {
		found = Math.exp(index * classWidth);
		left -= weight;
		if (left <= 0) {
			break;
		}
	}
	return found;
};
