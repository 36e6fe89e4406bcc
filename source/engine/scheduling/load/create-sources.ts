import {type Lane, lanes} from '../../../domain/lane.ts';
import type {Random} from '../../../domain/random.ts';
import type {RunSpec} from '../../../domain/run-spec.ts';
import {chatInLane} from '../../../prompts/chat-in-lane.ts';
import {isAdaptive} from '../adaptive.ts';
import {Slots} from '../slots.ts';
import {closedLoop} from './closed-loop.ts';
import {interleave} from './interleaving.ts';
import {type ItemWalk, itemWalk} from './item-walk.ts';
import {openLoop} from './open-loop.ts';
import {rampPart} from './ramp.ts';
import type {Source} from './source.ts';

/** Requests that are drawn from together: the cells of a lane on one target, or on all when they are balanced. */
type Group = {
	readonly lane: Lane;
	/** Candidates of each request of a block. */
	readonly entries: ReadonlyArray<readonly number[]>;
	/** Rate of the lane's own. */
	readonly ratePerMinute: number | null;
};

export type SourceOptions = {
	readonly spec: RunSpec;
	readonly random: Random;
	/** Whether a cell can still be sent, at a position of the sequence where one is named. */
	readonly isAlive: (cell: number, position?: number) => boolean;
	/** Most requests in flight where nothing but the quota bounds them. */
	readonly inFlightLimit: () => number;
	/** Whether a cell takes part in the next block: it may be out. */
	readonly isIn: (cell: number) => boolean;
	/** Whether it is decided among the cells of a group, and every item was asked. @param itemBlocks Blocks of a whole pass; 0 without items. */
	readonly isDecided: (cells: readonly number[], position: number, itemBlocks: number) => boolean;
	/** Milliseconds that the run has been going on, pauses left out. */
	readonly runningMs: () => number;
};

const unlimited = new Slots(() => Number.POSITIVE_INFINITY);

const groupsOf = (spec: RunSpec): readonly Group[] => {
	const {cells, isBalanced} = spec;
	const isLadder = isAdaptive(spec);
	const groups = new Map<
		string,
		{lane: Lane; entries: Map<string, number[]>; ratePerMinute: number | null}
	>();
	for (const [index, {lane, target, variant, ratePerMinute}] of cells.entries()) {
		const key = isBalanced ? lane : `${lane} ${target}`;
		const group = groups.get(key) ?? {lane, entries: new Map<string, number[]>(), ratePerMinute};
		const entry = isLadder ? '' : isBalanced ? String(variant) : `${variant} ${index}`;
		group.entries.set(entry, [...(group.entries.get(entry) ?? []), index]);
		groups.set(key, {...group, ratePerMinute: group.ratePerMinute ?? ratePerMinute});
	}
	return [...groups.values()]
		.map((group) => ({...group, entries: [...group.entries.values()]}))
		.sort((first, second) => lanes.indexOf(first.lane) - lanes.indexOf(second.lane));
};

const itemsPerRequestOf = ({cells, variants}: RunSpec, cell: number): number =>
	variants[cells[cell]?.variant ?? 0]?.itemsPerRequest ?? 1;

/** How the blocks of cells of one lane go over the items; undefined where there are none, or each cell goes its own way. */
const walkOf = (spec: RunSpec, {lane, entries}: Pick<Group, 'lane' | 'entries'>): ItemWalk | undefined =>
	chatInLane(spec.task, lane) !== undefined || hasOwnItems(spec, entries.flat())
		? undefined
		: itemWalk(
				spec.task.items.length,
				entries.map(([cell = 0]) => itemsPerRequestOf(spec, cell)),
			);

const hasOwnItems = ({cells}: RunSpec, own: readonly number[]): boolean =>
	own.some((cell) => cells[cell]?.onlyItems !== undefined);

/**
 * Whether the requests of these cells are drawn in blocks of the same work, so that they can be compared: not where each
 * has items of its own to ask (`--resume`), where none is bound to a variant, or where no block holds whole requests of all.
 */
