import type {Clock} from '../domain/clock.ts';

/** Time of a run without its pauses: durations and the schedule of an open loop go by it. */
export class RunningTime {
	readonly #clock: Clock;
	#startedAt: number | undefined;
	#pausedAt: number | undefined;
	#pausedMs = 0;

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	start(): void {
		this.#startedAt = this.#clock.now();
	}

	pause(): void {
		this.#pausedAt ??= this.#clock.now();
	}

	resume(): void {
		if (this.#pausedAt !== undefined) {
			this.#pausedMs += this.#clock.now() - this.#pausedAt;
			this.#pausedAt = undefined;
		}
	}

	/** Milliseconds since the start, pauses included. */
	elapsedMs(): number {
		return this.#startedAt === undefined ? 0 : this.#clock.now() - this.#startedAt;
	}

	/** Milliseconds since the start, without the pauses. */
	runningMs(): number {
		const pauseMs = this.#pausedAt === undefined ? 0 : this.#clock.now() - this.#pausedAt;
		return this.elapsedMs() - this.#pausedMs - pauseMs;
	}
}
