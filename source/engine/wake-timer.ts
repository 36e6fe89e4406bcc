import type {Clock} from '../domain/clock.ts';

/** One timer that is moved as needed. It may fire early, never late, so it is set again only for an earlier time. */
export class WakeTimer {
	readonly #clock: Clock;
	readonly #onFire: () => void;
	#at = Number.POSITIVE_INFINITY;
	#cancel = (): void => {};

	constructor(clock: Clock, onFire: () => void) {
		this.#clock = clock;
		this.#onFire = onFire;
	}

	/**
	 * Fires after `delayMs`, rounded up to the millisecond that timers know, so that what it waits for has happened by
	 * then; infinite leaves it as it is.
	 */
	within(delayMs: number): void {
		const wholeMs = Math.ceil(delayMs);
		const at = this.#clock.now() + wholeMs;
		if (at >= this.#at) {
			return;
		}
		this.#cancel();
		this.#at = at;
		this.#cancel = this.#clock.after(wholeMs, () => {
			this.#at = Number.POSITIVE_INFINITY;
			this.#onFire();
		});
	}

	clear(): void {
		this.#cancel();
		this.#at = Number.POSITIVE_INFINITY;
	}
}
