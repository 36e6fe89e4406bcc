import {type Lane, lanes} from '../../domain/bucket-usage.ts';
import {type Random, shuffled} from '../../domain/clock.ts';
import type {RunSpec} from '../../domain/run-config.ts';
import type {BlockPlace} from '../../domain/run-event.ts';
import {type Checked, gateState} from '../../metrics/decisions/elimination.ts';
import {indexOf} from '../../metrics/figures/blocks.ts';
import type {Figures} from '../../metrics/figures/figures.ts';
import {largestShare} from '../../metrics/statistics/intervals.ts';
import type {Draft, ItemRange} from '../attempts/attempts.ts';
import type {Cell} from '../cells/cell.ts';

/**
 * Of which variant the next request is: in random blocks with the same work for each, walking over the items, or down a
 * ladder that the adaptive policy steps as a bucket fills.
 */

/** Maximum of items in a block: variants that pack very different numbers share no blocks. */
const maxInBlock = 120;

/** How blocks go over the items, pass after pass; no block reaches over the end of a pass. */
export type ItemWalk = {
	/** Blocks of one pass. */
	readonly blocks: number;
	/** What a block carries. @param position Of the block, from 0. */
	readonly itemAt: (position: number) => NonNullable<BlockPlace['item']>;
	/** The requests of a variant in a block. */
	readonly rangesAt: (position: number, itemsPerRequest: number) => readonly ItemRange[];
};

const commonDivisor = (a: number, b: number): number => (b === 0 ? a : commonDivisor(b, a % b));
const commonMultiple = (a: number, b: number): number => (a / commonDivisor(a, b)) * b;

/**
 * A walk whose blocks carry the least common multiple of what the variants pack, or all items where they are fewer.
 * @param items How many there are.
 * @param packed Items per request of each variant.
 * @returns Undefined where there are no items, or the common multiple is too large.
 */
export function itemWalk(items: number, packed: readonly number[]): ItemWalk | undefined {
	const common = packed.map((count) => Math.max(1, Math.min(count, items))).reduce(commonMultiple, 1);
	const inBlock = Math.min(common, items);
	if (items === 0 || inBlock > maxInBlock) {
		return undefined;
	}
	const blocks = Math.ceil(items / inBlock);
	return {
		blocks,
		itemAt: (position) => ({
			index: position % blocks,
			pass: Math.floor(position / blocks),
			ofPass: blocks,
		}),
		rangesAt(position, itemsPerRequest) {
			const from = (position % blocks) * inBlock;
			const size = Math.min(inBlock, items - from);
			const each = Math.max(1, Math.min(itemsPerRequest, items));
			return Array.from({length: Math.ceil(size / each)}, (_, part) => ({
				from: from + part * each,
				count: Math.min(each, size - part * each),
			}));
		},
	};
}

/** How many requests may still be drawn, each turn of a conversation being one; shared by all that end together. */
type Budget = {left: number};

/** A participant of the blocks: a variant, a variant on several targets, or a ladder of variants. */
type Entry = {
	/** Cells that may carry its requests. */
	readonly candidates: readonly number[];
	readonly itemsPerRequest: number;
	readonly budget: Budget;
};

/** The next request of an interleaving; the source adds when it is sent. */
type Drawn = Pick<Draft, 'candidates' | 'block' | 'place' | 'items' | 'isWarmUp' | 'position' | 'turns'>;

export type Interleaving = {
	/** All cells that its requests may go to. */
	readonly cells: readonly number[];
	/** The next request; undefined when the budget is spent. The same until `advance`. */
	readonly next: () => Drawn | undefined;
	readonly advance: () => void;
};

