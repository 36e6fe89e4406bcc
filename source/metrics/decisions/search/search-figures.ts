import type {
	CandidateFigures,
	Mean,
	Rung,
	SearchFigures,
	VariantFigures,
} from '../../../domain/figures-schema.ts';
import type {Plan} from '../../../domain/plan.ts';
import type {Lever} from '../../../domain/variant.ts';
import {wilsonInterval} from '../../statistics/wilson.ts';
import {byCost, sureFrontOf} from './front.ts';
import {requestsOfRungs} from './rungs.ts';

/** The tokens of a useful item, by the intervals of the tokens of a request and of the useful share. */
const within = (
	quotaTokens: Mean,
	usefulPerRequest: number,
	{value, low, high}: CandidateFigures['usefulRate'],
): Pick<CandidateFigures, 'quotaTokensPerUsefulWithin'> =>
	quotaTokens.low === null || quotaTokens.high === null || !value || !low || high === null
		? {}
		: {
				quotaTokensPerUsefulWithin: {
					low: Math.max(0, quotaTokens.low) / (usefulPerRequest * (high / value)),
					high: quotaTokens.high / (usefulPerRequest * (low / value)),
				},
			};

/** What a rung found of one candidate. Of one that caches the warm answers tell what an item costs, where there are any. */
export const standingOf = (
	{name, requests, items, perRequest, tokens, caching}: VariantFigures,
	levers: readonly Lever[],
	{rungs, planned}: {readonly rungs: number; readonly planned: number},
): CandidateFigures => {
	// What goes beyond the plan are items of packed answers that were asked again, one in each request.
	const sent = items.sent - Math.max(0, requests.sent - planned);
	const warm = caching?.warm.quotaTokens.mean ?? null;
	const spent =
		warm === null || perRequest.quotaTokens.mean === null ? tokens.quota : warm * requests.succeeded;
	const interval = wilsonInterval(items.useful, sent);
	const usefulRate = {
		value: sent === 0 ? null : items.useful / sent,
		low: interval?.low ?? null,
		high: interval?.high ?? null,
	};
	return {
		name,
		levers,
		rungs,
		requests: requests.sent,
		items: {sent, useful: items.useful},
		usefulRate,
		quotaTokensPerUseful: items.useful === 0 ? null : spent / items.useful,
		...within(
			caching?.warm.requests ? caching.warm.quotaTokens : perRequest.quotaTokens,
			items.useful / Math.max(1, requests.succeeded),
			usefulRate,
		),
	};
};

/** The candidates that got furthest, the fewest quota tokens a useful item first. */
export const finalistsOf = ({candidates}: Pick<SearchFigures, 'candidates'>): readonly CandidateFigures[] => {
	const last = Math.max(0, ...candidates.map(({rungs}) => rungs));
	return candidates.filter(({rungs}) => rungs === last).toSorted(byCost);
};

/** Names of the front of the finalists: the others have too few answers to be set against them. */
export const searchFront = (candidates: readonly CandidateFigures[]): readonly string[] =>
	sureFrontOf(finalistsOf({candidates}).filter(({items}) => items.useful > 0)).map(({name}) => name);

/**
 * The plan of the whole search from that of its first rung: the cost is bounded by the dearest request, because the dear
 * candidates may be those that go on.
 * @param maxRequests That the guards allow.
 */
export const wholePlan = (first: Plan, rungs: readonly Rung[], maxRequests: number): Plan => {
	const requests = Math.min(requestsOfRungs(rungs), maxRequests);
	const times = (value: number | null): number | null =>
		value === null || !first.requests ? null : (value * requests) / first.requests;
	const quotaMinutes = times(first.quotaMinutes);
	const dearest = first.dearestRequestUsd ?? null;
	return {
		...first,
		requests,
		quotaTokens: first.quotaTokens === null ? null : Math.round(times(first.quotaTokens) ?? 0),
		quotaMinutes,
		quotaShare: first.quotaShare === null ? null : Math.min(1, times(first.quotaShare) ?? first.quotaShare),
		costUsd: dearest === null || first.costUsd === null ? null : dearest * requests,
	};
};