export function isPaired(spec: RunSpec, cells: readonly number[]): boolean {
	const [lane, ...others] = new Set(cells.map((cell) => spec.cells[cell]?.lane ?? 'normal'));
	if (lane === undefined || others.length > 0 || spec.isBalanced || isAdaptive(spec)) {
		return false;
	}
	const isOneInput = spec.task.items.length === 0 || chatInLane(spec.task, lane) !== undefined;
	const entries = cells.map((cell) => [cell]);
	return !hasOwnItems(spec, cells) && (isOneInput || walkOf(spec, {lane, entries}) !== undefined);
}

const entriesIn = (groups: readonly Group[]): number =>
	groups.reduce((sum, {entries}) => sum + entries.length, 0);

/** Makes the sources of a run. Lanes with a rate of their own are open loops in every shape that is not a measurement. */
export const createSources = ({
	spec,
	random,
	isAlive,
	isIn,
	isDecided,
	inFlightLimit,
	runningMs,
}: SourceOptions): readonly Source[] => {
	const {load, task} = spec;
	const {warmUpRequests = 0, rampUpMs = 0} = load;
	const concurrency = (): number =>
		Math.max(1, Math.ceil(load.concurrency * rampPart(runningMs(), rampUpMs)));
	const groups = groupsOf(spec);
	const isMeasuring = load.shape === 'measure' || load.shape === 'serial';
	const shared = {left: load.requests ?? Number.POSITIVE_INFINITY};
	const serial = new Slots(() => 1);
	const laneSlots = new Map<Lane, Slots>(
		lanes.map((lane) => [lane, new Slots(load.shape === 'saturate' ? inFlightLimit : concurrency)]),
	);

	/** The group's part of the rate of its lane or of the run; undefined when it is a closed loop. */
	const rateOf = (group: Group): number | undefined => {
		if (isMeasuring) {
			return undefined;
		}
		const isOwn = group.ratePerMinute !== null;
		const rate = group.ratePerMinute ?? (load.shape === 'rate' ? load.ratePerMinute : null);
		const sharers = groups.filter((each) =>
			isOwn ? each.lane === group.lane && each.ratePerMinute !== null : each.ratePerMinute === null,
		);
		return rate === null ? undefined : (rate * group.entries.length) / entriesIn(sharers);
	};

	return groups.map((group, index) => {
		const turns = chatInLane(task, group.lane)?.turns.length ?? 1;
		const isCounted = load.shape === 'measure' && load.requests !== null;
		// Every variant gets its number of requests in a measurement: its last conversation may be a shorter one.
		const mostTurns = load.shape === 'measure' ? (load.requests ?? Number.POSITIVE_INFINITY) : undefined;
		const cellsOfGroup = group.entries.flat();
		const packed = group.entries.map(([cell = 0]) => itemsPerRequestOf(spec, cell));
		const walk = walkOf(spec, group);
		const interleaving = interleave({
			entries: group.entries.map((candidates, place) => ({
				candidates,
				itemsPerRequest: packed[place] ?? 1,
				budget: isCounted ? {left: load.requests ?? 0} : shared,
			})),
			walk,
			isPaired: isPaired(spec, cellsOfGroup),
			warmUpBlocks: warmUpRequests,
			isAlive,
			isIn,
			isOver: (position) => isDecided(cellsOfGroup, position, walk?.blocks ?? 0),
			random,
			turnsAt: (position) =>
				mostTurns === undefined ? turns : Math.min(turns, Math.max(1, mostTurns - position * turns)),
		});
		const ratePerMinute = rateOf(group);
		if (ratePerMinute !== undefined) {
			const firstAtMs = (60_000 / ratePerMinute) * (index / groups.length);
			const arrivals = {ratePerMinute, requestsPerArrival: turns, arrival: load.arrival, firstAtMs, rampUpMs};
			return openLoop(group.lane, interleaving, unlimited, arrivals, random);
		}
		const slots = load.shape === 'serial' ? serial : (laneSlots.get(group.lane) ?? serial);
		return closedLoop(group.lane, interleaving, slots);
	});
};
