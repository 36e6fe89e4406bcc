import {InputEstimate} from '../admission/input-estimate.ts';
import {inputOf, TokenEstimator} from '../admission/token-estimator.ts';
import type {RequestFacts} from '../bedrock/request-facts.ts';
import {charactersPerToken, costOf, occupiedBy, settledTokens, tokenCounts} from '../domain/accounting.ts';
import type {Usage} from '../domain/backend.ts';
import type {Clock} from '../domain/clock.ts';
import type {Failure} from '../domain/failure.ts';
import {type Broken, type RunEvent, throttleKindOf} from '../domain/run-event.ts';
import type {Price} from '../domain/run-spec.ts';
import type {CallEnd} from '../domain/tap.ts';
import type {Target} from '../domain/target.ts';
import {addCell, addTarget, emptyFigures, type Figures} from '../metrics/figures/figures.ts';
import {foldEvent} from '../metrics/figures/fold-event.ts';
import {Times} from '../metrics/statistics/distribution.ts';
import {Habits} from './advice/habits.ts';
import type {AnswerReading} from './answer-reader.ts';
import type {Caller} from './clients.ts';

/** A model that clients call, with what is known of it by now. */
export type TappedModel = {
	/** As it was called first. */
	readonly model: string;
	readonly target: Target;
	readonly price: Price | null;
	/** Max tokens that the service assumes where a request has none. */
	readonly maxTokens: number;
};

/** One session of a client on one model: what is counted beside the figures of its cell. */
export class ClientTotals {
	readonly caller: Caller;
	/** Index of the cell of its client and model, over all sessions. */
	readonly cell: number;
	/** Index of the model, which is that of the target in the figures. */
	readonly target: number;
	readonly model: string;
	/** Shared by all sessions of the client on the model. */
	readonly estimator: TokenEstimator;
	readonly inputs: InputEstimate;
	readonly habits: Habits;
	readonly holds = new Times();
	readonly timesToFirstToken = new Times();
	readonly tokens = {input: 0, output: 0, cacheRead: 0, cacheWrite: 0, quota: 0, isEstimated: false};
	costUsd: number | undefined;
	throttled = 0;
	refused = 0;
	/** When its last request came or ended, in milliseconds since the start. */
	lastMs = 0;
	requests = 0;
	/** Requests that ask for a part of their prompt to be cached. */
	cachePoints = 0;
	inFlight = 0;
	held = 0;
	/** What the service set aside, over all requests. */
	reserved = 0;
	retries = 0;
	aborted = 0;
	/** Greatest max tokens asked for. */
	maxTokens = 0;

	constructor(caller: Caller, cell: Cell, model: string) {
		this.caller = caller;
		this.cell = cell.index;
		this.target = cell.target;
		this.estimator = cell.estimator;
		this.inputs = cell.inputs;
		this.habits = cell.habits;
		this.model = model;
	}
}

/** One client on one model, over all of its sessions: a variant of the figures. */
type Cell = {
	readonly index: number;
	readonly name: string;
	readonly target: number;
	readonly estimator: TokenEstimator;
	readonly inputs: InputEstimate;
	readonly habits: Habits;
};

/** Before an answer of the client: the usual size of a token in text, with a margin by the estimator. */
const firstPrompt = {value: 1, isEstimated: true, length: charactersPerToken};

/** Rows that are kept apart; what comes later is counted in one row of its model. */
const maxRows = 200;

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

/** What an attempt is expected to use, before it is sent. */
export type Expected = {
	readonly inputTokens: number;
	readonly maxTokens: number;
	/** The service's own reservation. */
	readonly reserved: number;
};

/** One attempt that passes the tap. */
export class TappedCall {
	readonly row: ClientTotals;
	/** Who sent this attempt, with the number of its retries and its deadline. */
	readonly caller: Caller;
	readonly facts: RequestFacts;
	readonly expected: Expected;
	/** When it arrived, was sent, and had its first token, by the clock; undefined before. */
	readonly arrivedAt: number;
	sentAt: number | undefined;
	/** Times that it was sent: again where the service throttled it within its hold. */
	attempts = 0;
	firstTokenAt: number | undefined;
	/** Of its last attempt; undefined before, and of one that was never sent. */
	end: CallEnd | undefined;

