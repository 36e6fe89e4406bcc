import type {Bucket} from '../../admission/bucket.ts';
import {type Lane, lanes} from '../../domain/bucket-usage.ts';
import {exponential, type Random} from '../../domain/clock.ts';
import type {RunSpec} from '../../domain/run-config.ts';
import {type Recorded, recordedFor} from '../../domain/task.ts';
import {chatInLane} from '../../prompts/compose.ts';
import type {Draft} from '../attempts/attempts.ts';
import type {Cell} from '../cells/cell.ts';
import {ConcurrencyLimiter} from './concurrency-limiter.ts';
import {type Interleaving, type ItemWalk, interleave, isAdaptive, itemWalk} from './variant-order.ts';

/** A source of requests of one lane. Times are milliseconds of running time. */
export type Source = {
	readonly lane: Lane;
	/** Cells that its requests may go to. */
	readonly cells: readonly number[];
	/** Requests per minute of an open loop; undefined for a closed one. */
	readonly ratePerMinute: number | undefined;
	/** The request that may be sent now; undefined when there is none. The same until `take`. */
	readonly peek: (runningMs: number) => Draft | undefined;
	/** Removes the request of `peek`. */
	readonly take: () => void;
	/** When the next request is due; undefined when that depends on answers, or there is none. */
	readonly nextAt: () => number | undefined;
	/** Requests of an open loop that were due by then and were not taken; 0 for a closed loop. */
	readonly overdue: (runningMs: number) => number;
	readonly isExhausted: () => boolean;
};

/** Part of the full load at an instant of the ramp-up, 0 to 1. */
function rampPart(runningMs: number, rampUpMs: number): number {
	return rampUpMs <= 0 ? 1 : Math.min(1, runningMs / rampUpMs);
}

/**
 * When an arrival comes in a ramp, given when it would come at the full rate from the start. Up to t of a ramp of R as many
 * have come as at the full rate in t^2 / 2R; after it all are R / 2 late.
 */
function rampedMs(unrampedMs: number, rampUpMs: number): number {
	return unrampedMs < rampUpMs / 2 ? Math.sqrt(2 * rampUpMs * unrampedMs) : unrampedMs + rampUpMs / 2;
}

/** A closed loop: the next request may be sent as soon as a slot is free (measure, saturate, concurrency, serial). */
function closedLoop(lane: Lane, interleaving: Interleaving, slots: ConcurrencyLimiter): Source {
	return {
		lane,
		cells: interleaving.cells,
		ratePerMinute: undefined,
		peek() {
			const drawn = slots.isFree ? interleaving.next() : undefined;
			return drawn === undefined ? undefined : {...drawn, intendedAt: undefined, slots};
		},
		take: interleaving.advance,
		nextAt: () => undefined,
		overdue: () => 0,
		isExhausted: () => interleaving.next() === undefined,
	};
}

/** Rate and rhythm of an open loop. */
type Arrivals = {
	/** Arrivals per minute: of requests, or of conversations. */
	readonly ratePerMinute: number;
	/** 1, or the turns of a conversation. */
	readonly requestsPerArrival: number;
	readonly arrival: 'constant' | 'poisson';
	/** Running time of the first arrival in a constant rhythm, in milliseconds. */
	readonly firstAtMs: number;
	/** Time in which the rate grows evenly from 0 to full; 0: full at once. */
	readonly rampUpMs: number;
};

/**
 * An open loop: requests arrive at their own times, whatever the service does. Those that cannot be sent yet wait in order;
 * they are not stored, because the next arrival follows from the last one, so a stall costs no memory.
 */
function openLoop(
	lane: Lane,
	interleaving: Interleaving,
	slots: ConcurrencyLimiter,
	{ratePerMinute, requestsPerArrival, arrival, firstAtMs, rampUpMs}: Arrivals,
	random: Random,
): Source {
	const meanGapMs = 60_000 / ratePerMinute;
	const gapMs = (): number => (arrival === 'constant' ? meanGapMs : exponential(meanGapMs, random));
	let arrivals = 0;
	/** Time of the next arrival without a ramp. */
	let unrampedAt = arrival === 'constant' ? firstAtMs : gapMs();
	const dueAt = (unrampedMs: number): number => rampedMs(unrampedMs, rampUpMs);
	const isExhausted = (): boolean => interleaving.next() === undefined;
	return {
		lane,
		cells: interleaving.cells,
		ratePerMinute: ratePerMinute * requestsPerArrival,
		peek(runningMs) {
			const intendedAt = dueAt(unrampedAt);
			const drawn = intendedAt <= runningMs ? interleaving.next() : undefined;
			return drawn === undefined ? undefined : {...drawn, intendedAt, slots};
		},
		take() {
			interleaving.advance();
			arrivals++;
			// Counted from the first arrival, so that a constant rhythm gathers no rounding errors.
			unrampedAt = arrival === 'constant' ? firstAtMs + arrivals * meanGapMs : unrampedAt + gapMs();
		},
		overdue(runningMs) {
			let count = 0;
			for (let at = unrampedAt; dueAt(at) < runningMs && !isExhausted(); at += gapMs()) {
				count++;
			}
			return count * requestsPerArrival;
		},
		nextAt: () => (isExhausted() ? undefined : dueAt(unrampedAt)),
		isExhausted,
	};
}

