import type {Bucket} from '../admission/bucket.ts';
import {createBuckets} from '../admission/run-buckets.ts';
import type {Backend, Failure} from '../domain/backend.ts';
import type {LedgerEntry} from '../domain/bucket-usage.ts';
import {type Clock, createRandom, type Random} from '../domain/clock.ts';
import type {Goal, RunSpec} from '../domain/run-config.ts';
import type {RunEvent} from '../domain/run-event.ts';
import type {MoreRequests, StoppedBy} from '../domain/snapshot.ts';
import type {Target} from '../domain/target.ts';
import {MaxTokensLog} from '../metrics/decisions/client-settings.ts';
import {Contest} from '../metrics/decisions/variant-contest.ts';
import {emptyFigures, type Figures} from '../metrics/figures/figures.ts';
import {FoldedEvents} from '../metrics/figures/fold-event.ts';
import {OthersLog} from '../metrics/figures/timeline.ts';
import {isUnsentTurn, type LogicalRequest} from './attempts/attempts.ts';
import {Judges, withJudges} from './attempts/judges.ts';
import {LostCount, type LostRecord, toLostRecord} from './attempts/request-records.ts';
import {RetryQueues} from './attempts/retries.ts';
import {Cell} from './cells/cell.ts';
import {createDecided, RunningTime, RunStatus, StopRules, TimeLeft, WakeTimer} from './run-lifecycle.ts';
import {stopReasonOf, unsentWords} from './run-words.ts';
import {ConcurrencySearch} from './scheduling/concurrency-limiter.ts';
import {createSources, isPaired, type Source} from './scheduling/load-sources.ts';

/** Maximum of requests in flight, whatever the quota allows: sockets and memory are finite. */
export const maximumInFlight = 512;

/** Milliseconds before the end in which a due request is not yet late. */
const dueGraceMs = 20;

/** A member of a list that must exist: the spec was checked when it was made. */
export function memberOf<Member>(list: readonly Member[], index: number, what: string): Member {
	const member = list[index];
	if (member === undefined) {
		throw new RangeError(`The run has no ${what} ${index}.`);
	}
	return member;
}

type CoreOptions = {
	readonly backend: Pick<Backend, 'roundTripMs'>;
	readonly clock: Clock;
	/** Of each target: what other runs use of its bucket. */
	readonly initialUse?: ReadonlyArray<readonly LedgerEntry[]> | undefined;
	/** A request got no answer: its attempts are spent, it can never be sent, or the run ended first. */
	readonly onLost?: ((record: LostRecord) => void) | undefined;
	/** More may be sent now. */
	readonly onWake: () => void;
};

/** The state of a run that its parts share, and the few things that all of them do to it. */
export class RunCore {
	readonly spec: RunSpec;
	readonly clock: Clock;
	readonly random: Random;
	readonly time: RunningTime;
	readonly status = new RunStatus();
	readonly guards: StopRules;
	/** Those of the run, then those of its judges. */
	readonly targets: readonly Target[];
	/** One for each target. */
	readonly buckets: readonly Bucket[];
	readonly cells: readonly Cell[];
	readonly judges: Judges;
	readonly sources: readonly Source[];
	readonly #refill: (requestsEach: number) => void;
	/** Requests that were added after an end. */
	#added: {readonly perVariant: number; readonly total: number} | undefined;
	/** What was added is sent, even though it was decided before. */
	#isDecisionMoot = false;
	/** One for each target. */
	readonly contests: readonly Contest[];
	readonly retries = new RetryQueues();
	/** What others used of the buckets so far. */
	readonly others = new OthersLog();
	readonly timeLeft: TimeLeft;
	readonly learntMaxTokens = new MaxTokensLog((text) => this.note('max-tokens', text));
	readonly #wakeTimer: WakeTimer;
	readonly #folded: FoldedEvents;
	#drainedAtMs: number | undefined;
	/** Requests of open loops that were due and never sent; undefined while sending. */
	#overdue: number | undefined;
	readonly #onLost: (record: LostRecord) => void;
	#goal: Goal;
	readonly #lost = new LostCount();
	#done = 0;
	#conversations = 0;
	/** Which requests are still sent: `new` ones too, only those that were sent before, or none. */
	#allowed: 'new' | 'again' | 'nothing' = 'new';
	/** Conversations that were left before their last turn. */
	#leftConversations = 0;

