import {horizonMinutes, minutesToLimit, trendMinutes} from '../../account/outlook.ts';
import {minuteMs} from '../../account/usage-history.ts';
import {elsewhere} from '../../account/what-to-change.ts';
import type {AccountBucket} from '../../domain/account-snapshot.ts';
import type {Advice, BucketState} from '../../domain/snapshot.ts';
import type {Limit, Target} from '../../domain/target.ts';
import {increaseText, knownLimits} from '../../metrics/decisions/sustainable.ts';
import {formatCount, formatMinuteUtc, formatNumber, formatPercent} from '../../text/numbers.ts';
import {minAnswers, type Subject} from './client-advice.ts';

/** What to change about the quotas that clients share: which is reached first, where else there is room, what to ask AWS for. */

/** A bucket that clients draw from. */
export type TappedBucket = {
	readonly target: Target;
	/** Undefined while its quotas are not known. */
	readonly state: Pick<BucketState, 'requests' | 'tokens' | 'day' | 'others'> | undefined;
	readonly subjects: readonly Subject[];
};

type World = {
	readonly elapsedMs: number;
	/** In milliseconds since 1970. */
	readonly nowMs: number;
	/** Buckets of the account that are watched. */
	readonly account: readonly AccountBucket[];
};

/** Whole minutes that say how full a bucket is. */
const recentMinutes = 3;
/** Minutes below which a trend says nothing. */
const minTrendMinutes = 8;
/** From this part of a limit on it is what holds up. */
const fullFraction = 0.9;
/** From this part on another bucket is worth a look, and a busiest minute worth a request to AWS. */
const pressedFraction = 0.7;

const units = {requests: 'requests per minute', tokens: 'quota tokens per minute'} as const;

/** One limit of a minute, with what was used of it. */
type Level = {
	readonly kind: keyof typeof units;
	readonly limit: number;
	readonly quota: Limit;
	/** Undefined where nothing of them is known. */
	readonly others: number | undefined;
	/** By whole minutes, the oldest first, others' use as it is now among them. */
	readonly values: readonly number[];
	/** The client that used most of it, with its part of what clients of the tap used. */
	readonly most: {readonly name: string; readonly part: number} | undefined;
};

const mean = (values: readonly number[]): number =>
	values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

const recentOf = ({values}: Pick<Level, 'values'>): number => mean(values.slice(-recentMinutes));

const minutesOf = (
	subjects: readonly Subject[],
	of: Parameters<Subject['habits']['minutes']>[0],
	elapsedMs: number,
): readonly number[] => {
	const each = subjects.map(({habits}) => habits.minutes(of, elapsedMs));
	return (each[0] ?? []).map((_, minute) => each.reduce((sum, values) => sum + (values[minute] ?? 0), 0));
};

const busiestClientOf = (
	subjects: readonly Subject[],
	of: 'requests' | 'occupied',
	elapsedMs: number,
): Level['most'] => {
	const used = subjects.map(({name, habits}) => ({
		name,
		amount: mean(habits.minutes(of, elapsedMs).slice(-trendMinutes)),
	}));
	const all = used.reduce((sum, {amount}) => sum + amount, 0);
	const [first] = used.toSorted((one, other) => other.amount - one.amount);
	return first === undefined || all === 0 ? undefined : {name: first.name, part: first.amount / all};
};

/** As CloudWatch reported it: what a throttle shows is of an instant, and not of the minutes that count here. */
const othersOf = (state: TappedBucket['state'], kind: Level['kind']): number | undefined =>
	state?.others?.from === 'cloudwatch' ? state[kind].others : undefined;

