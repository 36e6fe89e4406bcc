import {familyOf} from '../bedrock/families/registry.ts';
import {dialectOf} from '../bedrock/mantle/send.ts';
import {converseRequest, invokeRequest} from '../bedrock/methods/request.ts';
import {type InferenceRequest, type Method, methods} from '../domain/backend.ts';
import type {Prompt, Variant} from '../domain/task.ts';
import type {Recipe} from '../reports/best-request.ts';
import type {Results, TargetResults} from '../reports/results-schema.ts';
import type {JsonMembers, SentRequest} from '../reports/sdk-calls.ts';
import type {Choice} from '../reports/verdict.ts';

/** Builds requests with bedrock's code, for reports, which must not import it. */

/** As JSON, which is what goes over the wire. */
const jsonOf = (value: unknown): JsonMembers => JSON.parse(JSON.stringify(value)) as JsonMembers;

/** The request as it goes over the wire. */
export function sentRequestOf(request: InferenceRequest, region: string): SentRequest {
	const {method, model} = request;
	switch (method) {
		case 'converse':
		case 'converse-stream': {
			const {modelId: _, ...body} = converseRequest(request);
			return {method, model, region, body: jsonOf(body), beside: {}};
		}
		case 'invoke':
		case 'invoke-stream': {
			const body = familyOf(request.baseModel).build(request, method === 'invoke-stream');
			const {serviceTier, performanceConfigLatency} = invokeRequest(request, body);
			const beside = {
				...(serviceTier === undefined ? {} : {serviceTier}),
				...(performanceConfigLatency === undefined ? {} : {performanceConfigLatency}),
			};
			return {method, model, region, body: jsonOf(body), beside};
		}
		case 'messages':
		case 'messages-stream':
		case 'chat-completions':
		case 'chat-completions-stream':
		case 'responses':
		case 'responses-stream': {
			const dialect = dialectOf(method);
			const body = dialect.build(request, method.endsWith('-stream'));
			const surface = dialect.path(model).replace(/\/(?:messages|chat\/completions|responses)$/, '');
			return {method, model, region, body: jsonOf(body), beside: {}, surface};
		}
	}
}

/** The request of a variant with a prompt. */
export function variantRequest(
	{model, baseModel, region, tier}: TargetResults,
	{stop, parameters, cache}: Pick<Variant, 'stop' | 'parameters' | 'cache'>,
	{system, user}: Prompt,
	{method, maxTokens}: {readonly method: InferenceRequest['method']; readonly maxTokens: number},
): SentRequest {
	return sentRequestOf(
		{
			model,
			baseModel,
			method,
			system,
			messages: [{role: 'user', text: user}],
			maxTokens,
			stop,
			parameters,
			cache,
			tier: tier ?? undefined,
		},
		region,
	);
}

/** Method for one request of a run: a batch job has no single request. */
export function onDemandMethod({plan}: Pick<Results, 'plan'>): Method {
	return methods.find((method) => method === plan.method) ?? 'converse';
}

/** Max tokens to send: the variant's own or the run's; the advised value where the run was right-sizing it. */
export function maxTokensOf(
	{plan}: Pick<Results, 'plan'>,
	{variant}: Pick<Choice, 'variant'>,
	recipe: Recipe,
): number {
	const asked = recipe.variants.find(({name}) => name === variant.name)?.maxTokens ?? recipe.maxTokens;
	const learnt = plan.maxTokens === 'auto' ? variant.maxTokensAdvice.value : null;
	return learnt ?? asked;
}

/** The request of a choice as it was first sent; undefined where the recipe lacks the variant. */
export function firstRequestOf(results: Results, choice: Choice, recipe: Recipe): SentRequest | undefined {
	const variant = recipe.variants.find(({name}) => name === choice.variant.name);
	const target = results.targets[choice.target];
	const {system, user} = choice.variant.prompt;
	if (variant === undefined || target === undefined || user === null) {
		return undefined;
	}
	const method = onDemandMethod(results);
	const maxTokens = maxTokensOf(results, choice, recipe);
	return variantRequest(target, variant, {system: system ?? undefined, user}, {method, maxTokens});
}
