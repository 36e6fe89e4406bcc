import type {Reservation} from './ledger.ts';
import type {Cost} from './token-estimator.ts';

/** What a bucket does after throttles that its quota does not explain: an overloaded service, and overruns. */

/**
 * What a throttle shows. `none`: nothing new; `burst`: bursts are not allowed; `others`: others use the bucket; `end`: tokens
 * count from the end of an answer.
 */
export type ThrottleNews = 'none' | 'burst' | 'others' | 'end';

/** After a step down the level is held for this part of a window (15 s of a minute). */
const holdPart = 1 / 4;
/** Then it is raised by half in steps of this part of a window. */
const riseEveryPart = 1 / 8;
const riseFactor = 1.5;
/** Refusals within this part of a window of a step belong to the same overload. */
const sameEventPart = 1 / 30;

/**
 * Reaction to 503, 529 and "currently overloaded": the service has no capacity, whatever the quota. The requests in flight are
 * halved and held there, then raised step by step, as AWS advises (scaling-throughput-best-practices), on the scale of a
 * run instead of its 15 minutes.
 */
export class OverloadGuard {
	readonly #windowMs: number;
	#cap: number | undefined;
	#ceiling = 0;
	#steppedAt = Number.NEGATIVE_INFINITY;

	constructor(windowMs: number) {
		this.#windowMs = windowMs;
	}

	/** Maximum of requests in flight; undefined while unbounded. */
	cap(now: number): number | undefined {
		if (this.#cap === undefined) {
			return undefined;
		}
		const heldMs = now - this.#steppedAt - this.#windowMs * holdPart;
		const rises = heldMs < 0 ? 0 : 1 + Math.floor(heldMs / (this.#windowMs * riseEveryPart));
		const cap = Math.floor(this.#cap * riseFactor ** rises);
		if (cap > this.#ceiling) {
			this.#cap = undefined;
			return undefined;
		}
		return Math.max(1, cap);
	}

	/**
	 * An attempt was refused for want of capacity.
	 * @param inFlight Requests that were in flight, this one included.
	 * @returns Whether the level was stepped down (not for an echo of the same overload).
	 */
	observe(now: number, inFlight: number): boolean {
		if (now - this.#steppedAt < this.#windowMs * sameEventPart) {
			return false;
		}
		const level = Math.min(inFlight, this.cap(now) ?? inFlight);
		this.#ceiling = Math.max(2 * level, this.#cap === undefined ? 0 : this.#ceiling);
		this.#cap = Math.max(1, level / 2);
		this.#steppedAt = now;
		return true;
	}
}

/** Longest hold after a throttle that an answer under way may explain, as a part of a window. */
const longestHoldPart = 1 / 12;

/**
 * Limits an overrun to one throttled request. Between the instant at which the service settles an answer above what was
 * set aside and the instant at which the answer is here, the bucket is fuller than the ledger knows.
 *
 * - Headroom: the greatest overrun that one answer in flight is likely to make. Below it requests are sent one by one,
 *   the next when the service has surely counted the last.
 * - Hold: a throttle of tokens may be the first sign of an overrun. Until the answers that can have made it are in,
 *   nothing more is sent.
 */
export class OverrunGuard {
	readonly #longestHoldMs: number;
	/** Attempts in flight that can overrun, with their likely greatest overrun. */
	readonly #atRisk = new Map<Reservation, number>();
	#suspects = new Set<Reservation>();
	#suspectedUntil = 0;

	constructor(windowMs: number) {
		this.#longestHoldMs = windowMs * longestHoldPart;
	}

	/** Quota tokens to keep free. */
	get headroom(): number {
		let headroom = 0;
		for (const excess of this.#atRisk.values()) {
			headroom = Math.max(headroom, excess);
		}
		return headroom;
	}

	admitted(reservation: Reservation, cost: Cost): void {
		if (cost.max > reservation.tokens) {
			this.#atRisk.set(reservation, Math.max(0, cost.likelyMax - reservation.tokens));
		}
	}

	ended(reservation: Reservation): void {
		this.#atRisk.delete(reservation);
		this.#suspects.delete(reservation);
	}

	throttled(now: number): void {
		this.#suspects = new Set(this.#atRisk.keys());
		this.#suspectedUntil = now + this.#longestHoldMs;
	}

	isHolding(now: number): boolean {
		return this.#suspects.size > 0 && now < this.#suspectedUntil;
	}
}
