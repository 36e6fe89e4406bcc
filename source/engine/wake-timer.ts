import type {Clock} from '../domain/clock.ts';

/** One timer that is moved as needed. It may ring early, never late, so it is set anew only for an earlier time. */
export class WakeTimer {
	readonly #clock: Clock;
	readonly #ring: () => void;
	#at = Number.POSITIVE_INFINITY;
	#cancel = (): void => {};

	constructor(clock: Clock, ring: () => void) {
		this.#clock = clock;
		this.#ring = ring;
	}

	/**
	 * Rings after `delayMs`, rounded up to the millisecond that timers know, so that what it waits for has happened by
	 * then; infinite: leaves it as it is.
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
			this.#ring();
		});
	}

	clear(): void {
		this.#cancel();
		this.#at = Number.POSITIVE_INFINITY;
	}
}
