import type {Clock} from './clock.ts';

/** One timer that is moved as needed. It may ring early, never late, so it is set anew only for an earlier time. */
export class Alarm {
	readonly #clock: Clock;
	readonly #ring: () => void;
	#at = Number.POSITIVE_INFINITY;
	#cancel = (): void => {};

	constructor(clock: Clock, ring: () => void) {
		this.#clock = clock;
		this.#ring = ring;
	}

	/** Rings within `delayMs`; infinite: leaves it as it is. */
	within(delayMs: number): void {
		const at = this.#clock.now() + delayMs;
		if (at >= this.#at) {
			return;
		}
		this.#cancel();
		this.#at = at;
		this.#cancel = this.#clock.after(delayMs, () => {
			this.#at = Number.POSITIVE_INFINITY;
			this.#ring();
		});
	}

	clear(): void {
		this.#cancel();
		this.#at = Number.POSITIVE_INFINITY;
	}
}
