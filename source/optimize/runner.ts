import {readFile} from 'node:fs/promises';
import path from 'node:path';
import type {RunConfig} from '../domain/run-config.ts';
import type {RunEnd, Snapshot} from '../domain/snapshot.ts';
import type {Item, Variant} from '../domain/task.ts';
import {lostFile} from '../reports/answer-lines.ts';
import type {AskedVariants, Ports, StepEnd} from './course.ts';
import {type Records, readRecords} from './outcomes.ts';
import {requestsFor} from './race.ts';
import {type RewriteRequest, rewriterPrompt, rewriterSystem} from './rewriter.ts';
import {type OptimizeSetup, type Spend, spentTogether} from './state.ts';

/** Every step is an ordinary run of the engine: admission, retries, budget and answers are those of any other. */

/** Tokens that an answer of the rewriter may have: a few templates. */
const rewriterMaxTokens = 4096;

/** What the steps need of the program. */
type RunnerPorts = {
	/** Runs to the end, or to a signal; undefined where it was not even prepared. */
	readonly run: (config: RunConfig) => Promise<RunEnd | undefined>;
	/** After each run, with its configuration. */
	readonly onEnd: (end: RunEnd, config: RunConfig) => void;
};

/** An optimisation with its files and models. */
type Runner = {
	readonly config: RunConfig;
	readonly setup: OptimizeSetup;
	readonly rewriter: string;
	/** Folder of answers.jsonl. */
	readonly folder: string;
};

const readText = async (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '');

/** What the folder of an optimisation has so far. */
export async function recordsIn(folder: string, {task, rewriterName}: OptimizeSetup): Promise<Records> {
	const answers = path.join(folder, 'answers.jsonl');
	return readRecords(await readText(answers), await readText(lostFile(answers)), task.items, rewriterName);
}

/** What every step has in common: nobody is put out during it, and the budget of the whole optimisation holds. */
const stepConfig = (config: RunConfig, requests: number): RunConfig => ({
	...config,
	goal: 'efficiency',
	policy: 'fixed',
	isBalanced: false,
	isEliminating: false,
	isMaxTokensAuto: false,
	lanes: [],
	minQuality: null,
	serviceLevel: null,
	load: {
		...config.load,
		shape: 'measure',
		requests,
		durationMs: null,
		ratePerMinute: null,
		warmUpRequests: 0,
		rampUpMs: 0,
	},
});

/** The run that asks variants for items. */
export function measureConfig(config: RunConfig, asked: AskedVariants): RunConfig {
	const [model = ''] = config.models;
	const wanted = new Set(asked.flatMap(({items}) => items));
	const requests = Math.max(...asked.map(({variant, items}) => requestsFor(variant, items.length)));
	const isSame = asked.every(
		({variant, items}) => variant.itemsPerRequest === 1 && items.length === wanted.size,
	);
	return {
		...stepConfig(config, requests),
		task: {...config.task, items: config.task.items.filter(({index}) => wanted.has(index))},
		variants: asked.map(({variant}) => variant),
		// Where all are asked for the same, the requests are drawn in blocks, so that they can be compared in pairs.
		...(isSame ? {} : {missing: asked.map(({variant, items}) => ({model, variant: variant.name, items}))}),
	};
}

const rewriterVariant = (name: string): Variant => ({
	name,
	instruction: '{{item}}',
	system: rewriterSystem,
	maxTokens: rewriterMaxTokens,
	stop: [],
	parameters: {},
	itemsPerRequest: 1,
	cache: false,
	compress: [],
});

const itemOf = (text: string, index: number): Item => ({index, text, fields: {}, expected: undefined});

/** The run that asks the rewriter. @param prompts One request each. */
export function rewriteConfig(
	config: RunConfig,
	{rewriter, rewriterName}: {readonly rewriter: string; readonly rewriterName: string},
	prompts: readonly string[],
): RunConfig {
	return {
		...stepConfig(config, prompts.length),
		task: {task: 'Rewrite prompt templates', content: undefined, items: prompts.map(itemOf), checks: []},
		variants: [rewriterVariant(rewriterName)],
		models: [rewriter],
	};
}

