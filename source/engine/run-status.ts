import type {Phase, RunOutcome, StoppedBy} from '../domain/snapshot.ts';

/** Where a run stands: ready, running or paused, draining, ended. */
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
