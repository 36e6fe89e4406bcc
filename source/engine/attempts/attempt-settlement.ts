import {
	checksOf,
	costOf,
	countItems,
	failuresOf,
	isDearerTier,
	meetsServiceLevel,
	occupiedBy,
	settledTokens,
	tokenCounts,
	usageOf,
} from '../../domain/accounting.ts';
import type {Answer, Failure, Received, Usage} from '../../domain/backend.ts';
import type {Dimension} from '../../domain/bucket-usage.ts';
import {type Broken, type RequestTimes, throttleKindOf} from '../../domain/run-event.ts';
import type {ItemVerdict} from '../../domain/task.ts';
import type {PatternChecker} from '../../prompts/checks.ts';
import {formatSpan} from '../../text/numbers.ts';
import {type Cell, createTierMismatchWatch} from '../cells/cell.ts';
import type {RunCore} from '../run-core.ts';
import {dearerWords, stampingWords} from '../run-words.ts';
import {ConcurrencyLimiter} from '../scheduling/concurrency-limiter.ts';
import {type Attempt, type AttemptHandlers, Judging, type LogicalRequest, nextTurn} from './attempts.ts';
import {
	type AnswerRecord,
	createIsoTime,
	lostEvent,
	type ReplayedCount,
	toAnswerRecord,
	toUncheckedRecord,
	type UncheckedRecord,
} from './request-records.ts';
import {retryDelayMs} from './retries.ts';

type SettlementPorts = {
	readonly onAnswer?: ((record: AnswerRecord) => void) | undefined;
	/** An answer whose check takes its time, without verdicts; it comes again when it is judged. */
	readonly onUnjudged?: ((record: UncheckedRecord) => void) | undefined;
	/** Checks answers by the patterns of the task; absent: in this thread. */
	readonly checker?: PatternChecker | undefined;
	/** Of a replay. */
	readonly replayed: ReplayedCount;
};

/** Tokens, cost and times of an answer, known before it is judged. */
type Settled = Pick<AnswerRecord, 'usage' | 'quotaTokens' | 'at'> & {
	readonly isOverrun: boolean;
	readonly costUsd: number | undefined;
	readonly isDearer: boolean;
	readonly times: RequestTimes;
};

const recordOf = (
	attempt: Attempt,
	answer: Answer,
	{usage, quotaTokens, at, times}: Settled,
	verdicts: readonly ItemVerdict[],
): AnswerRecord => toAnswerRecord(attempt, answer, verdicts, {at, usage, quotaTokens, latencyMs: times});

/** Follow-ups occupy no slot of their load. */
const freeSlots = new ConcurrencyLimiter(() => Number.POSITIVE_INFINITY);

