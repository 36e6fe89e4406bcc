import type {
	CandidateFigures,
	CostRange,
	Mean,
	Rung,
	SearchFigures,
	Standing,
	VariantFigures,
} from '../../../domain/figures-schema.ts';
import type {Plan} from '../../../domain/run-config.ts';
import type {Snapshot} from '../../../domain/snapshot.ts';
import type {Lever} from '../../../domain/task.ts';
import {wilsonInterval} from '../../statistics/intervals.ts';
import type {Candidate} from './candidates.ts';

/**
 * Successive halving (Jamieson and Talwalkar 2016): every rung gets the same part of the budget, and half of the
 * candidates continue to the next, where each has about twice the requests.
 */

/** Candidates that the last rung holds at most: enough for a front. */
const maxFinalists = 4;
/** Minimum of requests per candidate for a rung to say anything. */
const minRequests = 3;

const sizesFrom = (candidates: number): readonly number[] =>
	candidates <= maxFinalists ? [candidates] : [candidates, ...sizesFrom(Math.ceil(candidates / 2))];

/** Minimum of requests for a search over `candidates`. */
export function minBudget(candidates: number): number {
	return sizesFrom(candidates).length * candidates * minRequests;
}

/**
 * The rungs of a search.
 * @param candidates That there are.
 * @param budget Requests of all rungs together; it is never exceeded.
 * @returns As many candidates as the budget allows; empty where it does not allow one.
 */
export function planRungs(candidates: number, budget: number): readonly Rung[] {
	let count = Math.min(candidates, Math.floor(budget / minRequests));
	while (count > 0 && minBudget(count) > budget) {
		count--;
	}
	if (count === 0) {
		return [];
	}
	const sizes = sizesFrom(count);
	const share = Math.floor(budget / sizes.length);
	return sizes.map((size) => ({candidates: size, requests: Math.floor(share / size)}));
}

/** Requests of all rungs together. */
export function requestsOfRungs(rungs: readonly Rung[]): number {
	return rungs.reduce((sum, {candidates, requests}) => sum + candidates * requests, 0);
}

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

/** What a rung found of one candidate. With a cache, warm answers determine the cost per item, where there are any. */
function standingOf(
	{name, requests, items, perRequest, tokens, caching}: VariantFigures,
	levers: readonly Lever[],
	{rungs, planned}: {readonly rungs: number; readonly planned: number},
): CandidateFigures {
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
}

/** The candidates that got furthest, the fewest quota tokens per useful item first. */
export function finalistsOf({candidates}: Pick<SearchFigures, 'candidates'>): readonly CandidateFigures[] {
	const last = Math.max(0, ...candidates.map(({rungs}) => rungs));
	return candidates.filter(({rungs}) => rungs === last).toSorted(byCost);
}

/** Names of the front of the finalists: the others have too few answers for a comparison. */
function searchFront(candidates: readonly CandidateFigures[]): readonly string[] {
	return sureFrontOf(finalistsOf({candidates}).filter(({items}) => items.useful > 0)).map(({name}) => name);
}

/**
 * The plan of the whole search from that of its first rung: the cost is bounded by the most expensive request,
 * because the expensive candidates may be those that continue.
 * @param maxRequests That the guards allow.
 */
export function wholePlan(first: Plan, rungs: readonly Rung[], maxRequests: number): Plan {
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
}

/** A search between two rungs: what is left to do, and what it found. */
export type SearchState = {
	readonly left: readonly Candidate[];
	readonly found: ReadonlyMap<string, CandidateFigures>;
	/** Rungs as they were run. */
	readonly rungs: readonly Rung[];
	/** Over all rungs; milliseconds, USD, ISO 8601 UTC. */
	readonly sent: number;
	/** Number of items, in their order, that rungs have asked so far. */
	readonly itemsAsked: number;
	readonly spentUsd: number;
	/** Absent where the fate of every attempt is known. */
	readonly spentUsdWithin?: CostRange;
	readonly elapsedMs: number;
	readonly startedAt: string | null;
};

export function emptySearch(candidates: readonly Candidate[]): SearchState {
	return {
		left: candidates,
		found: new Map(),
		rungs: [],
		sent: 0,
		itemsAsked: 0,
		spentUsd: 0,
		elapsedMs: 0,
		startedAt: null,
	};
}

export function requestsSent({variants}: Pick<Snapshot, 'variants'>): number {
	return variants.reduce((sum, {requests}) => sum + requests.sent, 0);
}

/**
 * A rung within the remaining budget: items of a packed answer that could not be separated are asked again singly, which
 * takes from the budget of later rungs.
 */
export function rungWithin({left, sent, rungs}: SearchState, planned: readonly Rung[], budget: number): Rung {
	const share = (budget - sent) / Math.max(1, planned.length - rungs.length);
	const requests = Math.min(
		planned[rungs.length]?.requests ?? 0,
		Math.floor(share / Math.max(1, left.length)),
	);
	return {candidates: left.length, requests: Math.max(1, requests)};
}

/** The range of what all rungs cost. */
const withinOf = (
	{spentUsd, spentUsdWithin: before}: SearchState,
	{costUsd, costUsdWithin: rung}: Snapshot,
): Pick<SearchState, 'spentUsdWithin'> => {
	if (before === undefined && rung === undefined) {
		return {};
	}
	const [first, second] = [before ?? exactly(spentUsd), rung ?? exactly(costUsd ?? 0)];
	const high = first.high === null || second.high === null ? null : first.high + second.high;
	return {spentUsdWithin: {low: first.low + second.low, high}};
};

