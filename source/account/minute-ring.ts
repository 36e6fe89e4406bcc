export const minuteMs = 60_000;

/** Begin of the minute that holds a moment. */
export const minuteOf = (atMs: number): number => Math.floor(atMs / minuteMs) * minuteMs;

/** The values of the last so many minutes of one series, in memory that never grows. Minutes without a value are 0. */
export class MinuteRing {
	readonly #values: Float64Array;
	/** Number of the newest minute that was set. */
	#newest = Number.NEGATIVE_INFINITY;

	constructor(minutes: number) {
		this.#values = new Float64Array(minutes);
	}

	/** Sets the value of the minute that begins at `atMs`. What is older than the ring is not kept. */
	set(atMs: number, value: number): void {
		const minute = Math.floor(atMs / minuteMs);
		this.#forget(minute);
		if (minute > this.#newest - this.#values.length) {
			this.#values[minute % this.#values.length] = value;
		}
	}

	get(atMs: number): number {
		const minute = Math.floor(atMs / minuteMs);
		const isKept = minute <= this.#newest && minute > this.#newest - this.#values.length;
		return isKept ? (this.#values[minute % this.#values.length] ?? 0) : 0;
	}

	/** Sum from one moment (included) to another (not included). */
	sum(fromMs: number, toMs: number): number {
		let sum = 0;
		for (let at = minuteOf(fromMs); at < toMs; at += minuteMs) {
			sum += this.get(at);
		}
		return sum;
	}

	/** Sets the minutes between the newest and this one to nothing. */
	#forget(minute: number): void {
		if (minute <= this.#newest) {
			return;
		}
		const count = Math.min(this.#values.length, minute - this.#newest);
		for (let passed = 0; passed < count; passed++) {
			this.#values[(minute - passed) % this.#values.length] = 0;
		}
		this.#newest = minute;
	}
}
