import type {RunSpec} from '../domain/run-spec.ts';
import type {Contest} from '../metrics/decisions/variant-contest.ts';

/** What keeps a request from being sent: the run is over, or answers must come first. */
type GuardVerdict = 'pass' | 'wait' | {readonly stoppedBy: 'requests' | 'cost'};

/** Bounds on what a run may send and spend. Costs are reserved in full before a request and settled by its answer. */
export class Guards {
	readonly #maxRequests: number;
	readonly #maxCostUsd: number;
	#requests = 0;
	#spentUsd = 0;
	#reservedUsd = 0;
	readonly #isMaxCostGiven: boolean;
	#isOutOfSight = false;
	/** Attempts that have not ended. */
	#open = 0;

	constructor({
		maxRequests,
		maxCostUsd,
		isMaxCostGiven = false,
	}: Pick<RunSpec, 'maxRequests' | 'maxCostUsd' | 'isMaxCostGiven'>) {
		this.#isMaxCostGiven = isMaxCostGiven && maxCostUsd !== null;
		this.#maxRequests = maxRequests ?? Number.POSITIVE_INFINITY;
		this.#maxCostUsd = maxCostUsd ?? Number.POSITIVE_INFINITY;
	}

	/**
	 * @param maxUsd What the attempt costs at most; 0 where no price is known.
	 * @param isFirst Whether it is the first attempt of a request.
	 */
	ask(maxUsd: number, isFirst: boolean): GuardVerdict {
		if (isFirst && this.#requests >= this.#maxRequests) {
			return {stoppedBy: 'requests'};
		}
		if (this.#isOutOfSight || this.#spentUsd + maxUsd > this.#maxCostUsd) {
			return {stoppedBy: 'cost'};
		}
		return this.#spentUsd + this.#reservedUsd + maxUsd > this.#maxCostUsd ? 'wait' : 'pass';
	}

	sent(maxUsd: number, isFirst: boolean): void {
		this.#requests += isFirst ? 1 : 0;
		this.#reservedUsd += maxUsd;
		this.#open++;
	}

	/**
	 * An answer cost more than is known: a typed limit can no longer be kept, and ends the run.
	 * @returns Whether that is so for the first time.
	 */
	loseSight(): boolean {
		const isNew = this.#isMaxCostGiven && !this.#isOutOfSight;
		this.#isOutOfSight ||= isNew;
		return isNew;
	}

	/** An attempt ended. @param costUsd What it cost; an attempt of unknown fate counts in full. */
	ended(maxUsd: number, costUsd: number): void {
		this.#open--;
		// Sums of fractions leave a rest, and what nothing holds must not be waited for.
		this.#reservedUsd = this.#open === 0 ? 0 : Math.max(0, this.#reservedUsd - maxUsd);
		this.#spentUsd += costUsd;
	}
}

/** Of a contest in which variants came back: how often, and at which block the last time: each item is asked again of all. */
type Returns = {readonly returns: number; readonly returnedAt: number};

/**
 * Whether it is decided among the cells of a group: asked before each block, when every answer until then is looked at.
 * @param note Adds a line to the log.
 */
export function createDecided(
	{isEliminating}: Pick<RunSpec, 'isEliminating'>,
	contestOf: (cell: number) => Contest | undefined,
	note: (kind: string, text: string) => void,
): (cells: readonly number[], position: number, itemBlocks: number) => boolean {
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
}