/** An open loop over recorded requests: each arrives at its own time. */
function replayLoop(
	lane: Lane,
	interleaving: Interleaving,
	slots: ConcurrencyLimiter,
	recorded: readonly Recorded[],
): Source {
	let next = 0;
	const isExhausted = (): boolean => next >= recorded.length || interleaving.next() === undefined;
	return {
		lane,
		cells: interleaving.cells,
		ratePerMinute: undefined,
		peek(runningMs) {
			const arrival = recorded[next];
			const drawn = arrival !== undefined && arrival.atMs <= runningMs ? interleaving.next() : undefined;
			return drawn === undefined || arrival === undefined
				? undefined
				: {...drawn, intendedAt: arrival.atMs, slots, recorded: arrival};
		},
		take() {
			interleaving.advance();
			next++;
		},
		overdue(runningMs) {
			const later = isExhausted() ? next : recorded.findIndex(({atMs}) => atMs >= runningMs);
			return Math.max(0, (later === -1 ? recorded.length : later) - next);
		},
		nextAt: () => (isExhausted() ? undefined : recorded[next]?.atMs),
		isExhausted,
	};
}

/** Requests that are drawn from together: the cells of a lane on one target, or on all when they are balanced. */
type Group = {
	readonly lane: Lane;
	/** Candidates of each request of a block. */
	readonly entries: ReadonlyArray<readonly number[]>;
	/** Own rate of the lane. */
	readonly ratePerMinute: number | null;
};

type SourceOptions = {
	readonly spec: RunSpec;
	readonly random: Random;
	/** Whether a cell can still be sent, at a position of the sequence where one is named. */
	readonly isAlive: (cell: number, position?: number) => boolean;
	/** Maximum in flight where only the quota limits it. */
	readonly inFlightLimit: () => number;
	/** Whether a cell takes part in the next block, or evidence put it out. */
	readonly isIn: (cell: number) => boolean;
	/** Whether it is decided among the cells of a group, and every item was asked. @param itemBlocks Blocks of a whole pass; 0 without items. */
	readonly isDecided: (cells: readonly number[], position: number, itemBlocks: number) => boolean;
	/** Milliseconds that the run has been running, without pauses. */
	readonly runningMs: () => number;
};

const unlimited = new ConcurrencyLimiter(() => Number.POSITIVE_INFINITY);

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

/** How blocks of one lane go over the items; undefined without items, or where each cell has its own order. */
const walkOf = (spec: RunSpec, {lane, entries}: Pick<Group, 'lane' | 'entries'>): ItemWalk | undefined =>
	chatInLane(spec.task, lane) !== undefined || hasOwnItems(spec, entries.flat())
		? undefined
		: itemWalk(
				spec.task.items.length,
				entries.map(([cell = 0]) => itemsPerRequestOf(spec, cell)),
			);

/** What a group sends of a recording: all of it where it is spread over the models. */
const recordedOf = (
	{task: {recorded = []}, cells, targets, isBalanced}: RunSpec,
	{entries}: Group,
): readonly Recorded[] => {
	const target = targets[cells[entries[0]?.[0] ?? -1]?.target ?? -1];
	return isBalanced || target === undefined ? recorded : recordedFor(recorded, target.model);
};

const hasOwnItems = ({cells}: RunSpec, own: readonly number[]): boolean =>
	own.some((cell) => cells[cell]?.onlyItems !== undefined);

/**
 * Whether the requests of these cells are drawn in blocks of the same work, so that they can be compared: not where each
 * has its own items (`--resume`), where requests may go to several cells, in a replay, or where no block holds whole requests of all.
 */
export function isPaired(spec: RunSpec, cells: readonly number[]): boolean {
	const [lane, ...others] = new Set(cells.map((cell) => spec.cells[cell]?.lane ?? 'normal'));
	if (lane === undefined || others.length > 0 || spec.isBalanced || isAdaptive(spec) || isReplay(spec)) {
		return false;
	}
	const isOneInput = spec.task.items.length === 0 || chatInLane(spec.task, lane) !== undefined;
	const entries = cells.map((cell) => [cell]);
	return !hasOwnItems(spec, cells) && (isOneInput || walkOf(spec, {lane, entries}) !== undefined);
}

