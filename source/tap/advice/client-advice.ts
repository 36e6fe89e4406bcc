import type {VariantFigures} from '../../domain/figures-schema.ts';
import type {Advice} from '../../domain/snapshot.ts';
import type {Target} from '../../domain/target.ts';
import {adviseMaxTokens, longerShareBound} from '../../metrics/decisions/client-settings.ts';
import {
	knownLimits,
	sustainableUnderReservation,
	type TypicalRequest,
} from '../../metrics/decisions/sustainable.ts';
import {
	formatCount,
	formatDurationMs,
	formatNumber,
	formatPercent,
	formatTokens,
} from '../../text/numbers.ts';
import {type AnswersAt, cutByTimeout, type Habits} from './habits.ts';

/** What to change about real traffic. One function for each kind of advice; each gives its sentences, or none. */

/** Answers of a client on a model below which nothing is said of it. */
export const minAnswers = 30;
/** Least gain that is a real part of the quota. */
const minGain = 1.1;
/** Least part of the requests that is worth a sentence. */
const minShare = 0.01;
/** Shortest prefix that any model caches (AWS: 512 to 4,096 tokens). */
const minCachedTokens = 512;

/** A client on a model, over all of its sessions. */
export type Subject = {
	/** The client, with the model where it calls several. */
	readonly name: string;
	readonly figures: VariantFigures;
	readonly target: Target;
	readonly habits: Habits;
	/** Requests that came, with those that its SDK sent again. */
	readonly requests: number;
	readonly retries: number;
	readonly cachePoints: number;
	/** The model is known to take cache points. */
	readonly takesCachePoints: boolean;
};

type Standing = {
	/** Requests are held until there is room. */
	readonly isPaced: boolean;
};

/** What follows for the clients from what has passed so far; nothing of a client before 30 answers of a model. */
export function clientAdvice(all: readonly Subject[], standing: Standing): readonly Advice[] {
	const subjects = all.filter(({figures}) => figures.requests.succeeded >= minAnswers);
	return [
		...subjects.flatMap((subject) => throttled(subject, standing)),
		...subjects.flatMap((subject) => timeouts(subject, all)),
		...subjects.flatMap(maxTokens),
		...subjects.flatMap(caching),
	];
}

/** A typical request of those with the same max tokens. */
const typicalOf = (
	{outputs: {count}, sums, firstTokens}: AnswersAt,
	{sustainable: {countsFrom}}: VariantFigures,
): TypicalRequest => ({
	useful: 1,
	quotaTokens: sums.quotaTokens / count,
	reservedTokens: sums.reserved / count,
	serviceMs: sums.serviceMs / count,
	timeToFirstTokenMs: firstTokens.count === 0 ? undefined : firstTokens.sumMs / firstTokens.count,
	countsFrom,
});

const nothing: VariantFigures['maxTokensAdvice'] = {
	value: null,
	truncationRisk: null,
	sustainablePerMinute: null,
};

/** Max tokens that fit the answers to requests with the same ones. */
const fittingOf = (
	answers: AnswersAt,
	figures: VariantFigures,
	target: Target,
): VariantFigures['maxTokensAdvice'] => {
	const {outputs, truncated, sums, least} = answers;
	if (outputs.count < minAnswers) {
		return nothing;
	}
	const mean = sums.maxTokens / outputs.count;
	const request = typicalOf(answers, figures);
	const advice = adviseMaxTokens(outputs, truncated, mean, target.quota, request, outputs.max);
	// In a group of several those that are below the value stay as they are: how much it frees is not known.
	return advice.value !== null && advice.value > least ? nothing : advice;
};

/** Max tokens that fit the answers of a client on a model; nulls where its requests differ in theirs: each has its own need. */
export function maxTokensAdviceOf(
	all: readonly AnswersAt[],
	figures: VariantFigures,
	target: Target,
): VariantFigures['maxTokensAdvice'] {
	const [only] = all;
	return only === undefined || all.length > 1 ? nothing : fittingOf(only, figures, target);
}

function maxTokens(subject: Subject): readonly Advice[] {
	return subject.habits.answersAt.flatMap((answers) => [
		...tooMany(answers, subject),
		...tooFew(answers, subject),
	]);
}

const tooMany = (answers: AnswersAt, subject: Subject): readonly Advice[] => {
	const {outputs, sums, isSet} = answers;
	const {count, max} = outputs;
	const longer = longerShareBound(count);
	const {value, sustainablePerMinute} = fittingOf(answers, subject.figures, subject.target);
	const now = sustainableUnderReservation(subject.target.quota, typicalOf(answers, subject.figures));
	const isGain =
		now !== undefined &&
		sustainablePerMinute !== null &&
		sustainablePerMinute > 0 &&
		sustainablePerMinute >= now * minGain;
	if (value === null || longer === undefined || !isGain) {
		return [];
	}
	const mean = formatCount(sums.maxTokens / count);
	const setAside = isSet
		? `${mean} max tokens are set aside for each`
		: `its requests set no max tokens, so that ${mean} (assumed) are set aside for each`;
	const text =
		`${subject.name}: ${formatCount(count)} answers needed at most ${formatCount(max)} tokens, and ${setAside}. ` +
		`With ${formatCount(value)} the quota carries ${formatNumber(sustainablePerMinute)} of these requests per minute in place ` +
		`of ${formatNumber(now)}; none of these answers would be cut off, and at most ${formatPercent(longer)} of further ones (95%).`;
	return [{kind: 'max-tokens', text, usefulPerMinute: sustainablePerMinute}];
};