	constructor(spec: RunSpec, {backend, clock, initialUse, onLost = () => {}, onWake}: CoreOptions) {
		this.#onLost = onLost;
		this.#wakeTimer = new WakeTimer(clock, onWake);
		this.spec = spec;
		this.#goal = spec.goal;
		this.clock = clock;
		this.random = createRandom(spec.seed);
		this.time = new RunningTime(clock);
		this.timeLeft = new TimeLeft(clock, spec.windowMs);
		this.guards = new StopRules(spec);
		this.#folded = new FoldedEvents(emptyFigures(spec.cells, spec.targets.length, spec.windowMs));
		const whole = withJudges(spec);
		this.targets = whole.targets;
		this.buckets = createBuckets(whole, clock, initialUse, backend.roundTripMs);
		this.cells = spec.cells.map(
			({target}, index) => new Cell(spec, index, memberOf(this.buckets, target, 'target')),
		);
		this.judges = new Judges(spec, whole, this.buckets, (request) => {
			this.sendAgain(request, clock.now());
			this.wake();
		});
		this.contests = spec.targets.map(
			(_, target) =>
				new Contest(spec, target, {
					figures: () => this.figures,
					isAlive: (cell) => this.cells[cell]?.isAlive ?? false,
					isPaired: (cells) => isPaired(spec, cells),
				}),
		);
		const isLimited = this.buckets.some((bucket) => bucket.isLimited);
		const search = new ConcurrencySearch(spec.load.concurrency, maximumInFlight);
		const decided = createDecided(
			spec,
			(cell) => this.#contestOf(cell),
			(kind, text) => this.note(kind, text),
		);
		({sources: this.sources, refill: this.#refill} = createSources({
			spec,
			runningMs: () => this.time.runningMs(),
			random: this.random,
			isAlive: (index, position = 0) => {
				const cell = this.cells[index];
				return cell?.isAlive === true && cell.hasRequestAt(position);
			},
			isIn: (cell) => !spec.isEliminating || this.#contestOf(cell)?.isIn(cell) !== false,
			isDecided: (...group) => decided(...group) && !this.#isDecisionMoot,
			// A quota bounds what is in flight by itself; without one the service's own capacity has to be found.
			inFlightLimit: () => (isLimited ? maximumInFlight : search.level(clock.now(), this.#done)),
		}));
	}

	/** Decides between variants; may change during the run. */
	get goal(): Goal {
		return this.#goal;
	}

	setGoal(goal: Goal): void {
		this.#goal = goal;
		for (const contest of this.contests) {
			contest.setGoal(goal);
		}
	}

	/** Logical requests that are over, without warm-up. */
	get done(): number {
		return this.#done;
	}

	/** Conversations that have begun and are not over. */
	get conversations(): number {
		return this.#conversations;
	}

	/** Has the run check within `delayMs` whether more may be sent; infinite changes nothing. */
	wake(delayMs = 0): void {
		this.#wakeTimer.within(delayMs);
	}

	stopWaking(): void {
		this.#wakeTimer.clear();
	}

	/** The sum of all events so far. */
	get figures(): Figures {
		return this.#folded.figures;
	}

	/** The judges count their requests themselves, apart from the figures. */
	emit(event: RunEvent): void {
		if (!('cell' in event) || event.cell < this.cells.length) {
			this.#folded.add(event);
		}
	}

	/** Adds a line to the log. */
	note(kind: string, text: string): void {
		this.emit({type: 'noted', at: this.time.elapsedMs(), kind, text});
	}

	cellOf({cell}: LogicalRequest): Cell {
		return this.judges.cells[cell - this.cells.length] ?? memberOf(this.cells, cell, 'cell');
	}

	/** A logical request is sent for the first time. It takes its place, unless its conversation has one already. */
	begin({slots, turn, turns}: LogicalRequest): void {
		if (turn === 0) {
			slots.take();
			this.#conversations += turns > 1 ? 1 : 0;
		}
	}

	/** A logical request is over, answered or not, and its conversation with it. */
	finish(request: LogicalRequest): void {
		this.#count(request);
		this.#leave(request);
	}

	/** A logical request is over without an answer. @param failure Undefined where the run ended first. */
	lose(request: LogicalRequest, failure: Failure | undefined): void {
		if (request.onReply === undefined) {
			this.noteLost(request, failure);
		} else {
			request.onReply(undefined);
		}
		this.finish(request);
	}

	/** Lists a request that got no answer, or never will. */
	noteLost(request: LogicalRequest, failure: Failure | undefined): void {
		const at = new Date(this.clock.epoch()).toISOString();
		const record = toLostRecord(request, this.cellOf(request), failure, at);
		this.#lost.add(record);
		this.#onLost(record);
	}

	/** The run is over: logs what was learnt and what was lost. */
	sumUp(): void {
		this.learntMaxTokens.finish(this.time.elapsedMs());
		for (const text of unsentWords(this.#overdue ?? 0, this.#leftConversations)) {
			this.note('unsent', text);
		}
		const text = this.#lost.toText();
		if (text !== undefined) {
			this.note('lost', text);
		}
	}

	/** A logical request was answered, and its conversation continues at `readyAt` of the clock, unless the run is ending. */
	continueWith(request: LogicalRequest, next: LogicalRequest, readyAt: number): void {
		this.#count(request);
		if (this.status.phase === 'draining' || this.status.phase === 'ended') {
			this.#leaveUnsent(next);
		} else {
			this.#queue(next, readyAt);
		}
	}

	/** A turn will never be sent: its conversation is over. */
	drop(request: LogicalRequest): void {
		this.#leaveUnsent(request);
	}

	/** Requests that were added after an end: for each variant, and with all that were made before them. */
	get added(): {readonly perVariant: number; readonly total: number} | undefined {
		return this.#added;
	}

	/** An ended run sends again: requests for each variant that is still in. What was measured stays. */
	continueWithMore({perVariant, requests}: MoreRequests & {kind: 'offered'}): void {
		this.#isDecisionMoot = this.contests.every(({isDecided, isRepeating}) => isDecided || isRepeating);
		this.#added = {perVariant: (this.#added?.perVariant ?? 0) + perVariant, total: this.#done + requests};
		this.#refill(perVariant);
		this.#drainedAtMs = undefined;
		this.#overdue = undefined;
		this.#allowed = 'new';
		this.time.resume();
		this.emit({type: 'continued', at: this.time.elapsedMs(), requests});
		this.status.reopen();
	}

	/** Until when new requests were sent, in milliseconds since the start: up to now while they still are. */
	get sentUntilMs(): number {
		return this.#drainedAtMs ?? this.time.elapsedMs();
	}

	/** Nothing new is sent, no later turns of a conversation either. */
	drain(): void {
		this.#drainedAtMs ??= this.time.elapsedMs();
		this.#overdue ??= this.#countOverdue();
		this.status.go('draining');
		for (const turn of this.retries.removeAll(isUnsentTurn)) {
			this.#leaveUnsent(turn);
		}
	}

	#contestOf(cell: number): Contest | undefined {
		return this.contests[this.spec.cells[cell]?.target ?? -1];
	}

	#countOverdue(): number {
		const dueBefore = this.time.runningMs() - dueGraceMs;
		return this.sources.reduce((sum, source) => sum + source.overdue(dueBefore), 0);
	}

