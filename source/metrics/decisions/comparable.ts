import type {RunSpec} from '../../domain/run-spec.ts';

/**
 * Indexes of a target's cells that do the same work, and so can be ranked: an answer in a conversation that is held
 * beside bulk work is no rival of it.
 */
export const comparableCells = (
	{cells, task}: Pick<RunSpec, 'cells' | 'task'>,
	target: number,
): readonly number[] => {
	const all = cells.flatMap((cell, index) => (cell.target === target ? [index] : []));
	const lane = task.chat?.lane;
	const others = all.filter((index) => cells[index]?.lane !== lane);
	return lane === undefined || others.length === 0 ? all : others;
};
