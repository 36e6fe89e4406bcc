import type {RunSpec} from '../domain/run-spec.ts';

/** What keeps a request from being sent: the run is over, or answers must come first. */
export type GuardVerdict = 'pass' | 'wait' | {readonly stoppedBy: 'requests' | 'cost'};

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
	 * @param mostUsd What the attempt costs at most; 0 where no price is known.
	 * @param isFirst Whether it is the first attempt of a request.
	 */
	ask(mostUsd: number, isFirst: boolean): GuardVerdict {
		if (isFirst && this.#requests >= this.#maxRequests) {
			return {stoppedBy: 'requests'};
		}
		if (this.#isOutOfSight || this.#spentUsd + mostUsd > this.#maxCostUsd) {
			return {stoppedBy: 'cost'};
		}
		return this.#spentUsd + this.#reservedUsd + mostUsd > this.#maxCostUsd ? 'wait' : 'pass';
	}

	sent(mostUsd: number, isFirst: boolean): void {
		this.#requests += isFirst ? 1 : 0;
		this.#reservedUsd += mostUsd;
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
	ended(mostUsd: number, costUsd: number): void {
		this.#open--;
		// Sums of fractions leave a rest, and what nothing holds must not be waited for.
		this.#reservedUsd = this.#open === 0 ? 0 : Math.max(0, this.#reservedUsd - mostUsd);
		this.#spentUsd += costUsd;
	}
}
