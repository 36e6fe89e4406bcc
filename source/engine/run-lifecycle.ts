import type {Clock} from '../domain/clock.ts';
import type {RunSpec} from '../domain/run-config.ts';
import type {Phase, RunOutcome, StoppedBy} from '../domain/snapshot.ts';
import type {Contest} from '../metrics/decisions/variant-contest.ts';

/** The life of a run: its phase, its time, when it wakes, and what ends it before its load does. */

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

/** Whether a request may be sent, has to wait for answers, or ends the run. */
type GuardVerdict = 'pass' | 'wait' | {readonly stoppedBy: 'requests' | 'cost'};

/** Limits of what a run may send and spend. Costs are reserved in full before a request and settled by its answer. */
export class StopRules {
	readonly #maxRequests: number;
	readonly #maxAttempts: number;
	readonly #maxCostUsd: number;
	#requests = 0;
	#attempts = 0;
	#spentUsd = 0;
	#reservedUsd = 0;
	readonly #isMaxCostGiven: boolean;
	#isCostUnknown = false;
	/** Attempts that have not ended. */
	#open = 0;

	constructor({
		maxRequests,
		maxAttempts,
		maxCostUsd,
		isMaxCostGiven = false,
	}: Pick<RunSpec, 'maxRequests' | 'maxAttempts' | 'maxCostUsd' | 'isMaxCostGiven'>) {
		this.#isMaxCostGiven = isMaxCostGiven && maxCostUsd !== null;
		this.#maxRequests = maxRequests ?? Number.POSITIVE_INFINITY;
		this.#maxAttempts = maxAttempts ?? Number.POSITIVE_INFINITY;
		this.#maxCostUsd = maxCostUsd ?? Number.POSITIVE_INFINITY;
	}

	/**
	 * @param maxUsd What the attempt costs at most; 0 where no price is known.
	 * @param isFirst Whether it is the first attempt of a request.
	 */
	ask(maxUsd: number, isFirst: boolean): GuardVerdict {
		if ((isFirst && this.#requests >= this.#maxRequests) || this.#attempts >= this.#maxAttempts) {
			return {stoppedBy: 'requests'};
		}
		if (this.#isCostUnknown || this.#spentUsd + maxUsd > this.#maxCostUsd) {
			return {stoppedBy: 'cost'};
		}
		return this.#spentUsd + this.#reservedUsd + maxUsd > this.#maxCostUsd ? 'wait' : 'pass';
	}

	sent(maxUsd: number, isFirst: boolean): void {
		this.#requests += isFirst ? 1 : 0;
		this.#attempts++;
		this.#reservedUsd += maxUsd;
		this.#open++;
	}

	/**
	 * An answer had an unknown, higher price: a typed limit can no longer be kept, and ends the run.
	 * @returns Whether this is the first such answer.
	 */
	losePrice(): boolean {
		const isNew = this.#isMaxCostGiven && !this.#isCostUnknown;
		this.#isCostUnknown ||= isNew;
		return isNew;
	}

	/** An attempt ended. @param costUsd What it cost; an attempt of unknown fate counts in full. */
	ended(maxUsd: number, costUsd: number): void {
		this.#open--;
		// Sums of fractions leave a rest, which must not block anything once nothing is open.
		this.#reservedUsd = this.#open === 0 ? 0 : Math.max(0, this.#reservedUsd - maxUsd);
		this.#spentUsd += costUsd;
	}
}

/** Variants that came back into a contest: how often, and at which block the last one; each item is then asked again of all. */
type Returns = {readonly returns: number; readonly returnedAt: number};

/**
 * Whether the contest among the cells of a group is decided: asked before each block, with every answer until then.
 * @param note Adds a line to the log.
 */
export function createDecided(
	{isEliminating}: Pick<RunSpec, 'isEliminating'>,
	contestOf: (cell: number) => Contest | undefined,
	note: (kind: string, text: string) => void,
): (cells: readonly number[], position: number, itemBlocks: number) => boolean {
	const returnsOf = new Map<Contest, Returns>();
	/** Contests that are logged as repeating. */
	const repeating = new Set<Contest>();

	const isRepeating = (contest: Contest): boolean => {
		if (!contest.isRepeating) {
			return false;
		}
		if (!repeating.has(contest)) {
			repeating.add(contest);
			note(
				'repeating',
				'Every item was asked and the answers repeat: more items would help, not more requests.',
			);
		}
		return true;
	};

	return (cells, position, itemBlocks) => {
		const contest = contestOf(cells[0] ?? -1);
		if (!isEliminating || contest === undefined || !cells.every((cell) => contest.cells.includes(cell))) {
			return false;
		}
		contest.evaluate();
		const {returns, returnedAt} = returnsOf.get(contest) ?? {returns: 0, returnedAt: 0};
		const from = contest.returns === returns ? returnedAt : position;
		returnsOf.set(contest, {returns: contest.returns, returnedAt: from});
		if (contest.standings === undefined || position < from + itemBlocks) {
			return false;
		}
		return contest.isDecided || (itemBlocks > 0 && isRepeating(contest));
	};
}
