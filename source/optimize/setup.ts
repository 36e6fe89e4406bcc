import {bounds, defaults} from '../config/defaults.ts';
import type {FlagValues} from '../config/parse-arguments.ts';
import {readChoice, readInteger, readNumber} from '../config/values.ts';
import type {Plan, RunConfig} from '../domain/run-config.ts';
import {UserError} from '../domain/user-error.ts';
import {combinations} from '../metrics/decisions/search/candidates.ts';
import {itemsForMargin, marginOfItems} from '../metrics/statistics/intervals.ts';
import {formatCount, formatPercent, formatUsd} from '../text/numbers.ts';
import {cleanText} from '../text/width.ts';
import {type Contender, freeName} from './candidates.ts';
import type {Bar} from './race.ts';
import {withTask} from './rewriter.ts';
import {type OptimizeSetup, type OptimizeState, spentTogether, splitItems} from './state.ts';

/** From what was typed to what an optimisation goes by, and what it will do, in words, before anything is sent. */

/** Fewer items prove nothing. */
const minItems = 60;
/** Levers that change what a useful item costs; fewer max tokens alone do not. */
const levers = new Set(['pack', 'compress', 'cache']);

const example = 'For example: bedrock-top optimize route -m MODEL.';

const refuse = (message: string, hint: string): UserError => new UserError(message, {exitCode: 2, hint});

/**
 * Refuses a preset that cannot be optimised, whatever is typed beside it.
 * @throws UserError (exit 2) with the value and the way out.
 */
const assertFit = ({preset, task, models, variants, isMaxTokensAuto}: RunConfig): void => {
	const name = `"${cleanText(preset ?? 'this task')}"`;
	if (task.chat !== undefined || task.recorded !== undefined) {
		throw refuse(`${name} is a conversation, and only a task with items can be optimised.`, example);
	}
	if (task.items.length < minItems) {
		throw refuse(
			`${name} has ${formatCount(task.items.length)} ${task.items.length === 1 ? 'item' : 'items'}: at least ${minItems} are needed to prove anything.`,
			'Add items with their right answers to the preset (items: {file: NAME.csv}, expected: "{{item.label}}").',
		);
	}
	const hasLabels = task.items.some(({expected}) => expected !== undefined && expected.trim() !== '');
	if (!hasLabels && task.checks.length === 0) {
		throw refuse(
			`${name} has neither right answers nor checks: nothing would say whether a rewrite is as good.`,
			'Add expected: "{{item.label}}", or checks, to the preset.',
		);
	}
	if (models.length !== 1) {
		throw models.length === 0
			? refuse(
					'optimize needs a model.',
					'Give one with -m MODEL; "bedrock-top models" lists what can be run.',
				)
			: refuse(
					`optimize takes one model, not ${models.length} (${models.join(', ')}).`,
					'Give one with -m MODEL.',
				);
	}
	if (isMaxTokensAuto) {
		throw refuse(
			'--max-tokens auto does not go with optimize: rewrites set their own max tokens.',
			'Leave it out, or give a number.',
		);
	}
	if (variants.length === 0) {
		throw refuse(`${name} has no variant.`, example);
	}
};

const ofModel = (flags: FlagValues, config: RunConfig): string =>
	flags.text('rewriter') ?? config.models[0] ?? '';

/** What is tried beside rewrites: the preset's own variants, and the levers of a search on the first one. */
const ownCandidates = (config: RunConfig): readonly Contender[] => {
	const [baseline, ...others] = config.variants;
	const own = others.map((variant): Contender => ({variant, parent: null, kind: 'own', round: 1}));
	const pulled = baseline === undefined ? [] : combinations([baseline], config.task, config.maxTokens);
	const taken = config.variants.map(({name}) => name);
	return [
		...own,
		...pulled
			.filter((each) => each.levers.length === 1 && each.levers.every((lever) => levers.has(lever)))
			.map(
				({variant}): Contender => ({
					variant: {...variant, name: freeName(variant.name, taken)},
					parent: baseline?.name ?? null,
					kind: 'lever',
					round: 1,
				}),
			),
	];
};

