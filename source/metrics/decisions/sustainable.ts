import type {LimitedBy, VariantFigures} from '../../domain/snapshot.ts';
import type {limitKinds, Quota} from '../../domain/target.ts';
import {indexOf} from '../figures/request-measures.ts';
import {studentT} from '../statistics/student-t.ts';
import type {VectorMoments, Weights} from '../statistics/vector-moments.ts';
import {wilsonInterval} from '../statistics/wilson.ts';

const minutesPerDay = 1440;

type Bound = {readonly usefulPerMinute: number; readonly limitedBy: LimitedBy};

/** The limits that are known, in their own units; assumed ones bound nothing. */
const knownLimits = (quota: Quota) => {
	const known = (kind: (typeof limitKinds)[number]): number | undefined => {
		const {state, value} = quota[kind];
		return state === 'blocked' ? 0 : state === 'known' && value !== null ? value : undefined;
	};
	const tokensPerDay = known('tokensPerDay');
	return {
		requestsPerMinute: known('requestsPerMinute'),
		tokensPerMinute: known('tokensPerMinute'),
		dayTokensPerMinute: tokensPerDay === undefined ? undefined : tokensPerDay / minutesPerDay,
	};
};

/**
 * Useful items a minute that a quota allows (DESIGN section 1): the least of RPM x useful items a request, TPM / quota
 * tokens a useful item, TPD / 1,440 / quota tokens a useful item.
 * @param usefulPerRequest Mean useful items of one request.
 * @param quotaTokens Mean settled quota tokens of one request.
 * @returns Undefined when no limit is known.
 */
export const sustainableBound = (
	quota: Quota,
	usefulPerRequest: number,
	quotaTokens: number,
): Bound | undefined => {
	const {requestsPerMinute, tokensPerMinute, dayTokensPerMinute} = knownLimits(quota);
	const byTokens = (limit: number): number =>
		quotaTokens === 0 ? 0 : (limit / quotaTokens) * usefulPerRequest;
	const bounds: Bound[] = [];
	if (requestsPerMinute !== undefined) {
		bounds.push({usefulPerMinute: requestsPerMinute * usefulPerRequest, limitedBy: 'requests'});
	}
	if (tokensPerMinute !== undefined) {
		bounds.push({usefulPerMinute: byTokens(tokensPerMinute), limitedBy: 'tokens'});
	}
	if (dayTokensPerMinute !== undefined) {
		bounds.push({usefulPerMinute: byTokens(dayTokensPerMinute), limitedBy: 'day'});
	}
	return bounds.sort((first, second) => first.usefulPerMinute - second.usefulPerMinute)[0];
};

/** Weights of the logarithm of the sustainable rate in the means, by the limit that binds (delta method). */
export const sustainableWeights = (
	limitedBy: LimitedBy,
	usefulPerRequest: number,
	quotaTokens: number,
	serviceMs = 1,
	cellInBlock = 0,
): Weights => {
	const useful = [indexOf('useful', cellInBlock), 1 / usefulPerRequest] as const;
	switch (limitedBy) {
		case 'requests':
			return [useful];
		case 'concurrency':
			return [useful, [indexOf('serviceMs', cellInBlock), -1 / serviceMs]];
		case 'tokens':
		case 'day':
		case 'none':
			return [useful, [indexOf('quotaTokens', cellInBlock), -1 / quotaTokens]];
	}
};

/**
 * Useful items a minute that so many requests in flight allow (Little's law).
 * @returns Undefined before anything was answered.
 */
export const concurrencyBound = (
	inFlight: number,
	usefulPerRequest: number,
	serviceMs: number,
): Bound | undefined =>
	serviceMs <= 0
		? undefined
		: {usefulPerMinute: ((inFlight * 60_000) / serviceMs) * usefulPerRequest, limitedBy: 'concurrency'};

/** What bounds the rate of a cell beside its quota. */
export type CellBounds = {
	/** Most useful items of one request. */
	readonly itemsPerRequest?: number | undefined;
	/** Most requests in flight where the load itself bounds them; null where it does not. */
	readonly inFlight?: number | null | undefined;
};

/**
 * Sustainable rate of a cell with its 95 % interval. Its parts are the useful share of the items, by Wilson, and the
 * quota tokens or the service time, log-normal; they are put together as Zou and Donner do (2008, MOVER), with their
 * correlation. So the interval has a width where every item was useful, and does not exceed what the quota can give.
 */
export const sustainableRate = (
	requests: VectorMoments,
	quota: Quota,
	{itemsPerRequest = 1, inFlight = null}: CellBounds = {},
): VariantFigures['sustainable'] => {
	const useful = requests.mean(indexOf('useful'));
	const quotaTokens = requests.mean(indexOf('quotaTokens'));
	const serviceMs = requests.mean(indexOf('serviceMs'));
	const boundAt = (usefulPerRequest: number): Bound | undefined => {
		const allowed = sustainableBound(quota, usefulPerRequest, quotaTokens);
		const reached = inFlight === null ? undefined : concurrencyBound(inFlight, usefulPerRequest, serviceMs);
		return allowed !== undefined && reached !== undefined && reached.usefulPerMinute < allowed.usefulPerMinute
			? reached
			: allowed;
	};
	const bound = requests.count === 0 ? undefined : boundAt(useful);
	if (bound === undefined) {
		return {usefulPerMinute: null, low: null, high: null, limitedBy: 'none'};
	}
	const {usefulPerMinute, limitedBy} = bound;
	const share = usefulShare(requests, Math.max(itemsPerRequest, useful));
	if (requests.count < 2 || share === undefined) {
		return {usefulPerMinute, low: null, high: null, limitedBy};
	}
	if (useful === 0) {
		const most = boundAt(share.high * itemsPerRequest)?.usefulPerMinute ?? null;
		return {usefulPerMinute, low: 0, high: most, limitedBy};
	}
	const parts = sustainableWeights(limitedBy, useful, quotaTokens, serviceMs);
	if (!parts.every(([, weight]) => Number.isFinite(weight))) {
		// Requests that cost nothing, or took no time: nothing follows from their spread.
		return {usefulPerMinute, low: null, high: null, limitedBy};
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
	const most = (knownLimits(quota).requestsPerMinute ?? Number.POSITIVE_INFINITY) * itemsPerRequest;
	return {
		usefulPerMinute,
		low: usefulPerMinute / factorOf(Math.log(share.value / share.low)),
		high: Math.max(
			usefulPerMinute,
			Math.min(most, usefulPerMinute * factorOf(Math.log(share.high / share.value))),
		),
		limitedBy,
	};
};

/**
 * Useful part of the items that the requests could hold, with its 95 % interval. Items of one request fail together or
 * not: the number of trials follows from the variance between requests, from one a request to one an item.
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
