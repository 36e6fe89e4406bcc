import {inputOf} from '../admission/token-estimator.ts';
import type {RequestFacts} from '../bedrock/request-facts.ts';
import {costOf, occupiedBy, settledTokens, tokenCounts} from '../domain/accounting.ts';
import type {Failure, Method, Usage} from '../domain/backend.ts';
import type {Clock} from '../domain/clock.ts';
import type {Price} from '../domain/run-config.ts';
import {type Broken, type RequestTimes, type RunEvent, throttleKindOf} from '../domain/run-event.ts';
import type {CallEnd} from '../domain/tap.ts';
import type {Target} from '../domain/target.ts';
import {addCell, addTarget, emptyFigures, type Figures} from '../metrics/figures/figures.ts';
import {foldEvent} from '../metrics/figures/fold-event.ts';
import type {AnswerReading} from './answer-reader.ts';
import {type Caller, ClientBook, type ClientTotals} from './client-book.ts';

/** A model that clients call, with what is known of it by now. */
export type TappedModel = {
	/** As it was called first. */
	readonly model: string;
	readonly target: Target;
	readonly price: Price | null;
	/** Max tokens that the service assumes where a request has none. */
	readonly maxTokens: number;
};

/** How an attempt ended. */
type Ending =
	| {readonly kind: 'answered'; readonly reading: AnswerReading; readonly usage: Usage}
	| {readonly kind: 'refused'; readonly failure: Failure}
	/** Cut, given up, or an exception within its stream: its use is estimated. */
	| {
			readonly kind: 'broken';
			readonly failure: Failure | undefined;
			readonly reading: AnswerReading | undefined;
	  };

type CountedAnswer = Omit<Extract<Ending, {kind: 'answered'}>, 'kind'> & {
	readonly quotaTokens: number;
	readonly costUsd: number | undefined;
	readonly times: RequestTimes;
	readonly reserved: number;
};

/** What an attempt is expected to use, before it is sent. */
export type Expected = {
	readonly inputTokens: number;
	readonly maxTokens: number;
	/** The service's own reservation. */
	readonly reserved: number;
};

/** One attempt that passes the tap. */
export class TappedCall {
	/** Who sent this attempt, with the number of its retries and its deadline. */
	caller: Caller;
	row: ClientTotals;
	readonly facts: RequestFacts;
	readonly expected: Expected;
	/** When it arrived, was sent, and had its first token, by the clock; undefined before. */
	readonly arrivedAt: number;
	sentAt: number | undefined;
	/** Times that it was sent: again where the service throttled it within its hold. */
	attempts = 0;
	/** How long it was kept waiting for room, in milliseconds. */
	heldMs = 0;
	firstTokenAt: number | undefined;
	/** Of its last attempt; undefined before, and of one that was never sent. */
	end: CallEnd | undefined;
	/** What is counted once it is known which program sent it. */
	#uncounted: Array<(row: ClientTotals) => void> = [];
	#isKnown = false;

	constructor(row: ClientTotals, caller: Caller, facts: RequestFacts, expected: Expected, arrivedAt: number) {
		this.row = row;
		this.caller = caller;
		this.facts = facts;
		this.expected = expected;
		this.arrivedAt = arrivedAt;
	}

	/** Counts something in its row, as soon as that is known. */
	count(add: (row: ClientTotals) => void): void {
		if (this.#isKnown) {
			add(this.row);
		} else {
			this.#uncounted.push(add);
		}
	}

	/** It waits for room from now on. */
	hold(): void {
		this.count((row) => {
			row.held++;
		});
	}

	/** It waits no longer. */
	release(heldMs: number): void {
		this.heldMs += heldMs;
		this.count((row) => {
			row.held--;
			if (heldMs >= 1) {
				row.holds.add(heldMs);
			}
		});
	}

	/** It is known who sent it. */
	isOf(row: ClientTotals, caller: Caller): void {
		this.row = row;
		this.caller = caller;
		this.#isKnown = true;
		for (const add of this.#uncounted.splice(0)) {
			add(row);
		}
	}
}

/** What has passed the tap so far, by client and model: the same fold as that of a run. */
export class Traffic {
	readonly figures: Figures;
	readonly models: TappedModel[] = [];
	/** Of the first call. */
	method: Method | undefined;
	readonly clients: ClientBook;
	readonly #clock: Clock;
	readonly #startedAt: number;
	readonly #windowMs: number;

	constructor(clock: Clock, windowMs = 60_000) {
		this.#clock = clock;
		this.#startedAt = clock.now();
		this.#windowMs = windowMs;
		this.figures = emptyFigures([], 0, windowMs);
		this.clients = new ClientBook(() => addCell(this.figures, windowMs));
		this.#fold({type: 'started', at: 0, epochMs: clock.epoch(), text: 'The tap serves.'});
	}

	/** Milliseconds since the start. */
	get elapsedMs(): number {
		return this.#clock.now() - this.#startedAt;
	}

	/** Adds a line to the log. */
	note(kind: string, text: string): void {
		this.#fold({type: 'noted', at: this.elapsedMs, kind, text});
	}

