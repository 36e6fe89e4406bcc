import {type Random, shuffled} from '../../../domain/random.ts';
import type {Draft} from '../../attempts/logical-request.ts';
import type {ItemWalk} from './item-walk.ts';

/** How many requests may still be drawn, each turn of a conversation being one; shared by all that end together. */
export type Budget = {left: number};

/** Whoever takes part in the blocks: a variant, or a variant on several targets, or a ladder of variants. */
export type Entry = {
	/** Cells that may carry its requests. */
	readonly candidates: readonly number[];
	readonly itemsPerRequest: number;
	readonly budget: Budget;
};

/** What an interleaving says of the next request; the source adds when and with what it is sent. */
export type Drawn = Pick<
	Draft,
	'candidates' | 'block' | 'place' | 'items' | 'isWarmUp' | 'position' | 'turns'
>;

export type Interleaving = {
	/** All cells that its requests may go to. */
	readonly cells: readonly number[];
	/** The next request; undefined when the budget is spent. Says the same until `advance`. */
	readonly next: () => Drawn | undefined;
	readonly advance: () => void;
};

export type InterleavingOptions = {
	readonly entries: readonly Entry[];
	/** How blocks go over the items; undefined where each cell goes its own way, or there are none. */
	readonly walk: ItemWalk | undefined;
	/** Blocks at the beginning that are not counted, against the budget neither. */
	readonly warmUpBlocks: number;
	/** Cells that were given up are passed over, and those that have no request at a position. */
	readonly isAlive: (cell: number, position?: number) => boolean;
	/** Whether a cell takes part in the next block. */
	readonly isIn: (cell: number) => boolean;
	/** Asked before each block: whether there is nothing left to find out. @param position Of the block. */
	readonly isOver: (position: number) => boolean;
	readonly random: Random;
	/** Requests of the conversation at a position; each counts against the budget. */
	readonly turnsAt: (position: number) => number;
};

/**
 * An endless sequence of random blocks, each with the same work for every entry that is in, so that neither the hour nor a
 * warm cache nor an easy item favours one of them. Where variants pack different numbers of items, a block carries their
 * least common number, in as many requests as each needs.
 */
export function interleave(options: InterleavingOptions): Interleaving {
	const {entries, walk, warmUpBlocks, isAlive, isIn, isOver, random, turnsAt} = options;
	let block = -1;
	let rest: Drawn[] = [];
	let paying = new Map<Drawn, Entry>();
	let drawn: Drawn | undefined;

	const isWarm = (number: number): boolean => number < warmUpBlocks;
	const positionOf = (number: number): number => (isWarm(number) ? number : number - warmUpBlocks);

	const pay = (one: Drawn): void => {
		const budget = paying.get(one)?.budget;
		if (budget !== undefined && !one.isWarmUp) {
			budget.left -= Math.min(one.turns, budget.left);
		}
	};

	/** The requests of an entry in the block; fewer than it takes where its budget ends. */
	const partsOf = (entry: Entry, position: number): ReadonlyArray<Pick<Drawn, 'candidates' | 'items'>> => {
		const candidates = entry.candidates.filter((cell) => isAlive(cell, position));
		const ranges = walk?.rangesAt(position, entry.itemsPerRequest) ?? [undefined];
		return ranges.map((items) => ({candidates, items}));
	};

	const drawBlock = (): void => {
		block++;
		const position = positionOf(block);
		const isWarmUp = isWarm(block);
		const turns = turnsAt(position);
		const present = entries.filter(({candidates}) => candidates.some(isIn));
		const shares = present.map((entry) => {
			const parts = partsOf(entry, position);
			const affordable =
				isWarmUp || entry.budget.left >= parts.length ? parts : parts.slice(0, entry.budget.left);
			return {entry, parts: affordable, isWhole: affordable.length === parts.length};
		});
		const alive = shares.filter(({parts}) => parts.some(({candidates}) => candidates.length > 0));
		const isComparable =
			!isWarmUp &&
			alive.length > 1 &&
			alive.every(({isWhole, parts}) => isWhole && parts[0]?.candidates.length === 1);
		const units = alive.reduce((sum, {parts}) => sum + parts.length, 0);
		const place = isComparable ? {number: block, units, item: walk?.itemAt(position)} : undefined;
		paying = new Map();
		rest = shuffled(
			shares.flatMap(({entry, parts}) =>
				parts.map((part) => {
					const one = {...part, block, place, isWarmUp, position, turns};
					paying.set(one, entry);
					return one;
				}),
			),
			random,
		);
	};

	/** Whether the next block is one that no budget pays for. */
	const isSpent = (): boolean =>
		!isWarm(block + 1) &&
		entries.filter(({candidates}) => candidates.some(isIn)).every(({budget}) => budget.left <= 0);

	const canGoOn = (): boolean =>
		entries.some(({candidates}) => candidates.some((cell) => isAlive(cell) && isIn(cell)));

	/** Requests of entries whose cells were all given up are paid for and passed over. */
	const draw = (): Drawn | undefined => {
		for (;;) {
			const one = rest.pop();
			if (one === undefined) {
				if (isOver(positionOf(block + 1)) || isSpent() || !canGoOn()) {
					return undefined;
				}
				drawBlock();
			} else if (one.candidates.some((cell) => isAlive(cell))) {
				return one;
			} else {
				pay(one);
			}
		}
	};

	return {
		cells: entries.flatMap(({candidates}) => candidates),
		next() {
			if (drawn !== undefined && !drawn.candidates.some((cell) => isAlive(cell))) {
				pay(drawn);
				drawn = undefined;
			}
			drawn ??= draw();
			if (drawn === undefined || drawn.isWarmUp) {
				return drawn;
			}
			const left = paying.get(drawn)?.budget.left ?? 0;
			return left <= 0 ? undefined : {...drawn, turns: Math.min(drawn.turns, left)};
		},
		advance() {
			if (drawn !== undefined) {
				pay(drawn);
			}
			drawn = undefined;
		},
	};
}
