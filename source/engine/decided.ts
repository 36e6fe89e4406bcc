import type {RunSpec} from '../domain/run-spec.ts';
import type {Contest} from '../metrics/decisions/contests.ts';

/** Of a contest in which variants came back: how often, and at which block the last time: each item is asked again of all. */
type Returns = {readonly returns: number; readonly returnedAt: number};

/**
 * Whether it is decided among the cells of a group: asked before each block, when every answer until then is looked at.
 * @param note Adds a line to the log.
 */
export const createDecided = (
	{isEliminating}: Pick<RunSpec, 'isEliminating'>,
	contestOf: (cell: number) => Contest | undefined,
	note: (kind: string, text: string) => void,
): ((cells: readonly number[], position: number, itemBlocks: number) => boolean) => {
	const returnsOf = new Map<Contest, Returns>();
	/** Contests that the log says are repeating. */
	const repeating = new Set<Contest>();

	const isRepeating = (contest: Contest): boolean => {
		if (!contest.isRepeating) {
			return false;
		}
		if (!repeating.has(contest)) {
			repeating.add(contest);
			note(
				'repeating',
				'Every item was asked and the answers repeat: more items would help, not more requests.',
			);
		}
		return true;
	};

	return (cells, position, itemBlocks) => {
		const contest = contestOf(cells[0] ?? -1);
		if (!isEliminating || contest === undefined || !cells.every((cell) => contest.cells.includes(cell))) {
			return false;
		}
		contest.look();
		const {returns, returnedAt} = returnsOf.get(contest) ?? {returns: 0, returnedAt: 0};
		const from = contest.returns === returns ? returnedAt : position;
		returnsOf.set(contest, {returns: contest.returns, returnedAt: from});
		if (contest.standings === undefined || position < from + itemBlocks) {
			return false;
		}
		return contest.isDecided || (itemBlocks > 0 && isRepeating(contest));
	};
};
