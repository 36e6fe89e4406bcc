import {type Random, shuffled} from '../../../domain/random.ts';
import type {Draft} from '../../attempts/logical-request.ts';

/** How many requests may still be drawn, each turn of a conversation being one; shared by all sources that end together. */
export type Budget = {left: number};

/** What an interleaving says of the next request; the source adds when and with what it is sent. */
export type Drawn = Pick<Draft, 'candidates' | 'block' | 'isWarmUp' | 'position' | 'turns'>;

export type Interleaving = {
	/** All cells that its requests may go to. */
	readonly cells: readonly number[];
	/** The next request; undefined when the budget is spent. Says the same until `advance`. */
	readonly next: () => Drawn | undefined;
	readonly advance: () => void;
};

/**
 * An endless sequence of random blocks, each with one request of every entry, so that neither the hour nor a warm cache
 * favours one of them. The requests of one block carry the same items.
 * @param entries Candidates of each request of a block.
 * @param warmUpBlocks Blocks at the beginning that are not counted, against the budget neither.
 * @param isAlive Cells that were given up are passed over, and those that have no request at a position.
 * @param turnsAt Requests of the conversation at a position; each counts against the budget.
 */
export const interleave = (
	entries: ReadonlyArray<readonly number[]>,
	budget: Budget,
	warmUpBlocks: number,
	isAlive: (cell: number, position?: number) => boolean,
	random: Random,
	turnsAt: (position: number) => number = () => 1,
): Interleaving => {
	let block = -1;
	let rest: Array<readonly number[]> = [];
	let drawn: Drawn | undefined;

	const drawEntry = (): Drawn => {
		if (rest.length === 0) {
			rest = shuffled(entries, random);
			block++;
		}
		const isWarmUp = block < warmUpBlocks;
		const position = isWarmUp ? block : block - warmUpBlocks;
		const candidates = rest.pop()?.filter((cell) => isAlive(cell, position)) ?? [];
		return {candidates, block, isWarmUp, position, turns: turnsAt(position)};
	};

	/** Whether the next entry is one that the budget pays for. */
	const isSpent = (): boolean => budget.left <= 0 && (rest.length === 0 ? block + 1 : block) >= warmUpBlocks;

	const pay = ({isWarmUp, turns}: Drawn): void => {
		budget.left -= isWarmUp ? 0 : Math.min(turns, budget.left);
	};

	/** Entries whose cells were all given up are paid for and passed over. */
	const draw = (): Drawn | undefined => {
		while (!isSpent() && entries.some((candidates) => candidates.some((cell) => isAlive(cell)))) {
			const entry = drawEntry();
			if (entry.candidates.length > 0) {
				return entry;
			}
			pay(entry);
		}
		return undefined;
	};

	return {
		cells: entries.flat(),
		next() {
			if (drawn !== undefined && !drawn.candidates.some((cell) => isAlive(cell))) {
				pay(drawn);
				drawn = undefined;
			}
			drawn ??= draw();
			if (drawn === undefined || drawn.isWarmUp) {
				return drawn;
			}
			return budget.left <= 0 ? undefined : {...drawn, turns: Math.min(drawn.turns, budget.left)};
		},
		advance() {
			if (drawn !== undefined) {
				pay(drawn);
			}
			drawn = undefined;
		},
	};
};
