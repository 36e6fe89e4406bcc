import type {Gauge, LatencySeries, Timeline, TimelinePoint} from '../domain/snapshot.ts';

/** Columns of a chart from the timeline of a run. */

type ChartQuery = {
	/** Index of the target. */
	readonly target: number;
	/** Seconds that the chart spans, up to `endSecond`. */
	readonly windowSeconds: number;
	readonly endSecond: number;
	readonly columns: number;
};

/** Limits are over a rolling minute. */
const minuteSeconds = 60;

/** Last second of the timeline; 0 while it is empty. */
export function lastSecond(timeline: Timeline): number {
	const last = timeline.points.at(-1);
	return last === undefined ? 0 : last.second + timeline.intervalSeconds;
}

/**
 * Use in the minute before each column's end: the sum that the limit applies to.
 * @returns one value per column; null where the timeline has no data.
 */
export function minuteSums(
	timeline: Timeline,
	field: 'requests' | 'quotaTokens',
	query: ChartQuery,
): ReadonlyArray<number | null> {
	const {intervalSeconds} = timeline;
	// In a long run a point covers more than a minute; its sum is then brought down to one.
	const spanSeconds = Math.max(minuteSeconds, intervalSeconds);
	const sums = prefixSums(pointsOf(timeline, query.target), field);
	return columnsOf(timeline, query, (_, toSecond) => {
		const sum = sums.before(toSecond) - sums.before(toSecond - spanSeconds);
		return (sum * minuteSeconds) / spanSeconds;
	});
}

/** Maximum of a field within each column; null where the timeline has no data. */
export function maxValues(
	timeline: Timeline,
	field: 'inFlight' | 'throttled' | 'requests',
	query: ChartQuery,
): ReadonlyArray<number | null> {
	const points = pointsOf(timeline, query.target);
	const last = points.at(-1);
	// Columns ascend: points before one are before all that follow.
	let first = 0;
	return columnsOf(timeline, query, (fromSecond, toSecond) => {
		while ((points[first]?.second ?? Number.POSITIVE_INFINITY) + timeline.intervalSeconds <= fromSecond) {
			first++;
		}
		// Requests in flight stay so until something happens.
		let greatest =
			field === 'inFlight' && last !== undefined && fromSecond >= last.second ? last.inFlight : 0;
		for (let index = first; (points[index]?.second ?? toSecond) < toSecond; index++) {
			greatest = Math.max(greatest, points[index]?.[field] ?? 0);
		}
		return greatest;
	});
}

/** What a cell's answers took within each column, in milliseconds; null where none came. */
export function latencyColumns(
	{intervalSeconds, cells}: LatencySeries,
	cell: number,
	{columns, windowSeconds, endSecond}: Omit<ChartQuery, 'target'>,
): ReadonlyArray<number | null> {
	return Array.from({length: Math.max(0, columns)}, (_, column) => {
		const middle = endSecond - windowSeconds + (windowSeconds * (column + 0.5)) / columns;
		return cells[cell]?.[Math.floor(middle / intervalSeconds)] ?? null;
	});
}

function pointsOf({points}: Timeline, target: number): readonly TimelinePoint[] {
	return points.filter((point) => point.target === target);
}

function columnsOf(
	timeline: Timeline,
	query: ChartQuery,
	value: (fromSecond: number, toSecond: number) => number,
): ReadonlyArray<number | null> {
	const {columns, windowSeconds, endSecond, target} = query;
	const {intervalSeconds} = timeline;
	const points = pointsOf(timeline, target);
	const known = new Set(points.map(({second}) => Math.floor(second / intervalSeconds)));
	// The timeline has a point per event: after the last one nothing has happened.
	const quietFrom = Math.floor((points.at(-1)?.second ?? Number.POSITIVE_INFINITY) / intervalSeconds);
	return Array.from({length: Math.max(0, columns)}, (_, column) => {
		const fromSecond = endSecond - (windowSeconds * (columns - column)) / columns;
		const toSecond = fromSecond + windowSeconds / columns;
		const first = Math.floor(fromSecond / intervalSeconds);
		const last = Math.max(first, Math.ceil(toSecond / intervalSeconds) - 1);
		for (let interval = first; interval <= last; interval++) {
			if (known.has(interval) || interval > quietFrom) {
				return value(fromSecond, Math.max(toSecond, (first + 1) * intervalSeconds));
			}
		}
		return null;
	});
}

/** Sums up to a second, found by halving. */
function prefixSums(points: readonly TimelinePoint[], field: 'requests' | 'quotaTokens') {
	const totals = [0];
	for (const point of points) {
		totals.push((totals.at(-1) ?? 0) + point[field]);
	}
	return {
		/** Sum of the points that begin before that second. */
		before(second: number): number {
			let low = 0;
			let high = points.length;
			while (low < high) {
				const middle = (low + high) >> 1;
				if ((points[middle]?.second ?? 0) < second) {
					low = middle + 1;
				} else {
					high = middle;
				}
			}
			return totals[low] ?? 0;
		},
	};
}

/** Use of a target from a second of the run on. */
export function usedSince(
	timeline: Timeline,
	target: number,
	field: 'requests' | 'quotaTokens',
	fromSecond: number,
): number {
	return timeline.points
		.filter((point) => point.target === target && point.second >= fromSecond)
		.reduce((sum, point) => sum + point[field], 0);
}

const paceSeconds = 10;

/**
 * Seconds until a limit is reached if the pace of the last ten seconds continues, given what leaves the rolling minute
 * meanwhile.
 * @returns null where it is not reached within a minute, or where that is not known.
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
	let taken = gauge.used + gauge.reserved + (gauge.others ?? 0);
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
