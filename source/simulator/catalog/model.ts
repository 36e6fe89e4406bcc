import {logNormal, type Random} from '../answers/random.ts';
import {anything, count, type Shape, text, texts} from '../families/shape.ts';

/** A foundation model as the simulated account sees it, the stages of its life, and how fast it answers. */

/** The request and answer bodies that a model speaks. */
export type FamilyName =
	| 'anthropic'
	| 'nova'
	| 'titan'
	| 'llama'
	| 'mistral-prompt'
	| 'mistral-chat'
	| 'command'
	| 'command-r'
	| 'jamba'
	| 'jurassic'
	| 'deepseek'
	| 'openai';

/** The routes that a model can be called on; each has its own bucket. */
export type Scope = 'on-demand' | 'cross-region' | 'global';

/** What a model refuses, or does differently from its family. */
export type Trait =
	/** Sampling parameters are refused. */
	| 'no-sampling'
	/** `temperature` or `top_p`, not both. */
	| 'one-sampling'
	/** CountTokens is supported. */
	| 'counts-tokens'
	/** Cache points are honoured. */
	| 'caches'
	/** Token counts of the cache are reported even where nothing was cached. */
	| 'reports-cache'
	/** Converse reports `serverToolUsage`. */
	| 'reports-server-tools'
	/** Reasons before every answer. */
	| 'reasons'
	/** Reasons where it is asked to. */
	| 'thinks'
	| 'no-tools'
	/** Calls tools in whole answers only. */
	| 'no-streamed-tools'
	| 'no-system'
	| 'no-access'
	/** Answers whole only. */
	| 'no-streaming'
	/** Still answers, on its way out. */
	| 'legacy'
	/** Past the end of its life. */
	| 'end-of-life'
	/** Released after 2024. */
	| 'since-2025';

export type Model = {
	readonly id: string;
	readonly name: string;
	readonly provider: string;
	readonly family: FamilyName;
	/** Decides how fast it answers. */
	readonly size: 'small' | 'medium' | 'large';
	/** Longest answer in tokens. */
	readonly maximumOutputTokens: number;
	/** Max tokens where the request names none; undefined: the longest answer. */
	readonly defaultOutputTokens: number | undefined;
	/** Multiplier of output tokens at settlement. */
	readonly burndown: number;
	readonly isOnDemand: boolean;
	/** Prefixes of its inference profiles. */
	readonly profiles: readonly string[];
	readonly traits: ReadonlySet<Trait>;
};

/** Scope of a profile prefix. */
export function scopeOfPrefix(prefix: string): Scope {
	return prefix === 'global' ? 'global' : 'cross-region';
}

/** Which models the account has: those of today, or those of the end of 2024. */
export type Era = 'now' | '2024';

/** Stage of a model's life. `unreleased`: the account does not know it yet. */
type LifecycleState = 'active' | 'legacy' | 'ended' | 'unreleased';

/** The stage of each model. */
export type Lifecycle = (model: Model) => LifecycleState;

/** @param ended Parts of the IDs of models that a scenario retires; base ID and profiles alike. */
export function createLifecycle(era: Era = 'now', ended: readonly string[] = []): Lifecycle {
	return ({id, traits}) => {
		if (era === '2024' && traits.has('since-2025')) {
			return 'unreleased';
		}
		if (ended.some((part) => id.includes(part))) {
			return 'ended';
		}
		if (era === '2024') {
			return 'active';
		}
		return traits.has('end-of-life') ? 'ended' : traits.has('legacy') ? 'legacy' : 'active';
	};
}

/** Duration of an answer. */
export type Pace = {
	/** From the start of the service to the first token, in milliseconds. */
	readonly firstTokenMs: number;
	/** From the start of the service to the last token. */
	readonly totalMs: number;
};

/** Medians by size of model; orders of magnitude as in public measurements, not those of a named model. */
const medians = {
	small: {firstTokenMs: 300, perTokenMs: 5},
	medium: {firstTokenMs: 550, perTokenMs: 12},
	large: {firstTokenMs: 900, perTokenMs: 20},
} as const;

const firstTokenSigma = 0.25;
const perTokenSigma = 0.15;

/** Reading the prompt, in milliseconds per token. */
const perInputTokenMs = 0.02;

/** The median pace of an answer. */
export function medianPace(model: Model, inputTokens: number, outputTokens: number): Pace {
	const median = medians[model.size];
	const firstTokenMs = median.firstTokenMs + inputTokens * perInputTokenMs;
	return {firstTokenMs, totalMs: firstTokenMs + median.perTokenMs * Math.max(0, outputTokens - 1)};
}

/** A stream sends its first token after this share of a fixed service time. */
const fixedFirstTokenShare = 0.3;

/** The pace of one answer; exactly `fixedMs` in total where that is given. */
export function paceOf(
	random: Random,
	model: Model,
	inputTokens: number,
	outputTokens: number,
	fixedMs: number | undefined,
): Pace {
	if (fixedMs !== undefined) {
		return {firstTokenMs: fixedMs * fixedFirstTokenShare, totalMs: fixedMs};
	}
	const median = medians[model.size];
	const firstTokenMs =
		logNormal(random, median.firstTokenMs, firstTokenSigma) + inputTokens * perInputTokenMs;
	const perTokenMs = logNormal(random, median.perTokenMs, perTokenSigma);
	return {firstTokenMs, totalMs: firstTokenMs + perTokenMs * Math.max(0, outputTokens - 1)};
}

