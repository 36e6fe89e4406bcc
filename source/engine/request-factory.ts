import type {Item} from '../prompts/variant.ts';
import type {Bucket} from './bucket.ts';
import type {CellState} from './cell-state.ts';
import type {Draft, LogicalRequest} from './logical-request.ts';
import type {Lane} from './run-spec.ts';

/** Makes the request of a draft for a cell. */
export const makeRequest = (
	{block, isWarmUp, position, intendedAt, slots, candidates}: Draft,
	cell: CellState,
	order: readonly Item[],
): LogicalRequest => {
	const items = cell.itemsAt(position, order);
	return {
		cell: cell.index,
		items,
		prompt: cell.compose(items),
		// Only requests that could not go elsewhere are compared in pairs.
		block: isWarmUp || candidates.length > 1 ? undefined : block,
		isWarmUp,
		isFollowUp: false,
		intendedAt,
		slots,
		attempts: 0,
	};
};

/** The candidate whose bucket has the most room for the lane; undefined when all are blocked or given up. */
export const mostRoom = (
	candidates: readonly CellState[],
	lane: Lane,
	isBlocked: (bucket: Bucket) => boolean,
): CellState | undefined => {
	const open = candidates.filter((cell) => cell.isAlive && !isBlocked(cell.bucket));
	return open.length <= 1
		? open[0]
		: open
				.map((cell) => ({cell, room: cell.bucket.roomLeft(lane)}))
				.sort((first, second) => second.room - first.room)[0]?.cell;
};