/** Limits that are known, with their use. */
const levelsOf = ({target, state, subjects}: TappedBucket, elapsedMs: number): readonly Level[] => {
	const {requestsPerMinute, tokensPerMinute} = knownLimits(target.quota);
	const of = (
		kind: Level['kind'],
		limit: number | undefined,
		quota: Limit,
		counted: 'requests' | 'occupied',
	): readonly Level[] => {
		if (limit === undefined || limit <= 0) {
			return [];
		}
		const others = othersOf(state, kind);
		const values = minutesOf(subjects, counted, elapsedMs).map((own) => own + (others ?? 0));
		return [{kind, limit, quota, others, values, most: busiestClientOf(subjects, counted, elapsedMs)}];
	};
	return [
		...of('requests', requestsPerMinute, target.quota.requestsPerMinute, 'requests'),
		// What is set aside counts while an answer is on its way.
		...of('tokens', tokensPerMinute, target.quota.tokensPerMinute, 'occupied'),
	];
};

/** What follows for the buckets; nothing of one before 30 answers. */
export function bucketAdvice(buckets: readonly TappedBucket[], world: World): readonly Advice[] {
	return buckets.flatMap((bucket) => {
		const answers = answersOf(bucket);
		const levels = levelsOf(bucket, world.elapsedMs);
		return answers < minAnswers || levels.every(({values}) => values.length === 0)
			? []
			: [
					...firstLimit(bucket, levels, world),
					...otherBucket(bucket, levels, world),
					...quotaIncrease(bucket, levels, world),
				];
	});
}

const answersOf = ({subjects}: TappedBucket): number =>
	subjects.reduce((sum, {figures}) => sum + figures.requests.succeeded, 0);

/** What was used, by whom, and how many answers that is known from. */
const useWords = (level: Level, bucket: TappedBucket): string => {
	const {kind, limit, most, others} = level;
	const ofOthers = others === undefined ? 'others not known' : `${formatCount(others)} by others`;
	const ofClient =
		most === undefined ? '' : `, ${most.name} uses ${formatPercent(most.part)} of the tap's part`;
	return `${formatCount(recentOf(level))} of ${formatCount(limit)} ${units[kind]}, ${ofOthers}${ofClient} (${formatCount(answersOf(bucket))} answers)`;
};

type Reached = {readonly inMinutes: number; readonly text: string};

const minuteLimit = (level: Level, bucket: TappedBucket): readonly Reached[] => {
	const {kind, limit, values} = level;
	const what = `${bucket.target.model}: ${units[kind]} are the limit`;
	const use = useWords(level, bucket);
	if (recentOf(level) >= limit * fullFraction) {
		const since = values.length < recentMinutes ? 'the last minute' : `the last ${recentMinutes} min`;
		return [{inMinutes: 0, text: `${what}: in ${since} ${use}.`}];
	}
	const minutes =
		values.length < minTrendMinutes ? undefined : minutesToLimit(values.slice(-trendMinutes), limit);
	if (minutes === undefined || minutes > horizonMinutes) {
		return [];
	}
	const soon = Math.max(1, Math.round(minutes));
	return [{inMinutes: soon, text: `${what} in about ${soon} min at the present growth: now ${use}.`}];
};

const dayMs = 24 * 60 * minuteMs;

/** The day's tokens at the pace of the last hour; others can only make it earlier. */
const dayLimit = (bucket: TappedBucket, {elapsedMs, nowMs}: World): readonly Reached[] => {
	const {target, state, subjects} = bucket;
	const {tokensPerDay} = knownLimits(target.quota);
	const perMinute = mean(minutesOf(subjects, 'quotaTokens', elapsedMs)) + (othersOf(state, 'tokens') ?? 0);
	if (tokensPerDay === undefined || state === undefined || perMinute <= 0) {
		return [];
	}
	const used = state.day.used + (state.day.others ?? 0);
	const inMinutes = Math.max(0, tokensPerDay - used) / perMinute;
	const atMs = nowMs + inMinutes * minuteMs;
	if (Math.floor(atMs / dayMs) !== Math.floor(nowMs / dayMs)) {
		return [];
	}
	const text =
		`${target.model}: the day's ${formatNumber(tokensPerDay)} quota tokens are used up by ${formatMinuteUtc(atMs)} at the pace of ` +
		`the last hour: ${formatCount(used)} used, ${formatCount(perMinute)} per minute (${formatCount(answersOf(bucket))} answers).`;
	return [{inMinutes, text}];
};