/** Its requests differ in size, so that no two of them are the same work. */
const isReplay = ({load}: RunSpec): boolean => load.shape === 'replay';

const entriesIn = (groups: readonly Group[]): number =>
	groups.reduce((sum, {entries}) => sum + entries.length, 0);

/** The sources of a run, and what their budgets begin with again. */
type Sources = {
	readonly sources: readonly Source[];
	/** Of a load that counts requests: this many for each participant from here on, instead of what is left. */
	readonly refill: (requestsEach: number) => void;
};

/** Makes the sources of a run. Lanes with their own rate are open loops, except in a measurement. */
export function createSources({
	spec,
	random,
	isAlive,
	isIn,
	isDecided,
	inFlightLimit,
	runningMs,
}: SourceOptions): Sources {
	const {load, task} = spec;
	const {warmUpRequests = 0, rampUpMs = 0} = load;
	const concurrency = (): number =>
		Math.max(1, Math.ceil(load.concurrency * rampPart(runningMs(), rampUpMs)));
	const groups = groupsOf(spec);
	const isMeasuring = load.shape === 'measure' || load.shape === 'serial';
	const shared = {left: load.requests ?? Number.POSITIVE_INFINITY};
	const own: Array<{left: number}> = [];
	const ownBudget = () => {
		const budget = {left: load.requests ?? 0};
		own.push(budget);
		return budget;
	};
	const serial = new ConcurrencyLimiter(() => 1);
	const laneSlots = new Map<Lane, ConcurrencyLimiter>(
		lanes.map((lane) => [
			lane,
			new ConcurrencyLimiter(load.shape === 'saturate' ? inFlightLimit : concurrency),
		]),
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

	const sources = groups.map((group, index) => {
		const turns = chatInLane(task, group.lane)?.turns.length ?? 1;
		const isCounted = load.shape === 'measure' && load.requests !== null;
		// Every variant gets its number of requests in a measurement: its last conversation may be shorter.
		const maxTurns = load.shape === 'measure' ? (load.requests ?? Number.POSITIVE_INFINITY) : undefined;
		const cellsOfGroup = group.entries.flat();
		const packed = group.entries.map(([cell = 0]) => itemsPerRequestOf(spec, cell));
		const walk = walkOf(spec, group);
		const interleaving = interleave({
			entries: group.entries.map((candidates, place) => ({
				candidates,
				itemsPerRequest: packed[place] ?? 1,
				budget: isCounted ? ownBudget() : shared,
			})),
			walk,
			isPaired: isPaired(spec, cellsOfGroup),
			warmUpBlocks: warmUpRequests,
			isAlive,
			isIn,
			isOver: (position) => isDecided(cellsOfGroup, position, walk?.blocks ?? 0),
			random,
			turnsAt: (position) =>
				maxTurns === undefined ? turns : Math.min(turns, Math.max(1, maxTurns - position * turns)),
		});
		if (load.shape === 'replay') {
			return replayLoop(group.lane, interleaving, unlimited, recordedOf(spec, group));
		}
		const ratePerMinute = rateOf(group);
		if (ratePerMinute !== undefined) {
			const firstAtMs = (60_000 / ratePerMinute) * (index / groups.length);
			const arrivals = {ratePerMinute, requestsPerArrival: turns, arrival: load.arrival, firstAtMs, rampUpMs};
			return openLoop(group.lane, interleaving, unlimited, arrivals, random);
		}
		const slots = load.shape === 'serial' ? serial : (laneSlots.get(group.lane) ?? serial);
		return closedLoop(group.lane, interleaving, slots);
	});
	return {
		sources,
		refill(requestsEach) {
			shared.left = requestsEach * entriesIn(groups);
			for (const budget of own) {
				budget.left = requestsEach;
			}
		},
	};
}

/**
 * Announces to each bucket what its lanes will send, so that room is kept for them before lower lanes take it. A lane whose
 * sources are exhausted needs none, and the lowest lane never does.
 * @param windowMs Length of the quota window.
 */
export function announceLanes(sources: readonly Source[], cells: readonly Cell[], windowMs: number): void {
	const lowest = lanes.findLast((lane) => sources.some((source) => source.lane === lane));
	for (const source of sources.filter(({lane}) => lane !== lowest)) {
		const served = source.cells.map((cell) => cells[cell]).filter((cell) => cell !== undefined);
		for (const bucket of new Set<Bucket>(served.map((cell) => cell.bucket))) {
			const setAside = Math.max(
				...served.filter((cell) => cell.bucket === bucket).map((cell) => cell.typicalSetAside),
			);
			const requestsPerWindow = ((source.ratePerMinute ?? 0) * windowMs) / 60_000;
			bucket.limits.expect(source.lane, source.isExhausted() ? undefined : {requestsPerWindow, setAside});
		}
	}
}
