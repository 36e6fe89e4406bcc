import type {LatencySeries, OthersReading, Timeline, TimelinePoint} from '../../domain/snapshot.ts';

const maxPoints = 600;

/** Counts within an interval. */
type Counts = {requests: number; quotaTokens: number; throttled: number};
/** Levels that last until they change; an interval shows the highest. */
type Levels = {reserved: number; inFlight: number; held: number};
type Interval = Counts & Levels;

const noCounts: Readonly<Counts> = {requests: 0, quotaTokens: 0, throttled: 0};
const noLevels: Readonly<Levels> = {reserved: 0, inFlight: 0, held: 0};

const nothing: Readonly<Interval> = {...noCounts, ...noLevels};

const merged = (first: Interval, second: Interval): Interval => ({
	requests: first.requests + second.requests,
	quotaTokens: first.quotaTokens + second.quotaTokens,
	throttled: first.throttled + second.throttled,
	reserved: Math.max(first.reserved, second.reserved),
	inFlight: Math.max(first.inFlight, second.inFlight),
	held: Math.max(first.held, second.held),
});

/** Time series of each target by the second; when it would exceed 600 points, the interval doubles. */
export class TimelineSeries {
	readonly #maxIntervals: number;
	readonly #levels: Array<Readonly<Levels>>;
	#intervals: Interval[][] = [];
	#intervalSeconds = 1;

	/** @param targets Number of targets; all of them have a point in each interval. */
	constructor(targets: number) {
		this.#maxIntervals = Math.max(1, Math.floor(maxPoints / Math.max(1, targets)));
		this.#levels = Array.from({length: targets}, () => noLevels);
	}

	/** One more target, which has no points before now. */
	addTarget(): void {
		this.#levels.push(noLevels);
	}

	/** Adds counts at `elapsedMs` since the start of the run. */
	count(elapsedMs: number, target: number, {requests, quotaTokens, throttled}: Partial<Counts>): void {
		const interval = this.#at(elapsedMs)[target];
		if (interval !== undefined) {
			interval.requests += requests ?? 0;
			interval.quotaTokens += quotaTokens ?? 0;
			interval.throttled += throttled ?? 0;
		}
	}

	/** Sets levels from `elapsedMs` on. */
	setLevels(elapsedMs: number, target: number, {reserved, inFlight, held}: Readonly<Levels>): void {
		const interval = this.#at(elapsedMs)[target];
		if (interval !== undefined) {
			interval.reserved = Math.max(interval.reserved, reserved);
			interval.inFlight = Math.max(interval.inFlight, inFlight);
			interval.held = Math.max(interval.held, held);
		}
		this.#levels[target] = {reserved, inFlight, held};
	}

	toTimeline(): Timeline {
		const points: TimelinePoint[] = this.#intervals.flatMap((targets, index) =>
			targets.map(({held, ...interval}, target) => ({
				second: index * this.#intervalSeconds,
				target,
				...interval,
				...(held === 0 ? {} : {held}),
			})),
		);
		return {intervalSeconds: this.#intervalSeconds, points};
	}

	/** The interval of each target at a time of the run. */
	#at(elapsedMs: number): Interval[] {
		const second = Math.max(0, elapsedMs) / 1000;
		while (Math.floor(second / this.#intervalSeconds) >= this.#maxIntervals) {
			this.#double();
		}
		const index = Math.floor(second / this.#intervalSeconds);
		while (this.#intervals.length <= index) {
			this.#intervals.push(this.#levels.map((levels) => ({...noCounts, ...levels})));
		}
		const interval = this.#intervals[index] ?? [];
		// A target that was added within it.
		while (interval.length < this.#levels.length) {
			interval.push({...noCounts, ...noLevels});
		}
		return interval;
	}

	#double(): void {
		const pairs = Array.from({length: Math.ceil(this.#intervals.length / 2)}, (_unused, index) => ({
			first: this.#intervals[2 * index] ?? [],
			second: this.#intervals[2 * index + 1] ?? [],
		}));
		this.#intervals = pairs.map(({first, second}) =>
			Array.from({length: Math.max(first.length, second.length)}, (_each, target) =>
				merged(first[target] ?? nothing, second[target] ?? nothing),
			),
		);
		this.#intervalSeconds *= 2;
	}
}