const firstLimit = (bucket: TappedBucket, levels: readonly Level[], world: World): readonly Advice[] =>
	[...levels.flatMap((level) => minuteLimit(level, bucket)), ...dayLimit(bucket, world)]
		.toSorted((one, other) => one.inMinutes - other.inMinutes)
		.slice(0, 1)
		.map(({text}) => ({kind: 'limit', text, usefulPerMinute: null}));

const otherBucket = (
	{target, subjects}: TappedBucket,
	levels: readonly Level[],
	{elapsedMs, account}: World,
): readonly Advice[] => {
	const [fullest] = levels.toSorted(
		(one, other) => recentOf(other) / other.limit - recentOf(one) / one.limit,
	);
	if (fullest === undefined || recentOf(fullest) < fullest.limit * pressedFraction) {
		return [];
	}
	const recent = (of: 'requests' | 'quotaTokens'): number =>
		recentOf({values: minutesOf(subjects, of, elapsedMs)});
	const use = {requests: recent('requests'), quotaTokens: recent('quotaTokens')};
	const {baseModel: model, scope, region} = target;
	return elsewhere({model, scope, region, use}, account)
		.slice(0, 1)
		.map((where) => ({
			kind: 'scope',
			text: `${target.model}: ${formatPercent(recentOf(fullest) / fullest.limit)} of ${formatCount(fullest.limit)} ${units[fullest.kind]} are used. ${where}`,
			usefulPerMinute: null,
		}));
};

/** What to ask for, so that the busiest minute is no longer near the limit. */
const quotaIncrease = (
	{target, subjects}: TappedBucket,
	levels: readonly Level[],
	{elapsedMs}: World,
): readonly Advice[] => {
	const asks = levels.flatMap(({kind, limit, values, quota}) => {
		const ask = Math.max(0, ...values) / pressedFraction;
		const {code, adjustable} = quota;
		const by = [code ?? '', adjustable === false ? 'by AWS Support only' : ''].filter(Boolean).join(', ');
		return ask <= limit
			? []
			: [
					`${formatNumber(Math.ceil(ask))} ${units[kind]} in place of ${formatCount(limit)}${by === '' ? '' : ` (${by})`}`,
				];
	});
	const sum = (pick: (subject: Subject) => number): number =>
		subjects.reduce((total, subject) => total + pick(subject), 0);
	const throttles = sum(
		({
			figures: {
				requests: {throttled},
			},
		}) => throttled.requests + throttled.tokens,
	);
	const answers = sum(({figures}) => figures.requests.succeeded);
	const [requests, tokens] = (['requests', 'quotaTokens'] as const).map((of) =>
		minutesOf(subjects, of, elapsedMs),
	);
	if (asks.length === 0 || requests === undefined || tokens === undefined) {
		return [];
	}
	const figures = increaseText(
		target.model,
		{
			steadyRequestsPerMinute: mean(requests),
			peakRequestsPerMinute: Math.max(...requests),
			steadyTokensPerMinute: mean(tokens),
			peakTokensPerMinute: Math.max(...tokens),
		},
		{
			input: sum(({figures: {tokens: each}}) => each.input + each.cacheRead + each.cacheWrite) / answers,
			output: sum((subject) => subject.figures.tokens.output) / answers,
		},
	);
	const text = `${figures} ${throttles === 0 ? '' : `${formatCount(throttles)} requests were throttled. `}Ask for ${throttles === 0 ? '' : 'at least '}${asks.join(' and ')}: the busiest minute, with others and what is set aside, then fills ${formatPercent(pressedFraction)}.`;
	return [{kind: 'quota-increase', text, usefulPerMinute: null}];
};
