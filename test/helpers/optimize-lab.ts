import {createRandom, type Random} from '../../source/domain/clock.ts';
import {type AskedVariants, optimize, type Ports, type StepEnd} from '../../source/optimize/course.ts';
import type {ItemRecord, Outcomes} from '../../source/optimize/outcomes.ts';
import {rewriterPrompt} from '../../source/optimize/rewriter.ts';
import {
	emptyState,
	nothingSpent,
	type OptimizeSetup,
	type OptimizeState,
	splitItems,
} from '../../source/optimize/state.ts';
import {itemsOf, variantOf} from './spec-fixture.ts';

/** Optimisations in memory: the real decisions, a rewriter and a model that are drawn. */

/** A prompt that a rewriter may offer, as the model answers it. */
export type Nature = {
	/** Part of the baseline's quota tokens that it saves. */
	readonly saving: number;
	/** Useful share less that of the baseline. */
	readonly loss: number;
	/** It writes the text of an item into the template, or loses its placeholder. */
	readonly trap?: 'leak' | 'placeholder' | 'nonsense';
};

export type Scene = {
	readonly seed: number;
	readonly items?: number;
	readonly requests?: number;
	readonly margin?: number;
	readonly rounds?: number;
	readonly costUsd?: number | null;
	/** Offered in the order in which kinds are asked, two for each; none for what is asked later. */
	readonly natures: readonly Nature[];
	/** Part of the items on which two equally good prompts differ. */
	readonly differing?: number;
	/** Ends the course as a signal would, before this step. */
	readonly stopAt?: number;
	readonly begun?: LabEnd;
};

export type LabEnd = {
	readonly state: OptimizeState;
	readonly outcomes: Outcomes;
	readonly setup: OptimizeSetup;
	/** Everything that the rewriter was sent. */
	readonly prompts: readonly string[];
	/** True saving and loss of the candidate that was proven. */
	readonly proven: Nature | undefined;
	readonly requests: number;
	readonly costUsd: number;
};

const baseAccuracy = 0.93;
const baseTokens = 1000;
const usdPerRequest = 0.002;

const uniform = (seed: number, ...parts: readonly number[]): number =>
	createRandom(parts.reduce((mixed, part) => Math.imul(mixed ^ part, 0x9e3779b1) ^ (mixed >>> 15), seed))();

const templateOf = (number: number, {trap}: Nature, leak: string): string =>
	trap === 'placeholder'
		? `Prompt ${number}`
		: `Prompt ${number}: {{item}}${trap === 'leak' ? ` such as ${leak}` : ''}`;

/** The nature that a template has, by its number. */
const natureOf = (instruction: string, natures: readonly Nature[]): Nature | undefined => {
	const number = /^Prompt (\d+)/.exec(instruction)?.[1];
	return number === undefined ? undefined : natures[Number(number)];
};

/** Answers an item as its prompt does: equally good prompts agree on all but a few items. */
const answer = (
	seed: number,
	item: number,
	number: number,
	nature: Nature | undefined,
	differing: number,
	random: Random,
): ItemRecord => {
	const isUsual = uniform(seed, item, 7) < baseAccuracy;
	let isUseful = isUsual;
	if (nature !== undefined) {
		// Half of the items that differ are gained, half lost; a loss falls on items that were right.
		const flips = isUsual
			? differing / 2 / baseAccuracy + nature.loss / baseAccuracy
			: Math.min(1, differing / 2 / (1 - baseAccuracy));
		isUseful = uniform(seed, item, number, 11) < flips ? !isUsual : isUsual;
	}
	const size = 0.8 + 0.4 * random();
	const quotaTokens = Math.round(baseTokens * size * (1 - (nature?.saving ?? 0)));
	return {
		isUseful,
		quotaTokens,
		answer: 'an answer',
		failed: isUseful ? undefined : 'expected: another',
		tokens: {input: 100, output: 20},
		isLost: false,
		isUnjudged: false,
	};
};