const exactly = (usd: number): CostRange => ({low: usd, high: usd});

/** Candidates with what the rung found; one that was cut short may know less than the one before it. */
const foundAfter = (
	{found, left, rungs}: SearchState,
	rung: Rung,
	{variants}: Snapshot,
): SearchState['found'] => {
	const next = new Map(found);
	for (const figures of variants) {
		const levers = left.find(({variant}) => variant.name === figures.name)?.levers ?? [];
		const standing = standingOf(figures, levers, {rungs: rungs.length + 1, planned: rung.requests});
		if (standing.requests >= (found.get(figures.name)?.requests ?? 0)) {
			next.set(figures.name, standing);
		}
	}
	return next;
};

/**
 * The search after a rung.
 * @param keep Candidates of the next rung; 0 after the last one.
 */
export function afterRung(
	state: SearchState,
	rung: Rung,
	snapshot: Snapshot,
	{keep, minQuality}: {readonly keep: number; readonly minQuality: number | null},
): SearchState {
	const found = foundAfter(state, rung, snapshot);
	const standings = state.left.flatMap(({variant}) => found.get(variant.name) ?? []);
	const kept = new Set(survivorsOf(standings, keep, minQuality).map(({name}) => name));
	return {
		left: state.left.filter(({variant}) => kept.has(variant.name)),
		found,
		rungs: [...state.rungs, rung],
		sent: state.sent + requestsSent(snapshot),
		itemsAsked: state.itemsAsked + Math.max(0, ...snapshot.variants.map(({items}) => items.sent)),
		spentUsd: state.spentUsd + (snapshot.costUsd ?? 0),
		...withinOf(state, snapshot),
		elapsedMs: state.elapsedMs + snapshot.elapsedMs,
		startedAt: state.startedAt ?? snapshot.startedAt,
	};
}

/** What the search tried and found so far. */
export function searchFigures(
	{found, rungs, sent}: SearchState,
	{budget, combinations}: Pick<SearchFigures, 'budget' | 'combinations'>,
): SearchFigures {
	const candidates = [...found.values()];
	return {budget, requests: sent, combinations, rungs, candidates, front: searchFront(candidates)};
}

/** Quality against quota: which candidates are not beaten in both, and which continue to the next rung. */

const rateOf = ({usefulRate}: Standing): number => usefulRate.value ?? 0;
const costOf = ({quotaTokensPerUseful}: Standing): number => quotaTokensPerUseful ?? Number.POSITIVE_INFINITY;

/** At least as good in both, and better in one. */
const dominates = (one: Standing, other: Standing): boolean =>
	rateOf(one) >= rateOf(other) &&
	costOf(one) <= costOf(other) &&
	(rateOf(one) > rateOf(other) || costOf(one) < costOf(other));

/** The fewest quota tokens per useful item first, then the higher useful rate. */
function byCost(one: Standing, other: Standing): number {
	return costOf(one) === costOf(other) ? rateOf(other) - rateOf(one) : costOf(one) < costOf(other) ? -1 : 1;
}

/** The candidates that no other beats (Pareto front), the cheapest first. */
export function frontOf<Each extends Standing>(standings: readonly Each[]): readonly Each[] {
	return standings.filter((each) => !standings.some((other) => dominates(other, each))).toSorted(byCost);
}

/** At least as good in both by the figures, and better in one by the whole interval. */
const provablyDominates = (one: Standing, other: Standing): boolean => {
	const isBetter = (one.usefulRate.low ?? 0) > (other.usefulRate.high ?? 1);
	const isCheaper =
		(one.quotaTokensPerUsefulWithin?.high ?? Number.POSITIVE_INFINITY) <
		(other.quotaTokensPerUsefulWithin?.low ?? 0);
	return dominates(one, other) && (isBetter || isCheaper);
};

/** The candidates that no other provably beats: equally good ones are all on the front. */
export function sureFrontOf<Each extends Standing>(standings: readonly Each[]): readonly Each[] {
	return standings
		.filter((each) => !standings.some((other) => provablyDominates(other, each)))
		.toSorted(byCost);
}

/** `count` members of an ordered row, evenly spread, with both ends. */
const spread = <Each>(row: readonly Each[], count: number): readonly Each[] =>
	row.length <= count
		? row
		: Array.from({length: count}, (_unused, place) => {
				const index = count === 1 ? 0 : Math.round((place * (row.length - 1)) / (count - 1));
				return row[index] as Each;
			});

const choose = <Each extends Standing>(standings: readonly Each[], count: number): readonly Each[] => {
	if (count <= 0 || standings.length === 0) {
		return [];
	}
	const front = frontOf(standings);
	const rest = standings.filter((each) => !front.includes(each));
	const chosen = spread(front, count);
	return [...chosen, ...choose(rest, count - chosen.length)];
};

/**
 * The candidates of the next rung: front by front, and of a long front both ends and an even spread between. Those whose
 * useful rate is provably below `minQuality` come last.
 */
export function survivorsOf<Each extends Standing>(
	standings: readonly Each[],
	count: number,
	minQuality: number | null,
): readonly Each[] {
	const canWin = ({usefulRate}: Standing): boolean =>
		minQuality === null || (usefulRate.high ?? 1) >= minQuality;
	const first = choose(standings.filter(canWin), count);
	const others = standings.filter((each) => !canWin(each));
	return [...first, ...choose(others, count - first.length)];
}