/** What a run sent and cost, its judges included; where the cost has an upper bound, that. */
function spendOf({variants, judges = [], costUsd, costUsdWithin}: Snapshot): Spend {
	const sum = (of: (variant: Snapshot['variants'][number]) => number): number =>
		variants.reduce((total, variant) => total + of(variant), 0);
	const requests = sum(({requests: {attempts}}) => attempts);
	const own: Spend = {
		requests,
		costUsd: costUsdWithin?.high ?? costUsd ?? (requests === 0 ? 0 : null),
		quotaTokens: sum(({tokens}) => tokens.quota),
	};
	return judges.reduce(
		(spend, judge) =>
			spentTogether(spend, {
				requests: judge.requests,
				costUsd: judge.costUsd ?? (judge.requests === 0 ? 0 : null),
				quotaTokens: judge.tokens.quota,
			}),
		own,
	);
}

const endOf = ({snapshot: {outcome, stoppedBy, failures}, fault}: RunEnd): Pick<StepEnd, 'end' | 'why'> => {
	if (fault !== undefined) {
		return {end: 'stopped', why: fault.message.replace(/\.$/, '')};
	}
	if (outcome === 'completed') {
		return {end: 'completed'};
	}
	if (stoppedBy === 'requests' || stoppedBy === 'cost') {
		return {end: 'budget'};
	}
	switch (stoppedBy) {
		case 'day':
			return {end: 'stopped', why: "the day's quota was used up"};
		case 'fault':
			return {end: 'stopped', why: failures[0]?.message.replace(/\.$/, '') ?? 'the service refused'};
		default:
			return {end: 'stopped'};
	}
};

/** @returns The ports by which a course sends. */
export function createRunner(
	{config, setup, rewriter, folder}: Runner,
	{run, onEnd}: RunnerPorts,
	begunUsd = 0,
): Pick<Ports, 'measure' | 'rewrite'> {
	let spentUsd = begunUsd;
	const step = async (
		own: RunConfig,
		maxRequests: number,
	): Promise<{readonly id: string | undefined; readonly records: Records} & StepEnd> => {
		const {costUsd} = setup.budget;
		const guards = {
			...config.guards,
			maxRequests,
			maxAttempts: maxRequests,
			maxCostUsd: costUsd === null ? null : Math.max(0, costUsd - spentUsd),
		};
		const ended = await run({...own, guards});
		const records = await recordsIn(folder, setup);
		if (ended === undefined) {
			const spent = {requests: 0, costUsd: 0, quotaTokens: 0};
			return {id: undefined, records, outcomes: records.outcomes, spent, end: 'stopped'};
		}
		onEnd(ended, own);
		const spent = spendOf(ended.snapshot);
		spentUsd += spent.costUsd ?? 0;
		return {id: ended.snapshot.run, records, outcomes: records.outcomes, spent, ...endOf(ended)};
	};
	return {
		async measure(asked, {maxRequests}) {
			return step(measureConfig(config, asked), maxRequests);
		},
		async rewrite(requests: readonly RewriteRequest[], {maxRequests}) {
			const prompts = requests.map((request) => rewriterPrompt(request, setup.task));
			const own = rewriteConfig(config, {rewriter, rewriterName: setup.rewriterName}, prompts);
			const {id, records, ...ended} = await step(own, maxRequests);
			const replies = records.rewrites.get(id ?? '');
			// Without a rewriter the other candidates may still race.
			const isSignal = ended.end === 'stopped' && ended.why === undefined;
			return {
				...ended,
				...(ended.end === 'stopped' && !isSignal ? {end: 'completed' as const} : {}),
				replies: prompts.map(
					(_, index) =>
						replies?.get(index) ?? {
							fault: `the rewriter gave no answer${ended.why === undefined ? ' before the budget ended' : `: ${ended.why}`}`,
						},
				),
			};
		},
	};
}
