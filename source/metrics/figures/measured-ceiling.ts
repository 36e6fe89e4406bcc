import type {MeasuredCeiling, MeasuredLimit} from '../../domain/account-snapshot.ts';
import type {EnforcementFit} from '../../domain/bucket-usage.ts';
import type {Limit, Quota} from '../../domain/target.ts';
import {formatCount, formatTokens, unknownMark} from '../../text/numbers.ts';
import {studentT} from '../statistics/intervals.ts';

/**
 * The limit of a bucket as the service enforces it, by what it let through in minutes in which it throttled. Applied and
 * default values may be wrong or missing; this is evidence beside them.
 */

/** One minute of a bucket as CloudWatch counts it. */
export type CeilingMinute = {
	/** Its begin, in milliseconds since 1970. */
	readonly at: number;
	/** Accepted; throttled ones are not among them. */
	readonly requests: number;
	readonly throttles: number;
	/** Errors of the service (503 among them): what it lets through then says nothing about a quota. */
	readonly serverErrors: number;
	/** Settled; null where CloudWatch does not have them (yet). */
	readonly quotaTokens: number | null;
};

/** With fewer throttled minutes nothing is stated. */
const minThrottledMinutes = 5;
/** With fewer accepted requests one more or less decides. */
const minAccepted = 20;

const minuteMs = 60_000;
/** The interval leaves out this part of the weight at either end. */
const tail = 0.1;
/** With a greater error, as a part of the value, nothing is stated: a few short minutes say too different things. */
const maxError = 0.22;
/** Level at which one of the two dimensions is refuted. */
const level = 0.002;

type MinuteQuota = Pick<Quota, 'requestsPerMinute' | 'tokensPerMinute'>;

/** A throttled minute with what it is worth. */
type Evidence = CeilingMinute & {readonly weight: number};

/**
 * Measures both dimensions of a limit. A minute amid throttled ones was full from its begin to its end. One at an edge was
 * full for a part of it, perhaps for seconds: it lets through less, or more where a bucket that refills had been full before.
 * So minutes are weighted by their neighbours, and the weighted median is taken, not the mean or the most.
 * @param minutes Whole minutes, in any order; those without traffic may be missing.
 * @param quota Where the service sets no limit of one dimension, the other is the limit.
 * @returns undefined with fewer than 5 throttled minutes, each with 20 accepted requests or more and no error of the service,
 * and where these differ so much that a tenth more or less is likely.
 */
export function measureCeiling(
	minutes: readonly CeilingMinute[],
	quota: MinuteQuota,
): MeasuredCeiling | undefined {
	const throttled = new Set(minutes.filter(({throttles}) => throttles > 0).map(({at}) => at));
	const evidence = minutes
		.filter(
			({at, requests, serverErrors}) => throttled.has(at) && requests >= minAccepted && serverErrors === 0,
		)
		.map((minute): Evidence => ({...minute, weight: weightOf(minute, throttled)}));
	if (evidence.length < minThrottledMinutes) {
		return undefined;
	}
	const counted = evidence.filter((minute) => tokensOf(minute) > 0);
	const requests = middleOf(evidence, ({requests: accepted}) => accepted);
	const quotaTokens =
		counted.length < minThrottledMinutes
			? undefined
			: middleOf(counted, tokensOf, (minute) => tokensOf(minute) / minute.requests);
	const limitedBy = limitingDimension(counted, quota);
	const shown = [
		...(limitedBy === 'tokens' ? [] : [requests]),
		...(limitedBy === 'requests' ? [] : [quotaTokens]),
	].filter((limit) => limit !== undefined);
	if (!shown.every(({error}) => error <= maxError)) {
		return undefined;
	}
	const times = evidence.map(({at}) => at);
	const statedOf = (limit: Middle | undefined): MeasuredLimit | null =>
		limit === undefined || !shown.includes(limit)
			? null
			: {value: Math.round(limit.value), low: limit.low, high: limit.high};
	return {
		limitedBy,
		minutes: evidence.length,
		fromMs: Math.min(...times),
		toMs: Math.max(...times),
		requests: statedOf(requests),
		quotaTokens: statedOf(quotaTokens),
	};
}

const tokensOf = ({quotaTokens}: CeilingMinute): number => quotaTokens ?? 0;

/**
 * Weights are those with which 1,600 simulated accounts were measured best (`test/metrics/figures`): the more of what was
 * asked a minute refused, the longer it was full.
 */
const weightOf = ({at, requests, throttles}: CeilingMinute, throttled: ReadonlySet<number>): number => {
	const isAfter = throttled.has(at - minuteMs);
	const isBefore = throttled.has(at + minuteMs);
	const base = isAfter && isBefore ? 10 : isAfter ? 4 : 0.5;
	return base * Math.sqrt(throttles / (throttles + requests));
};

