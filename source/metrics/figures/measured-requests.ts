import type {Cell, RunSpec} from '../../domain/run-spec.ts';

/** Requests that the items of a cell take; unlimited where it goes over all of them as often as it is asked to. */
export const requestsForItems = ({onlyItems}: Pick<Cell, 'onlyItems'>, itemsPerRequest: number): number =>
	onlyItems === undefined
		? Number.POSITIVE_INFINITY
		: Math.ceil(onlyItems.length / Math.max(1, itemsPerRequest));

/** Requests of a measurement over all of its cells. @param requests Of each cell at most. */
export const measuredRequests = (
	{cells, variants}: Pick<RunSpec, 'cells' | 'variants'>,
	requests: number,
): number =>
	cells.reduce(
		(sum, cell) =>
			sum + Math.min(requests, requestsForItems(cell, variants[cell.variant]?.itemsPerRequest ?? 1)),
		0,
	);
