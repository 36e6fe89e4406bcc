import {randomUUID} from 'node:crypto';
import type {Model} from '../catalog/model.ts';
import {findModel, models} from '../catalog/models.ts';
import type {Json} from '../families/prompt.ts';
import {sendJson} from '../runtime/replies.ts';
import type {Exchange} from '../wire/exchange.ts';
import {regionOf} from '../wire/region.ts';
import {ServiceError} from '../wire/service-error.ts';

/** ListFoundationModels and GetFoundationModel. */

const summary = (model: Model, region: string): Json => ({
	modelArn: `arn:aws:bedrock:${region}::foundation-model/${model.id}`,
	modelId: model.id,
	modelName: model.name,
	providerName: model.provider,
	inputModalities: ['TEXT'],
	outputModalities: ['TEXT'],
	responseStreamingSupported: true,
	customizationsSupported: [],
	inferenceTypesSupported: [
		...(model.isOnDemand ? ['ON_DEMAND'] : []),
		...(model.profiles.length > 0 ? ['INFERENCE_PROFILE'] : []),
	],
	modelLifecycle: {status: model.traits.has('end-of-life') ? 'LEGACY' : 'ACTIVE'},
});

/** Models that the list does not hold, so that a client meets modalities other than text. */
const embeddings = (region: string): Json => ({
	modelArn: `arn:aws:bedrock:${region}::foundation-model/amazon.titan-embed-text-v2:0`,
	modelId: 'amazon.titan-embed-text-v2:0',
	modelName: 'Titan Text Embeddings V2',
	providerName: 'Amazon',
	inputModalities: ['TEXT'],
	outputModalities: ['EMBEDDING'],
	responseStreamingSupported: false,
	customizationsSupported: [],
	inferenceTypesSupported: ['ON_DEMAND'],
	modelLifecycle: {status: 'ACTIVE'},
});

const filters: ReadonlyArray<readonly [query: string, key: string]> = [
	['byProvider', 'providerName'],
	['byOutputModality', 'outputModalities'],
	['byInferenceType', 'inferenceTypesSupported'],
];

const passes = (entry: Json, query: URLSearchParams): boolean =>
	filters.every(([name, key]) => {
		const wanted = query.get(name);
		const value = entry[key];
		return wanted === null || (Array.isArray(value) ? value.includes(wanted) : value === wanted);
	});

/** Lists every model; there are no pages. */
export const serveFoundationModels = async (exchange: Exchange): Promise<void> => {
	const region = regionOf(exchange.headers);
	const all = [...models.map((model) => summary(model, region)), embeddings(region)];
	const modelSummaries = all.filter((entry) => passes(entry, exchange.query));
	sendJson(exchange.reply, 200, {modelSummaries}, {'x-amzn-requestid': randomUUID()});
};

/** Describes one model. */
export const serveFoundationModel = async (exchange: Exchange, identifier: string): Promise<void> => {
	const id = identifier.replace(/^arn:aws[\w-]*:bedrock:[\w-]*::foundation-model\//, '');
	const model = findModel(id);
	if (model === undefined) {
		throw new ServiceError('ValidationException', 'The provided model identifier is invalid.');
	}
	const modelDetails = summary(model, regionOf(exchange.headers));
	sendJson(exchange.reply, 200, {modelDetails}, {'x-amzn-requestid': randomUUID()});
};
