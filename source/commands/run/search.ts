import {bounds, defaults} from '../../config/defaults.ts';
import type {FlagValues} from '../../config/parse-arguments.ts';
import {readInteger} from '../../config/values.ts';
import type {Rung} from '../../domain/figures-schema.ts';
import type {Plan, RunConfig} from '../../domain/run-config.ts';
import type {RunEnd} from '../../domain/snapshot.ts';
import {UserError} from '../../domain/user-error.ts';
import {type Candidate, chosenCandidates, combinations} from '../../metrics/decisions/search/candidates.ts';
import {
	afterRung,
	emptySearch,
	minBudget,
	planRungs,
	requestsOfRungs,
	requestsSent,
	rungWithin,
	type SearchState,
	searchFigures,
	wholePlan,
} from '../../metrics/decisions/search/search-state.ts';
import {planLines} from '../../plain/run.ts';
import {formatCount} from '../../text/numbers.ts';

/** `run --search`, checked and planned before anything is sent. */
export type SearchSetup = {
	readonly budget: number;
	readonly combinations: number;
	readonly candidates: readonly Candidate[];
	readonly rungs: readonly Rung[];
};

/** Why the settings do not go with a search, in words that follow its flag; undefined where they do. */
const clashOf = (config: RunConfig, flags: FlagValues): string | undefined => {
	const {load, task, models, lanes, isBalanced, isMaxTokensAuto, policy} = config;
	const clashes: ReadonlyArray<readonly [isSo: boolean, text: string]> = [
		[load.shape !== 'measure', `load ${load.shape} does not go with it: a search measures (--load measure)`],
		[task.chat !== undefined, 'a chat cannot be searched'],
		[flags.text('resume') !== undefined, '--resume does not go with it'],
		[models.length > 1, `it takes one model, not ${models.length}`],
		[lanes.length > 0, 'lanes do not go with it'],
		[isBalanced, '--balance does not go with it'],
		[isMaxTokensAuto, '--max-tokens auto does not go with it'],
		[policy !== 'fixed', `policy ${policy} does not go with it`],
	];
	return clashes.find(([isSo]) => isSo)?.[1];
};

/**
 * The configuration of one rung: an ordinary run of its candidates, without early elimination.
 * @param itemsFrom Number of items that earlier rungs asked: candidates are judged by items that they were not chosen by, while there are any.
 */
function rungConfig(
	config: RunConfig,
	candidates: readonly Candidate[],
	{requests}: Rung,
	itemsFrom = 0,
): RunConfig {
	return {
		...config,
		variants: candidates.map(({variant}) => variant),
		load: {...config.load, requests},
		isEliminating: false,
		itemsFrom,
	};
}

/**
 * Reads `--search`.
 * @returns undefined without the flag.
 * @throws UserError exit 2 for settings that do not go with it, and for a budget that is too small.
 */
export function searchOf(flags: FlagValues, config: RunConfig, isOnScreen: boolean): SearchSetup | undefined {
	if (!(flags.isSet('search') ?? false)) {
		return undefined;
	}
	const clash = isOnScreen ? 'the screen has no search' : clashOf(config, flags);
	if (clash !== undefined) {
		throw new UserError(`--search: ${clash}.`, {
			exitCode: 2,
			hint: 'For example: bedrock-top run classify --search --requests 200.',
		});
	}
	const text = flags.text('requests');
	const budget =
		text === undefined ? defaults.searchRequests : readInteger('requests', text, bounds.requests);
	const all = combinations(config.variants, config.task, config.maxTokens);
	const rungs = planRungs(all.length, budget);
	const count = rungs[0]?.candidates ?? 0;
	if (count < config.variants.length) {
		throw new UserError(`--requests: ${budget} is too few to search ${config.variants.length} variants.`, {
			exitCode: 2,
			hint: `Give at least ${minBudget(config.variants.length)}, or fewer variants with --variants.`,
		});
	}
	return {budget, combinations: all.length, candidates: chosenCandidates(all, count, config.seed), rungs};
}

/** The rungs of a search in words, for the plan. */
const searchLines = (search: SearchSetup): readonly string[] => [
	`  search        ${formatCount(search.candidates.length)} of ${formatCount(search.combinations)} combinations of variants and prompt levers, ${formatCount(requestsOfRungs(search.rungs))} of at most ${formatCount(search.budget)} requests`,
	...search.rungs.map(
		({candidates, requests}, index) =>
			`  rung ${index + 1}        ${formatCount(candidates)} candidates, ${formatCount(requests)} requests each`,
	),
];

/** The configuration of the first rung. */
export function firstConfig({budget, candidates, rungs}: SearchSetup, config: RunConfig): RunConfig {
	const [rung] = rungs;
	const {guards} = config;
	const maxRequests = Math.min(budget, guards.maxRequests ?? budget);
	return rung === undefined
		? config
		: rungConfig({...config, guards: {...guards, maxRequests}}, candidates, rung);
}

/**
 * The plan of all rungs, in figures and in words.
 * @param plan Of the first rung.
 * @param config Of the run, with the guards of the whole search.
 */
export function searchPlan(
	search: SearchSetup,
	plan: Plan,
	config: RunConfig,
): {readonly plan: Plan; readonly lines: readonly string[]} {
	const first = firstConfig(search, config);
	const whole = wholePlan(plan, search.rungs, first.guards.maxRequests ?? search.budget);
	const load = {...first.load, requests: null};
	return {plan: whole, lines: [...planLines(whole, {...first, load}), ...searchLines(search)]};
}

/** The end of a run and the configuration that it was made with. */
type ConfiguredEnd = RunEnd & {readonly config: RunConfig};

type RungPorts = {
	/** Runs a rung to its end, or to a signal; undefined when it was not even prepared. */
	readonly run: (config: RunConfig, rung: number) => Promise<RunEnd | undefined>;
	readonly announce: (text: string) => Promise<void>;
};

/** The configuration with what is left of its guards and of the budget. */
const guarded = (
	config: RunConfig,
	{sent, spentUsd, spentUsdWithin}: SearchState,
	budget: number,
): RunConfig => {
	const {guards} = config;
	const maxRequests = Math.min(budget, guards.maxRequests ?? budget) - sent;
	const maxSpentUsd = spentUsdWithin?.high ?? spentUsd;
	const maxCostUsd = guards.maxCostUsd === null ? null : Math.max(0, guards.maxCostUsd - maxSpentUsd);
	return {...config, guards: {...guards, maxRequests, maxCostUsd}};
};

/** Marks a run as completed that the budget of the search ended; one that `--max-requests` ended is not. */
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
 * Runs the rungs one by one, each an ordinary run of the candidates that are left, with the same seed. After a stop or a
 * fault the earlier measurements are kept.
 * @param config Of the run, with the guards of the whole search.
 * @returns The end of the last rung with the figures of the search, and its configuration, which the winner's request is made from.
 */
export async function runSearch(
	search: SearchSetup,
	config: RunConfig,
	{run, announce}: RungPorts,
): Promise<ConfiguredEnd> {
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
			// The rest of the budget would measure less precisely than the last rung.
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
}
