import type {FailureClass} from '../../domain/backend.ts';
import type {CachingFigures, CachingSide, TurnFigures, VariantFigures} from '../../domain/figures-schema.ts';
import type {AnsweredEvent, Broken, RunEvent} from '../../domain/run-event.ts';
import {Quantiles, RunningMean, Times, VectorMoments} from '../statistics/streams.ts';
import {measuresOf, momentCount, nothingSpent, spendAnswer, spendBroken, toVector} from './blocks.ts';

/** Characters of an answer that are kept as a sample. */
const sampleLength = 100;
/** Stop reasons, tiers and latency modes that are distinguished; a service names a handful. */
const maxWords = 20;

/** All that is counted for one cell, in memory that does not grow with the run. Changed by `foldVariant` only. */
export type VariantTotals = ReturnType<typeof emptyTotals>;

/** Totals before the first event. */
export function emptyTotals() {
	return {
		requests: {sent: 0, succeeded: 0, truncated: 0, refused: 0, attempts: 0},
		throttled: {requests: 0, tokens: 0, day: 0, overloaded: 0},
		/** Requests whose first attempt was throttled, and those of them that were answered in the end. */
		firstThrottled: {requests: 0, rescued: 0},
		failed: new Map<FailureClass, number>(),
		items: {sent: 0, useful: 0, checkFailed: 0, empty: 0, unparsed: 0, checked: 0, passed: 0, good: 0},
		tokens: {
			input: 0,
			output: 0,
			cacheRead: 0,
			cacheWrite: 0,
			reasoning: undefined as number | undefined,
			quota: 0,
			reserved: 0,
			overruns: 0,
			isEstimated: false,
		},
		/** Attempts whose fate is not known, at what they may have used. */
		broken: {attempts: 0, quotaTokens: 0},
		spent: nothingSpent(),
		perRequest: {
			inputTokens: new RunningMean(),
			outputTokens: new RunningMean(),
			totalTokens: new RunningMean(),
			quotaTokens: new RunningMean(),
			reservedTokens: new RunningMean(),
			costUsd: new RunningMean(),
		},
		latencyMs: {
			timeToFirstToken: new Times(),
			timeToFirstAnswerToken: new Times(),
			total: new Times(),
			perOutputToken: new Times(),
			dispatchDelay: new Times(),
			service: new Times(),
		},
		/** By turn, where requests are turns of conversations. */
		turns: [] as TurnTotals[],
		caching: emptyCaching(),
		outputs: new Quantiles(),
		stopReasons: new Map<string, number>(),
		/** Answers by the service tier and by the latency mode that they said they were served by. */
		tiers: new Map<string, number>(),
		latencyModes: new Map<string, number>(),
		prompt: undefined as Extract<RunEvent, {type: 'sent'}>['prompt'] | undefined,
		sample: undefined as string | undefined,
		/** A request with its answer: the first with an item that is not useful, before that the first of all. */
		example: undefined as Example | undefined,
		/** Items that are not useful, by what they failed. */
		failures: new Map<string, number>(),
		/** Milliseconds since the start of the run between which the variant was being sent. */
		firstSentAt: undefined as number | undefined,
		lastActiveAt: 0,
	};
}

const countIn = <Key>(map: Map<Key, number>, key: Key, amount = 1): void => {
	map.set(key, (map.get(key) ?? 0) + amount);
};

/** Counts a word of the service; nothing where it said none. */
const countWord = (words: Map<string, number>, word: string | undefined): void => {
	if (word !== undefined) {
		countIn(words, words.has(word) || words.size < maxWords ? word : 'other');
	}
};

const foldTokens = (totals: VariantTotals, {tokens, quotaTokens, isOverrun}: AnsweredEvent): void => {
	const sums = totals.tokens;
	sums.input += tokens.input;
	sums.output += tokens.output;
	sums.cacheRead += tokens.cacheRead;
	sums.cacheWrite += tokens.cacheWrite;
	sums.quota += quotaTokens;
	sums.overruns += isOverrun ? 1 : 0;
	sums.isEstimated ||= tokens.isEstimated;
	if (tokens.reasoning !== undefined) {
		sums.reasoning = (sums.reasoning ?? 0) + tokens.reasoning;
	}
	totals.outputs.add(tokens.output);
};

