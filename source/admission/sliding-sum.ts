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
	readonly #windowMs: number;
	readonly #slotMs: number;
	#ends: number[] = [];
	#amounts: number[] = [];
	#head = 0;
	#total = 0;

	constructor(windowMs: number) {
		this.#windowMs = windowMs;
		this.#slotMs = windowMs / slotsPerWindow;
	}

	/**
	 * Adds an amount at an instant. One that lies before the newest slot joins that slot, which is later and so safe.
	 * @param at Milliseconds of the engine's clock.
	 */
	add(at: number, amount: number): void {
		if (amount === 0) {
			return;
		}
		const end = (Math.floor(at / this.#slotMs) + 1) * this.#slotMs;
		const newest = this.#ends.length - 1;
		if (newest >= this.#head && end <= (this.#ends[newest] ?? 0)) {
			this.#amounts[newest] = (this.#amounts[newest] ?? 0) + amount;
		} else {
			this.#ends.push(end);
			this.#amounts.push(amount);
		}
		this.#total += amount;
	}

	/** What the window that ends at `now` holds. Amortised constant time: a slot is dropped once. */
	total(now: number): number {
		while (this.#head < this.#ends.length && (this.#ends[this.#head] ?? 0) + this.#windowMs <= now) {
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

	/** The instant by which at least `amount` will have left; undefined when the window does not hold as much. */
	freedAt(amount: number): number | undefined {
		let freed = 0;
		for (let index = this.#head; index < this.#ends.length; index++) {
			freed += this.#amounts[index] ?? 0;
			if (freed >= amount) {
				return (this.#ends[index] ?? 0) + this.#windowMs;
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