/** Values of all cells together, and of one cell. */
const maxLatencies = 480;
const maxLatenciesOfCell = 60;

/** Mean total time of each cell's answers over time, in bounded memory: the interval doubles like that of the points. */
export class LatencyOverTime {
	readonly #maxIntervals: number;
	#sums: Array<Array<{sum: number; count: number}>>;
	#intervalSeconds = 1;

	constructor(cells: number) {
		const each = Math.floor(maxLatencies / Math.max(1, cells));
		this.#maxIntervals = Math.max(1, Math.min(maxLatenciesOfCell, each));
		this.#sums = Array.from({length: cells}, () => []);
	}

	/** One more cell. */
	addCell(): void {
		this.#sums.push([]);
	}

	/** Adds an answer that came at `elapsedMs` since the start of the run. */
	add(elapsedMs: number, cell: number, totalMs: number): void {
		const second = Math.max(0, elapsedMs) / 1000;
		while (Math.floor(second / this.#intervalSeconds) >= this.#maxIntervals) {
			this.#double();
		}
		const index = Math.floor(second / this.#intervalSeconds);
		const sums = this.#sums[cell];
		while (sums !== undefined && sums.length <= index) {
			sums.push({sum: 0, count: 0});
		}
		const interval = sums?.[index];
		if (interval !== undefined) {
			interval.sum += totalMs;
			interval.count++;
		}
	}

	toSeries(): LatencySeries {
		return {
			intervalSeconds: this.#intervalSeconds,
			cells: this.#sums.map((sums) =>
				sums.map(({sum, count}) => (count === 0 ? null : Math.round((sum / count) * 10) / 10)),
			),
		};
	}

	#double(): void {
		this.#sums = this.#sums.map((sums) =>
			Array.from({length: Math.ceil(sums.length / 2)}, (_unused, index) => {
				const one = sums[2 * index] ?? {sum: 0, count: 0};
				const other = sums[2 * index + 1] ?? {sum: 0, count: 0};
				return {sum: one.sum + other.sum, count: one.count + other.count};
			}),
		);
		this.#intervalSeconds *= 2;
	}
}

const minuteMs = 60_000;

/** Readings that are kept of each target: those of the last two hours. */
const keptReadings = 120;

/** What others used of the buckets of a run: for each target and minute the greatest figures, the newest minutes only. */
export class OthersLog {
	readonly #readings: OthersReading[][] = [];

	/** A reading of a target. @param at Milliseconds since 1970. */
	add(reading: Omit<OthersReading, 'at'>, at: number): void {
		this.#readings[reading.target] ??= [];
		const own = this.#readings[reading.target] ?? [];
		const minuteOf = (iso: string): number => Math.floor(Date.parse(iso) / minuteMs);
		const index = own.findIndex((each) => minuteOf(each.at) === Math.floor(at / minuteMs));
		const known = own[index];
		const added = {...reading, at: new Date(at).toISOString()};
		if (known === undefined) {
			own.push(added);
			own.splice(0, own.length - keptReadings);
		} else {
			own[index] = {
				...added,
				requestsPerMinute: greater(known.requestsPerMinute, reading.requestsPerMinute),
				quotaTokensPerMinute: greater(known.quotaTokensPerMinute, reading.quotaTokensPerMinute),
			};
		}
	}

	/** Oldest first. */
	get readings(): readonly OthersReading[] {
		return this.#readings.flat().sort((first, second) => first.at.localeCompare(second.at));
	}
}

const greater = (first: number | null, second: number | null): number | null =>
	first === null || second === null ? (first ?? second) : Math.max(first, second);