	/** @returns The index of the model. */
	addModel(model: TappedModel): number {
		addTarget(this.figures);
		return this.models.push(model) - 1;
	}

	/** More is known of a model: its quotas, its price. */
	setModel(index: number, model: TappedModel): void {
		this.models[index] = model;
	}

	/**
	 * A request arrived. It passes at once; what it counts for is added up once `known` says who sent it.
	 * @param caller By its headers. @param target Index of its model.
	 */
	arrive(caller: Caller, target: number, model: string, facts: RequestFacts): TappedCall {
		const row = this.clients.provisional(caller, target, model);
		const inputTokens = row.inputs.tokens(facts);
		const maxTokens = facts.maxTokens ?? this.models[target]?.maxTokens ?? 0;
		const expected = {inputTokens, maxTokens, reserved: inputTokens + maxTokens};
		const call = new TappedCall(row, caller, facts, expected, this.#clock.now());
		const at = this.elapsedMs;
		call.count((own) => {
			own.requests++;
			own.lastMs = at;
			own.cachePoints += facts.hasCachePoint ? 1 : 0;
			own.retries += caller.retries > 0 ? 1 : 0;
			own.habits.arrived(facts, at);
			own.maxTokens = Math.max(own.maxTokens, maxTokens);
		});
		return call;
	}

	/** It waits for room from now on. */
	hold(call: TappedCall): void {
		call.hold();
		this.#countHeld(call.row.target, 1);
	}

	/** It waits no longer. */
	release(call: TappedCall, heldMs: number): void {
		call.release(heldMs);
		this.#countHeld(call.row.target, -1);
	}

	#countHeld(target: number, change: number): void {
		const count = Math.max(0, (this.figures.levels[target]?.held ?? 0) + change);
		this.#fold({type: 'held', at: this.elapsedMs, target, count});
	}

	/** It is known who sent a call. */
	known(call: TappedCall, caller: Caller): void {
		call.isOf(this.clients.rowOf(caller, call.row.target, call.row.model), caller);
	}

	/** It leaves for the service. */
	sent(attempt: TappedCall): void {
		attempt.sentAt = this.#clock.now();
		attempt.attempts++;
		const isFirst = attempt.attempts === 1;
		attempt.count((row) => {
			row.inFlight++;
			const {reserved} = attempt.expected;
			this.#fold({...this.#attemptOf(row), type: 'sent', isFirst, items: 1, reservedTokens: reserved});
		});
	}

	/** The first piece of a stream came. */
	firstToken(attempt: TappedCall): void {
		attempt.firstTokenAt ??= this.#clock.now();
	}

	/** The tap answers in the service's place; what the service has throttled before counts as that. */
	refused(call: TappedCall): void {
		const added = call.attempts === 0 ? 1 : 0;
		call.count((row) => {
			row.refused += added;
		});
	}

	/** The client left before the end. */
	aborted(call: TappedCall): void {
		const waited = this.#clock.now() - call.arrivedAt;
		call.count((row) => {
			row.aborted++;
			row.habits.gaveUp(waited);
		});
	}

	/** It is over. @returns The quota tokens that it settled at, estimated where its answer broke off. */
	ended(attempt: TappedCall, ending: Ending): number {
		const at = this.elapsedMs;
		const left = attempt.sentAt === undefined ? 0 : 1;
		attempt.count((row) => {
			row.lastMs = at;
			row.inFlight -= left;
		});
		switch (ending.kind) {
			case 'answered':
				return this.#answered(attempt, ending);
			case 'refused':
				attempt.end = {outcome: ending.failure.class, usage: undefined, costUsd: 0};
				attempt.count((row) => this.#foldFailure(attempt, row, ending.failure));
				return 0;
			case 'broken':
				return this.#broken(attempt, ending);
		}
	}

	#broken(attempt: TappedCall, {failure, reading}: Extract<Ending, {kind: 'broken'}>): number {
		const {reserved, ...broken} = this.#brokenOf(attempt, reading);
		attempt.end = {outcome: failure?.class ?? 'aborted', usage: undefined, costUsd: undefined};
		attempt.count((row) => {
			row.reserved += reserved;
			row.tokens.quota += broken.quotaTokens;
			row.habits.used({quotaTokens: broken.quotaTokens, occupied: reserved}, this.elapsedMs);
			row.tokens.isEstimated = true;
			row.costUsd = added(row.costUsd, this.models[row.target]?.price == null ? undefined : broken.costUsd);
			if (failure === undefined) {
				const reservedTokens = attempt.expected.reserved;
				this.#fold({...this.#attemptOf(row), type: 'abandoned', reservedTokens, broken});
			} else {
				this.#foldFailure(attempt, row, failure, broken);
			}
		});
		return broken.quotaTokens;
	}

