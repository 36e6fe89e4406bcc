import {normalQuantile} from './intervals.ts';

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
