import type {BlockPlace} from '../../domain/run-event.ts';

/** Items of a request, as a range of the order in which items are asked. */
export type ItemRange = {readonly from: number; readonly count: number};

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
