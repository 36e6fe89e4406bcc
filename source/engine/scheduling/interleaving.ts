import {type Random, shuffled} from '../../domain/random.ts';
import type {BlockPlace} from '../../domain/run-event.ts';
import type {Draft, ItemRange} from '../attempts/attempts.ts';

/** The order in which requests of variants are drawn: random blocks with the same work for each, walking over the items. */

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
