/*
 * Other applications draw from the same bucket, and nothing tells us how much they take except a throttle that our own
 * ledger cannot explain. At that instant the bucket is full, so the others hold what we do not: limit - own use. From
 * there on the estimate follows three rules, all in parts of the window W and of the limit Q:
 *
 * - a margin of Q / 40 on top, so that the next request does not meet the same wall;
 * - if the throttles show that the others' use grows, it is taken to grow on, with a trend that fades within W / 6;
 * - without another throttle it is given up again, slowly first (the margin after W / 6), then ever faster (all of it
 *   after about a window): 0.9 Q (elapsed / W)^2. Probing at a constant pace would either throttle too often or come back
 *   too late.
 */

const marginPart = 1 / 40;
const trendFadesInWindows = 1 / 6;
const regainPart = 0.9;

/** Estimate of what other applications use of one dimension of a bucket (requests or quota tokens). */
export class OthersEstimate {
	readonly #windowMs: number;
	#level = 0;
	#at: number | undefined;
	#trendPerMs = 0;
	#seen: {readonly use: number; readonly at: number} | undefined;

	constructor(windowMs: number) {
		this.#windowMs = windowMs;
	}

	/** What the others are taken to use at an instant, given the limit of the dimension. */
	use(now: number, limit: number): number {
		if (this.#at === undefined) {
			return 0;
		}
		const elapsedMs = now - this.#at;
		const fadeMs = this.#windowMs * trendFadesInWindows;
		const growth = this.#trendPerMs * fadeMs * (1 - Math.exp(-elapsedMs / fadeMs));
		const regain = regainPart * limit * (elapsedMs / this.#windowMs) ** 2;
		return Math.min(limit, Math.max(0, this.#level + growth - regain));
	}

	/**
	 * Learns from a throttle that the ledger had room for.
	 * @param sentAt When the throttled attempt was sent: attempts that were under way together tell one thing once.
	 * @param ownUse What the ledger holds without the throttled attempt.
	 * @returns Whether this is news, and not the echo of a throttle already reacted to.
	 */
	observe(now: number, sentAt: number, ownUse: number, limit: number): boolean {
		const use = Math.max(0, limit - ownUse);
		const isNews = this.#at === undefined || sentAt > this.#at;
		if (isNews) {
			this.#trendPerMs = this.#nextTrend(now, use);
			this.#seen = {use, at: now};
		}
		this.#level = Math.min(limit, Math.max(isNews ? 0 : this.use(now, limit), use + limit * marginPart));
		this.#at = now;
		return isNews;
	}

	#nextTrend(now: number, use: number): number {
		const seen = this.#seen;
		if (seen === undefined || now - seen.at > this.#windowMs || now <= seen.at) {
			return 0;
		}
		return Math.max(0, (use - seen.use) / (now - seen.at));
	}
}
