import type {Reservation} from '../../admission/ledger.ts';
import type {Answer, Backend, Failure, Outcome, Received, Silence, Usage} from '../../domain/backend.ts';
import type {Clock} from '../../domain/clock.ts';
import type {BlockPlace, Broken} from '../../domain/run-event.ts';
import type {Item, ItemVerdict, Prompt, Recorded, Task, Variant} from '../../domain/task.ts';
import {
	beginJudgement,
	judgeAnswer,
	judgesOf,
	type PatternChecker,
	type PatternResult,
} from '../../prompts/checks.ts';
import {formatSpan} from '../../text/numbers.ts';
import type {Cell} from '../cells/cell.ts';
import {WakeTimer} from '../run-lifecycle.ts';
import type {ConcurrencyLimiter} from '../scheduling/concurrency-limiter.ts';

/** One call with all its attempts: what is sent, and those in flight. */

/** Items of a request, as a range of the order in which items are asked. */
export type ItemRange = {readonly from: number; readonly count: number};

/** Position of a request in a block; in a conversation its last turn completes it. */
type Place = Omit<BlockPlace, 'isUnitOver'>;

/** A request that a load source wants to send next. */
export type Draft = {
	/** Cells that may carry it: one, or the same variant on several targets, or a ladder of variants. */
	readonly candidates: readonly number[];
	/** Number of the block of interleaved requests it belongs to. */
	readonly block: number;
	/** Its place there; undefined when it is not compared. */
	readonly place: Place | undefined;
	/** Range of the items in their order; undefined where its cell has its own order. */
	readonly items: ItemRange | undefined;
	readonly isWarmUp: boolean;
	/** Position in the sequence of items, in requests. */
	readonly position: number;
	/** Running time at which an open loop intends to send it, in milliseconds; undefined in a closed loop. */
	readonly intendedAt: number | undefined;
	/** Holds one of these slots until it is finished, a conversation until its last turn is. */
	readonly slots: ConcurrencyLimiter;
	/** Turns that its conversation may have; 1 where there is none. */
	readonly turns: number;
	/** In a replay: what it stands for. */
	readonly recorded?: Recorded;
};

/** One logical call with all its attempts. */
export type LogicalRequest = {
	readonly cell: number;
	readonly items: readonly Item[];
	readonly prompt: Prompt;
	/** Undefined when it is not compared within a block. */
	readonly block: Place | undefined;
	readonly isWarmUp: boolean;
	/** An earlier request or a part of it, asked for again on its own. */
	readonly isFollowUp: boolean;
	/** Its answer was cut off at right-sized max tokens: this time it has all that were configured. */
	readonly hasFullLimit?: boolean;
	/** In a replay: the recorded output, which its answer is cut at. */
	readonly maxTokens?: number | undefined;
	readonly intendedAt: number | undefined;
	readonly slots: ConcurrencyLimiter;
	/** Number of its conversation among those of its cell. */
	readonly conversation: number;
	/** Place in its conversation, from 0. */
	readonly turn: number;
	/** Turns that its conversation may have; 1 where there is none. */
	readonly turns: number;
	/** Running time at which its first attempt was sent: the intended start in a closed loop. */
	firstSentAtRunningMs?: number;
	/** Attempts sent so far. */
	attempts: number;
	/** What attempts of unknown fate kept of the quota. */
	broken?: Broken;
	/** The service throttled its first attempt. */
	isFirstThrottled?: boolean;
	/** Of a request to a judge: takes its reply in place of all that is done with an answer; undefined: there is none. */
	readonly onReply?: (reply: JudgeReply | undefined) => void;
};

/** What a judge replied, and what that took. */
export type JudgeReply = {
	readonly text: string;
	readonly usage: Usage;
	/** USD; undefined where no price is known. */
	readonly costUsd: number | undefined;
};

/** The checks by an LLM, which come after all others. */
type JudgeDesk = {
	/** Answers that wait for a verdict. */
	readonly count: number;
	readonly judge: (
		verdicts: readonly ItemVerdict[],
		onJudged: (verdicts: readonly ItemVerdict[]) => void,
		turn: string | undefined,
	) => void;
};

/** Whether it is a later turn of a conversation that was not sent yet. */
export function isUnsentTurn({turn, attempts}: LogicalRequest): boolean {
	return turn > 0 && attempts === 0;
}

/**
 * The next turn of a conversation, asked with the answer that the one before got. It stays with the cell that the
 * conversation began on, and keeps its place in a closed loop.
 * @param intendedAt Milliseconds of running time at which it is meant to be sent; counted in an open loop only.
 * @returns Undefined when the conversation is over: it has no more turns, nothing else can be sent to this cell, or the
 * answer was refused or is empty, which no model takes as a part of a conversation.
 */
