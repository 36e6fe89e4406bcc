import type {Cost} from './expectation.ts';
import type {Reservation} from './ledger.ts';

/** Longest hold after a throttle that an answer under way may explain, as a part of a window. */
const longestHoldPart = 1 / 12;

/**
 * Keeps an overrun from throttling more than one request. Between the instant at which the service settles an answer
 * above what was set aside and the instant at which we hear of it, the bucket is fuller than the ledger knows.
 *
 * - Headroom: the greatest overrun that one answer in flight is likely to make. Below it requests are sent one by one,
 *   the next when the service has surely counted the last.
 * - Hold: a throttle of tokens may be the first sign of an overrun. Until the answers that can have made it are in,
 *   nothing more is sent.
 */
export class OverrunGuard {
	readonly #longestHoldMs: number;
	/** Attempts in flight that can overrun, with the overrun that is likely at most. */
	readonly #atRisk = new Map<Reservation, number>();
	#suspects = new Set<Reservation>();
	#suspectedUntil = 0;

	constructor(windowMs: number) {
		this.#longestHoldMs = windowMs * longestHoldPart;
	}

	/** Quota tokens to keep free. */
	get headroom(): number {
		let most = 0;
		for (const excess of this.#atRisk.values()) {
			most = Math.max(most, excess);
		}
		return most;
	}

	admitted(reservation: Reservation, cost: Cost): void {
		if (cost.most > reservation.tokens) {
			this.#atRisk.set(reservation, Math.max(0, cost.likelyMost - reservation.tokens));
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
