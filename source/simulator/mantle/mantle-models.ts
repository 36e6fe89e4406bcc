import type {Model, Trait} from '../catalog/model.ts';
import {findModel} from '../catalog/models.ts';

/**
 * The models of bedrock-mantle. They have other IDs than in the runtime, without version suffix, and no inference
 * profiles.
 */

/** The APIs of the endpoint; each model speaks some of them. */
export type ApiName = 'Messages' | 'ChatCompletions' | 'Responses';

/** The path before that of an API: it depends on the model. */
export type Surface = '/v1' | '/openai/v1' | '/anthropic/v1';

export type MantleModel = {
	/** As requests name it. */
	readonly id: string;
	/** As it names itself in an answer. */
	readonly answersAs: string;
	readonly model: Model;
	readonly apis: readonly ApiName[];
	readonly surface: Surface;
	/** Its reasoning is counted, but not shown. */
	readonly hidesReasoning: boolean;
};

/** Claude names itself without the vendor. */
const claude = (model: Model, id = model.id): MantleModel => ({
	id,
	answersAs: model.id.replace(/^anthropic\./, '').replace(/-v\d+(:\d+)?$/, ''),
	model,
	apis: ['Messages'],
	surface: '/anthropic/v1',
	hidesReasoning: false,
});

const openModel = (model: Model, id: string, more: Partial<MantleModel> = {}): MantleModel => ({
	id,
	answersAs: id,
	model,
	apis: ['ChatCompletions'],
	surface: '/v1',
	hidesReasoning: false,
	...more,
});

const onlyHere = (
	id: string,
	name: string,
	provider: string,
	more: Partial<Model> & {readonly with?: readonly Trait[]},
): Model => ({
	id,
	name,
	provider,
	family: 'openai',
	size: 'medium',
	maximumOutputTokens: 128_000,
	defaultOutputTokens: undefined,
	burndown: 1,
	isOnDemand: false,
	profiles: [],
	...more,
	traits: new Set(more.with ?? []),
});

/** GPT only has Responses here, below `/openai/v1`. */
const gpt = (id: string, name: string, size: Model['size']): MantleModel =>
	openModel(onlyHere(`openai.${id}`, name, 'OpenAI', {size, with: ['reasons', 'caches']}), `openai.${id}`, {
		apis: ['Responses'],
		surface: '/openai/v1',
		hidesReasoning: true,
	});

const fable = (id: string, name: string): MantleModel =>
	claude(onlyHere(`anthropic.${id}`, name, 'Anthropic', {size: 'large', with: ['no-sampling', 'caches']}));

/** A model of the runtime under its ID here; none where the catalog has no such model. */
const shared = (
	runtimeId: string,
	serve: (model: Model) => MantleModel = (model) => openModel(model, runtimeId),
): readonly MantleModel[] => {
	const model = findModel(runtimeId);
	return model === undefined ? [] : [serve(model)];
};

/** Responses for gpt-oss are served by this endpoint only. */
const gptOss = (size: string): readonly MantleModel[] =>
	shared(`openai.gpt-oss-${size}-1:0`, (model) =>
		openModel(model, `openai.gpt-oss-${size}`, {apis: ['ChatCompletions', 'Responses']}),
	);

/**
 * The models of `GET /v1/models`, in the order of the vendors. Surfaces and APIs as public clients found them at the
 * endpoint (Gemma 3 below `/v1`, Gemma 4 below `/openai/v1`); AWS only says that they depend on the model.
 */
export const mantleModels: readonly MantleModel[] = [
	...shared('anthropic.claude-haiku-4-5-20251001-v1:0', (model) =>
		claude(model, 'anthropic.claude-haiku-4-5'),
	),
	...['opus-4-7', 'opus-4-8', 'sonnet-5', 'opus-5'].flatMap((name) =>
		shared(`anthropic.claude-${name}`, (model) => claude(model)),
	),
	fable('claude-fable-5', 'Claude Fable 5'),
	fable('claude-fable-5-1', 'Claude Fable 5.1'),
	gpt('gpt-5.4', 'GPT-5.4', 'medium'),
	gpt('gpt-5.5', 'GPT-5.5', 'large'),
	gpt('gpt-5.6-luna', 'GPT-5.6 Luna', 'small'),
	gpt('gpt-5.6-terra', 'GPT-5.6 Terra', 'medium'),
	gpt('gpt-5.6-sol', 'GPT-5.6 Sol', 'large'),
	gpt('gpt-6-astra', 'GPT-6 Astra', 'large'),
	...gptOss('20b'),
	...gptOss('120b'),
	...shared('google.gemma-3-27b-it'),
	openModel(
		onlyHere('google.gemma-4-31b', 'Gemma 4 31B', 'Google', {maximumOutputTokens: 32_768}),
		'google.gemma-4-31b',
		{surface: '/openai/v1'},
	),
	...shared('deepseek.v3.2'),
	...shared('qwen.qwen3-32b-v1:0', (model) => openModel(model, 'qwen.qwen3-32b')),
	...shared('mistral.mistral-large-3-675b-instruct'),
	...shared('minimax.minimax-m2'),
	...shared('moonshot.kimi-k2-thinking', (model) => openModel(model, 'moonshotai.kimi-k2-thinking')),
	...shared('zai.glm-4.7-flash'),
];

const modelsById = new Map(mantleModels.map((entry) => [entry.id, entry]));

/** A model by its ID on this endpoint. */
export function findMantleModel(id: string): MantleModel | undefined {
	return modelsById.get(id);
}
