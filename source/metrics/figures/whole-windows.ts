import type {VariantTotals} from './variant-totals.ts';

/** What a rate is made of, counted from the first request on. */
export type RateCounts = {
	readonly requests: number;
	readonly quotaTokens: number;
	readonly outputTokens: number;
	readonly useful: number;
	readonly good: number;
};

const countsOf = ({requests, tokens, items}: VariantTotals): RateCounts => ({
	requests: requests.succeeded,
	quotaTokens: tokens.quota,
	outputTokens: tokens.output,
	useful: items.useful,
	good: items.good,
});

/**
 * Counts at the end of the last whole window of a cell. A quota can be spent in the first second of its window: only over
 * whole windows is what went through a rate.
 */
export class WholeWindows {
	readonly #windowMs: number;
	/** Windows that were whole when the last event came, and what had been counted then. */
	#last = 0;
	#counts: RateCounts | undefined;

	constructor(windowMs: number) {
		this.#windowMs = windowMs;
	}

	/** Called before an event is counted. @param activeMs Since the first request, without pauses. */
	pass(activeMs: number, totals: VariantTotals): void {
		const now = Math.floor(activeMs / this.#windowMs);
		if (now > this.#last) {
			this.#last = now;
			this.#counts = countsOf(totals);
		}
	}

	/**
	 * What was counted in whole windows, per minute.
	 * @param activeMs Since the first request, without pauses.
	 * @returns Undefined before one window is whole.
	 */
	perMinute(activeMs: number, totals: VariantTotals): RateCounts | undefined {
		const now = Math.floor(activeMs / this.#windowMs);
		if (now === 0) {
			return undefined;
		}
		// No event came since the last window ended: all that was counted is in whole ones.
		const counts = now > this.#last ? countsOf(totals) : (this.#counts ?? countsOf(totals));
		const minutes = (now * this.#windowMs) / 60_000;
		return {
			requests: counts.requests / minutes,
			quotaTokens: counts.quotaTokens / minutes,
			outputTokens: counts.outputTokens / minutes,
			useful: counts.useful / minutes,
			good: counts.good / minutes,
		};
	}
}
