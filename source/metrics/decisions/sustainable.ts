import {occupiedBy} from '../../domain/accounting.ts';
import type {CountsFrom, Use} from '../../domain/bucket-usage.ts';
import type {LimitedBy, VariantFigures} from '../../domain/figures-schema.ts';
import type {Occupied} from '../../domain/run-event.ts';
import type {Advice, Timeline} from '../../domain/snapshot.ts';
import {dayQuotaOf, type Limit, type Quota, type Target} from '../../domain/target.ts';
import {formatCount} from '../../text/numbers.ts';
import {indexOf, type Measure} from '../figures/blocks.ts';
import {studentT, wilsonInterval} from '../statistics/intervals.ts';
import type {VectorMoments, Weights} from '../statistics/streams.ts';

const minutesPerDay = 1440;

type Bound = {readonly usefulPerMinute: number; readonly limitedBy: LimitedBy};

/** Mean cost of one request to its bucket; `occupied` in units of one window. */
type RequestCost = {
	/** Settled quota tokens. */
	readonly settled: number;
	readonly setAside: number;
	readonly occupied: Occupied;
};

/** The known limits, in their own units; assumed ones are ignored. */
export function knownLimits(quota: Quota) {
	const known = (limit: Limit | undefined): number | undefined => {
		const {state, value} = limit ?? {state: 'none', value: null};
		return state === 'blocked' ? 0 : state === 'known' && value !== null ? value : undefined;
	};
	return {
		requestsPerMinute: known(quota.requestsPerMinute),
		tokensPerMinute: known(quota.tokensPerMinute),
		outputTokensPerMinute: known(quota.outputTokensPerMinute),
		tokensPerDay: known(dayQuotaOf(quota).limit),
	};
}

/**
 * Useful items per day, where the day's quota does not last for a whole day at the rate. It does not lower the rate: within
 * some hours the full rate is reached.
 */
export function dayBoundOf({
	usefulPerMinute,
	usefulPerDay = null,
}: VariantFigures['sustainable']): number | undefined {
	const all = (usefulPerMinute ?? Number.POSITIVE_INFINITY) * minutesPerDay;
	return usefulPerDay !== null && usefulPerDay < all ? usefulPerDay : undefined;
}

/**
 * Useful items per minute that a quota allows as a program really reaches them (README, How each number is defined): a bucket of
 * TPM tokens, less half of what one request sets aside, because only whole requests fit, over what a request occupies;
 * requests likewise.
 * @param usefulPerRequest Mean useful items of one request.
 * @returns Undefined when no limit is known.
 */
export function sustainableBound(
	quota: Quota,
	usefulPerRequest: number,
	{setAside, occupied}: Omit<RequestCost, 'settled'>,
): Bound | undefined {
	const {requestsPerMinute, tokensPerMinute, outputTokensPerMinute} = knownLimits(quota);
	const over = (limit: number, cost: number): number =>
		cost <= 0 ? 0 : (Math.max(0, limit) / cost) * usefulPerRequest;
	const bounds: Bound[] = [];
	if (requestsPerMinute !== undefined) {
		bounds.push({usefulPerMinute: over(requestsPerMinute, occupied.requests), limitedBy: 'requests'});
	}
	if (tokensPerMinute !== undefined) {
		// A request that is larger than its bucket is never sent.
		const room = setAside > tokensPerMinute ? 0 : tokensPerMinute - setAside / 2;
		bounds.push({usefulPerMinute: over(room, occupied.tokens), limitedBy: 'tokens'});
	}
	if (outputTokensPerMinute !== undefined && occupied.output !== undefined) {
		const room = outputTokensPerMinute - occupied.output / 2;
		bounds.push({usefulPerMinute: over(room, occupied.output), limitedBy: 'output'});
	}
	return bounds.sort((first, second) => first.usefulPerMinute - second.usefulPerMinute)[0];
}

