import type {SimulatorOptions} from '../options.ts';
import type {Neighbour} from '../runtime/buckets.ts';
import {type BackgroundTraffic, backgroundMinute, bucketBehind, isIn} from './background.ts';
import {minuteMs, minuteOf} from './minute-sums.ts';

/** Moments of a second at which the traffic of a minute is counted, so that it comes evenly. */
const stepMs = 1000;

/** Lets the applications of a scenario take their room in the buckets: what the metrics show is really in use. */
export const backgroundNeighbour = (
	background: readonly BackgroundTraffic[],
	{seed, windowMs}: Pick<SimulatorOptions, 'seed' | 'windowMs'>,
): Neighbour => {
	const withBuckets = background.flatMap((traffic) => {
		const bucket = bucketBehind(traffic);
		return bucket === undefined ? [] : [{traffic, bucket}];
	});
	return (occupied, sinceMs, nowMs, {region, target}) => {
		const own = withBuckets.filter(
			({traffic, bucket}) =>
				bucket.model === target.model && bucket.scope === target.scope && isIn(traffic, region),
		);
		if (own.length === 0) {
			return;
		}
		const firstStep = Math.floor(Math.max(sinceMs, nowMs - windowMs) / stepMs) + 1;
		for (let at = firstStep * stepMs; at <= nowMs; at += stepMs) {
			for (const {traffic} of own) {
				const {counts} = backgroundMinute(traffic, region, seed, minuteOf(at));
				const requests = (counts.Invocations * stepMs) / minuteMs;
				const tokens = (counts.EstimatedTPMQuotaUsage * stepMs) / minuteMs;
				// One after the other: where not all find room, some do.
				const pieces = Math.ceil(requests);
				for (let piece = 0; piece < pieces; piece++) {
					occupied.occupy(at, requests / pieces, tokens / pieces);
				}
			}
		}
	};
};