	/** @param broken Its likely use; undefined where the service refused it before counting. */
	#foldFailure({expected}: TappedCall, row: ClientTotals, failure: Failure, broken?: Broken): void {
		const kind = throttleKindOf(failure);
		row.throttled += kind === undefined ? 0 : 1;
		const of = {
			...this.#attemptOf(row),
			failure,
			sender: `${this.clients.nameOf(row.caller)} on ${row.model}`,
			reservedTokens: expected.reserved,
			...(broken === undefined ? {} : {broken}),
		};
		this.#fold(kind === undefined ? {...of, type: 'failed'} : {...of, type: 'throttled', kind});
	}

	#answered(attempt: TappedCall, {reading, usage}: Extract<Ending, {kind: 'answered'}>): number {
		const {expected} = attempt;
		const model = this.models[attempt.row.target];
		const quotaTokens = settledTokens(usage, model?.target.burndown.value ?? 1);
		const costUsd = model?.price == null ? undefined : costOf(usage, model.price);
		attempt.end = {outcome: 'answered', usage, costUsd: usage.isEstimated ? undefined : costUsd};
		const now = this.#clock.now();
		const sentAt = attempt.sentAt ?? attempt.arrivedAt;
		const times = {
			timeToFirstToken: attempt.firstTokenAt === undefined ? undefined : attempt.firstTokenAt - sentAt,
			service: now - sentAt,
			dispatchDelay: sentAt - attempt.arrivedAt,
			total: now - attempt.arrivedAt,
		};
		const reserved = inputOf(usage) + expected.maxTokens;
		attempt.count((row) =>
			this.#countAnswer(attempt, row, {reading, usage, quotaTokens, costUsd, times, reserved}),
		);
		return quotaTokens;
	}

	#countAnswer(
		attempt: TappedCall,
		row: ClientTotals,
		{reading, usage, quotaTokens, costUsd, times, reserved}: CountedAnswer,
	): void {
		const {facts, expected} = attempt;
		row.reserved += reserved;
		row.costUsd = added(row.costUsd, costUsd);
		addTokens(row, usage, quotaTokens);
		row.estimator.learn(facts.characters, usage, reading.characters);
		if (!usage.isEstimated) {
			row.inputs.learn(facts, inputOf(usage));
		}
		if (times.timeToFirstToken !== undefined) {
			row.timesToFirstToken.add(times.timeToFirstToken);
		}
		const parts = {setAside: reserved, reserved, settled: quotaTokens, countsFrom: 'unknown'} as const;
		const occupied = occupiedBy(parts, times, this.#windowMs);
		row.habits.used({quotaTokens, occupied: occupied.tokens}, this.elapsedMs);
		row.habits.answered(attempt, {...reading, ...times, usage, quotaTokens, reserved});
		const isUseful = !reading.isTruncated && !reading.isRefused;
		this.#fold({
			...this.#attemptOf(row),
			type: 'answered',
			block: undefined,
			stopReason: reading.stopReason,
			isTruncated: reading.isTruncated,
			isRefused: reading.isRefused,
			items: {useful: isUseful ? 1 : 0, checkFailed: 0, unparsed: 0, checked: 0, passed: 0},
			tokens: tokenCounts(usage, {reasoning: ''}),
			quotaTokens,
			occupied,
			reservedTokens: expected.reserved,
			isOverrun: quotaTokens > expected.reserved,
			costUsd,
			times,
			isWithinServiceLevel: undefined,
			isSimulated: reading.isSimulated,
			text: '',
		});
	}

	/** The likely use of an attempt whose fate is not known: its input, and what of its answer had come. */
	#brokenOf(
		{row, expected}: TappedCall,
		reading: AnswerReading | undefined,
	): Broken & {readonly reserved: number} {
		const model = this.models[row.target];
		const burndown = model?.target.burndown.value ?? 1;
		const unread = {inputTokens: expected.inputTokens, cacheReadTokens: 0, cacheWriteTokens: 0};
		const input = reading?.input ?? unread;
		const usage = {...input, outputTokens: row.estimator.outputTokensOf(reading?.characters ?? 0)};
		const price = model?.price ?? undefined;
		return {
			attempts: 1,
			reserved: inputOf(usage) + expected.maxTokens,
			quotaTokens: settledTokens(usage, burndown),
			costUsd: price === undefined ? 0 : costOf(usage, price),
			maxUsd: price === undefined ? 0 : costOf({...usage, outputTokens: expected.maxTokens}, price),
		};
	}

	#attemptOf({cell, target}: ClientTotals) {
		return {at: this.elapsedMs, cell, target, isCounted: true};
	}

	#fold(event: RunEvent): void {
		foldEvent(this.figures, event);
	}
}

const added = (sum: number | undefined, more: number | undefined): number | undefined =>
	more === undefined ? sum : (sum ?? 0) + more;

const addTokens = ({tokens}: ClientTotals, usage: Usage, quotaTokens: number): void => {
	tokens.input += usage.inputTokens;
	tokens.output += usage.outputTokens;
	tokens.cacheRead += usage.cacheReadTokens;
	tokens.cacheWrite += usage.cacheWriteTokens;
	tokens.quota += quotaTokens;
	tokens.isEstimated ||= usage.isEstimated;
};