const foldTimes = (totals: VariantTotals, {times, tokens}: AnsweredEvent): void => {
	const {latencyMs} = totals;
	latencyMs.total.add(times.total);
	latencyMs.service.add(times.service);
	latencyMs.dispatchDelay.add(times.dispatchDelay);
	if (times.timeToFirstToken === undefined) {
		return;
	}
	latencyMs.timeToFirstToken.add(times.timeToFirstToken);
	if (times.timeToFirstAnswerToken !== undefined) {
		latencyMs.timeToFirstAnswerToken.add(times.timeToFirstAnswerToken);
	}
	const seen = tokens.output - (tokens.unseenReasoning ?? 0);
	if (seen > 1) {
		latencyMs.perOutputToken.add((times.service - times.timeToFirstToken) / (seen - 1));
	}
};

const foldMeans = ({perRequest}: VariantTotals, event: AnsweredEvent): void => {
	const {input, output, cacheRead, cacheWrite} = event.tokens;
	perRequest.inputTokens.add(input);
	perRequest.outputTokens.add(output);
	perRequest.totalTokens.add(input + output + cacheRead + cacheWrite);
	perRequest.quotaTokens.add(event.quotaTokens);
	perRequest.reservedTokens.add(event.reservedTokens);
	if (event.costUsd !== undefined) {
		perRequest.costUsd.add(event.costUsd);
	}
};

/** Characters that are kept of each text of an example. */
const exampleLength = 4000;

const cut = (text: string): string =>
	text.length > exampleLength ? `${text.slice(0, exampleLength)}...` : text;

type Example = NonNullable<VariantFigures['example']>;

const foldExample = (totals: VariantTotals, {prompt, text, failures}: AnsweredEvent): void => {
	for (const {of} of failures ?? []) {
		countIn(totals.failures, of);
	}
	const [failure] = failures ?? [];
	const isBetter = totals.example === undefined || (failure !== undefined && totals.example.failed === null);
	if (prompt === undefined || !isBetter) {
		return;
	}
	totals.example = {
		system: prompt.system === undefined ? null : cut(prompt.system),
		user: cut(prompt.user),
		answer: cut(text),
		failed: failure === undefined ? null : {check: failure.of, why: failure.why},
	};
};

const foldAnswer = (totals: VariantTotals, event: AnsweredEvent): void => {
	const {requests, items} = totals;
	requests.succeeded++;
	requests.truncated += event.isTruncated ? 1 : 0;
	requests.refused += event.isRefused ? 1 : 0;
	items.useful += event.items.useful;
	items.checkFailed += event.items.checkFailed;
	items.empty += event.items.empty ?? 0;
	items.unparsed += event.items.unparsed;
	items.checked += event.items.checked;
	items.passed += event.items.passed;
	items.good += event.isWithinServiceLevel === true ? event.items.useful : 0;
	spendAnswer(totals.spent, event);
	countWord(totals.stopReasons, event.stopReason);
	countWord(totals.tiers, event.tier);
	countWord(totals.latencyModes, event.latencyMode);
	totals.sample ??= event.text === '' ? undefined : event.text.slice(0, sampleLength);
	foldExample(totals, event);
	foldTokens(totals, event);
	foldTimes(totals, event);
	foldMeans(totals, event);
	foldTurn(totals.turns, event);
	foldCaching(totals.caching, event);
	totals.firstThrottled.rescued += event.isRescued === true ? 1 : 0;
};

/** A broken attempt is part of what the cell used and cost. */
const foldBroken = (totals: VariantTotals, broken: Broken | undefined): void => {
	if (broken === undefined) {
		return;
	}
	totals.broken.attempts += broken.attempts;
	totals.broken.quotaTokens += broken.quotaTokens;
	totals.tokens.quota += broken.quotaTokens;
	spendBroken(totals.spent, broken);
};

/** Counts one event of the cell. Events that say nothing about a cell change nothing. */
export function foldVariant(totals: VariantTotals, event: RunEvent): void {
	if (!('isCounted' in event && event.isCounted)) {
		return;
	}
	totals.lastActiveAt = event.at;
	switch (event.type) {
		case 'sent':
			totals.firstSentAt ??= event.at;
			totals.prompt ??= event.prompt;
			totals.requests.attempts++;
			totals.tokens.reserved += event.reservedTokens;
			if (event.isFirst) {
				totals.requests.sent++;
				totals.items.sent += event.items;
			}
			break;
		case 'answered':
			foldAnswer(totals, event);
			break;
		case 'throttled':
			foldBroken(totals, event.broken);
			totals.throttled[event.kind]++;
			// A throttle by the day's quota is not retried, so it cannot be rescued.
			totals.firstThrottled.requests += event.isFirst === true && event.kind !== 'day' ? 1 : 0;
			break;
		case 'failed':
			foldBroken(totals, event.broken);
			countIn(totals.failed, event.failure.class);
			break;
		case 'abandoned':
			foldBroken(totals, event.broken);
			break;
	}
}