type InterleavingOptions = {
	readonly entries: readonly Entry[];
	/** How blocks go over the items; undefined without items, or where each cell has its own order. */
	readonly walk: ItemWalk | undefined;
	/** Blocks hold the same work for all entries, so that these can be compared. */
	readonly isPaired: boolean;
	/** First blocks that are not counted, not against the budget either. */
	readonly warmUpBlocks: number;
	/** Cells that were given up are passed over, and those that have no request at a position. */
	readonly isAlive: (cell: number, position?: number) => boolean;
	/** Whether a cell takes part in the next block. */
	readonly isIn: (cell: number) => boolean;
	/** Asked before each block: whether the contest is decided. @param position Of the block. */
	readonly isOver: (position: number) => boolean;
	readonly random: Random;
	/** Requests of the conversation at a position; each counts against the budget. */
	readonly turnsAt: (position: number) => number;
};

/**
 * An endless sequence of random blocks, each with the same work for every entry that is in, so that no hour, warm cache or
 * easy item favours one of them. Where variants pack different numbers of items, a block carries their
 * least common number, in as many requests as each needs.
 */
export function interleave(options: InterleavingOptions): Interleaving {
	const {entries, walk, isPaired, warmUpBlocks, isAlive, isIn, isOver, random, turnsAt} = options;
	let block = -1;
	let rest: Array<{readonly drawn: Drawn; readonly budget: Budget}> = [];
	let current: {readonly drawn: Drawn; readonly budget: Budget} | undefined;

	const isWarm = (number: number): boolean => number < warmUpBlocks;
	const positionOf = (number: number): number => (isWarm(number) ? number : number - warmUpBlocks);

	const pay = ({
		drawn: {isWarmUp, turns},
		budget,
	}: {
		readonly drawn: Drawn;
		readonly budget: Budget;
	}): void => {
		budget.left -= isWarmUp ? 0 : Math.min(turns, budget.left);
	};

	/** The requests of an entry in a block: all of them, or as many as its budget allows. */
	const shareOf = (
		{candidates, itemsPerRequest, budget}: Entry,
		position: number,
		isWarmUp: boolean,
	): Share => {
		const alive = candidates.filter((cell) => isAlive(cell, position));
		const ranges = walk?.rangesAt(position, itemsPerRequest) ?? oneRequest;
		const isWhole = isWarmUp || budget.left >= ranges.length;
		return {candidates: alive, budget, ranges: isWhole ? ranges : ranges.slice(0, budget.left), isWhole};
	};

	const drawBlock = (): void => {
		block++;
		const position = positionOf(block);
		const isWarmUp = isWarm(block);
		const turns = turnsAt(position);
		const shares: Share[] = [];
		for (const entry of entries) {
			if (entry.candidates.some(isIn)) {
				shares.push(shareOf(entry, position, isWarmUp));
			}
		}
		const place = isWarmUp || !isPaired ? undefined : placeOf(shares, block, walk?.itemAt(position));
		const requests = shares.flatMap(({candidates, budget, ranges}) =>
			ranges.map((items) => ({
				drawn: {candidates, items, block, place, isWarmUp, position, turns},
				budget,
			})),
		);
		rest = shuffled(requests, random);
	};

	/** Whether no budget is left for the next block. */
	const isSpent = (): boolean =>
		!isWarm(block + 1) &&
		entries.filter(({candidates}) => candidates.some(isIn)).every(({budget}) => budget.left <= 0);

	const canContinue = (): boolean =>
		entries.some(({candidates}) => candidates.some((cell) => isAlive(cell) && isIn(cell)));

	/** Requests of entries whose cells were all given up are paid for and passed over. */
	const draw = (): typeof current => {
		for (;;) {
			const one = rest.pop();
			if (one === undefined) {
				if (isOver(positionOf(block + 1)) || isSpent() || !canContinue()) {
					return undefined;
				}
				drawBlock();
				// Own lists of items have no gaps: where no cell has a request, none comes later either.
				if (rest.every(({drawn}) => drawn.candidates.length === 0)) {
					return undefined;
				}
			} else if (one.drawn.candidates.some((cell) => isAlive(cell))) {
				return one;
			} else {
				pay(one);
			}
		}
	};

	return {
		cells: entries.flatMap(({candidates}) => candidates),
		next() {
			if (current !== undefined && !current.drawn.candidates.some((cell) => isAlive(cell))) {
				pay(current);
				current = undefined;
			}
			current ??= draw();
			if (current === undefined || current.drawn.isWarmUp) {
				return current?.drawn;
			}
			const {drawn, budget} = current;
			if (budget.left <= 0) {
				return undefined;
			}
			return drawn.turns <= budget.left ? drawn : {...drawn, turns: budget.left};
		},
		advance() {
			if (current !== undefined) {
				pay(current);
			}
			current = undefined;
		},
	};
}

