import type {Burndown, Target} from '../../domain/target.ts';
import table from '../data/burndown.json' with {type: 'json'};

/**
 * What the output of a model costs its bucket on `bedrock-runtime`: quota tokens per output token, and how many are set aside
 * where a request names no maximum. AWS has changed the first table several times, so it is data with a source and a date
 * (`data/burndown.json`); the user can override it and `account/account-bucket.ts` measures it.
 */

const {page} = table.sources;

/** Where the documented values are from: a page of AWS, as it read on this day. */
export const burndownSource = `${page.what}, ${page.asOf}`;
const assumed = 'assumed';

/** The first rule that matches holds. */
const rules = table.rows.map(({models, value, source}) => ({
	models: new RegExp(models),
	value,
	source: source === assumed ? assumed : burndownSource,
}));

/**
 * The output multiplier of a base model by a route.
 * @param override the user's own value, which wins.
 * @returns `source` says who states the value: the documentation, `override`, or `assumed` where nobody does.
 */
export function burndownOf(
	{baseModel, scope}: Pick<Target, 'baseModel' | 'scope'>,
	override?: number,
): Burndown {
	if (scope === 'mantle') {
		return noBurndown;
	}
	if (override !== undefined) {
		return {value: override, source: 'override'};
	}
	const rule = rules.find(({models}) => models.test(baseModel));
	return rule === undefined ? {value: 1, source: assumed} : {value: rule.value, source: rule.source};
}

/** On bedrock-mantle output has a quota of its own and costs the one of the input what it is (user guide, quotas-mantle). */
const noBurndown: Burndown = {
	value: 1,
	source: 'AWS user guide, quotas of bedrock-mantle, 2026-11-22',
};

/**
 * Output tokens that a request may ask for at most: what the service sets aside where a request names none (AWS user
 * guide, token burndown: "the model's maximum"). Data from the providers' pages in the user guide as read on 2026-11-22;
 * models that are newer than it count as their neighbours. Wherever it is used it is marked as assumed.
 */

const maxOutputs: ReadonlyArray<readonly [models: RegExp, tokens: number]> = [
	[/^anthropic\.claude-(?:v\d|instant|3-(?:opus|sonnet|haiku))/, 4096],
	[/^anthropic\.claude-3-5/, 8192],
	[/^anthropic\.claude-opus-4(?:-1)?(?:-20|$|-v)/, 32_000],
	[/^anthropic\.claude-(?:3-7|[a-z]+-4)/, 64_000],
	[/^(?:anthropic\.|openai\.gpt-\d)/, 128_000],
	[/^amazon\.nova-2/, 65_536],
	[/^amazon\.nova-premier/, 32_000],
	[/^amazon\.nova/, 10_000],
	[/^amazon\.titan/, 512],
	[/^meta\.llama3-(?:8b|70b)/, 2048],
	[/^meta\./, 8192],
	[/^mistral\.(?:mistral-7b|mixtral)/, 512],
	[/^(?:mistral|cohere|ai21)\./, 4096],
	[/^deepseek\.r1/, 32_768],
];

/** Of a model that no rule knows. */
const usualMaxOutput = 8192;

/** @param baseModel Foundation model ID. */
export function maxOutputOf(baseModel: string): number {
	return maxOutputs.find(([models]) => models.test(baseModel))?.[1] ?? usualMaxOutput;
}
