import type {RequestTimes, RunEvent, ThrottleKind} from '../metrics/run-event.ts';
import {type ItemVerdict, judgeAnswer} from '../prompts/judge.ts';
import type {AnswerRecord} from './answer-record.ts';
import type {Attempt, AttemptHandlers} from './attempts.ts';
import type {Answer, Usage} from './backend.ts';
import {lengthOf} from './cell-state.ts';
import type {Clock} from './clock.ts';
import {costOf, countItems, meetsServiceLevel, settledTokens, tokenCounts, usageOf} from './evaluate.ts';
import type {Failure} from './failure.ts';
import type {Guards} from './guards.ts';
import type {LogicalRequest} from './logical-request.ts';
import type {Random} from './random.ts';
import {retryDelayMs} from './retry.ts';
import type {RunSpec} from './run-spec.ts';
import {Slots} from './slots.ts';
import type {Dimension} from './use.ts';

/** What the outcomes of attempts change in the run. */
export type OutcomePorts = {
	readonly spec: RunSpec;
	readonly clock: Clock;
	readonly random: Random;
	readonly guards: Guards;
	/** Milliseconds since the start of the run. */
	readonly elapsedMs: () => number;
	readonly emit: (event: RunEvent) => void;
	readonly onAnswer: (record: AnswerRecord) => void;
	/** Sends a request again, or a part of it on its own, not before `readyAt` of the clock. */
	readonly sendAgain: (request: LogicalRequest, readyAt: number) => void;
	/** A logical request is over, well or not. */
	readonly finish: (request: LogicalRequest) => void;
	/** The service says that the daily quota is used up. */
	readonly stopForDay: () => void;
	/** A cell was given up. */
	readonly checkCells: () => void;
	/** Something changed: more may be sent now. */
	readonly pump: () => void;
};

const throttleKinds: Readonly<Partial<Record<Failure['class'], ThrottleKind>>> = {
	'throttled-requests': 'requests',
	'throttled-tokens': 'tokens',
	'throttled-day': 'day',
	overloaded: 'overloaded',
};

const freeSlots = new Slots(() => Number.POSITIVE_INFINITY);

