import {lanes} from '../../domain/bucket-usage.ts';
import type {CellSpec} from '../../domain/run-config.ts';
import type {BlockPlace} from '../../domain/run-event.ts';
import type {FailureCount, LogEvent} from '../../domain/snapshot.ts';
import {VectorMoments} from '../statistics/streams.ts';
import {Blocks, momentCount, nothingSpent, type Spent} from './blocks.ts';
import {LatencyOverTime, TimelineSeries} from './timeline.ts';
import {emptyTotals, type VariantTotals} from './variant-totals.ts';

/**
 * Counts checked items and those that passed. An item that is asked again adds no evidence: it counts once, as the mean of
 * its checks. A check without an item counts by itself.
 */
class ItemShares {
	readonly #items = new Map<number, {passed: number; checked: number}>();
	#alone = 0;
	#passed = 0;

	/** Items that were checked. */
	get count(): number {
		return this.#alone + this.#items.size;
	}

	/** Items that passed, an item with several checks as the mean of them. */
	get passed(): number {
		return this.#passed;
	}

	add(item: number | undefined, hasPassed: boolean): void {
		if (item === undefined) {
			this.#alone++;
			this.#passed += hasPassed ? 1 : 0;
			return;
		}
		const known = this.#items.get(item) ?? {passed: 0, checked: 0};
		this.#items.set(item, known);
		const before = known.checked === 0 ? 0 : known.passed / known.checked;
		known.checked++;
		known.passed += hasPassed ? 1 : 0;
		this.#passed += known.passed / known.checked - before;
	}
}

/** Hash of a text (FNV-1a, 32 bit): answers with the same hash count as the same. */
const hashOf = (text: string): number => {
	let hash = 0x811c9dc5;
	for (let index = 0; index < text.length; index++) {
		hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
	}
	return hash >>> 0;
};

/** Whether a cell gives the same answer when it is asked for the same item again. */
class Repeats {
	/** By the first item of the request. */
	readonly #answers = new Map<number, number>();
	#asked = 0;
	#same = 0;

	/** Answers to items that had been answered before. */
	get asked(): number {
		return this.#asked;
	}

	/** Those of them that equal the answer before. */
	get same(): number {
		return this.#same;
	}

	/** @param first Index of the first item of the request. */
	add(block: BlockPlace | undefined, first: number | undefined, text: string): void {
		const item = block?.item;
		if (item === undefined || first === undefined) {
			return;
		}
		const hash = hashOf(text);
		const before = this.#answers.get(first);
		if (item.pass > 0 && before !== undefined) {
			this.#asked++;
			this.#same += before === hash ? 1 : 0;
		}
		this.#answers.set(first, hash);
	}
}

/** Counts that rates are made of, from the first request on. */
type RateCounts = {
	readonly requests: number;
	readonly quotaTokens: number;
	readonly outputTokens: number;
	readonly useful: number;
	readonly good: number;
};

const countsOf = ({requests, tokens, items}: VariantTotals): RateCounts => ({
	requests: requests.succeeded,
	quotaTokens: tokens.quota,
	outputTokens: tokens.output,
	useful: items.useful,
	good: items.good,
});

/**
 * Counts at the end of the last whole window of a cell. A quota can be spent in the first second of its window, so a rate is
 * only defined over whole windows.
 */
class WholeWindows {
	readonly #windowMs: number;
	/** Whole windows at the last event, and the counts then. */
	#last = 0;
	#counts: RateCounts | undefined;

	constructor(windowMs: number) {
		this.#windowMs = windowMs;
	}

