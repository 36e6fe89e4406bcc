import type {RunConfig} from '../../domain/run-config.ts';
import type {Snapshot} from '../../domain/snapshot.ts';
import type {UserError} from '../../domain/user-error.ts';
import {
	afterRung,
	emptySearch,
	requestsSent,
	rungWithin,
	type SearchState,
	searchFigures,
} from '../../metrics/decisions/search/search-state.ts';
import {formatCount} from '../../text/numbers.ts';
import {rungConfig, type SearchSetup} from './search-setup.ts';

/** How one run ended. */
export type RunEnd = {readonly snapshot: Snapshot; readonly fault: UserError | undefined};

/** The end of a run and the configuration that it was made with. */
export type ConfiguredEnd = RunEnd & {readonly config: RunConfig};

export type RungPorts = {
	/** Runs a rung to its end, or to a signal; undefined when it was not even prepared. */
	readonly run: (config: RunConfig, rung: number) => Promise<RunEnd | undefined>;
	readonly announce: (text: string) => Promise<void>;
};

/** The configuration with what is left of its guards, and of the budget. */
const guarded = (
	config: RunConfig,
	{sent, spentUsd, spentUsdWithin}: SearchState,
	budget: number,
): RunConfig => {
	const {guards} = config;
	const maxRequests = Math.min(budget, guards.maxRequests ?? budget) - sent;
	const mostUsd = spentUsdWithin?.high ?? spentUsd;
	const maxCostUsd = guards.maxCostUsd === null ? null : Math.max(0, guards.maxCostUsd - mostUsd);
	return {...config, guards: {...guards, maxRequests, maxCostUsd}};
};

/** A run that the budget of the search ended is complete; one that `--max-requests` ended is not. */
const withoutBudget = (end: RunEnd, {guards}: RunConfig, budget: number): RunEnd =>
	end.snapshot.stoppedBy === 'requests' && (guards.maxRequests ?? budget) >= budget
		? {...end, snapshot: {...end.snapshot, outcome: 'completed', stoppedBy: null}}
		: end;

/** The end of the last rung that sent anything, and why the search ended. */
const lastEnd = (before: ConfiguredEnd | undefined, end: ConfiguredEnd): ConfiguredEnd => {
	const {outcome, stoppedBy} = end.snapshot;
	return before === undefined || requestsSent(end.snapshot) > 0
		? end
		: {...before, fault: end.fault, snapshot: {...before.snapshot, outcome, stoppedBy}};
};

/**
 * Runs the rungs one after another, each an ordinary run of the candidates that are left, with the same seed. What was
 * measured before a stop or a fault is kept.
 * @param config Of the run, with the guards of the whole search.
 * @returns The last rung's end with the search among its figures, and its configuration, from which the winner's request is made.
 */
export const runSearch = async (
	search: SearchSetup,
	config: RunConfig,
	{run, announce}: RungPorts,
): Promise<ConfiguredEnd> => {
	const {budget, rungs} = search;
	let state = emptySearch(search.candidates);
	let end: ConfiguredEnd | undefined;
	for (const index of rungs.keys()) {
		const allowed = guarded(config, state, budget);
		if ((allowed.guards.maxRequests ?? 0) <= 0) {
			break;
		}
		const rung = rungWithin(state, rungs, budget);
		if (rung.requests < (state.rungs.at(-1)?.requests ?? 0)) {
			// What is left of the budget would tell less than is known already.
			break;
		}
		const own = rungConfig(allowed, state.left, rung, state.itemsAsked);
		await announce(
			`Rung ${index + 1} of ${rungs.length}: ${formatCount(rung.candidates)} candidates, ${formatCount(rung.requests)} requests each.`,
		);
		const ended = await run(own, index);
		if (ended === undefined) {
			break;
		}
		const next = withoutBudget(ended, config, budget);
		const keep = rungs[index + 1]?.candidates ?? 0;
		state = afterRung(state, rung, next.snapshot, {keep, minQuality: config.minQuality});
		end = lastEnd(end, {...next, config: own});
		if (next.fault !== undefined || next.snapshot.outcome !== 'completed') {
			break;
		}
	}
	if (end === undefined) {
		throw new Error('A search has at least one rung.');
	}
	const {startedAt, elapsedMs, spentUsd, spentUsdWithin} = state;
	const costUsd = end.snapshot.costUsd === null ? null : spentUsd;
	const figures = searchFigures(state, search);
	const within = spentUsdWithin === undefined ? {} : {costUsdWithin: spentUsdWithin};
	return {...end, snapshot: {...end.snapshot, startedAt, elapsedMs, costUsd, ...within, search: figures}};
};