/** A quota less others' use per minute, and their greatest part of a limit. */
export function leftBy(
	{requests, tokens}: Use,
	quota: Quota,
): {readonly quota: Quota; readonly othersShare: number} {
	const less = (limit: Limit, used: number): Limit =>
		limit.value === null ? limit : {...limit, value: Math.max(0, limit.value - used)};
	const part = ({value}: Limit, used: number): number =>
		value === null || value <= 0 ? 0 : Math.min(1, used / value);
	const {requestsPerMinute, tokensPerMinute} = quota;
	return {
		quota: {
			...quota,
			requestsPerMinute: less(requestsPerMinute, requests),
			tokensPerMinute: less(tokensPerMinute, tokens),
		},
		othersShare: Math.max(part(requestsPerMinute, requests), part(tokensPerMinute, tokens)),
	};
}

/** Weights of the logarithm of the sustainable rate in the means, by the limit that it is limited by (delta method). */
const sustainableWeights = (limitedBy: LimitedBy, meanOf: (measure: Measure) => number): Weights => {
	const per = (measure: Measure, sign: 1 | -1) => [indexOf(measure), sign / meanOf(measure)] as const;
	switch (limitedBy) {
		case 'requests':
			return [per('useful', 1), per('occupiedRequests', -1)];
		case 'output':
			return [per('useful', 1), per('occupiedOutput', -1)];
		case 'concurrency':
			return [per('useful', 1), per('serviceMs', -1)];
		case 'tokens':
		case 'none':
		// Of results of earlier versions only.
		case 'day':
			return [per('useful', 1), per('occupiedTokens', -1)];
	}
};

/**
 * Useful items per minute that the requests in flight allow (Little's law).
 * @returns Undefined before the first answer.
 */
function concurrencyBound(inFlight: number, usefulPerRequest: number, serviceMs: number): Bound | undefined {
	return serviceMs <= 0
		? undefined
		: {usefulPerMinute: ((inFlight * 60_000) / serviceMs) * usefulPerRequest, limitedBy: 'concurrency'};
}

/** Limits of a cell's rate beside its quota. */
export type CellBounds = {
	/** Most useful items of one request. */
	readonly itemsPerRequest?: number | undefined;
	/** Requests in flight where the load limits them; null where it does not. */
	readonly inFlight?: number | null | undefined;
	/** Quota tokens of the longest possible answer, where that is far above the longest so far; absent otherwise. */
	readonly unseenTokens?: number | undefined;
};

/**
 * Sustainable rate of a cell with its 95% interval. Its parts are the useful share of the items, by Wilson, and the
 * quota tokens or the service time, log-normal; they are combined by MOVER (Zou and Donner 2008) with their
 * correlation. So the interval has a width where every item was useful, and does not exceed what the quota allows.
 */