	#count(request: LogicalRequest): void {
		this.#done += request.isWarmUp || request.isFollowUp ? 0 : 1;
	}

	#leaveUnsent(turn: LogicalRequest): void {
		this.#leftConversations++;
		this.#leave(turn);
	}

	#leave({slots, turns}: LogicalRequest): void {
		slots.release();
		this.#conversations -= turns > 1 ? 1 : 0;
	}

	/** Sends a request again, or a part of it, not before `readyAt` of the clock; once the run is stopped it is over instead. */
	sendAgain(request: LogicalRequest, readyAt: number): void {
		if (this.#mayNeverSend(request)) {
			this.lose(request, undefined);
		} else {
			this.#queue(request, readyAt);
		}
	}

	/**
	 * Nothing new is sent. Requests waiting to be sent again are given up; where the run only reached its number of requests,
	 * only those that would exceed it.
	 * @param bucket Whose day's quota is used up.
	 */
	stopSending(stoppedBy: StoppedBy, bucket?: Bucket): void {
		if (this.status.stoppedBy === undefined) {
			const reason = stopReasonOf(stoppedBy, this.spec, bucket);
			this.status.stopBy(stoppedBy, reason);
			this.note('stopped', `Stopped: ${reason}.`);
		}
		this.drain();
		if (stoppedBy !== 'requests') {
			this.giveUpWaiting();
		} else if (this.#allowed === 'new') {
			this.#allowed = 'again';
			this.#giveUpUnsendable();
		}
	}

	/** Requests waiting to be sent again are lost, now and from here on. */
	giveUpWaiting(): void {
		this.#allowed = 'nothing';
		this.#giveUpUnsendable();
	}

	#queue(request: LogicalRequest, readyAt: number): void {
		this.retries.of(this.cellOf(request).spec.lane).add(request, readyAt);
	}

	#mayNeverSend({attempts}: LogicalRequest): boolean {
		return this.#allowed === 'nothing' || (this.#allowed === 'again' && attempts === 0);
	}

	#giveUpUnsendable(): void {
		const givenUp = this.retries.removeAll((request) => this.#mayNeverSend(request));
		for (const request of givenUp) {
			this.lose(request, undefined);
		}
		if (givenUp.length > 0) {
			this.note(
				'given-up',
				`${givenUp.length} ${givenUp.length === 1 ? 'request that was' : 'requests that were'} to be tried again ${givenUp.length === 1 ? 'was' : 'were'} given up.`,
			);
		}
	}

	/** Ends the run when all of its cells were given up, or a judge: its check could never be met. */
	stopIfHopeless(isJudge = false): void {
		if (isJudge || !this.cells.some((cell) => cell.isAlive)) {
			this.stopSending('fault');
		}
	}

	/**
	 * The day's quota of a bucket is used up: the targets that draw from it are given up, the others continue.
	 * @returns Whether any continues; otherwise the run stops.
	 */
	giveUpForDay({bucket, target, index}: Cell): boolean {
		const isJudge = index >= this.cells.length;
		const own = this.cells.filter((cell) => cell.bucket.day === bucket.day && cell.isAlive);
		if (isJudge || this.cells.every((cell) => !cell.isAlive || own.includes(cell))) {
			this.stopSending('day', bucket);
			return false;
		}
		for (const cell of own) {
			cell.giveUp();
		}
		if (own.length > 0) {
			this.note(
				'day',
				`The day's quota of ${bucket.day.isShared ? 'all models' : target.model} is used up: nothing more is sent to ${bucket.day.isShared ? 'them' : 'it'}, the others continue.`,
			);
		}
		return true;
	}
}