export function nextTurn(
	request: LogicalRequest,
	cell: Cell,
	answer: Answer,
	intendedAt: number,
): LogicalRequest | undefined {
	const turn = request.turn + 1;
	if (turn >= request.turns || answer.isRefused || answer.text.trim() === '' || !cell.isAlive) {
		return undefined;
	}
	const {broken: _, firstSentAtRunningMs: __, ...rest} = request;
	return {
		...rest,
		turn,
		prompt: cell.composeTurn(turn, request.prompt, answer),
		intendedAt: request.intendedAt === undefined ? undefined : intendedAt,
		attempts: 0,
		isFirstThrottled: false,
	};
}

/** Result of a check that was not over when the run had to end. */
const givenUp: PatternResult = {isMet: false, reason: 'the run ended before its check did'};

/** Milliseconds after which an answer whose check still runs is saved. */
const slowMs = 100;

/** Answers that are not judged yet. Each is judged exactly once, however its check ends. */
export class Judging {
	readonly #task: Task;
	readonly #checker: PatternChecker | undefined;
	readonly #clock: Clock;
	readonly #judges: JudgeDesk | undefined;
	readonly #open = new Set<() => void>();

	/** @param checker Undefined: patterns are checked in this thread. */
	constructor(task: Task, checker: PatternChecker | undefined, clock: Clock, judges: JudgeDesk) {
		this.#judges = judgesOf(task.checks).length === 0 ? undefined : judges;
		this.#task = task;
		this.#clock = clock;
		this.#checker = checker;
	}

	/** Answers whose checks are not over. */
	get count(): number {
		return this.#open.size + (this.#judges?.count ?? 0);
	}

