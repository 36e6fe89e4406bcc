import type {Clock} from '../domain/clock.ts';
import type {Phase, RunOutcome, StoppedBy} from '../domain/snapshot.ts';

/** The phase of a run: ready, running or paused, draining, ended. */
export class RunStatus {
	readonly #listeners = new Set<(phase: Phase) => void>();
	#phase: Phase = 'ready';
	#stoppedBy: StoppedBy | undefined;

	get phase(): Phase {
		return this.#phase;
	}

	get stoppedBy(): StoppedBy | undefined {
		return this.#stoppedBy;
	}

	/** Undefined before the end. */
	get outcome(): RunOutcome | undefined {
		if (this.#phase !== 'ended') {
			return undefined;
		}
		return this.#stoppedBy === undefined ? 'completed' : this.#stoppedBy === 'fault' ? 'failed' : 'stopped';
	}

	/** Whether attempts may be sent. */
	get isSending(): boolean {
		return this.#phase === 'running' || this.#phase === 'draining';
	}

	/** The first reason counts. */
	stopBy(stoppedBy: StoppedBy): void {
		this.#stoppedBy ??= stoppedBy;
	}

	go(phase: Phase): void {
		if (phase !== this.#phase) {
			this.#phase = phase;
			for (const listener of this.#listeners) {
				listener(phase);
			}
		}
	}

	listen(listener: (phase: Phase) => void): () => void {
		this.#listeners.add(listener);
		return () => {
			this.#listeners.delete(listener);
		};
	}
}

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