export function sustainableRate(
	requests: VectorMoments,
	quota: Quota,
	{itemsPerRequest = 1, inFlight = null, unseenTokens = 0}: CellBounds = {},
): VariantFigures['sustainable'] {
	const meanOf = (measure: Measure): number => requests.mean(indexOf(measure));
	const useful = meanOf('useful');
	const cost: RequestCost = {
		settled: meanOf('quotaTokens'),
		setAside: meanOf('setAside'),
		occupied: {
			tokens: meanOf('occupiedTokens'),
			requests: meanOf('occupiedRequests'),
			output: meanOf('occupiedOutput'),
		},
	};
	const boundAt = (usefulPerRequest: number, more = 0): Bound | undefined => {
		const costlier = {
			...cost,
			settled: cost.settled + more,
			occupied: {...cost.occupied, tokens: cost.occupied.tokens + more},
		};
		const allowed = sustainableBound(quota, usefulPerRequest, costlier);
		const reached =
			inFlight === null ? undefined : concurrencyBound(inFlight, usefulPerRequest, meanOf('serviceMs'));
		return allowed !== undefined && reached !== undefined && reached.usefulPerMinute < allowed.usefulPerMinute
			? reached
			: allowed;
	};
	const {tokensPerMinute, tokensPerDay} = knownLimits(quota);
	const bound = requests.count === 0 ? undefined : boundAt(useful);
	const usefulPerDay =
		tokensPerDay === undefined || requests.count === 0 || cost.settled <= 0
			? null
			: (tokensPerDay / cost.settled) * useful;
	if (bound === undefined) {
		const unknown = {usefulPerMinute: null, low: null, high: null, ceilingPerMinute: null};
		return {...unknown, limitedBy: 'none', usefulPerDay};
	}
	const {usefulPerMinute, limitedBy} = bound;
	// What output alone would allow is not measured: its answers are only known with what they set aside.
	const ceilingPerMinute =
		tokensPerMinute === undefined || cost.settled <= 0 || limitedBy === 'output'
			? null
			: (tokensPerMinute / cost.settled) * useful;
	const figures = {usefulPerMinute, limitedBy, ceilingPerMinute, usefulPerDay};
	const share = usefulShare(requests, Math.max(itemsPerRequest, useful));
	if (requests.count < 2 || share === undefined) {
		return {...figures, low: null, high: null};
	}
	if (useful === 0) {
		const high = boundAt(share.high * itemsPerRequest)?.usefulPerMinute ?? null;
		return {...figures, low: 0, high};
	}
	const parts = sustainableWeights(limitedBy, meanOf);
	if (!parts.every(([, weight]) => Number.isFinite(weight))) {
		// Requests that cost nothing, or took no time: their spread says nothing.
		return {...figures, low: null, high: null};
	}
	const errorOf = (weights: Weights): number => requests.standardError(weights) ?? 0;
	const [usefulError, otherError, error] = [parts.slice(0, 1), parts.slice(1), parts].map(errorOf) as [
		number,
		number,
		number,
	];
	const both = usefulError * otherError;
	const correlation = both === 0 ? 0 : (error ** 2 - usefulError ** 2 - otherError ** 2) / (2 * both);
	const other = studentT(requests.count - 1) * otherError;
	const factorOf = (part: number): number =>
		Math.exp(Math.sqrt(Math.max(0, part ** 2 + other ** 2 + 2 * correlation * part * other)));
	const max = (knownLimits(quota).requestsPerMinute ?? Number.POSITIVE_INFINITY) * itemsPerRequest;
	// Rule of three: n answers cannot exclude that one of 3 n is as long as max tokens allow.
	const unseen = boundAt(useful, (unseenTokens * 3) / requests.count)?.usefulPerMinute ?? usefulPerMinute;
	const unseenFactor = unseen > 0 ? usefulPerMinute / unseen : 1;
	return {
		...figures,
		low: usefulPerMinute / factorOf(Math.log(share.value / share.low)) / unseenFactor,
		high: Math.max(
			usefulPerMinute,
			Math.min(max, usefulPerMinute * factorOf(Math.log(share.high / share.value))),
		),
	};
}

/**
 * Useful part of the items that the requests could hold, with its 95% interval. Items of one request fail together or
 * not: the number of trials follows from the variance between requests, from one per request to one per item.
 */
const usefulShare = (
	requests: VectorMoments,
	itemsPerRequest: number,
): {readonly value: number; readonly low: number; readonly high: number} | undefined => {
	const value = requests.mean(indexOf('useful')) / itemsPerRequest;
	const error = requests.standardError([[indexOf('useful'), 1 / itemsPerRequest]]) ?? 0;
	const independent = error === 0 ? Number.POSITIVE_INFINITY : (value * (1 - value)) / error ** 2;
	const trials = Math.max(requests.count, Math.min(requests.count * itemsPerRequest, independent));
	const interval = wilsonInterval(value * trials, trials);
	return interval && {value, low: Math.min(value, interval.low), high: Math.max(value, interval.high)};
};

const windowMs = 60_000;

/** The mean request of a cell. */
export type TypicalRequest = {
	readonly useful: number;
	/** Settled quota tokens. */
	readonly quotaTokens: number;
	/** Quota tokens set aside while it is in flight. */
	readonly reservedTokens: number;
	/** What of these the service itself reserves; absent: all of them. */
	readonly reservedByService?: number | undefined;
	/** Where its tokens count from; absent: not known. */
	readonly countsFrom?: CountsFrom | undefined;
	readonly serviceMs: number;
	/** Absent where the first byte is the end. */
	readonly timeToFirstTokenMs?: number | undefined;
};