/** The requests of an entry in a block. */
type Share = {
	readonly candidates: readonly number[];
	readonly budget: Budget;
	readonly ranges: ReadonlyArray<ItemRange | undefined>;
	/** Its budget pays for all of it. */
	readonly isWhole: boolean;
};

const oneRequest = [undefined];

/** Only whole blocks of several entries, each bound to one cell, are compared. */
function placeOf(shares: readonly Share[], number: number, item: BlockPlace['item']): Drawn['place'] {
	const alive = shares.filter(({candidates}) => candidates.length > 0);
	return alive.length > 1 && alive.every(({isWhole, candidates}) => isWhole && candidates.length === 1)
		? {number, units: alive.reduce((sum, {ranges}) => sum + ranges.length, 0), item}
		: undefined;
}

/** How full a bucket is when the next requests take a cheaper variant, as a part of its limit. */
const thresholds = [0.7, 0.85, 0.95] as const;
/** How much it must have emptied below a threshold before they go back. */
const hysteresis = 0.05;
/** Part of a lane's requests that tries a variant off the ladder, so that it may come back. */
const probingPart = 1 / 64;
/** Level of the evidence that a variant costs more per useful item than one above it. */
const level = 0.05;

/** A variant, as the ladder needs it. */
export type LadderVariant = {
	readonly cell: number;
	/** Quota tokens of a request; expected before there are any. */
	readonly tokensPerRequest: number;
	/** Requests sent until now. */
	readonly sent: number;
	/** Items that were answered, and those of them that were useful. */
	readonly items: {readonly count: number; readonly useful: number};
	readonly checked: Checked;
};

/** How many thresholds a fill has passed, given how many it had passed before. */
const passedBy = (fill: number, before: number): number =>
	thresholds.filter((threshold, index) => fill >= threshold - (index < before ? hysteresis : 0)).length;

/**
 * Chooses the variant for the next request of a lane on a target (`--policy adaptive`): the most expensive per request
 * while there is room, a cheaper one for each threshold that the bucket has passed. The lowest lane steps down from the first threshold
 * on, each lane above it one threshold later.
 *
 * Off the ladder are variants that fail the quality gate, and those that are cheaper per request but provably more
 * expensive per useful item than one above them. They are still tried now and then, and come back when their answers have earned it.
 */
export class Ladder {
	readonly #delay: number;
	readonly #minQuality: number | null;
	readonly #shares = new Map<
		number,
		{readonly count: number; readonly useful: number; readonly share: number}
	>();
	#passed = 0;

	/**
	 * @param lane The ladder's lane.
	 * @param present Lanes of the run.
	 */
	constructor(lane: Lane, present: ReadonlySet<Lane>, minQuality: number | null) {
		this.#delay = lanes.slice(lanes.indexOf(lane) + 1).filter((below) => present.has(below)).length;
		this.#minQuality = minQuality;
	}

	/**
	 * @param fill How full the bucket is, 0 to 1.
	 * @returns The cell; undefined without variants.
	 */
	choose(variants: readonly LadderVariant[], fill: number): number | undefined {
		this.#passed = passedBy(fill, this.#passed);
		const byCost = variants.toSorted((first, second) => second.tokensPerRequest - first.tokensPerRequest);
		const ladder = this.#ladderOf(byCost);
		const total = variants.reduce((sum, {sent}) => sum + sent, 0);
		const probed = byCost.find((variant) => !ladder.includes(variant) && variant.sent < total * probingPart);
		if (probed !== undefined) {
			return probed.cell;
		}
		const step = Math.max(0, this.#passed - this.#delay);
		return ladder[Math.min(step, ladder.length - 1)]?.cell;
	}

	/** The largest useful share that a variant's answers do not refuse; recomputed only when there are new ones. */
	#maxUseful({cell, items: {count, useful}}: LadderVariant): number {
		const known = this.#shares.get(cell);
		if (known?.count === count && known.useful === useful) {
			return known.share;
		}
		const share = largestShare(count, useful, level);
		this.#shares.set(cell, {count, useful, share});
		return share;
	}