/**
 * Models of the account that answer with something other than text: they are listed, and refused where text is asked
 * for.
 */
export type OtherModel = {
	readonly id: string;
	readonly name: string;
	readonly provider: string;
	readonly inputs: readonly string[];
	readonly output: 'EMBEDDING' | 'IMAGE' | 'TEXT';
	readonly inferenceTypes: readonly string[];
	readonly state: Extract<LifecycleState, 'active' | 'legacy'>;
	/** The body that InvokeModel takes. */
	readonly shape: Shape;
};

const body = (required: readonly string[], keys: Readonly<Record<string, Shape>>): Shape => ({
	type: 'object',
	required,
	keys,
});

const titanText = body(['inputText'], {
	inputText: text,
	dimensions: count(1024),
	normalize: {type: 'boolean'},
	embeddingTypes: texts,
});
const cohereTexts = body(['input_type'], {
	texts,
	images: texts,
	inputs: anything,
	input_type: text,
	truncate: text,
	embedding_types: texts,
	output_dimension: anything,
	max_tokens: anything,
});
const imageTask = body(['taskType'], {
	taskType: text,
	textToImageParams: anything,
	imageVariationParams: anything,
	inPaintingParams: anything,
	outPaintingParams: anything,
	imageGenerationConfig: anything,
	colorGuidedGenerationParams: anything,
	backgroundRemovalParams: anything,
	virtualTryOnParams: anything,
});
const prompted = body(['prompt'], {
	prompt: text,
	negative_prompt: text,
	mode: text,
	aspect_ratio: text,
	image: text,
	strength: anything,
	seed: anything,
	output_format: text,
});
const rerank = body(['query', 'documents'], {
	query: text,
	documents: anything,
	top_n: anything,
	api_version: anything,
	return_documents: anything,
});

const other = (
	id: string,
	name: string,
	output: OtherModel['output'],
	shape: Shape,
	more: Partial<OtherModel> = {},
): OtherModel => ({
	id,
	name,
	output,
	shape,
	provider: id.startsWith('amazon') ? 'Amazon' : id.startsWith('cohere') ? 'Cohere' : 'Stability AI',
	inputs: ['TEXT'],
	inferenceTypes: ['ON_DEMAND'],
	state: 'active',
	...more,
});

const withImages = {inputs: ['TEXT', 'IMAGE']};

/** Every such model of the simulated account. */
export const otherModels: readonly OtherModel[] = [
	other('amazon.titan-embed-text-v1', 'Titan Embeddings G1 - Text', 'EMBEDDING', titanText),
	other('amazon.titan-embed-text-v2:0', 'Titan Text Embeddings V2', 'EMBEDDING', titanText),
	other(
		'amazon.titan-embed-image-v1',
		'Titan Multimodal Embeddings G1',
		'EMBEDDING',
		body([], {inputText: text, inputImage: text, embeddingConfig: anything}),
		withImages,
	),
	other('cohere.embed-english-v3', 'Embed English', 'EMBEDDING', cohereTexts),
	other('cohere.embed-multilingual-v3', 'Embed Multilingual', 'EMBEDDING', cohereTexts),
	other('cohere.embed-v4:0', 'Embed v4', 'EMBEDDING', cohereTexts, {
		...withImages,
		inferenceTypes: ['INFERENCE_PROFILE'],
	}),
	other('amazon.nova-canvas-v1:0', 'Nova Canvas', 'IMAGE', imageTask, {...withImages, state: 'legacy'}),
	other('amazon.titan-image-generator-v2:0', 'Titan Image Generator G1 v2', 'IMAGE', imageTask, {
		...withImages,
		state: 'legacy',
	}),
	other('stability.sd3-5-large-v1:0', 'Stable Diffusion 3.5 Large', 'IMAGE', prompted, withImages),
	// It answers with a list of scores, yet the service lists it under TEXT.
	other('amazon.rerank-v1:0', 'Rerank 1.0', 'TEXT', rerank),
	other('cohere.rerank-v3-5:0', 'Rerank 3.5', 'TEXT', rerank),
];

const otherModelsById = new Map(otherModels.map((model) => [model.id, model]));

/** Prefixes of the IDs of system profiles. */
const profilePrefixes: ReadonlySet<string> = new Set(['us', 'eu', 'apac', 'jp', 'au', 'ca', 'global']);

/** Finds such a model by its ID, its ARN or the ID of one of its profiles. */
export function findOtherModel(modelId: string): OtherModel | undefined {
	const id = modelId.startsWith('arn:')
		? modelId.replace(/^arn:aws[\w-]*:bedrock:[\w-]*:\d*:[\w-]+\//, '')
		: modelId;
	const dot = id.indexOf('.');
	return otherModelsById.get(profilePrefixes.has(id.slice(0, dot)) ? id.slice(dot + 1) : id);
}