/** Settles attempts with their bucket, judges answers, and decides whether a request is tried again. */
export function createSettlement(core: RunCore, ports: SettlementPorts): AttemptHandlers {
	const {spec, clock, random, guards, time} = core;

	const isoTime = createIsoTime();
	const judging = new Judging(spec.task, ports.checker, clock, core.judges);
	const watchService = createTierMismatchWatch((kind, text) => core.note(kind, text));

	const attemptOf = ({request, cell, reservation}: Attempt) => ({
		at: time.elapsedMs(),
		cell: cell.index,
		target: cell.spec.target,
		isCounted: !request.isWarmUp,
		reservedTokens: reservation.tokens,
	});

	const timesOf = (
		{request, sentAt, sentAtRunningMs, firstTokenAt, firstAnswerTokenAt}: Attempt,
		endedAt: number,
	): RequestTimes => {
		const service = endedAt - sentAt;
		const intendedAt = request.intendedAt ?? request.firstSentAtRunningMs ?? sentAtRunningMs;
		const dispatchDelay = Math.max(0, sentAtRunningMs - intendedAt);
		const timeToFirstToken = firstTokenAt === undefined ? undefined : firstTokenAt - sentAt;
		const timeToFirstAnswerToken = firstAnswerTokenAt === undefined ? undefined : firstAnswerTokenAt - sentAt;
		return {
			timeToFirstToken,
			timeToFirstAnswerToken,
			service,
			dispatchDelay,
			total: dispatchDelay + service,
		};
	};

	/** Asks again, on its own and outside of its block. */
	const followUp = (request: LogicalRequest, change: Partial<LogicalRequest>): void => {
		const {broken: _, firstSentAtRunningMs: __, ...rest} = request;
		const again = {
			block: undefined,
			slots: freeSlots,
			attempts: 0,
			isFollowUp: true,
			isFirstThrottled: false,
			...change,
		};
		core.sendAgain({...rest, ...again}, clock.now());
	};

	/**
	 * What was cut off at right-sized max tokens is asked again with all of them; items whose part of a packed reply could
	 * not be found are asked for again, one by one.
	 */
	const askAgain = (
		{request, cell, maxTokens}: Attempt,
		answer: Answer,
		verdicts: readonly ItemVerdict[],
	): void => {
		if (answer.isTruncated && maxTokens < cell.spec.maxTokens && !cell.isChat) {
			followUp(request, {hasFullLimit: true});
			return;
		}
		if (request.items.length < 2 || answer.isRefused) {
			return;
		}
		for (const {kind, item} of verdicts) {
			if (kind === 'unparsed' && item !== undefined) {
				followUp(request, {items: [item], prompt: cell.compose([item])});
			}
		}
	};

	const learn = (attempt: Attempt, answer: Answer, usage: Usage): void => {
		const {cell, request} = attempt;
		const before = cell.maxTokens;
		cell.learn(request.prompt, answer, usage, attempt.maxTokens);
		if (cell.maxTokens !== before) {
			const {name} = cell.variant;
			core.learntMaxTokens.changed(cell.index, name, before, cell.maxTokens, time.elapsedMs());
		}
	};

	const onFirstByte = ({cell: {bucket, target}, reservation}: Attempt): void => {
		const wasProbe = bucket.stamping.isProbe(reservation);
		if (bucket.confirm(reservation)) {
			core.note('stamping', stampingWords(target.model, bucket.stamping.learnt));
		}
		if (wasProbe) {
			core.wake();
		}
	};

	/** Bucket and guards know at once what an answer took; it enters the figures when it is judged. */
	const onAnswer = (attempt: Attempt, whole: Answer, endedAt: number): void => {
		const {request, cell, reservation} = attempt;
		// That a replay cuts an answer at its recorded length is what was asked for.
		const answer = request.maxTokens === undefined ? whole : {...whole, isTruncated: false};
		const usage = usageOf(answer, cell.inputTokens(request.prompt));
		if (request.maxTokens !== undefined) {
			ports.replayed.add(usage.outputTokens, request.maxTokens);
		}
		const quotaTokens = settledTokens(usage, cell.target.burndown.value);
		const overrun = cell.bucket.settle(reservation, quotaTokens, usage);
		const costUsd = cell.spec.price === null ? undefined : costOf(usage, cell.spec.price);
		guards.ended(attempt.maxUsd, costUsd ?? 0);
		const isDearer = costUsd !== undefined && isDearerTier(cell.target.tier, answer.tier);
		if (isDearer && guards.losePrice()) {
			core.note('tier', dearerWords(cell.target.model, answer.tier));
		}
		if (request.onReply !== undefined) {
			learn(attempt, answer, usage);
			request.onReply({text: answer.text, usage, costUsd});
			core.finish(request);
			core.wake();
			return;
		}
		const settled: Settled = {
			usage,
			quotaTokens,
			isOverrun: overrun > 0,
			costUsd,
			isDearer,
			times: timesOf(attempt, endedAt),
			at: isoTime(clock.epoch()),
		};
		const turn = cell.isChat ? request.prompt.user : undefined;
		const asked = {items: request.items, variant: cell.variant, turn};
		judging.judge(
			asked,
			answer,
			(verdicts) => onJudged(attempt, answer, settled, verdicts),
			(verdicts) => ports.onUnjudged?.(toUncheckedRecord(recordOf(attempt, answer, settled, verdicts))),
		);
		core.wake();
	};

	const onJudged = (
		attempt: Attempt,
		answer: Answer,
		settled: Settled,
		verdicts: readonly ItemVerdict[],
	): void => {
		const {request, cell, reservation} = attempt;
		const {usage, quotaTokens, isOverrun, costUsd, isDearer, times} = settled;
		const next = nextTurn(request, cell, answer, time.runningMs() + cell.thinkMs);
		// Field by field: this is made for every answer, and spreading a copy stood out in profiles.
		core.emit({
			type: 'answered',
			at: time.elapsedMs(),
			cell: cell.index,
			target: cell.spec.target,
			isCounted: !request.isWarmUp,
			reservedTokens: reservation.tokens,
			block: request.block && {...request.block, isUnitOver: next === undefined},
			turn: cell.isChat ? request.turn : undefined,
			stopReason: answer.stopReason,
			isTruncated: answer.isTruncated,
			isRefused: answer.isRefused,
			items: countItems(verdicts),
			checks: checksOf(verdicts),
			failures: failuresOf(verdicts),
			prompt: request.prompt,
			tokens: tokenCounts(usage, answer),
			quotaTokens,
			occupied: occupiedBy(
				{
					setAside: reservation.tokens,
					reserved: reservation.reserved,
					settled: quotaTokens,
					countsFrom: cell.bucket.stamping.countsFrom,
					output: cell.outputOf(attempt.maxTokens, usage),
				},
				times,
				spec.windowMs,
			),
			carried: Math.max(1, request.items.length),
			firstItem: request.items[0]?.index,
			broken: request.broken,
			isOverrun,
			costUsd,
			isDearer,
			times,
			isWithinServiceLevel: meetsServiceLevel(spec.serviceLevel, times),
			isSimulated: answer.isSimulated,
			isRescued: request.isFirstThrottled ?? false,
			tier: answer.tier,
			latencyMode: answer.latencyMode,
			text: answer.text,
		});
		watchService(cell, answer);
		learn(attempt, answer, usage);
		ports.onAnswer?.(recordOf(attempt, answer, settled, verdicts));
		askAgain(attempt, answer, verdicts);
		finishTurn(request, next);
		core.wake();
	};

	/** An answered request is over; in a conversation the next turn follows, after the time to think. */
	const finishTurn = (request: LogicalRequest, next: LogicalRequest | undefined): void => {
		if (next === undefined) {
			core.finish(request);
		} else {
			core.continueWith(request, next, clock.now() + core.cellOf(next).thinkMs);
		}
	};

	const settleThrottle = ({cell, reservation}: Attempt, dimension: Dimension): void => {
		const {bucket, target} = cell;
		switch (bucket.throttled(reservation, dimension)) {
			case 'none':
				return;
			case 'burst':
				core.note(
					'even',
					`${target.model}: throttled in a burst although there was room: requests are spread evenly from here on.`,
				);
				return;
			case 'end':
				core.note('stamping', stampingWords(target.model, bucket.stamping.learnt));
				return;
			case 'others': {
				const seen = bucket.limits.lastingOthers(clock.now())[dimension];
				core.others.add(
					{
						target: cell.spec.target,
						requestsPerMinute: dimension === 'requests' ? seen : null,
						quotaTokensPerMinute: dimension === 'tokens' ? seen : null,
					},
					clock.epoch(),
				);
				core.note(
					'surprise',
					`Now sending at ${Math.round(bucket.share * 100)}% of the quota: throttled below our own limit, so other apps use the rest of ${target.model}.`,
				);
			}
		}
	};

	/** Settles a failed attempt with its bucket, and logs how the bucket reacts. */
	const settleFailure = (attempt: Attempt, failure: Failure): void => {
		const {cell, reservation} = attempt;
		if (failure.charge === 'unknown') {
			cell.bucket.keep(reservation);
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
					core.note(
						'overloaded',
						`${cell.target.model}: no capacity; requests in flight are halved and held there.`,
					);
				}
				break;
			default:
				cell.bucket.giveBack(reservation);
		}
	};

	/** Adds what an attempt of unknown fate may have used to its request. */
	const keepBroken = (
		{request, cell, reservation, maxUsd: attemptUsd}: Attempt,
		received: Received | undefined,
	): Broken => {
		const used = cell.usedByBroken(request.prompt, received, reservation.tokens, attemptUsd);
		const {attempts = 0, quotaTokens = 0, costUsd = 0, maxUsd = 0} = request.broken ?? {};
		request.broken = {
			attempts: attempts + used.attempts,
			quotaTokens: quotaTokens + used.quotaTokens,
			costUsd: costUsd + used.costUsd,
			maxUsd: maxUsd + used.maxUsd,
		};
		return used;
	};

	/** Cells with a Retry-After longer than is honoured. */
	const impatient = new Set<number>();

	/** Logs once per cell that it is tried again before the service asks to. */
	const noteImpatience = ({index, variant, target}: Cell, failure: Failure, delayMs: number): void => {
		const asked = failure.retryAfterMs ?? 0;
		if (asked > delayMs && !impatient.has(index)) {
			impatient.add(index);
			core.note(
				'retry-after',
				`${variant.name} on ${target.model}: the service asks to wait ${formatSpan(asked)} (Retry-After); it is tried again in ${formatSpan(delayMs)}.`,
			);
		}
	};

	const onFailure = (attempt: Attempt, failure: Failure): void => {
		const {request, cell} = attempt;
		settleFailure(attempt, failure);
		guards.ended(attempt.maxUsd, failure.charge === 'unknown' ? attempt.maxUsd : 0);
		const broken = failure.charge === 'unknown' ? keepBroken(attempt, failure.received) : undefined;
		const kind = throttleKindOf(failure);
		if (kind === undefined) {
			core.emit({type: 'failed', ...attemptOf(attempt), failure, broken});
		} else {
			const isFirst = request.attempts === 1;
			request.isFirstThrottled ||= isFirst;
			core.emit({type: 'throttled', ...attemptOf(attempt), failure, kind, isFirst, broken});
		}
		const restMs = (spec.load.durationMs ?? Number.POSITIVE_INFINITY) - time.runningMs();
		const delayMs = retryDelayMs(failure, request.attempts, random, restMs);
		if (delayMs === undefined) {
			core.emit(lostEvent(request, failure, time.elapsedMs()));
			core.lose(request, failure);
		} else {
			noteImpatience(cell, failure, delayMs);
			core.sendAgain(request, clock.now() + delayMs);
		}
		if (failure.class === 'throttled-day') {
			cell.bucket.dayEnded();
			core.giveUpForDay(cell);
		} else if (cell.fail(failure, delayMs === undefined)) {
			core.note('given-up', `${cell.variant.name} on ${cell.target.model} is given up: ${failure.message}`);
			core.stopIfHopeless(request.onReply !== undefined);
		}
		core.wake();
	};

	const onAbandoned = (attempt: Attempt): void => {
		attempt.cell.bucket.keep(attempt.reservation);
		guards.ended(attempt.maxUsd, attempt.maxUsd);
		core.emit({type: 'abandoned', ...attemptOf(attempt), broken: keepBroken(attempt, undefined)});
		core.lose(attempt.request, undefined);
	};

	return {onFirstByte, onAnswer, onFailure, onAbandoned, judging};
}
