/** Limits what is in flight at once in a closed loop. */
export class ConcurrencyLimiter {
	readonly #limit: () => number;
	#used = 0;

	/** @param limit Asked each time, because it may change during the run. */
	constructor(limit: () => number) {
		this.#limit = limit;
	}

	get used(): number {
		return this.#used;
	}

	get isFree(): boolean {
		return this.#used < this.#limit();
	}

	take(): void {
		this.#used++;
	}

	release(): void {
		this.#used = Math.max(0, this.#used - 1);
	}
}

/** Each level is measured for at least this time, and until every slot was used this often. */
const minMs = 1000;
const turnsPerSlot = 3;
/** Smallest gain in throughput that justifies a higher level. */
const minGain = 1.1;
const stepUp = 1.5;
/** Measurements for which the level is held after a step back. */
const heldMeasurements = 10;

/**
 * Finds the concurrency of a saturating load without a quota: it rises while the answers per second rise with it (Little's
 * law: beyond the service's capacity more requests in flight only wait longer), and steps back when they do not.
 */
export class ConcurrencySearch {
	readonly #max: number;
	#level: number;
	#before: {readonly level: number; readonly perMs: number} | undefined;
	#held = 0;
	#since: {readonly at: number; readonly answers: number} | undefined;

	/**
	 * @param first Level to begin with.
	 * @param max Highest level.
	 */
	constructor(first: number, max: number) {
		this.#level = Math.min(first, max);
		this.#max = max;
	}

	/**
	 * Level at an instant.
	 * @param now Milliseconds.
	 * @param answers Answers so far.
	 */
	level(now: number, answers: number): number {
		this.#since ??= {at: now, answers};
		const elapsedMs = now - this.#since.at;
		const count = answers - this.#since.answers;
		if (elapsedMs >= minMs && count >= this.#level * turnsPerSlot) {
			this.#measured(count / elapsedMs);
			this.#since = {at: now, answers};
		}
		return this.#level;
	}

	#measured(perMs: number): void {
		if (this.#held > 0) {
			this.#held--;
			return;
		}
		const before = this.#before;
		if (before === undefined || perMs >= before.perMs * minGain) {
			this.#before = {level: this.#level, perMs};
			this.#level = Math.min(this.#max, Math.ceil(this.#level * stepUp));
		} else {
			this.#level = before.level;
			this.#before = undefined;
			this.#held = heldMeasurements;
		}
	}
}
