import {wilsonInterval} from '../../metrics/statistics/wilson.ts';

/** A figure with its 95 % interval; null where it is not known. */
export type Figure = {
	readonly value: number | null;
	readonly low: number | null;
	readonly high: number | null;
	/** Of a cost: what it lies in for certain, where it is not known to the cent; `high` is null where nothing bounds it. */
	readonly within?: {readonly low: number; readonly high: number | null};
};

/** How far one figure is from another. */
export type Difference = {
	/** Second minus first. */
	readonly absolute: number;
	/** `absolute` as a part of the first; null where the first is 0. */
	readonly relative: number | null;
	/** 95 % interval of `absolute`; null where an interval of either figure is not known. */
	readonly low: number | null;
	readonly high: number | null;
	readonly verdict: 'better' | 'worse' | 'same' | 'unclear';
};

/**
 * Difference of two independent figures. The interval takes each side's distance from its own estimate and adds them in
 * squares (MOVER, Zou and Donner 2008), which keeps intervals that are not symmetric.
 *
 * @param isLessBetter What counts as better.
 * @returns Undefined when either figure is not known; `unclear` when the interval holds 0 or is not known.
 */
export function differenceOf(first: Figure, second: Figure, isLessBetter: boolean): Difference | undefined {
	if (first.value === null || second.value === null) {
		return undefined;
	}

	const absolute = second.value - first.value;
	const interval = intervalOf(absolute, first as KnownFigure, second as KnownFigure);
	return {
		absolute,
		relative: first.value === 0 ? null : absolute / Math.abs(first.value),
		low: interval?.low ?? null,
		high: interval?.high ?? null,
		verdict: verdictOf(absolute, interval, isLessBetter),
	};
}

type KnownFigure = Figure & {readonly value: number};

function intervalOf(absolute: number, first: KnownFigure, second: KnownFigure) {
	if (first.low === null || first.high === null || second.low === null || second.high === null) {
		return undefined;
	}

	return {
		low: absolute - Math.hypot(second.value - second.low, first.high - first.value),
		high: absolute + Math.hypot(second.high - second.value, first.value - first.low),
	};
}

function verdictOf(
	absolute: number,
	interval: {readonly low: number; readonly high: number} | undefined,
	isLessBetter: boolean,
): Difference['verdict'] {
	if (interval === undefined || (interval.low <= 0 && interval.high >= 0)) {
		return absolute === 0 && interval !== undefined ? 'same' : 'unclear';
	}

	return absolute < 0 === isLessBetter ? 'better' : 'worse';
}

/** A share with its 95 % interval. */
export function shareOf(part: number, whole: number): Figure {
	const interval = wilsonInterval(part, whole);
	return interval === undefined ? {value: null, low: null, high: null} : {value: part / whole, ...interval};
}

/**
 * Interval of a median from a histogram by order statistics (ranks n/2 ± 0.98 √n), as fine as its bins.
 *
 * @param histogram [upper bound, count], ascending.
 */
export function medianOf(
	value: number | null,
	histogram: ReadonlyArray<readonly [upper: number, count: number]>,
): Figure {
	const count = histogram.reduce((sum, [, each]) => sum + each, 0);
	const half = 0.98 * Math.sqrt(count);
	const lowRank = Math.floor(count / 2 - half);
	const highRank = Math.ceil(count / 2 + half) + 1;
	if (value === null || lowRank < 1 || highRank > count) {
		return {value, low: null, high: null};
	}

	return {
		value,
		low: Math.min(value, atRank(histogram, lowRank)),
		high: Math.max(value, atRank(histogram, highRank)),
	};
}

function atRank(histogram: ReadonlyArray<readonly [upper: number, count: number]>, rank: number): number {
	let seen = 0;
	for (const [upper, count] of histogram) {
		seen += count;
		if (seen >= rank) {
			return upper;
		}
	}

	return histogram.at(-1)?.[0] ?? 0;
}