/** Figures of parts of a cell's answers: turns of conversations apart, and cold and warm answers of a cache apart. */

/** Turns with separate figures: a preset has at most a hundred. */
const maxTurns = 100;

/** What is counted for one turn of the conversations of a cell. */
type TurnTotals = ReturnType<typeof emptyTurn>;

const emptyTurn = () => ({
	inputTokens: new RunningMean(),
	outputTokens: new RunningMean(),
	quotaTokens: new RunningMean(),
	timeToFirstToken: new Times(),
});

/** Counts an answer for its turn; one that belongs to no conversation changes nothing. */
function foldTurn(turns: TurnTotals[], {turn, tokens, quotaTokens, times}: AnsweredEvent): void {
	if (turn === undefined || turn >= maxTurns) {
		return;
	}
	while (turns.length <= turn) {
		turns.push(emptyTurn());
	}
	const totals = turns[turn];
	totals?.inputTokens.add(tokens.input + tokens.cacheRead + tokens.cacheWrite);
	totals?.outputTokens.add(tokens.output);
	totals?.quotaTokens.add(quotaTokens);
	if (times.timeToFirstToken !== undefined) {
		totals?.timeToFirstToken.add(times.timeToFirstToken);
	}
}

/** The figures of the turns, as a Snapshot has them; undefined without conversations. */
export function turnFigures(turns: readonly TurnTotals[]): readonly TurnFigures[] | undefined {
	return turns.length === 0
		? undefined
		: turns.map((totals, index) => ({
				turn: index + 1,
				requests: totals.inputTokens.count,
				inputTokens: totals.inputTokens.toMean(),
				outputTokens: totals.outputTokens.toMean(),
				quotaTokens: totals.quotaTokens.toMean(),
				timeToFirstToken: totals.timeToFirstToken.toDistribution(),
			}));
}

/**
 * Answers of a variant that caches. Cold: the prompt was written to the cache and nothing was read. Warm: a part of it was
 * read, which is free of quota (AWS: quotas-token-burndown). Answers that did neither are on no side: the prompt was too
 * short, or the model does not cache.
 */
type SideTotals = ReturnType<typeof emptySide>;

const emptySide = () => ({
	inputTokens: new RunningMean(),
	quotaTokens: new RunningMean(),
	timeToFirstToken: new Times(),
});

/** What is counted for a cell whose variant caches. */
type CachingTotals = ReturnType<typeof emptyCaching>;

export function emptyCaching() {
	return {
		cold: emptySide(),
		warm: emptySide(),
		/** Determine the sustainable rate once the cache is warm. */
		warmRequests: new VectorMoments(momentCount),
	};
}

/** Counts an answer on its side; one that used no cache changes nothing. */
export function foldCaching(caching: CachingTotals, answer: AnsweredEvent): void {
	const {tokens, quotaTokens, times} = answer;
	if (tokens.cacheRead > 0) {
		caching.warmRequests.add(toVector(measuresOf(answer)));
	} else if (tokens.cacheWrite === 0) {
		return;
	}
	const side = tokens.cacheRead > 0 ? caching.warm : caching.cold;
	side.inputTokens.add(tokens.input + tokens.cacheRead + tokens.cacheWrite);
	side.quotaTokens.add(quotaTokens);
	if (times.timeToFirstToken !== undefined) {
		side.timeToFirstToken.add(times.timeToFirstToken);
	}
}

const sideFigures = ({inputTokens, quotaTokens, timeToFirstToken}: SideTotals): CachingSide => ({
	requests: quotaTokens.count,
	inputTokens: inputTokens.toMean(),
	quotaTokens: quotaTokens.toMean(),
	timeToFirstToken: timeToFirstToken.toDistribution(),
});

/** The two sides, as a Snapshot has them. */
export function cachingFigures({cold, warm}: CachingTotals): CachingFigures {
	return {
		cold: sideFigures(cold),
		warm: sideFigures(warm),
	};
}
