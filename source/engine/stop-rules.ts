import type {RunSpec} from '../domain/run-spec.ts';
import type {Contest} from '../metrics/decisions/variant-contest.ts';

/** What ends a run before its load does: limits of requests and cost, and a decided contest. */

/** Whether a request may be sent, has to wait for answers, or ends the run. */
type GuardVerdict = 'pass' | 'wait' | {readonly stoppedBy: 'requests' | 'cost'};

/** Limits of what a run may send and spend. Costs are reserved in full before a request and settled by its answer. */
export class StopRules {
	readonly #maxRequests: number;
	readonly #maxCostUsd: number;
	#requests = 0;
	#spentUsd = 0;
	#reservedUsd = 0;
	readonly #isMaxCostGiven: boolean;
	#isCostUnknown = false;
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
		if (this.#isCostUnknown || this.#spentUsd + maxUsd > this.#maxCostUsd) {
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
	 * An answer had an unknown, higher price: a typed limit can no longer be kept, and ends the run.
	 * @returns Whether this is the first such answer.
	 */
	losePrice(): boolean {
		const isNew = this.#isMaxCostGiven && !this.#isCostUnknown;
		this.#isCostUnknown ||= isNew;
		return isNew;
	}

	/** An attempt ended. @param costUsd What it cost; an attempt of unknown fate counts in full. */
	ended(maxUsd: number, costUsd: number): void {
		this.#open--;
		// Sums of fractions leave a rest, which must not block anything once nothing is open.
		this.#reservedUsd = this.#open === 0 ? 0 : Math.max(0, this.#reservedUsd - maxUsd);
		this.#spentUsd += costUsd;
	}
}

/** Variants that came back into a contest: how often, and at which block the last one; each item is then asked again of all. */
type Returns = {readonly returns: number; readonly returnedAt: number};

/**
 * Whether the contest among the cells of a group is decided: asked before each block, with every answer until then.
 * @param note Adds a line to the log.
 */
export function createDecided(
	{isEliminating}: Pick<RunSpec, 'isEliminating'>,
	contestOf: (cell: number) => Contest | undefined,
	note: (kind: string, text: string) => void,
): (cells: readonly number[], position: number, itemBlocks: number) => boolean {
	const returnsOf = new Map<Contest, Returns>();
	/** Contests that are logged as repeating. */
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
		contest.evaluate();
		const {returns, returnedAt} = returnsOf.get(contest) ?? {returns: 0, returnedAt: 0};
		const from = contest.returns === returns ? returnedAt : position;
		returnsOf.set(contest, {returns: contest.returns, returnedAt: from});
		if (contest.standings === undefined || position < from + itemBlocks) {
			return false;
		}
		return contest.isDecided || (itemBlocks > 0 && isRepeating(contest));
	};
}