/** A limit with its standard error, as a part of it. */
type Middle = MeasuredLimit & {readonly error: number};

/** Of a normal distribution: between its quarters in standard deviations; error of a median by that of a mean. */
const quarters = 1.35;
const ofMedian = 1.25;

/** @param sizeOf Only whole requests fit: up to one more was left free, half of one on average. */
const middleOf = (
	evidence: readonly Evidence[],
	of: (minute: Evidence) => number,
	sizeOf: (minute: Evidence) => number = () => 0,
): Middle => {
	const total = evidence.reduce((sum, {weight}) => sum + weight, 0);
	const sorted = (free: number) =>
		evidence
			.map((minute) => ({value: of(minute) + free * sizeOf(minute), weight: minute.weight}))
			.toSorted((one, other) => one.value - other.value);
	const quantile = (part: number, free: number): number => {
		let passed = 0;
		const found = sorted(free).find(({weight}) => {
			passed += weight;
			return passed >= total * part;
		});
		return found?.value ?? Math.max(...evidence.map(of));
	};
	const value = between(sorted(0.5), total / 2);
	const spread = (quantile(0.75, 0.5) - quantile(0.25, 0.5)) / quarters;
	const squares = evidence.reduce((sum, {weight}) => sum + weight ** 2, 0);
	return {
		value,
		low: quantile(tail, 0),
		high: quantile(1 - tail, 1),
		error: (ofMedian * spread * Math.sqrt(squares)) / (total * value),
	};
};

/** The value at a sum of weights, each value in the middle of its own weight. */
const between = (
	sorted: ReadonlyArray<{readonly value: number; readonly weight: number}>,
	at: number,
): number => {
	let passed = 0;
	let before: {readonly value: number; readonly middle: number} | undefined;
	for (const {value, weight} of sorted) {
		const middle = passed + weight / 2;
		if (middle >= at) {
			return before === undefined
				? value
				: before.value + ((value - before.value) * (at - before.middle)) / (middle - before.middle);
		}
		before = {value, middle};
		passed += weight;
	}
	return before?.value ?? 0;
};

/**
 * Which dimension is the limit, by whether the requests of throttled minutes fall where requests are larger. With a limit of
 * requests their number does not depend on their size (slope 0 of log requests over log size), with one of tokens it falls
 * as much as the size rises (slope -1). It stays unknown where sizes hardly change, or where both limits were met.
 */
const limitingDimension = (
	evidence: readonly Evidence[],
	{requestsPerMinute, tokensPerMinute}: MinuteQuota,
): MeasuredCeiling['limitedBy'] => {
	if (requestsPerMinute.state === 'none' || tokensPerMinute.state === 'none') {
		return requestsPerMinute.state !== 'none'
			? 'requests'
			: tokensPerMinute.state !== 'none'
				? 'tokens'
				: 'unknown';
	}
	if (evidence.length < minThrottledMinutes) {
		return 'unknown';
	}
	const points = evidence.map((minute) => ({
		x: Math.log(tokensOf(minute) / minute.requests),
		y: Math.log(minute.requests),
		weight: minute.weight,
	}));
	const total = points.reduce((sum, {weight}) => sum + weight, 0);
	const meanX = points.reduce((sum, {x, weight}) => sum + weight * x, 0) / total;
	const meanY = points.reduce((sum, {y, weight}) => sum + weight * y, 0) / total;
	const spread = points.reduce((sum, {x, weight}) => sum + weight * (x - meanX) ** 2, 0);
	if (Math.sqrt(spread / total) < minSpread) {
		return 'unknown';
	}
	const slope = points.reduce((sum, {x, y, weight}) => sum + weight * (x - meanX) * (y - meanY), 0) / spread;
	const residuals = points.reduce(
		(sum, {x, y, weight}) => sum + (weight * (x - meanX) * (y - meanY - slope * (x - meanX))) ** 2,
		0,
	);
	const error = (Math.sqrt(residuals) / spread) * Math.sqrt(points.length / (points.length - 2));
	const bound = studentT(points.length - 2, level / 2) * error;
	const mayBeRequests = Math.abs(slope) <= bound || Math.abs(slope) <= slopeSlack;
	const mayBeTokens = Math.abs(slope + 1) <= bound || Math.abs(slope + 1) <= slopeSlack;
	return mayBeRequests === mayBeTokens ? 'unknown' : mayBeRequests ? 'requests' : 'tokens';
};

/** Sizes that differ by less than this (1%) between minutes say nothing. */
const minSpread = 0.01;
/** Whole requests and the room that the last one does not fill bend a slope by about this much. */
const slopeSlack = 0.1;

/**
 * The evidence in a sentence or two, beside the values that are applied or assumed.
 * @param period The time that it is from, such as `of the last 3 hours`.
 */
