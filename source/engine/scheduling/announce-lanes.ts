import type {Bucket} from '../../admission/bucket.ts';
import {lanes} from '../../domain/lane.ts';
import type {CellState} from '../cells/cell-state.ts';
import type {Source} from './load/source.ts';

/**
 * Tells each bucket what its lanes will send, so that room is kept for them before lower lanes take it. A lane whose
 * sources are exhausted needs none. The lowest lane of a run never needs any.
 * @param windowMs Length of the quota window.
 */
export const announceLanes = (
	sources: readonly Source[],
	cells: readonly CellState[],
	windowMs: number,
): void => {
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
};
