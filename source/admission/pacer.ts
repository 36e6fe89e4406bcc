import type {Limits} from '../domain/bucket-usage.ts';

/** Part of a window that may be caught up with at once after a pause. */
const tolerancePart = 1 / 60;

/**
 * Spreads requests and quota tokens evenly over the window (`burst: even`): a generic cell rate algorithm (ITU-T I.371)
 * in each dimension. Tokens are charged as expected and put right when the answer settles.
 */
export class Pacer {
	readonly #windowMs: number;
	#requestsDueAt = Number.NEGATIVE_INFINITY;
	#tokensDueAt = Number.NEGATIVE_INFINITY;

	constructor(windowMs: number) {
		this.#windowMs = windowMs;
	}

	/** Milliseconds until the next request may be sent; 0 when it may now. */
	delayMs(now: number): number {
		const dueAt = Math.max(this.#requestsDueAt, this.#tokensDueAt);
		return Math.max(0, dueAt - now - this.#windowMs * tolerancePart);
	}

	/** Charges one request. */
	charge(now: number, tokens: number, limits: Limits): void {
		this.#requestsDueAt = Math.max(now, this.#requestsDueAt) + this.#costMs(1, limits.requests);
		this.#tokensDueAt = Math.max(now, this.#tokensDueAt) + this.#costMs(tokens, limits.tokens);
	}

	/** Puts a charge right: `tokens` more (or, negative, fewer) than expected. */
	correct(tokens: number, limits: Limits): void {
		this.#tokensDueAt += Math.sign(tokens) * this.#costMs(Math.abs(tokens), limits.tokens);
	}

	/** Takes a charge back: the service did not count the request. */
	giveBack(tokens: number, limits: Limits): void {
		this.#requestsDueAt -= this.#costMs(1, limits.requests);
		this.#tokensDueAt -= this.#costMs(tokens, limits.tokens);
	}

	#costMs(amount: number, limit: number | null): number {
		return limit === null ? 0 : (this.#windowMs * amount) / Math.max(limit, 1);
	}
}