/** Cost of a typical request to its bucket. */
export function costOfTypical({
	quotaTokens,
	reservedTokens,
	reservedByService = reservedTokens,
	countsFrom = 'unknown',
	serviceMs,
	timeToFirstTokenMs,
}: Omit<TypicalRequest, 'useful'>): RequestCost {
	const setAside = Math.max(quotaTokens, reservedTokens);
	const times = {service: serviceMs, timeToFirstToken: timeToFirstTokenMs};
	return {
		settled: quotaTokens,
		setAside,
		occupied: occupiedBy(
			{setAside, reserved: reservedByService, settled: quotaTokens, countsFrom},
			times,
			windowMs,
		),
	};
}

/** Useful items per minute of typical requests. @returns Undefined when no limit is known. */
export function sustainableUnderReservation(quota: Quota, request: TypicalRequest): number | undefined {
	return sustainableBound(quota, request.useful, costOfTypical(request))?.usefulPerMinute;
}

/** Use per minute, for the form of a quota increase. */
type QuotaIncreaseFigures = {
	readonly steadyRequestsPerMinute: number;
	readonly peakRequestsPerMinute: number;
	readonly steadyTokensPerMinute: number;
	readonly peakTokensPerMinute: number;
};

/** Steady use (mean of the whole minutes) and peak use (busiest minute) of a target; undefined before one has passed. */
export function usageByMinute(timeline: Timeline, target: number): QuotaIncreaseFigures | undefined {
	const points = timeline.points.filter((point) => point.target === target);
	const perMinute = Math.max(1, Math.round(60 / timeline.intervalSeconds));
	if (points.length < perMinute) {
		return undefined;
	}
	const scale = 60 / (perMinute * timeline.intervalSeconds);
	const wholeMinutes = Math.floor(points.length / perMinute);
	const steady = (read: (point: (typeof points)[number]) => number): number =>
		(points.slice(0, wholeMinutes * perMinute).reduce((sum, point) => sum + read(point), 0) * scale) /
		wholeMinutes;
	const peak = (read: (point: (typeof points)[number]) => number): number => {
		let sum = 0;
		let highest = 0;
		for (const [index, point] of points.entries()) {
			const left = points[index - perMinute];
			sum += read(point) - (left === undefined ? 0 : read(left));
			highest = Math.max(highest, sum);
		}
		return highest * scale;
	};
	return {
		steadyRequestsPerMinute: steady(({requests}) => requests),
		peakRequestsPerMinute: peak(({requests}) => requests),
		steadyTokensPerMinute: steady(({quotaTokens}) => quotaTokens),
		peakTokensPerMinute: peak(({quotaTokens}) => quotaTokens),
	};
}

/** The figures for the form of a quota increase, when a quota is the limit and a minute was measured. */
export function quotaIncreaseAdvice(
	variant: VariantFigures,
	target: Target,
	index: number,
	timeline: Timeline,
): readonly Advice[] {
	const {limitedBy} = variant.sustainable;
	const use = usageByMinute(timeline, index);
	const {inputTokens, outputTokens} = variant.perRequest;
	const isQuota = limitedBy !== 'none' && limitedBy !== 'concurrency';
	if (use === undefined || !isQuota || inputTokens.mean === null || outputTokens.mean === null) {
		return [];
	}
	const text = increaseText(target.model, use, {input: inputTokens.mean, output: outputTokens.mean});
	return [{kind: 'quota-increase', text, usefulPerMinute: null}];
}

/** The figures for the form. @param mean Tokens of one request. */
export function increaseText(
	model: string,
	use: QuotaIncreaseFigures,
	mean: {readonly input: number; readonly output: number},
): string {
	return (
		`${model}: for a quota increase: steady ${formatCount(use.steadyRequestsPerMinute)} and peak ` +
		`${formatCount(use.peakRequestsPerMinute)} requests per minute, steady ${formatCount(use.steadyTokensPerMinute)} and peak ` +
		`${formatCount(use.peakTokensPerMinute)} quota tokens per minute, on average ${formatCount(mean.input)} input and ` +
		`${formatCount(mean.output)} output tokens per request.`
	);
}