/** An optimisation before its prices are known. */
export type Wanted = {
	readonly setup: OptimizeSetup;
	/** Model that writes. */
	readonly rewriter: string;
	/** `--via`: Bedrock rewrites the variant to beat, too. */
	readonly isViaBedrock: boolean;
	/** Of `--import`: a file, or a location in S3. */
	readonly imported: string | undefined;
};

/**
 * Reads the flags of `optimize`.
 * @param config As a run of the preset would have it.
 * @throws UserError (exit 2) with the value and the way out.
 */
export function wantedOf(flags: FlagValues, config: RunConfig): Wanted {
	assertFit(config);
	const read = (name: 'margin' | 'min-saving', fallback: number, least: number): number => {
		const text = flags.text(name);
		return text === undefined ? fallback : readNumber(name, text, {min: least, max: 0.9});
	};
	const margin = read('margin', 0.1, 0.001);
	const minSaving = read('min-saving', 0, 0);
	const rounds = readInteger('rounds', flags.text('rounds') ?? String(defaults.optimizeRounds), {
		min: 1,
		max: 20,
	});
	const requests = readInteger(
		'requests',
		flags.text('requests') ?? String(defaults.optimizeRequests),
		bounds.requests,
	);
	const via = flags.text('via');
	if (via !== undefined) {
		readChoice('via', via, ['optimize-prompt']);
	}
	const split = splitItems(config.task.items, config.seed);
	const least = minRequests(split.heldOut.length);
	if (requests < least) {
		throw refuse(
			`--requests: ${requests} is too few to prove anything.`,
			`Give at least ${least}; ${defaults.optimizeRequests} are usual.`,
		);
	}
	const [first] = config.variants;
	if (first === undefined) {
		throw new Error('A preset has a variant.');
	}
	const names = config.variants.map(({name}) => name);
	return {
		rewriter: ofModel(flags, config),
		isViaBedrock: flags.text('via') !== undefined,
		imported: flags.text('import'),
		setup: {
			task: config.task,
			maxTokens: config.maxTokens,
			split,
			baseline: withTask(first, config.task),
			own: ownCandidates(config),
			dropped: [],
			bar: {margin, minSaving},
			rounds,
			budget: {
				requests: Math.min(requests, config.guards.maxRequests ?? requests),
				// A demo costs nothing: it keeps only what was typed.
				costUsd: flags.isSet('demo') && !config.guards.isMaxCostGiven ? null : config.guards.maxCostUsd,
			},
			dearestUsd: {model: null, rewriter: null},
			burndown: 1,
			rewriterName: freeName('rewriter', names),
		},
	};
}

/** The number of the account in an ARN; undefined where it names none. */
const accountIn = (model: string): string | undefined => /^arn:[\w-]+:[\w-]+:[\w-]*:(\d+):/.exec(model)?.[1];

/**
 * Items go to the rewriter: it must be in the account that is called.
 * @param account That is called; undefined or null where it is not known.
 * @throws UserError (exit 2).
 */
export function assertOwnAccount(rewriter: string, model: string, account: string | null | undefined): void {
	const named = accountIn(rewriter);
	const own = account ?? accountIn(model);
	if (named !== undefined && named !== own) {
		throw refuse(
			`--rewriter ${cleanText(rewriter)}: it is in account ${named}, and ${own === undefined || own === null ? 'the number of your account is not known' : `${own} is called`}: items of the preset would leave your account.`,
			'Name a model or a profile of your own account.',
		);
	}
}

/** The setup with what preparing has found. */
export function withPrices(setup: OptimizeSetup, model: Plan, rewriter: Plan): OptimizeSetup {
	return {
		...setup,
		dearestUsd: {model: model.dearestRequestUsd ?? null, rewriter: rewriter.dearestRequestUsd ?? null},
		burndown: model.targets[0]?.burndown.value ?? 1,
	};
}

