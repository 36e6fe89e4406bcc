import {lanes} from '../../domain/lane.ts';
import type {Cell} from '../../domain/run-spec.ts';
import type {FailureCount, LogEvent} from '../../domain/snapshot.ts';
import {VectorMoments} from '../statistics/vector-moments.ts';
import {Blocks} from './blocks.ts';
import {ItemShares} from './item-shares.ts';
import {Repeats} from './repeats.ts';
import {momentCount} from './request-measures.ts';
import {nothingSpent, type Spent} from './spent.ts';
import {TimelineSeries} from './timeline.ts';
import {emptyTotals, type VariantTotals} from './variant-totals.ts';
import {WholeWindows} from './whole-windows.ts';

/** What is in flight at a target. */
export type TargetLevels = {inFlight: number; reserved: number};

/**
 * All figures of a run. They are a fold over its events: the same events give the same figures. They are changed in place,
 * by `foldEvent` only, because a run has millions of events and the memory must stay flat.
 */
export type Figures = {
	readonly variants: readonly VariantTotals[];
	/** Of each cell: quota tokens, useful items and cost of its finished requests. */
	readonly requests: readonly VectorMoments[];
	/** One for the cells of a lane on a target, which are compared in pairs. */
	readonly blocks: readonly Blocks[];
	/** Of each cell: the items that passed their checks. */
	readonly quality: readonly ItemShares[];
	/** Of each cell: whether it says the same when it is asked again. */
	readonly repeats: readonly Repeats[];
	/** Of each cell: what was counted in whole windows. */
	readonly windows: readonly WholeWindows[];
	readonly timeline: TimelineSeries;
	readonly levels: readonly TargetLevels[];
	readonly failures: Map<string, FailureCount>;
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

const groupsOf = (cells: readonly Cell[]): ReadonlyArray<readonly number[]> => {
	const groups = new Map<string, number[]>();
	for (const [index, {lane, target}] of cells.entries()) {
		const key = `${lanes.indexOf(lane)} ${target}`;
		groups.set(key, [...(groups.get(key) ?? []), index]);
	}
	return [...groups.values()];
};

/** Figures before the first event. @param windowMs Of the quotas. */
export const emptyFigures = (cells: readonly Cell[], targets: number, windowMs = 60_000): Figures => ({
	variants: cells.map(() => emptyTotals()),
	requests: cells.map(() => new VectorMoments(momentCount)),
	blocks: groupsOf(cells)
		.filter((group) => group.length > 1)
		.map((group) => new Blocks(group)),
	quality: cells.map(() => new ItemShares()),
	repeats: cells.map(() => new Repeats()),
	windows: cells.map(() => new WholeWindows(windowMs)),
	timeline: new TimelineSeries(targets),
	levels: Array.from({length: targets}, () => ({inFlight: 0, reserved: 0})),
	failures: new Map(),
	events: [],
	startedEpochMs: undefined,
	endedAt: undefined,
	pausedAt: undefined,
	pauses: [],
	isSimulated: false,
	spent: nothingSpent(),
});

/** Milliseconds of a span of the run that were not spent in a pause; the first second of a run belongs to its first window. */
export function activeMs({pauses, pausedAt}: Figures, from: number, to: number): number {
	const start = from < 1000 ? 0 : from;
	const own = pausedAt === undefined ? pauses : [...pauses, [pausedAt, to] as const];
	const pausedMs = own.reduce(
		(sum, [begun, end]) => sum + Math.max(0, Math.min(end, to) - Math.max(begun, start)),
		0,
	);
	return Math.max(0, to - start - pausedMs);
}
