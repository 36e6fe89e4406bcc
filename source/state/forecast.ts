import type {Gauge, Timeline} from '../metrics/snapshot.ts';

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
	const points = timeline.points.filter((point) => point.target === target);
	const sumBetween = (from: number, to: number) =>
		points.filter(({second}) => second >= from && second < to).reduce((sum, point) => sum + point[field], 0);
	const pacePerSecond = sumBetween(nowSecond - paceSeconds, nowSecond) / paceSeconds;
	if (pacePerSecond <= 0) {
		return null;
	}
	const now = gauge.used + gauge.reserved;
	for (let seconds = 0; seconds <= minuteSeconds; seconds++) {
		const left = sumBetween(nowSecond - minuteSeconds, nowSecond - minuteSeconds + seconds);
		if (now - left + pacePerSecond * seconds >= gauge.limit) {
			return seconds;
		}
	}
	return null;
}