/** Requests to the rewriter, at most: five kinds first, four in each later round. */
const rewriterRequests = ({rounds}: OptimizeSetup): number => 5 + 4 * (rounds - 1);

/** Upper bound of so many requests in USD; null where a price is not known. */
const costOf = (setup: OptimizeSetup, requests: number): number | null => {
	const {model, rewriter} = setup.dearestUsd;
	const written = Math.min(requests, rewriterRequests(setup));
	return model === null || rewriter === null ? null : (requests - written) * model + written * rewriter;
};

/**
 * The plan of the whole optimisation, from that of its first step.
 * A typed limit is kept by the guards: it need only pay for the fewest requests that come to a verdict.
 */
export function wholePlan(
	setup: OptimizeSetup,
	first: Plan,
	{isMaxCostGiven = false}: RunConfig['guards'],
): Plan {
	const {budget, split} = setup;
	const most = costOf(setup, budget.requests);
	const least = costOf(setup, Math.min(budget.requests, minRequests(split.heldOut.length)));
	const isKept =
		isMaxCostGiven && budget.costUsd !== null && least !== null && least <= budget.costUsd && most !== null;
	const times = (value: number | null): number | null =>
		value === null || !first.requests ? null : (value * budget.requests) / first.requests;
	return {
		...first,
		requests: budget.requests,
		isMost: true,
		likelyRequests: undefined,
		durationSeconds: null,
		quotaTokens: first.quotaTokens === null ? null : Math.round(times(first.quotaTokens) ?? 0),
		quotaMinutes: times(first.quotaMinutes),
		quotaShare: first.quotaShare === null ? null : Math.min(1, times(first.quotaShare) ?? first.quotaShare),
		costUsd: isKept ? Math.min(most, budget.costUsd) : most,
	};
}

const points = (share: number): string => `${(share * 100).toFixed(1)} points`;

/** What an optimisation does, where items go, and what so many items can prove. */
export function optimizeLines(
	setup: OptimizeSetup,
	{rewriter, isViaBedrock, imported}: Wanted,
	{targets}: Plan,
): readonly string[] {
	const {split, baseline, bar, rounds, budget} = setup;
	const heldOut = split.heldOut.length;
	const can = provable(heldOut, bar);
	const most = costOf(setup, budget.requests);
	const isShort = budget.costUsd !== null && most !== null && most > budget.costUsd;
	return [
		`  to beat       ${cleanText(baseline.name)}`,
		`  rewriter      ${cleanText(rewriter)} in ${targets[0]?.region ?? 'the same Region'}: templates, checks and up to 8 of the train items with their answers go there`,
		...(isViaBedrock ? ['  OptimizePrompt gets the template too, without items'] : []),
		...(imported === undefined
			? []
			: [
					`  import        ${formatCount(setup.own.filter(({kind}) => kind === 'imported').length)} templates of ${cleanText(imported)}, ${formatCount(setup.dropped.length)} that cannot be tried`,
				]),
		`  items         ${formatCount(split.train.length)} train, ${formatCount(split.select.length)} select, ${formatCount(heldOut)} held out; only train items go to the rewriter`,
		`  rounds        at most ${formatCount(rounds)}, then one candidate on the held-out items`,
		`  proof         ${formatCount(heldOut)} held-out items can prove "at most ${points(can.margin)} worse" with 90% power, where answers differ on ${formatPercent(assumedDiffering)} of the items; the margin of ${points(bar.margin)} needs ${formatCount(can.items)}`,
		...(isShort
			? [
					`  limit         all requests could cost ${formatUsd(most)}: at ${formatUsd(budget.costUsd)} fewer are sent`,
				]
			: []),
	];
}

/** How the requests of an optimisation are shared: the proof comes first, the race gets what it leaves. */

