/** Counts what may be under way at once in a closed loop. */
export class Slots {
	readonly #limit: () => number;
	#used = 0;

	/** @param limit Asked each time, because it may change while the run goes on. */
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