	constructor(row: ClientTotals, caller: Caller, facts: RequestFacts, expected: Expected, arrivedAt: number) {
		this.row = row;
		this.caller = caller;
		this.facts = facts;
		this.expected = expected;
		this.arrivedAt = arrivedAt;
	}
}

/** What has passed the tap so far, by client and model: the same fold as that of a run. */
export class Traffic {
	readonly figures: Figures;
	readonly models: TappedModel[] = [];
	readonly rows: ClientTotals[] = [];
	/** In the order of the figures' cells. */
	readonly cells: Cell[] = [];
	readonly #clock: Clock;
	readonly #startedAt: number;
	readonly #windowMs: number;
	readonly #rowByKey = new Map<string, ClientTotals>();
	readonly #cellByKey = new Map<string, Cell>();

	constructor(clock: Clock, windowMs = 60_000) {
		this.#clock = clock;
		this.#startedAt = clock.now();
		this.#windowMs = windowMs;
		this.figures = emptyFigures([], 0, windowMs);
		this.#fold({type: 'started', at: 0, epochMs: clock.epoch()});
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

	/** A request arrived. @param target Index of its model. */
	arrive(caller: Caller, target: number, model: string, facts: RequestFacts): TappedCall {
		const row = this.#rowOf(caller, target, model);
		row.requests++;
		row.lastMs = this.elapsedMs;
		row.cachePoints += facts.hasCachePoint ? 1 : 0;
		row.retries += caller.retries > 0 ? 1 : 0;
		row.habits.arrived(facts, this.elapsedMs);
		const inputTokens = row.inputs.tokens(facts);
		const maxTokens = facts.maxTokens ?? this.models[target]?.maxTokens ?? 0;
		row.maxTokens = Math.max(row.maxTokens, maxTokens);
		const expected = {inputTokens, maxTokens, reserved: inputTokens + maxTokens};
		return new TappedCall(row, caller, facts, expected, this.#clock.now());
	}

	/** It leaves for the service. */
	sent(attempt: TappedCall): void {
		const {row} = attempt;
		attempt.sentAt = this.#clock.now();
		attempt.attempts++;
		row.inFlight++;
		this.#fold({
			...this.#attemptOf(attempt),
			type: 'sent',
			isFirst: attempt.attempts === 1,
			items: 1,
			reservedTokens: attempt.expected.reserved,
		});
	}

	/** The first piece of a stream came. */
	firstToken(attempt: TappedCall): void {
		attempt.firstTokenAt ??= this.#clock.now();
	}

	/** The tap answers in the service's place; what the service has throttled before counts as that. */
	refused({row, attempts}: TappedCall): void {
		row.refused += attempts === 0 ? 1 : 0;
	}

	/** The client left before the end. */
	aborted({row, arrivedAt}: TappedCall): void {
		row.aborted++;
		row.habits.gaveUp(this.#clock.now() - arrivedAt);
	}

	/** It is over. @returns The quota tokens that it settled at, estimated where its answer broke off. */
	ended(attempt: TappedCall, ending: Ending): number {
		const {row} = attempt;
		row.lastMs = this.elapsedMs;
		row.inFlight -= attempt.sentAt === undefined ? 0 : 1;
		switch (ending.kind) {
			case 'answered':
				return this.#answered(attempt, ending);
			case 'refused': {
				attempt.end = {outcome: ending.failure.class, usage: undefined, costUsd: 0};
				this.#foldFailure(attempt, ending.failure);
				return 0;
			}
			case 'broken': {
				const model = this.models[row.target];
				const {reserved, ...broken} = this.#brokenOf(attempt, ending.reading);
				attempt.end = {outcome: ending.failure?.class ?? 'aborted', usage: undefined, costUsd: undefined};
				row.reserved += reserved;
				row.tokens.quota += broken.quotaTokens;
				row.habits.used({quotaTokens: broken.quotaTokens, occupied: reserved}, this.elapsedMs);
				row.tokens.isEstimated = true;
				row.costUsd = added(row.costUsd, model?.price == null ? undefined : broken.costUsd);
				if (ending.failure === undefined) {
					const reservedTokens = attempt.expected.reserved;
					this.#fold({...this.#attemptOf(attempt), type: 'abandoned', reservedTokens, broken});
				} else {
					this.#foldFailure(attempt, ending.failure, broken);
				}
				return broken.quotaTokens;
			}
		}
	}

	/** @param broken Its likely use; undefined where the service refused it before counting. */
	#foldFailure(attempt: TappedCall, failure: Failure, broken?: Broken): void {
		const kind = throttleKindOf(failure);
		attempt.row.throttled += kind === undefined ? 0 : 1;
		const of = {
			...this.#attemptOf(attempt),
			failure,
			reservedTokens: attempt.expected.reserved,
			...(broken === undefined ? {} : {broken}),
		};
		this.#fold(kind === undefined ? {...of, type: 'failed'} : {...of, type: 'throttled', kind});
	}