/** Share of items on which two equally good variants differ, before anything is known. */
const assumedDiffering = 0.05;
/** The same for what is kept for the proof, where candidates may differ more. */
const cautiousDiffering = 0.2;
/** Part of all requests that the proof gets at most before the race. */
const maxProofPart = 0.55;
/** For requests that are sent again. */
const forRetries = 0.03;
/** Items below which a proof says nothing. */
export const minProofItems = 20;
/** Train items that the baseline is asked for: the rewriter sees the worst of them. */
const trainItems = {least: 8, most: 24, part: 0.03};
/** An estimate of the cost of a request is exceeded by few. */
const costMargin = 1.25;

/** Train items of the baseline. */
export function trainItemsFor({budget, split}: Pick<OptimizeSetup, 'budget' | 'split'>): number {
	const wanted = Math.round(budget.requests * trainItems.part);
	return Math.min(split.train.length, Math.max(trainItems.least, Math.min(trainItems.most, wanted)));
}

/** Held-out items that are kept for the proof whatever the race needs, by all that may be sent. */
export function keptForProof(setup: OptimizeSetup, state: OptimizeState): number {
	const {split, bar} = setup;
	const all = spentTogether(state.model, state.rewriter).requests + requestsLeft(setup, state);
	return Math.max(
		Math.min(minProofItems, split.heldOut.length),
		Math.min(
			split.heldOut.length,
			itemsForMargin(bar.margin, cautiousDiffering),
			Math.floor((all * maxProofPart) / 2),
		),
	);
}

/** Requests with which an optimisation comes to a verdict at all. */
export function minRequests(heldOut: number): number {
	const race = 3 * 2 * 8;
	return Math.ceil((2 * Math.min(minProofItems, heldOut) + trainItems.least + 5 + race) * (1 + forRetries));
}

/** What so many held-out items prove: the smallest margin with 90% power, and the items that the margin of the run needs. */
function provable(
	heldOut: number,
	{margin}: Pick<Bar, 'margin'>,
	differing = assumedDiffering,
): {readonly margin: number; readonly items: number} {
	return {margin: marginOfItems(heldOut, differing), items: itemsForMargin(margin, differing)};
}

/** Requests that may still be sent, by their number and by what they cost. */
export function requestsLeft({budget, dearestUsd}: OptimizeSetup, {model, rewriter}: OptimizeState): number {
	const spent = spentTogether(model, rewriter);
	const byNumber = budget.requests - spent.requests;
	if (budget.costUsd === null || spent.costUsd === null) {
		return Math.max(0, byNumber);
	}
	const mean =
		model.requests === 0 || model.costUsd === null || model.costUsd === 0
			? dearestUsd.model
			: (model.costUsd / model.requests) * costMargin;
	const byCost = mean === null || mean === 0 ? byNumber : Math.floor((budget.costUsd - spent.costUsd) / mean);
	return Math.max(0, Math.min(byNumber, byCost));
}

/** Requests that the race of a round may send: more in the first, in which most candidates come. */
export function requestsOfRace(setup: OptimizeSetup, state: OptimizeState, round: number): number {
	const proof = Math.ceil(2 * keptForProof(setup, state) * (1 + forRetries));
	const free = Math.max(0, requestsLeft(setup, state) - proof);
	const share = setup.rounds === 1 ? 0.85 : round === 1 ? 0.7 : 1 / (setup.rounds - round + 2);
	return Math.floor(free * share);
}

/** Requests that the finalists may still take on select items. */
export function requestsBeforeProof(setup: OptimizeSetup, state: OptimizeState): number {
	return Math.max(
		0,
		requestsLeft(setup, state) - Math.ceil(2 * keptForProof(setup, state) * (1 + forRetries)),
	);
}

/** Held-out items of the proof, by what is left. @param packed Items per request of the candidate. */
export function proofItems(setup: OptimizeSetup, state: OptimizeState, packed: number): number {
	const left = Math.floor(requestsLeft(setup, state) / (1 + forRetries));
	const perItem = Math.max(1, setup.baseline.itemsPerRequest) ** -1 + Math.max(1, packed) ** -1;
	return Math.min(setup.split.heldOut.length, Math.max(0, Math.floor((left - 2) / perItem)));
}
