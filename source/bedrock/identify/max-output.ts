/**
 * Output tokens that a request may ask for at most: what the service sets aside where a request names none (AWS user
 * guide, token burndown: "the model's maximum"). Data from the providers' pages in the user guide as read on 2026-11-22;
 * models that are newer than it count as their neighbours. Wherever it is used it is marked as assumed.
 */

const rules: ReadonlyArray<readonly [models: RegExp, tokens: number]> = [
	[/^anthropic\.claude-(?:v\d|instant|3-(?:opus|sonnet|haiku))/, 4096],
	[/^anthropic\.claude-3-5/, 8192],
	[/^anthropic\.claude-opus-4(?:-1)?(?:-20|$|-v)/, 32_000],
	[/^anthropic\.claude-(?:3-7|[a-z]+-4)/, 64_000],
	[/^anthropic\./, 128_000],
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
const usual = 8192;

/** @param baseModel Foundation model ID. */
export function maxOutputOf(baseModel: string): number {
	return rules.find(([models]) => models.test(baseModel))?.[1] ?? usual;
}