	/** Called before an event is counted. @param activeMs Since the first request, without pauses. */
	pass(activeMs: number, totals: VariantTotals): void {
		const now = Math.floor(activeMs / this.#windowMs);
		if (now > this.#last) {
			this.#last = now;
			this.#counts = countsOf(totals);
		}
	}

	/**
	 * Counts in whole windows, per minute.
	 * @param activeMs Since the first request, without pauses.
	 * @returns Undefined before one window is whole.
	 */
	perMinute(activeMs: number, totals: VariantTotals): RateCounts | undefined {
		const now = Math.floor(activeMs / this.#windowMs);
		if (now === 0) {
			return undefined;
		}
		// No event since the last window ended: all counts are in whole windows.
		const counts = now > this.#last ? countsOf(totals) : (this.#counts ?? countsOf(totals));
		const minutes = (now * this.#windowMs) / 60_000;
		return {
			requests: counts.requests / minutes,
			quotaTokens: counts.quotaTokens / minutes,
			outputTokens: counts.outputTokens / minutes,
			useful: counts.useful / minutes,
			good: counts.good / minutes,
		};
	}
}

/** Requests and quota tokens in flight at a target. */
type TargetLevels = {inFlight: number; reserved: number; held: number};

/**
 * All figures of a run. They are a fold over its events: the same events give the same figures. They are changed in place,
 * by `foldEvent` only, because a run has millions of events and the memory must stay flat.
 */
export type Figures = {
	readonly variants: VariantTotals[];
	/** Of each cell: quota tokens, useful items and cost of its finished requests. */
	readonly requests: VectorMoments[];
	/** One for the cells of a lane on a target, which are compared in pairs. */
	readonly blocks: readonly Blocks[];
	/** Of each cell: the items that passed their checks. */
	readonly quality: ItemShares[];
	/** Of each cell: whether it repeats its answers. */
	readonly repeats: Repeats[];
	/** Of each cell: counts in whole windows. */
	readonly windows: WholeWindows[];
	readonly timeline: TimelineSeries;
	readonly latencies: LatencyOverTime;
	readonly levels: TargetLevels[];
	readonly failures: Map<string, FailureCount>;
	/** What of them is in the log: once for each that met it. */
	readonly logged: Set<string>;
	events: readonly LogEvent[];
	/** Milliseconds since 1970 at the start. */
	startedEpochMs: number | undefined;
	/** Milliseconds since the start. */
	endedAt: number | undefined;
	pausedAt: number | undefined;
	/** Pauses of the run: [from, to] in milliseconds since the start; at most the newest 100. */
	pauses: ReadonlyArray<readonly [number, number]>;
	isSimulated: boolean;
	/** Warm-up included. */
	readonly spent: Spent;
};

const groupsOf = (cells: readonly CellSpec[]): ReadonlyArray<readonly number[]> => {
	const groups = new Map<string, number[]>();
	for (const [index, {lane, target}] of cells.entries()) {
		const key = `${lanes.indexOf(lane)} ${target}`;
		groups.set(key, [...(groups.get(key) ?? []), index]);
	}
	return [...groups.values()];
};

/** Figures before the first event. @param windowMs Of the quotas. */
export function emptyFigures(cells: readonly CellSpec[], targets: number, windowMs = 60_000): Figures {
	return {
		variants: cells.map(() => emptyTotals()),
		requests: cells.map(() => new VectorMoments(momentCount)),
		blocks: groupsOf(cells)
			.filter((group) => group.length > 1)
			.map((group) => new Blocks(group)),
		quality: cells.map(() => new ItemShares()),
		repeats: cells.map(() => new Repeats()),
		windows: cells.map(() => new WholeWindows(windowMs)),
		timeline: new TimelineSeries(targets),
		latencies: new LatencyOverTime(cells.length),
		levels: Array.from({length: targets}, () => ({inFlight: 0, reserved: 0, held: 0})),
		failures: new Map(),
		logged: new Set(),
		events: [],
		startedEpochMs: undefined,
		endedAt: undefined,
		pausedAt: undefined,
		pauses: [],
		isSimulated: false,
		spent: nothingSpent(),
	};
}

/** One more target: of a tap, which meets its models one by one. */
export function addTarget(figures: Figures): void {
	figures.timeline.addTarget();
	figures.levels.push({inFlight: 0, reserved: 0, held: 0});
}

/** One more cell, which is compared with no other. @returns Its index. */
export function addCell(figures: Figures, windowMs: number): number {
	figures.latencies.addCell();
	figures.requests.push(new VectorMoments(momentCount));
	figures.quality.push(new ItemShares());
	figures.repeats.push(new Repeats());
	figures.windows.push(new WholeWindows(windowMs));
	return figures.variants.push(emptyTotals()) - 1;
}

/** Milliseconds of a span of the run without pauses; the first second of a run belongs to its first window. */
export function activeMs({pauses, pausedAt}: Figures, from: number, to: number): number {
	const start = from < 1000 ? 0 : from;
	const own = pausedAt === undefined ? pauses : [...pauses, [pausedAt, to] as const];
	const pausedMs = own.reduce(
		(sum, [begun, end]) => sum + Math.max(0, Math.min(end, to) - Math.max(begun, start)),
		0,
	);
	return Math.max(0, to - start - pausedMs);
}
