import type {Gauge, Timeline} from '../domain/snapshot.ts';

const minuteSeconds = 60;
const paceSeconds = 10;

/**
 * Seconds until a limit is reached if the pace of the last ten seconds goes on, given what leaves the rolling minute
 * meanwhile.
 * @returns null where it is not reached within a minute, or where it cannot be told.
 */
export function secondsToLimit(
	timeline: Timeline,
	target: number,
	field: 'requests' | 'quotaTokens',
	gauge: Gauge,
	nowSecond: number,
): number | null {
	if (gauge.limit === null || timeline.intervalSeconds > paceSeconds) {
		return null;
	}
	const recent = timeline.points.filter(
		(point) =>
			point.target === target && point.second >= nowSecond - minuteSeconds && point.second < nowSecond,
	);
	const pacePerSecond =
		recent
			.filter(({second}) => second >= nowSecond - paceSeconds)
			.reduce((sum, point) => sum + point[field], 0) / paceSeconds;
	if (pacePerSecond <= 0) {
		return null;
	}
	let taken = gauge.used + gauge.reserved;
	let next = 0;
	for (let seconds = 0; seconds <= minuteSeconds; seconds++) {
		for (; (recent[next]?.second ?? Number.POSITIVE_INFINITY) < nowSecond - minuteSeconds + seconds; next++) {
			taken -= recent[next]?.[field] ?? 0;
		}
		if (taken + pacePerSecond * seconds >= gauge.limit) {
			return seconds;
		}
	}
	return null;
}
