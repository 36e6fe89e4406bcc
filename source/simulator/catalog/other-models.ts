import {anything, count, type Shape, text, texts} from '../families/shape.ts';
import type {LifecycleState} from './lifecycle.ts';

/** Models of the account that answer with something other than text: they are listed, and refused where text is asked. */
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
	// What it says is a list of scores, yet the service lists it under TEXT.
	other('amazon.rerank-v1:0', 'Rerank 1.0', 'TEXT', rerank),
	other('cohere.rerank-v3-5:0', 'Rerank 3.5', 'TEXT', rerank),
];

const otherModelsById = new Map(otherModels.map((model) => [model.id, model]));

/** What the IDs of system profiles begin with. */
const profilePrefixes: ReadonlySet<string> = new Set(['us', 'eu', 'apac', 'jp', 'au', 'ca', 'global']);

/** Such a model by its ID, its ARN or the ID of one of its profiles. */
export const findOtherModel = (modelId: string): OtherModel | undefined => {
	const id = modelId.startsWith('arn:')
		? modelId.replace(/^arn:aws[\w-]*:bedrock:[\w-]*:\d*:[\w-]+\//, '')
		: modelId;
	const dot = id.indexOf('.');
	return otherModelsById.get(profilePrefixes.has(id.slice(0, dot)) ? id.slice(dot + 1) : id);
};
