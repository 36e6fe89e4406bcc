import type {Results} from '../results-schema.ts';

type Timeline = Results['timeline'];

/** Use of a bucket at one moment, over the minute before it. */
export type MinutePoint = {
	readonly second: number;
	readonly requests: number;
	readonly quotaTokens: number;
	/** Quota tokens that were set aside for requests without an answer, at this moment. */
	readonly reserved: number;
	readonly throttled: number;
};

/**
 * Turns what happened in each interval into what a quota looks at: sums over the last 60 s. Where an interval is longer
 * than a minute, its sums are scaled to one.
 *
 * @param timeline Points of one target; intervals in which nothing happened may be missing.
 * @returns One point an interval without gaps, from the start to the last point.
 */
export function rollingMinute({intervalSeconds, points}: Timeline): readonly MinutePoint[] {
	const last = points.at(-1);
	if (last === undefined) {
		return [];
	}

	const bySlot = new Map(points.map((point) => [Math.round(point.second / intervalSeconds), point]));
	const slots = Math.round(last.second / intervalSeconds) + 1;
	const window = Math.max(1, Math.round(60 / intervalSeconds));
	const scale = Math.min(1, 60 / (window * intervalSeconds));
	const result: MinutePoint[] = [];
	let requests = 0;
	let quotaTokens = 0;
	for (let slot = 0; slot < slots; slot += 1) {
		const point = bySlot.get(slot);
		const gone = bySlot.get(slot - window);
		requests += (point?.requests ?? 0) - (gone?.requests ?? 0);
		quotaTokens += (point?.quotaTokens ?? 0) - (gone?.quotaTokens ?? 0);
		result.push({
			second: slot * intervalSeconds,
			requests: requests * scale,
			quotaTokens: quotaTokens * scale,
			reserved: point?.reserved ?? 0,
			throttled: point?.throttled ?? 0,
		});
	}

	return result;
}
