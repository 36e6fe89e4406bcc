import {bounds} from '../../config/bounds.ts';
import {defaults} from '../../config/defaults.ts';
import type {FlagValues} from '../../config/parse-arguments.ts';
import {readInteger} from '../../config/values.ts';
import type {Rung} from '../../domain/figures-schema.ts';
import type {Plan} from '../../domain/plan.ts';
import type {RunConfig} from '../../domain/run-config.ts';
import {UserError} from '../../domain/user-error.ts';
import {type Candidate, chosenCandidates, combinations} from '../../metrics/decisions/search/candidates.ts';
import {leastBudget, planRungs, requestsOfRungs} from '../../metrics/decisions/search/rungs.ts';
import {wholePlan} from '../../metrics/decisions/search/search-figures.ts';
import {planLines} from '../../plain/plan.ts';
import {formatCount} from '../../text/numbers.ts';

/** `run --search`, checked and planned before anything is sent. */
export type SearchSetup = {
	readonly budget: number;
	readonly combinations: number;
	readonly candidates: readonly Candidate[];
	readonly rungs: readonly Rung[];
};

/** What does not go with a search, in words that follow its flag; undefined where everything does. */
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
 * The configuration of one rung: an ordinary run of those candidates, with the seed of all. None goes out within it.
 * @param itemsFrom Items that earlier rungs asked: whoever was chosen by them is judged by others, as far as there are any.
 */
export const rungConfig = (
	config: RunConfig,
	candidates: readonly Candidate[],
	{requests}: Rung,
	itemsFrom = 0,
): RunConfig => ({
	...config,
	variants: candidates.map(({variant}) => variant),
	load: {...config.load, requests},
	isEliminating: false,
	itemsFrom,
});

/**
 * Reads `--search`.
 * @returns undefined without the flag.
 * @throws UserError exit 2 for what does not go with it, and for a budget that is too small.
 */
export const searchOf = (
	flags: FlagValues,
	config: RunConfig,
	isOnScreen: boolean,
): SearchSetup | undefined => {
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
		throw new UserError(`--requests: ${budget} are too few to search ${config.variants.length} variants.`, {
			exitCode: 2,
			hint: `Give at least ${leastBudget(config.variants.length)}, or fewer variants with --variants.`,
		});
	}
	return {budget, combinations: all.length, candidates: chosenCandidates(all, count, config.seed), rungs};
};

/** The rungs of a search in words, for the plan. */
const searchLines = (search: SearchSetup): readonly string[] => [
	`  search        ${formatCount(search.candidates.length)} of ${formatCount(search.combinations)} combinations of variants and prompt levers, ${formatCount(requestsOfRungs(search.rungs))} of at most ${formatCount(search.budget)} requests`,
	...search.rungs.map(
		({candidates, requests}, index) =>
			`  rung ${index + 1}        ${formatCount(candidates)} candidates, ${formatCount(requests)} requests each`,
	),
];

/** What the engine is asked to prepare first. */
export const firstConfig = (search: SearchSetup | undefined, config: RunConfig): RunConfig => {
	const [rung] = search?.rungs ?? [];
	if (search === undefined || rung === undefined) {
		return config;
	}
	const {guards} = config;
	const maxRequests = Math.min(search.budget, guards.maxRequests ?? search.budget);
	return rungConfig({...config, guards: {...guards, maxRequests}}, search.candidates, rung);
};

/** The plan of all that will be sent, and in words. */
export const planOf = (
	search: SearchSetup | undefined,
	plan: Plan,
	config: RunConfig,
): {readonly plan: Plan; readonly lines: readonly string[]} => {
	if (search === undefined) {
		return {plan, lines: planLines(plan, config)};
	}
	const whole = wholePlan(plan, search.rungs, config.guards.maxRequests ?? search.budget);
	const load = {...config.load, requests: null};
	return {plan: whole, lines: [...planLines(whole, {...config, load}), ...searchLines(search)]};
};
