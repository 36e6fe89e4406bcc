/** Number of slots that a window is cut into: 25 ms each for a minute. */
const slotsPerWindow = 2400;
/** Slots that have left are cut off in one go when this many have gathered. */
const compactAt = 1024;

/**
 * Sum of amounts over the last `windowMs`, in time slots, so that a window holds at most `slotsPerWindow` + 1 of them
 * however many amounts are added. An amount counts as added at the end of its slot: it leaves up to one slot too late,
 * never too early.
 */
export class SlidingSum {
	readonly windowMs: number;
	readonly #slotMs: number;
	#ends: number[] = [];
	#amounts: number[] = [];
	#head = 0;
	#total = 0;

	constructor(windowMs: number) {
		this.windowMs = windowMs;
		this.#slotMs = windowMs / slotsPerWindow;
	}

	/**
	 * Adds an amount at an instant, also at one of the past.
	 * @param at Milliseconds of the engine's clock.
	 */
	add(at: number, amount: number): void {
		if (amount === 0) {
			return;
		}
		const end = (Math.floor(at / this.#slotMs) + 1) * this.#slotMs;
		let index = this.#ends.length;
		while (index > this.#head && (this.#ends[index - 1] ?? 0) > end) {
			index--;
		}
		if (index > this.#head && this.#ends[index - 1] === end) {
			this.#amounts[index - 1] = (this.#amounts[index - 1] ?? 0) + amount;
		} else {
			this.#ends.splice(index, 0, end);
			this.#amounts.splice(index, 0, amount);
		}
		this.#total += amount;
	}

	/** What the window that ends at `now` holds. Amortised constant time: a slot is dropped once. */
	total(now: number): number {
		while (this.#head < this.#ends.length && (this.#ends[this.#head] ?? 0) + this.windowMs <= now) {
			this.#total -= this.#amounts[this.#head] ?? 0;
			this.#head++;
		}
		if (this.#head === this.#ends.length) {
			this.#total = 0;
		}
		if (this.#head >= compactAt) {
			this.#ends = this.#ends.slice(this.#head);
			this.#amounts = this.#amounts.slice(this.#head);
			this.#head = 0;
		}
		return this.#total;
	}

	/** What of the window was added after an instant, its slot included. */
	totalAfter(at: number): number {
		if ((this.#ends[this.#head] ?? Number.NEGATIVE_INFINITY) > at) {
			return this.#total;
		}
		let sum = 0;
		for (let index = this.#ends.length - 1; index >= this.#head && (this.#ends[index] ?? 0) > at; index--) {
			sum += this.#amounts[index] ?? 0;
		}
		return sum;
	}

	/** The instant by which at least `amount` had been added since `after`; undefined when it was less. */
	reachedAt(amount: number, after = Number.NEGATIVE_INFINITY): number | undefined {
		let sum = 0;
		for (let index = this.#head; index < this.#ends.length; index++) {
			const end = this.#ends[index] ?? 0;
			sum += end > after ? (this.#amounts[index] ?? 0) : 0;
			if (sum >= amount) {
				return end;
			}
		}
		return undefined;
	}

	/** The latest instant since which at least `amount` had been added by `until`, for sure; undefined when all is less. */
	sinceWhen(amount: number, until: number): number | undefined {
		let sum = 0;
		for (let index = this.#ends.length - 1; index >= this.#head; index--) {
			const end = this.#ends[index] ?? 0;
			sum += end > until ? 0 : (this.#amounts[index] ?? 0);
			if (sum >= amount) {
				return end - this.#slotMs;
			}
		}
		return undefined;
	}

	/** The slots that are still in the window, oldest first: [end of the slot, amount]. */
	entries(now: number): ReadonlyArray<readonly [number, number]> {
		this.total(now);
		return this.#ends
			.slice(this.#head)
			.map((end, index) => [end, this.#amounts[this.#head + index] ?? 0] as const);
	}
}
