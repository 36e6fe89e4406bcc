import {hash} from 'node:crypto';
import type {Item} from '../domain/task.ts';

/** Parts of the items: what the rewriter may see, what chooses among its rewrites, and what proves the one chosen. */
export type Split = {
	/** Indexes of items, each part in the order in which it is asked. */
	readonly train: readonly number[];
	readonly select: readonly number[];
	readonly heldOut: readonly number[];
};

/** Parts of all items, up to which each part reaches. */
const trainUpTo = 0.2;
const selectUpTo = 0.6;

/** What two rows have in common when the rewriter would know one by the other. */
const sameText = ({text}: Item): string => text.toLowerCase().replaceAll(/\s+/g, ' ').trim();

/**
 * Splits the items by the seed: train 20%, select 40%, held out 40%. An item goes by its text alone: rows may be moved or
 * added, and rows with the same text stay together, so that none of them is known from another part.
 */
export function splitItems(items: readonly Item[], seed: number): Split {
	const groups = [...Map.groupBy(items, sameText)]
		.map(([text, rows]) => ({place: hash('sha256', `${seed} ${text}`), rows: rows.map(({index}) => index)}))
		.toSorted((one, other) => (one.place < other.place ? -1 : 1));
	const split = {train: [] as number[], select: [] as number[], heldOut: [] as number[]};
	let placed = 0;
	for (const {rows} of groups) {
		const part =
			placed < items.length * trainUpTo ? 'train' : placed < items.length * selectUpTo ? 'select' : 'heldOut';
		split[part].push(...rows);
		placed += rows.length;
	}
	return split;
}
