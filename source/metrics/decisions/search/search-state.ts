import type {CandidateFigures, CostRange, Rung, SearchFigures} from '../../../domain/figures-schema.ts';
import type {Snapshot} from '../../../domain/snapshot.ts';
import type {Candidate} from './candidates.ts';
import {survivorsOf} from './front.ts';
import {searchFront, standingOf} from './search-figures.ts';

/** A search between two rungs: what it may still do, and what it found. */
export type SearchState = {
	readonly left: readonly Candidate[];
	readonly found: ReadonlyMap<string, CandidateFigures>;
	/** Rungs as they were run. */
	readonly rungs: readonly Rung[];
	/** Over all rungs; milliseconds, USD, ISO 8601 UTC. */
	readonly sent: number;
	/** Places of the items in their order that rungs have asked until now. */
	readonly itemsAsked: number;
	readonly spentUsd: number;
	/** Absent where the fate of every attempt is known. */
	readonly spentUsdWithin?: CostRange;
	readonly elapsedMs: number;
	readonly startedAt: string | null;
};

export const emptySearch = (candidates: readonly Candidate[]): SearchState => ({
	left: candidates,
	found: new Map(),
	rungs: [],
	sent: 0,
	itemsAsked: 0,
	spentUsd: 0,
	elapsedMs: 0,
	startedAt: null,
});

export const requestsSent = ({variants}: Pick<Snapshot, 'variants'>): number =>
	variants.reduce((sum, {requests}) => sum + requests.sent, 0);

/**
 * A rung as the budget that is left allows it: items of a packed answer that could not be taken apart are asked again
 * singly, and what that takes is missing later.
 */
export const rungWithin = (
	{left, sent, rungs}: SearchState,
	planned: readonly Rung[],
	budget: number,
): Rung => {
	const share = (budget - sent) / Math.max(1, planned.length - rungs.length);
	const requests = Math.min(
		planned[rungs.length]?.requests ?? 0,
		Math.floor(share / Math.max(1, left.length)),
	);
	return {candidates: left.length, requests: Math.max(1, requests)};
};

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
export const afterRung = (
	state: SearchState,
	rung: Rung,
	snapshot: Snapshot,
	{keep, minQuality}: {readonly keep: number; readonly minQuality: number | null},
): SearchState => {
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
};

/** What the search tried and found so far. */
export const searchFigures = (
	{found, rungs, sent}: SearchState,
	{budget, combinations}: Pick<SearchFigures, 'budget' | 'combinations'>,
): SearchFigures => {
	const candidates = [...found.values()];
	return {budget, requests: sent, combinations, rungs, candidates, front: searchFront(candidates)};
};