/** Runs an optimisation of a preset with so many items to its end. */
export async function labRun(scene: Scene): Promise<LabEnd> {
	const {seed, natures, differing = 0.05, stopAt} = scene;
	const random = createRandom(seed);
	const items = itemsOf(scene.items ?? 600).map((item) => ({
		...item,
		text: `ticket number ${item.index} says ${uniform(seed, item.index, 3).toString(36)} and asks for help`,
		expected: 'label',
	}));
	const baseline = {...variantOf('base'), instruction: 'The verbose prompt of the beginning: {{item}}'};
	const setup: OptimizeSetup = scene.begun?.setup ?? {
		task: {task: 'Route', content: undefined, items, checks: []},
		maxTokens: 100,
		split: splitItems(items, seed),
		baseline,
		own: [],
		dropped: [],
		bar: {margin: scene.margin ?? 0.1, minSaving: 0},
		rounds: scene.rounds ?? 3,
		budget: {requests: scene.requests ?? 900, costUsd: scene.costUsd ?? null},
		dearestUsd: {model: usdPerRequest * 3, rewriter: usdPerRequest * 10},
		burndown: 5,
		rewriterName: 'rewriter',
	};
	const outcomes = new Map<string, Map<number, ItemRecord>>(
		[...(scene.begun?.outcomes ?? [])].map(([name, own]) => [name, new Map(own)]),
	);
	const prompts: string[] = [];
	let offered = 0;
	let steps = 0;
	const spent = {requests: scene.begun?.requests ?? 0, costUsd: scene.begun?.costUsd ?? 0};
	const spend = (requests: number, usd: number) => {
		spent.requests += requests;
		spent.costUsd += requests * usd;
		return {...nothingSpent, requests, costUsd: requests * usd};
	};
	const isStopped = (): boolean => ++steps === stopAt;
	const measure: Ports['measure'] = async (asked: AskedVariants, {maxRequests}): Promise<StepEnd> => {
		if (isStopped()) {
			return {spent: nothingSpent, outcomes, end: 'stopped'};
		}
		const all = asked.flatMap(({variant, items: own}) => own.map((item) => ({variant, item})));
		const {costUsd} = setup.budget;
		const affordable =
			costUsd === null ? all.length : Math.max(0, Math.floor((costUsd - spent.costUsd) / usdPerRequest - 2));
		const allowed = all.slice(0, Math.min(maxRequests, affordable));
		for (const {variant, item} of allowed) {
			const number = Number(/^Prompt (\d+)/.exec(variant.instruction)?.[1] ?? -1);
			const own = outcomes.get(variant.name) ?? new Map<number, ItemRecord>();
			outcomes.set(
				variant.name,
				own.set(item, answer(seed, item, number, natureOf(variant.instruction, natures), differing, random)),
			);
		}
		return {
			spent: spend(allowed.length, usdPerRequest),
			outcomes: new Map(outcomes),
			end: allowed.length < all.length ? 'budget' : 'completed',
		};
	};
	const rewrite: Ports['rewrite'] = async (requests, {maxRequests}) => {
		if (isStopped()) {
			return {spent: nothingSpent, outcomes, end: 'stopped', replies: []};
		}
		const replies = requests.slice(0, maxRequests).map((request) => {
			prompts.push(rewriterPrompt(request, setup.task));
			const rewrites = Array.from({length: request.count}, () => {
				const nature = natures[offered];
				return nature === undefined
					? undefined
					: {kind: request.kind, template: templateOf(offered++, nature, items[0]?.text ?? ''), nature};
			}).filter((each) => each !== undefined);
			const isNonsense = rewrites.some(({nature}) => nature.trap === 'nonsense');
			return {
				text: isNonsense
					? 'Certainly! I shall.'
					: JSON.stringify({rewrites: rewrites.map(({nature, ...each}) => each)}),
			};
		});
		return {
			spent: spend(replies.length, usdPerRequest * 5),
			outcomes,
			end: replies.length < requests.length ? 'budget' : 'completed',
			replies,
		};
	};
	const begun = scene.begun === undefined ? emptyState : withoutEnd(scene.begun.state);
	const state = await optimize(
		setup,
		{measure, rewrite, keep: async () => {}, announce: async () => {}},
		{state: begun, outcomes},
	);
	const name = state.proof?.isAsGood && state.proof.isSaving ? state.chosen?.name : undefined;
	const proven = state.candidates.find(({variant}) => variant.name === name);
	return {
		state,
		outcomes,
		setup,
		prompts,
		proven: proven && natureOf(proven.variant.instruction, natures),
		requests: spent.requests,
		costUsd: spent.costUsd,
	};
}

const withoutEnd = ({endedBy, ...state}: OptimizeState): OptimizeState => state;

/** Twelve prompts: one that saves 40% and is as good, cheaper ones that are worse, others that save less. */
export function plantedNatures(random: Random): readonly Nature[] {
	const others = (count: number, saving: number, loss: number): readonly Nature[] =>
		Array.from({length: count}, () => ({
			saving: saving * (0.5 + random()),
			loss: loss * (0.8 + 0.4 * random()),
		}));
	return shuffle(
		[{saving: 0.4, loss: 0}, ...others(3, 0.5, 0.22), ...others(4, 0.1, 0), ...others(2, 0.2, 0.1)],
		random,
	);
}

/** Twelve prompts of which none saves anything with answers as good. @param loss Of one that saves 40%. */
export function hopelessNatures(random: Random, loss: number | undefined): readonly Nature[] {
	const others = Array.from({length: 9}, (): Nature => ({saving: -0.15 * random(), loss: 0.05 * random()}));
	return shuffle([{saving: loss === undefined ? 0 : 0.4, loss: loss ?? 0}, ...others], random);
}

const shuffle = (natures: readonly Nature[], random: Random): readonly Nature[] =>
	natures
		.map((nature) => ({nature, at: random()}))
		.toSorted((one, other) => one.at - other.at)
		.map(({nature}) => nature);
