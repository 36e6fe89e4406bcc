import type {Clock} from '../domain/clock.ts';
import type {Phase, RunOutcome, StoppedBy} from '../domain/snapshot.ts';

/** The phase of a run: ready, running or paused, draining, ended. */
export class RunStatus {
	readonly #listeners = new Set<(phase: Phase) => void>();
	#phase: Phase = 'ready';
	#stoppedBy: StoppedBy | undefined;
	#stopReason: string | undefined;

	get phase(): Phase {
		return this.#phase;
	}

	get stoppedBy(): StoppedBy | undefined {
		return this.#stoppedBy;
	}

	/** What stopped it, in words; undefined while nothing did. */
	get stopReason(): string | undefined {
		return this.#stopReason;
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
	stopBy(stoppedBy: StoppedBy, reason: string): void {
		this.#stoppedBy ??= stoppedBy;
		this.#stopReason ??= reason;
	}

	/** An ended run goes on, as if nothing had stopped it. */
	reopen(): void {
		this.#stoppedBy = undefined;
		this.go('running');
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

/**
 * What a run that is over never sent, a sentence each.
 * @param overdue Requests of open loops that were due.
 * @param conversations Those that were left before their last turn.
 */
export function unsentWords(overdue: number, conversations: number): readonly string[] {
	return [
		...(overdue === 0
			? []
			: [
					`${overdue} requests that were due were never sent: quota and bounds let no more through. The latencies are of those that were sent.`,
				]),
		...(conversations === 0
			? []
			: [
					`${conversations} ${conversations === 1 ? 'conversation' : 'conversations'} ended before the last turn: the run was over, or the quota takes no longer ones.`,
				]),
	];
}

/** A longer time left is shown only where it exceeds the one shown by this part of it, or by a window. */
const raisedPart = 0.1;
/** How long it is said that it was raised. */
const saidMs = 15_000;
/** The pace is that of so many windows: others come and go, and a window may begin with a burst. */
const paceWindows = 4;
/** Marks of the pace in each window. */
const marksPerWindow = 12;

/**
 * The time left as it is shown: it counts down between the estimates, which jump with every answer, and is raised only
 * by an estimate that is clearly longer. For a while it is then said that the run is slower.
 */
export class TimeLeft {
	readonly #clock: Clock;
	readonly #windowMs: number;
	#endsAt: number | undefined;
	#raisedAt: number | undefined;
	/** How many requests were done after how much running time, oldest first: those of the last windows. */
	#marks: ReadonlyArray<{readonly done: number; readonly runningMs: number}> = [{done: 0, runningMs: 0}];

	constructor(clock: Clock, windowMs: number) {
		this.#clock = clock;
		this.#windowMs = windowMs;
	}

	/** Milliseconds that a request takes at the pace of the last windows; undefined while none is done. */
	paceMs(done: number, runningMs: number): number | undefined {
		const lastMs = this.#marks.at(-1)?.runningMs ?? 0;
		if (runningMs - lastMs >= this.#windowMs / marksPerWindow) {
			const from = runningMs - this.#windowMs * paceWindows;
			const firstIn = this.#marks.findIndex((mark) => mark.runningMs > from);
			// The mark before the span is where it begins.
			const kept = firstIn === -1 ? this.#marks.slice(-1) : this.#marks.slice(Math.max(0, firstIn - 1));
			this.#marks = [...kept, {done, runningMs}];
		}
		const [begin = {done: 0, runningMs: 0}] = this.#marks;
		if (done > begin.done) {
			return (runningMs - begin.runningMs) / (done - begin.done);
		}
		return done === 0 ? undefined : runningMs / done;
	}

	/** Takes an estimate. @returns The time left to show, in milliseconds. */
	show(estimateMs: number): {readonly leftMs: number; readonly isSlower: boolean} {
		const now = this.#clock.now();
		const shownMs = this.#endsAt === undefined ? undefined : Math.max(0, this.#endsAt - now);
		const isRaised =
			shownMs !== undefined && estimateMs > shownMs + Math.max(this.#windowMs, shownMs * raisedPart);
		if (isRaised) {
			this.#raisedAt = now;
		}
		if (shownMs === undefined || isRaised || estimateMs < shownMs) {
			this.#endsAt = now + estimateMs;
		}
		return {
			leftMs: Math.max(0, (this.#endsAt ?? now) - now),
			isSlower: this.#raisedAt !== undefined && now - this.#raisedAt < saidMs,
		};
	}
}

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