	#answered(attempt: TappedCall, {reading, usage}: Extract<Ending, {kind: 'answered'}>): number {
		const {row, facts, expected} = attempt;
		const model = this.models[row.target];
		const burndown = model?.target.burndown.value ?? 1;
		const quotaTokens = settledTokens(usage, burndown);
		const input = inputOf(usage);
		const reserved = input + expected.maxTokens;
		const costUsd = model?.price == null ? undefined : costOf(usage, model.price);
		attempt.end = {outcome: 'answered', usage, costUsd: usage.isEstimated ? undefined : costUsd};
		row.reserved += reserved;
		row.costUsd = added(row.costUsd, costUsd);
		addTokens(row, usage, quotaTokens);
		row.estimator.learn(facts.characters, usage, reading.characters);
		if (!usage.isEstimated) {
			row.inputs.learn(facts, input);
		}
		const now = this.#clock.now();
		const sentAt = attempt.sentAt ?? attempt.arrivedAt;
		const times = {
			timeToFirstToken: attempt.firstTokenAt === undefined ? undefined : attempt.firstTokenAt - sentAt,
			service: now - sentAt,
			dispatchDelay: sentAt - attempt.arrivedAt,
			total: now - attempt.arrivedAt,
		};
		if (times.timeToFirstToken !== undefined) {
			row.timesToFirstToken.add(times.timeToFirstToken);
		}
		const parts = {setAside: reserved, reserved, settled: quotaTokens, countsFrom: 'unknown'} as const;
		const occupied = occupiedBy(parts, times, this.#windowMs);
		row.habits.used({quotaTokens, occupied: occupied.tokens}, this.elapsedMs);
		row.habits.answered(attempt, {...reading, ...times, usage, quotaTokens, reserved});
		const isUseful = !reading.isTruncated && !reading.isRefused;
		this.#fold({
			...this.#attemptOf(attempt),
			type: 'answered',
			block: undefined,
			stopReason: reading.stopReason,
			isTruncated: reading.isTruncated,
			isRefused: reading.isRefused,
			items: {useful: isUseful ? 1 : 0, checkFailed: 0, unparsed: 0, checked: 0, passed: 0},
			tokens: tokenCounts(usage, {reasoning: ''}),
			quotaTokens,
			occupied,
			reservedTokens: attempt.expected.reserved,
			isOverrun: quotaTokens > expected.reserved,
			costUsd,
			times,
			isWithinServiceLevel: undefined,
			isSimulated: reading.isSimulated,
			text: '',
		});
		return quotaTokens;
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

	#attemptOf({row: {cell, target}}: TappedCall) {
		return {at: this.elapsedMs, cell, target, isCounted: true};
	}

	#rowOf(caller: Caller, target: number, model: string): ClientTotals {
		const known = this.#rowByKey.get(rowKey(caller, target));
		if (known !== undefined) {
			return known;
		}
		const own = this.rows.length < maxRows ? caller : {...caller, name: 'others', agent: null, session: null};
		const shared = this.#rowByKey.get(rowKey(own, target));
		if (shared !== undefined) {
			return shared;
		}
		const row = new ClientTotals(own, this.#cellOf(own.name, target), model);
		this.rows.push(row);
		this.#rowByKey.set(rowKey(own, target), row);
		return row;
	}

	#cellOf(name: string, target: number): Cell {
		const key = `${target} ${name}`;
		const known = this.#cellByKey.get(key);
		if (known !== undefined) {
			return known;
		}
		const index = addCell(this.figures, this.#windowMs);
		const cell = {
			index,
			name,
			target,
			estimator: new TokenEstimator(firstPrompt),
			inputs: new InputEstimate(),
			habits: new Habits(),
		};
		this.cells.push(cell);
		this.#cellByKey.set(key, cell);
		return cell;
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

const rowKey = ({name, session}: Caller, target: number): string => JSON.stringify([name, session, target]);
