import type {Bucket} from '../../admission/bucket.ts';
import type {Lane} from '../../domain/lane.ts';
import type {Item} from '../../domain/variant.ts';
import type {Draft, LogicalRequest} from '../attempts/logical-request.ts';
import type {CellState} from '../cells/cell-state.ts';

/** Makes the request of a draft for a cell. */
export const makeRequest = (
	{block, place, items: range, isWarmUp, position, intendedAt, slots, turns, candidates}: Draft,
	cell: CellState,
	order: readonly Item[],
): LogicalRequest => {
	const items =
		range === undefined || cell.isChat || cell.hasOwnItems
			? cell.itemsAt(position, order)
			: order.slice(range.from, range.from + range.count);
	return {
		cell: cell.index,
		items,
		prompt: cell.compose(items),
		// Only requests that could not go elsewhere are compared in pairs.
		block: candidates.length > 1 ? undefined : place,
		isWarmUp,
		isFollowUp: false,
		intendedAt,
		slots,
		conversation: block,
		turn: 0,
		turns,
		attempts: 0,
	};
};

/**
 * Chooses the cell of a draft.
 * @param candidates Cells that may carry it.
 * @param pick Chooses among those of one bucket.
 * @returns A cell in the open bucket with the most room for the lane; undefined when all are blocked or given up.
 */
export const chooseCell = (
	candidates: readonly CellState[],
	lane: Lane,
	isBlocked: (bucket: Bucket) => boolean,
	pick: (cells: readonly CellState[], lane: Lane) => CellState | undefined,
): CellState | undefined => {
	const open = candidates.filter((cell) => cell.isAlive && !isBlocked(cell.bucket));
	if (open.length <= 1) {
		return open[0];
	}
	const byRoom = [...new Set(open.map(({bucket}) => bucket))]
		.map((bucket) => ({bucket, room: bucket.roomLeft(lane)}))
		.sort((first, second) => second.room - first.room);
	return pick(
		open.filter(({bucket}) => bucket === byRoom[0]?.bucket),
		lane,
	);
};
