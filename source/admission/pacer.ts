import type {Limits} from '../domain/bucket-usage.ts';
import type {Burst} from '../domain/run-config.ts';

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

	/** Since when requests are spread; undefined while they may come in bursts. */
	#evenSince: number | undefined;
	readonly #evenAbove: number;
	/** There was no room since the window was last nearly empty. */
	#hasFilled = false;

	/** @param evenAbove Part of the window from which on requests are spread in any case, 0 to 1. */
	constructor(windowMs: number, burst: Burst = 'full', evenAbove = 1) {
		this.#windowMs = windowMs;
		this.#evenSince = burst === 'even' ? Number.NEGATIVE_INFINITY : undefined;
		this.#evenAbove = evenAbove;
	}

	/** Requests are spread from now on: a burst was refused. Returns whether they were not before. */
	spreads(now: number): boolean {
		const isFirst = this.#evenSince === undefined;
		this.#evenSince ??= now;
		return isFirst;
	}

	/** Whether what was sent then was spread because of a refusal. */
	isSpread(sentAt: number): boolean {
		return this.#evenSince !== undefined && sentAt > this.#evenSince;
	}

	/**
	 * Whether requests are spread now: since a throttle, or as the window is this full. Once it is full the minute before
	 * repeats itself, and to spread what leaves at once would only make those wait longer who came first.
	 * @param usedPart Part of the window that is used, 0 to 1.
	 */
	isEven(usedPart: () => number): boolean {
		const used = this.#evenAbove < 1 ? usedPart() : 0;
		this.#hasFilled = used >= 0.98 || (this.#hasFilled && used >= this.#evenAbove / 2);
		return this.#evenSince !== undefined || (!this.#hasFilled && used >= this.#evenAbove);
	}

	/** Milliseconds until the next request may be sent; 0 when it may now. */
	delayMs(now: number): number {
		const dueAt = Math.max(this.#requestsDueAt, this.#tokensDueAt);
		return Math.max(0, dueAt - now - this.#windowMs * tolerancePart);
	}

	/** Charges one request, unless it may come in a burst in any case. @param usedPart As for `isEven`. */
	charge(now: number, tokens: number, limits: Limits, usedPart = (): number => 0): void {
		if (this.#evenAbove < 1 && !this.isEven(usedPart)) {
			return;
		}
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
