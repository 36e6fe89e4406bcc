/**
 * Model of the service's token bucket, if it counts with one: capacity and refill of one window. Below the quota in every
 * window it never limits anything (see the ledger); but after an overrun such a bucket is in debt, and pays it back at the
 * pace of its refill, which may take longer than a window. Settled tokens are taken out when the answer is here: later
 * than the service took them out, so that it never holds more than the service's.
 */
export class TokenBucketModel {
	readonly #capacity: number;
	readonly #perMs: number;
	#level: number;
	#at = Number.NEGATIVE_INFINITY;

	constructor(capacity: number, windowMs: number) {
		this.#capacity = capacity;
		this.#perMs = capacity / windowMs;
		this.#level = capacity;
	}

	settle(now: number, tokens: number): void {
		this.#level = this.#levelAt(now) - tokens;
		this.#at = now;
	}

	/** Milliseconds until it holds `tokens`: 0 when it does, infinite when it never will. */
	roomIn(now: number, tokens: number): number {
		const missing = tokens - this.#levelAt(now);
		if (missing <= 0) {
			return 0;
		}
		return tokens > this.#capacity ? Number.POSITIVE_INFINITY : missing / this.#perMs;
	}

	#levelAt(now: number): number {
		return this.#at === Number.NEGATIVE_INFINITY
			? this.#capacity
			: Math.min(this.#capacity, this.#level + (now - this.#at) * this.#perMs);
	}
}
