import type {limitKinds, Quota} from '../engine/target.ts';
import {indexOf} from './request-measures.ts';
import type {LimitedBy, VariantFigures} from './snapshot.ts';
import {studentT} from './student-t.ts';
import type {VectorMoments, Weights} from './vector-moments.ts';

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

/**
 * Sustainable rate of a cell with its 95 % interval (log-normal, delta method).
 * @param inFlight Most requests in flight where the load itself bounds them; null where it does not.
 */
export const sustainableRate = (
	requests: VectorMoments,
	quota: Quota,
	inFlight: number | null = null,
): VariantFigures['sustainable'] => {
	const useful = requests.mean(indexOf('useful'));
	const quotaTokens = requests.mean(indexOf('quotaTokens'));
	const serviceMs = requests.mean(indexOf('serviceMs'));
	const allowed = requests.count === 0 ? undefined : sustainableBound(quota, useful, quotaTokens);
	if (allowed === undefined) {
		return {usefulPerMinute: null, low: null, high: null, limitedBy: 'none'};
	}
	const reached = inFlight === null ? undefined : concurrencyBound(inFlight, useful, serviceMs);
	const bound =
		reached !== undefined && reached.usefulPerMinute < allowed.usefulPerMinute ? reached : allowed;
	const {usefulPerMinute, limitedBy} = bound;
	const error =
		usefulPerMinute === 0
			? undefined
			: requests.standardError(sustainableWeights(limitedBy, useful, quotaTokens, serviceMs));
	if (error === undefined) {
		return {usefulPerMinute, low: null, high: null, limitedBy};
	}
	const factor = Math.exp(studentT(requests.count - 1) * error);
	return {usefulPerMinute, low: usefulPerMinute / factor, high: usefulPerMinute * factor, limitedBy};
};