	/**
	 * Judges an answer.
	 * @param onVerdicts Called at once where no pattern and no judge has to be asked.
	 * @param onSlow Called before it, where the check takes its time, with the verdicts as they will be if all patterns are
	 * met; not where a judge is asked too, for a resumed run asks none.
	 */
	judge(
		asked: {readonly items: readonly Item[]; readonly variant: Variant; readonly turn?: string | undefined},
		answer: Answer,
		onVerdicts: (verdicts: readonly ItemVerdict[]) => void,
		onSlow: (verdicts: readonly ItemVerdict[]) => void,
	): void {
		const judges = this.#judges;
		const onJudged =
			judges === undefined
				? onVerdicts
				: (verdicts: readonly ItemVerdict[]) => judges.judge(verdicts, onVerdicts, asked.turn);
		const {items, variant} = asked;
		if (this.#checker === undefined) {
			onJudged(judgeAnswer(answer, this.#task, items, variant));
			return;
		}
		const judgement = beginJudgement(answer, this.#task, items, variant);
		if (judgement.kind === 'judged') {
			onJudged(judgement.verdicts);
			return;
		}
		const {texts, conclude} = judgement;
		const end = (results: readonly PatternResult[]): void => {
			if (this.#open.delete(giveUp)) {
				cancelSlow();
				onJudged(conclude(results));
			}
		};
		const giveUp = (): void => end(texts.map(() => givenUp));
		const cancelSlow =
			judges !== undefined
				? () => {}
				: this.#clock.after(slowMs, () => onSlow(conclude(texts.map(() => ({isMet: true})))));
		this.#open.add(giveUp);
		void this.#checker.check(texts).then(end);
	}

	/** The run ends: what is still open failed its check. */
	giveUp(): void {
		for (const giveUp of [...this.#open]) {
			giveUp();
		}
	}
}

/** One HTTP exchange that is under way. */
export type Attempt = {
	readonly request: LogicalRequest;
	readonly cell: Cell;
	readonly reservation: Reservation;
	/** USD that it costs at most. */
	readonly maxUsd: number;
	readonly maxTokens: number;
	/** Milliseconds of the engine's clock. */
	readonly sentAt: number;
	/** Milliseconds of running time. */
	readonly sentAtRunningMs: number;
	firstTokenAt: number | undefined;
	firstAnswerTokenAt?: number | undefined;
};

/** The state of an attempt in flight. */
type Open = {
	readonly controller: AbortController;
	/** Milliseconds of the engine's clock of the last received data; undefined before the first. */
	heardAt: number | undefined;
	/** The part of the answer that was received. */
	received?: () => Received;
};

export type AttemptHandlers = {
	/** The first byte of an answer is here. */
	readonly onFirstByte: (attempt: Attempt) => void;
	readonly onAnswer: (attempt: Attempt, answer: Answer, endedAt: number) => void;
	readonly onFailure: (attempt: Attempt, failure: Failure) => void;
	/** Cut off by `abortAll`. */
	readonly onAbandoned: (attempt: Attempt) => void;
	/** Answers that wait for their checks. */
	readonly judging: Pick<Judging, 'count' | 'giveUp'>;
};

/** Outcome where a backend rejects, which it must not. */
const unexpected = (error: unknown): Outcome => ({
	kind: 'failed',
	failure: {
		class: 'network',
		message: error instanceof Error ? error.message : String(error),
		advice: 'This is a fault in the program; please report it.',
		isRetryable: true,
		charge: 'unknown',
	},
});

/** Failure of an attempt that has gone silent. */
const silent = (attempt: Attempt, quietMs: number, received: Received | undefined): Failure => ({
	class: 'timeout',
	message: `Nothing came for ${formatSpan(quietMs)}${received === undefined ? '' : ' in the middle of an answer'}: the attempt was given up.`,
	advice: 'Check the endpoint and the network; --timeout T waits longer.',
	// Each silence took minutes.
	isRetryable: attempt.request.attempts < maxSilences,
	charge: 'unknown',
	received,
});

/** Attempts of a request that may end in silence. */
const maxSilences = 2;

/** The attempts in flight. Each ends exactly once: answered, failed (by silence too) or abandoned. */
export class Attempts {
	readonly #backend: Backend;
	readonly #clock: Clock;
	readonly #silence: Silence;
	readonly #handlers: AttemptHandlers;
	readonly #open = new Map<Attempt, Open>();
	/** Fires before any attempt can have been silent for too long. */
	readonly #silenceTimer: WakeTimer;
	/** When data came last; where nothing was in flight, when the first attempt was sent. */
	#heardAt = 0;

	constructor(backend: Backend, clock: Clock, silence: Silence, handlers: AttemptHandlers) {
		this.#backend = backend;
		this.#clock = clock;
		this.#silence = silence;
		this.#handlers = handlers;
		this.#silenceTimer = new WakeTimer(clock, () => this.#endSilent());
	}

	/** Milliseconds since data came last; undefined while nothing is in flight. */
	get quietMs(): number | undefined {
		return this.#open.size === 0 ? undefined : this.#clock.now() - this.#heardAt;
	}

	/** Attempts that have not ended, and answers that are not judged. */
	get inFlight(): number {
		return this.#open.size + this.#handlers.judging.count;
	}

	send(attempt: Attempt): void {
		const open: Open = {controller: new AbortController(), heardAt: undefined};
		if (this.#open.size === 0) {
			this.#heardAt = this.#clock.now();
		}
		this.#open.set(attempt, open);
		this.#watch();
		void this.#exchange(attempt, open).then((outcome) => {
			const endedAt = this.#clock.now();
			if (!this.#open.delete(attempt)) {
				return;
			}
			this.#heardAt = endedAt;
			if (outcome.kind === 'answered') {
				this.#handlers.onAnswer(attempt, outcome, endedAt);
			} else {
				this.#handlers.onFailure(attempt, outcome.failure);
			}
		});
	}

	/** Ends all attempts at once and ignores what their backend still reports. Returns how many there were. */
	abortAll(): number {
		const open = [...this.#open];
		for (const [attempt, {controller}] of open) {
			this.#open.delete(attempt);
			this.#handlers.onAbandoned(attempt);
			controller.abort();
		}
		this.#handlers.judging.giveUp();
		return open.length;
	}

	/** Stops the timer: nothing more is sent. */
	close(): void {
		this.#silenceTimer.clear();
	}

	/** Milliseconds that an attempt may still be silent. */
	#patienceMs({sentAt}: Attempt, {heardAt}: Open): number {
		const {beforeFirstMs, betweenMs} = this.#silence;
		const until = heardAt === undefined ? sentAt + beforeFirstMs : heardAt + betweenMs;
		return until - this.#clock.now();
	}

	/** By the shorter patience: an attempt has that as soon as its answer begins. */
	#watch(): void {
		const {beforeFirstMs, betweenMs} = this.#silence;
		this.#silenceTimer.within(Math.min(beforeFirstMs, betweenMs));
	}

	#endSilent(): void {
		for (const [attempt, open] of [...this.#open]) {
			if (this.#patienceMs(attempt, open) <= 0) {
				this.#open.delete(attempt);
				const quietMs = this.#clock.now() - (open.heardAt ?? attempt.sentAt);
				open.controller.abort();
				this.#handlers.onFailure(attempt, silent(attempt, quietMs, open.received?.()));
			}
		}
		for (const [attempt, open] of this.#open) {
			this.#silenceTimer.within(this.#patienceMs(attempt, open));
		}
		if (this.#open.size > 0) {
			this.#watch();
		}
	}

	async #exchange(attempt: Attempt, open: Open): Promise<Outcome> {
		const {cell, request} = attempt;
		const {signal} = open.controller;
		const onPiece = (received: () => Received): void => {
			open.received = received;
			open.heardAt = this.#clock.now();
			this.#heardAt = open.heardAt;
		};
		const onFirstToken = (): void => {
			open.heardAt ??= this.#clock.now();
			this.#heardAt = open.heardAt;
			if (attempt.firstTokenAt === undefined) {
				attempt.firstTokenAt = this.#clock.now();
				this.#handlers.onFirstByte(attempt);
			}
		};
		try {
			const inference = cell.toInference(request.prompt, attempt.maxTokens);
			const onFirstAnswerToken = (): void => {
				attempt.firstAnswerTokenAt ??= this.#clock.now();
			};
			return await this.#backend.invoke(inference, {signal, onFirstToken, onFirstAnswerToken, onPiece});
		} catch (error) {
			return unexpected(error);
		}
	}
}