	/** Variants worth stepping down to; only the most expensive one where none is good enough. */
	#ladderOf(byCost: readonly LadderVariant[]): readonly LadderVariant[] {
		const good = byCost.filter(({checked}) => gateState(checked, this.#minQuality) !== 'failed');
		const worth = good.filter((variant, place) => {
			const above = good
				.slice(0, place)
				.map(({tokensPerRequest, items: {count, useful}}) =>
					useful === 0 ? Number.POSITIVE_INFINITY : (tokensPerRequest * count) / useful,
				);
			return variant.tokensPerRequest / this.#maxUseful(variant) <= Math.min(...above);
		});
		return worth.length > 0 ? worth : byCost.slice(0, 1);
	}
}

/** Whether the variants of a lane form a ladder: only where the load does not compare them. */
export function isAdaptive({policy, load}: Pick<RunSpec, 'policy' | 'load'>): boolean {
	return policy === 'adaptive' && load.shape !== 'measure' && load.shape !== 'serial';
}

type AdaptivePorts = {
	readonly spec: RunSpec;
	/** As they are when it is asked. */
	readonly figures: () => Figures;
	/** Called with a sentence at every switch. */
	readonly onSwitch: (text: string) => void;
};

/** Chooses out of cells of one target and lane the one that the fill of their bucket allows. */
type AdaptiveChoice = (cells: readonly Cell[], lane: Lane) => Cell | undefined;

/** Makes the choice of an adaptive run; it remembers each lane's step on each target. */
export function createAdaptiveChoice({spec, figures, onSwitch}: AdaptivePorts): AdaptiveChoice {
	const present = new Set(spec.cells.map(({lane}) => lane));
	const ladders = new Map<string, {readonly ladder: Ladder; last: Cell | undefined}>();

	const ladderOf = (lane: Lane, target: number): {readonly ladder: Ladder; last: Cell | undefined} => {
		const key = `${lane} ${target}`;
		const known = ladders.get(key) ?? {
			ladder: new Ladder(lane, present, spec.minQuality),
			last: undefined,
		};
		ladders.set(key, known);
		return known;
	};

	const ladderVariantOf = (state: Cell): LadderVariant => {
		const {requests: all, variants, quality} = figures();
		const requests = all[state.index];
		const totals = variants[state.index];
		const answered = totals?.requests.succeeded ?? 0;
		const {count = 0, passed = 0} = quality[state.index] ?? {};
		return {
			cell: state.index,
			tokensPerRequest: answered > 0 ? (requests?.mean(indexOf('quotaTokens')) ?? 0) : state.expectedTokens,
			sent: totals?.requests.sent ?? 0,
			items: {
				count: answered * state.variant.itemsPerRequest,
				useful: Math.min(totals?.items.useful ?? 0, answered * state.variant.itemsPerRequest),
			},
			checked: {count, passed},
		};
	};

	return (cells, lane) => {
		const [first] = cells;
		if (first === undefined) {
			return undefined;
		}
		const step = ladderOf(lane, first.spec.target);
		// Room kept for higher lanes counts as full: else this lane would be blocked before it steps down.
		const fill = 1 - first.bucket.roomLeft(lane);
		const chosen = step.ladder.choose(cells.map(ladderVariantOf), fill);
		const cell = cells.find(({index}) => index === chosen);
		if (cell !== undefined && cell !== step.last) {
			const from = step.last === undefined ? '' : `${step.last.variant.name} -> `;
			const percent = Math.round(fill * 100);
			onSwitch(
				`${cell.target.model}, lane ${lane}: ${from}${cell.variant.name}, the bucket is ${percent}% full.`,
			);
			step.last = cell;
		}
		return cell;
	};
}