export function ceilingWords(measured: MeasuredCeiling, quota: MinuteQuota, period: string): string {
	const {requests, quotaTokens, limitedBy, minutes} = measured;
	const ranges = [
		...(requests === null ? [] : [`${measuredRange(requests, formatCount)} requests`]),
		...(quotaTokens === null ? [] : [`${measuredRange(quotaTokens, formatTokens)} quota tokens`]),
	];
	const stated = [
		...(requests === null ? [] : [statedWords(quota.requestsPerMinute, formatCount)]),
		...(quotaTokens === null ? [] : [statedWords(quota.tokensPerMinute, formatTokens)]),
	].map((words, index, all) =>
		// Two numbers of one source name it once.
		words.source === all[index - 1]?.source ? words.value : `${words.source} ${words.value}`.trim(),
	);
	const remarks = [
		...(limitedBy === 'unknown' ? ['Which of the two is the limit is not known from these minutes.'] : []),
		...(quotaTokens === null
			? []
			: ['Tokens are as settled: what max tokens reserve is not counted, so the limit may be higher.']),
	];
	return [
		`Throttled at ${ranges.join(' or ')} per minute in ${formatCount(minutes)} minutes ${period}; ${stated.join(' and ')}.`,
		...remarks,
	].join(' ');
}

/** A range in words; one number where both ends read the same. */
export function measuredRange({low, high}: MeasuredLimit, format: (value: number) => string): string {
	const [from, to] = [format(low), format(high)];
	return from === to ? from : `${from} to ${to}`;
}

/** What is in force by Service Quotas, and whose number it is. */
const statedWords = (
	{state, value, source}: Limit,
	format: (value: number) => string,
): {readonly source: string; readonly value: string} =>
	state === 'none'
		? {source: '', value: 'no limit listed'}
		: {source: source ?? 'quota', value: value === null ? unknownMark : format(value)};

/** The evidence as it is written in JSON; null where there is none. */
export function ceilingJson(measured: MeasuredCeiling | null) {
	return measured === null
		? null
		: {
				limitedBy: measured.limitedBy,
				minutes: measured.minutes,
				from: new Date(measured.fromMs).toISOString(),
				to: new Date(measured.toMs + minuteMs).toISOString(),
				requestsPerMinute: measured.requests,
				quotaTokensPerMinute: measured.quotaTokens,
			};
}

const windowWords = {
	sliding: 'any 60 s',
	fixed: 'fixed minutes',
	refill: 'a bucket that refills',
} as const satisfies Record<EnforcementFit['windows'][number], string>;

const setAsideWords = {
	'input-and-max-tokens': 'input and max tokens',
	'uncached-input-and-max-tokens': 'input that is not read from a cache, and max tokens',
	input: 'input alone',
} as const satisfies Record<EnforcementFit['setAside'][number], string>;

const countsFromWords = {
	'first-byte': 'first byte',
	end: 'end',
} as const satisfies Record<EnforcementFit['countsFrom'][number], string>;

/** How the service enforces quota tokens per minute, as it is written in JSON. */
export function enforcementJson({since, at, limit, ...fit}: EnforcementFit) {
	return {
		from: new Date(since).toISOString(),
		to: new Date(at).toISOString(),
		quotaTokensPerMinute: limit,
		accepted: fit.accepted,
		refused: fit.refused,
		windows: [...fit.windows],
		setAside: [...fit.setAside],
		countsFrom: [...fit.countsFrom],
	};
}

/** The same in a sentence, with the evidence. */
export function enforcementWords({
	to,
	quotaTokensPerMinute: limit,
	accepted,
	refused,
	windows,
	setAside,
	countsFrom,
}: Omit<EnforcementFit, 'since' | 'at' | 'limit'> & {
	readonly to: string;
	readonly quotaTokensPerMinute: number;
}): string {
	const evidence = `${formatCount(refused)} throttled and ${formatCount(accepted)} accepted requests until ${to.slice(0, 16).replace('T', ' ')} UTC`;
	if (windows.length === 0) {
		return `How the service counts is not known: ${evidence} fit no way of counting ${formatTokens(limit)} quota tokens per minute. Others use them too, or another limit is enforced.`;
	}
	const ways = [
		windows.length === Object.keys(windowWords).length
			? 'over which minute is not known yet'
			: `over ${windows.map((kind) => windowWords[kind]).join(' or ')}`,
		`it sets aside ${setAside.map((kind) => setAsideWords[kind]).join(', or ')}`,
		`an answer counts from its ${countsFrom.map((kind) => countsFromWords[kind]).join(' or its ')}`,
	];
	return `How the service counts, if it enforces ${formatTokens(limit)} quota tokens per minute: ${ways.join('; ')} (${evidence}).`;
}