/** Settles what attempts did to their bucket, judges answers, and decides whether a request is tried again. */
export const createOutcomes = (ports: OutcomePorts): AttemptHandlers => {
	const {spec, clock, random, guards} = ports;

	const attemptOf = ({request, cell, reservation}: Attempt) => ({
		at: ports.elapsedMs(),
		cell: cell.index,
		target: cell.cell.target,
		isCounted: !request.isWarmUp,
		reservedTokens: reservation.tokens,
	});

	const note = (kind: string, text: string): void => {
		ports.emit({type: 'noted', at: ports.elapsedMs(), kind, text});
	};

	const timesOf = (
		{request, sentAt, sentAtRunningMs, firstTokenAt}: Attempt,
		endedAt: number,
	): RequestTimes => {
		const service = endedAt - sentAt;
		const dispatchDelay = request.intendedAt === undefined ? 0 : sentAtRunningMs - request.intendedAt;
		const timeToFirstToken = firstTokenAt === undefined ? undefined : firstTokenAt - sentAt;
		return {timeToFirstToken, service, dispatchDelay, total: dispatchDelay + service};
	};

	/** Items whose part of a packed reply could not be found are asked for again, one by one. */
	const retrySingly = ({request, cell}: Attempt, answer: Answer, verdicts: readonly ItemVerdict[]): void => {
		if (request.items.length < 2 || answer.isRefused) {
			return;
		}
		for (const {kind, item} of verdicts) {
			if (kind === 'unparsed' && item !== undefined) {
				const items = [item];
				const prompt = cell.compose(items);
				const single = {items, prompt, block: undefined, slots: freeSlots, attempts: 0, isFollowUp: true};
				ports.sendAgain({...request, ...single}, clock.now());
			}
		}
	};

	const record = (
		{request, cell}: Attempt,
		answer: Answer,
		details: Pick<AnswerRecord, 'usage' | 'quotaTokens' | 'latencyMs'>,
		verdicts: readonly ItemVerdict[],
	): void => {
		ports.onAnswer({
			at: new Date(clock.epoch()).toISOString(),
			variant: cell.variant.name,
			target: cell.cell.target,
			model: cell.target.model,
			items: request.items.map(({index}) => index),
			answer: answer.text,
			isTruncated: answer.isTruncated,
			isRefused: answer.isRefused,
			verdicts: verdicts.map((verdict) => ({
				item: verdict.item?.index ?? null,
				kind: verdict.kind,
				answer: verdict.answer ?? null,
				checked: verdict.checked,
			})),
			stopReason: answer.stopReason,
			attempts: request.attempts,
			...details,
		});
	};

	const learn = (attempt: Attempt, answer: Answer, usage: Usage): void => {
		const {cell, request} = attempt;
		const before = cell.maxTokens;
		cell.learn(request.prompt, answer, usage, attempt.maxTokens);
		if (cell.maxTokens !== before) {
			const {name} = cell.variant;
			note('max-tokens', `${name}: max tokens ${before} -> ${cell.maxTokens}, learnt from its answers.`);
		}
	};

	const onAnswer = (attempt: Attempt, answer: Answer, endedAt: number): void => {
		const {request, cell, reservation} = attempt;
		const usage = usageOf(answer, cell.expectation.inputTokens(lengthOf(request.prompt)));
		const quotaTokens = settledTokens(usage, cell.target.burndown.value);
		const overrun = cell.bucket.settle(reservation, quotaTokens);
		const costUsd = cell.cell.price === null ? undefined : costOf(usage, cell.cell.price);
		guards.ended(attempt.mostUsd, costUsd ?? 0);
		const verdicts = judgeAnswer(answer.text, spec.task, request.items);
		const times = timesOf(attempt, endedAt);
		ports.emit({
			type: 'answered',
			...attemptOf(attempt),
			block: request.block,
			stopReason: answer.stopReason,
			isTruncated: answer.isTruncated,
			isRefused: answer.isRefused,
			items: countItems(verdicts, answer),
			tokens: tokenCounts(usage),
			quotaTokens,
			isOverrun: overrun > 0,
			costUsd,
			times,
			isWithinServiceLevel: meetsServiceLevel(spec.serviceLevel, times),
			isSimulated: answer.isSimulated,
			text: answer.text,
		});
		learn(attempt, answer, usage);
		record(attempt, answer, {usage, quotaTokens, latencyMs: times}, verdicts);
		retrySingly(attempt, answer, verdicts);
		ports.finish(request);
		ports.pump();
	};

	const settleThrottle = ({cell, reservation}: Attempt, dimension: Dimension): void => {
		const {bucket, target} = cell;
		if (!bucket.throttled(reservation, dimension)) {
			return;
		}
		const share = Math.round(bucket.share * 100);
		note(
			'surprise',
			`${target.model}: throttled although there was room: others use this quota. Share now ${share} %.`,
		);
		if (bucket.goEven()) {
			note('even', `${target.model}: requests are spread evenly from here on.`);
		}
	};

	/** Tells the bucket what a failed attempt did to it, and says so when it reacts. */
	const settleFailure = (attempt: Attempt, failure: Failure): void => {
		const {cell, reservation} = attempt;
		if (failure.charge === 'unknown') {
			cell.bucket.ledger.keep(reservation);
		}
		switch (failure.class) {
			case 'throttled-requests':
				settleThrottle(attempt, 'requests');
				break;
			case 'throttled-tokens':
				settleThrottle(attempt, 'tokens');
				break;
			case 'overloaded':
				if (cell.bucket.overloaded(reservation)) {
					note(
						'overloaded',
						`${cell.target.model}: no capacity; requests in flight are halved and held there.`,
					);
				}
				break;
			default:
				cell.bucket.ledger.giveBack(reservation);
		}
	};

	const onFailure = (attempt: Attempt, failure: Failure): void => {
		const {request, cell} = attempt;
		settleFailure(attempt, failure);
		guards.ended(attempt.mostUsd, failure.charge === 'unknown' ? attempt.mostUsd : 0);
		const kind = throttleKinds[failure.class];
		ports.emit(
			kind === undefined
				? {type: 'failed', ...attemptOf(attempt), failure}
				: {type: 'throttled', ...attemptOf(attempt), failure, kind},
		);
		const delayMs = retryDelayMs(failure, request.attempts, random);
		if (delayMs === undefined) {
			ports.emit({
				type: 'lost',
				at: ports.elapsedMs(),
				cell: cell.index,
				block: request.block,
				failure,
				wasSent: true,
			});
			ports.finish(request);
		} else {
			ports.sendAgain(request, clock.now() + delayMs);
		}
		if (failure.class === 'throttled-day') {
			ports.stopForDay();
		} else if (cell.fail(failure)) {
			note('given-up', `${cell.variant.name} on ${cell.target.model} is given up: ${failure.message}`);
			ports.checkCells();
		}
		ports.pump();
	};

	const onAbandoned = (attempt: Attempt): void => {
		attempt.cell.bucket.ledger.keep(attempt.reservation);
		guards.ended(attempt.mostUsd, attempt.mostUsd);
		ports.emit({type: 'abandoned', ...attemptOf(attempt)});
		ports.finish(attempt.request);
	};

	return {onAnswer, onFailure, onAbandoned};
};