const tooFew = ({outputs, truncated, sums, least}: AnswersAt, {name}: Subject): readonly Advice[] => {
	const {count} = outputs;
	// Where all are cut off, that is what is wanted: a class as one token, a probe.
	if (count < minAnswers || truncated === count || truncated < Math.max(2, count * minShare)) {
		return [];
	}
	const isOne = sums.maxTokens === least * count;
	const text = `${name}: ${formatCount(truncated)} of ${formatCount(count)} answers were cut off at their ${isOne ? `${formatCount(least)} ` : ''}max tokens; raise them, or ask for less.`;
	return [{kind: 'max-tokens', text, usefulPerMinute: null}];
};

function throttled(
	{name, figures, requests, retries, target}: Subject,
	{isPaced}: Standing,
): readonly Advice[] {
	const {requests: byRequests, tokens: byTokens} = figures.requests.throttled;
	const count = byRequests + byTokens;
	const {requestsPerMinute, tokensPerMinute} = knownLimits(target.quota);
	const isKnown = requestsPerMinute !== undefined || tokensPerMinute !== undefined;
	if (isPaced || count === 0 || !isKnown) {
		return [];
	}
	const again = retries === 0 ? '' : `, and its SDK sent ${formatCount(retries)} again`;
	const text = `${name}: ${formatCount(count)} of ${formatCount(requests)} requests were throttled${again}; with --pace they would be held until there is room.`;
	return [{kind: 'retries', text, usefulPerMinute: null}];
}

function timeouts({name, habits, target, figures}: Subject, all: readonly Subject[]): readonly Advice[] {
	const cut = cutByTimeout(habits.aborts, habits.longestMs);
	if (cut === undefined) {
		return [];
	}
	const others = all.filter((each) => each.habits !== habits && each.target.baseModel === target.baseModel);
	const longest = Math.max(0, ...others.map((each) => each.habits.longestMs));
	const ofOthers =
		longest > cut.afterMs ? `, while those of others take up to ${formatDurationMs(longest)}` : '';
	const text =
		`${name}: ${formatCount(cut.count)} requests were given up after ${formatDurationMs(cut.afterMs)} each, beside ` +
		`${formatCount(figures.requests.succeeded)} answers, none of which took longer${ofOthers}: a timeout of the client. Raise it.`;
	return [{kind: 'timeout', text, usefulPerMinute: null}];
}

function caching(subject: Subject): readonly Advice[] {
	const {name, figures, cachePoints, requests} = subject;
	const {input, cacheRead, cacheWrite} = figures.tokens;
	if (cacheRead > 0) {
		return [];
	}
	const answers = figures.requests.succeeded;
	const asked = `${name}: ${formatCount(cachePoints)} of ${formatCount(requests)} requests ask for caching`;
	const mean = formatTokens((input + cacheWrite) / answers);
	if (cachePoints === 0) {
		return repeated(subject);
	}
	const text =
		cacheWrite > 0
			? `${asked}: ${formatTokens(cacheWrite)} tokens were written and none was read. What stands before the cache point differs from request to request, or they are too far apart.`
			: `${asked}, and nothing was written: what stands before the cache point is below the minimum of the model, or the model does not cache. They have ${mean} input tokens on average.`;
	return cachePoints < minAnswers ? [] : [{kind: 'caching', text, usefulPerMinute: null}];
}

/** Tools and system prompt that were there before, and that no request asks to be cached. */
const repeated = ({
	name,
	figures,
	habits,
	requests,
	target,
	takesCachePoints,
}: Subject): readonly Advice[] => {
	const {requests: count, characters, ofCharacters} = habits.repeated;
	const {mean: input} = figures.perRequest.inputTokens;
	if (!takesCachePoints || count < minAnswers || input === null || ofCharacters === 0) {
		return [];
	}
	const tokens = Math.floor((input * characters) / ofCharacters);
	const quotaTokens = figures.perRequest.quotaTokens.mean ?? 0;
	if (tokens < minCachedTokens || tokens >= quotaTokens) {
		return [];
	}
	const request = {
		useful: 1,
		quotaTokens,
		reservedTokens: figures.perRequest.reservedTokens.mean ?? 0,
		serviceMs: figures.latencyMs.service.mean ?? 0,
		timeToFirstTokenMs: figures.latencyMs.timeToFirstToken.mean ?? undefined,
		countsFrom: figures.sustainable.countsFrom,
	};
	const now = sustainableUnderReservation(target.quota, request);
	const cached = sustainableUnderReservation(target.quota, {...request, quotaTokens: quotaTokens - tokens});
	const isGain = now !== undefined && cached !== undefined && cached >= now * minGain;
	const rate = isGain
		? ` The quota then carries up to ${formatNumber(cached)} requests per minute in place of ${formatNumber(now)}.`
		: '';
	const text =
		`${name}: ${formatCount(count)} of ${formatCount(requests)} requests begin with tools and a system prompt that were there ` +
		`before, about ${formatTokens(tokens)} tokens, and ask for no caching: read from the cache they would not be charged to the quota.${rate}`;
	return [{kind: 'caching', text, usefulPerMinute: isGain ? cached : null}];
};
