import {randomUUID} from 'node:crypto';
import type {Lifecycle} from '../catalog/lifecycle.ts';
import type {Model} from '../catalog/model.ts';
import {findModel, models} from '../catalog/models.ts';
import {type OtherModel, otherModels} from '../catalog/other-models.ts';
import type {Json} from '../families/prompt.ts';
import {sendJson} from '../runtime/replies.ts';
import type {Simulation} from '../runtime/simulation.ts';
import type {Exchange} from '../wire/exchange.ts';
import {regionOf} from '../wire/region.ts';
import {ServiceError} from '../wire/service-error.ts';

/** ListFoundationModels and GetFoundationModel. */

type Status = 'ACTIVE' | 'LEGACY';

const summary = (model: Model, region: string, status: Status): Json => ({
	modelArn: `arn:aws:bedrock:${region}::foundation-model/${model.id}`,
	modelId: model.id,
	modelName: model.name,
	providerName: model.provider,
	inputModalities: ['TEXT'],
	outputModalities: ['TEXT'],
	responseStreamingSupported: !model.traits.has('no-streaming'),
	customizationsSupported: [],
	inferenceTypesSupported: [
		...(model.isOnDemand ? ['ON_DEMAND'] : []),
		...(model.profiles.length > 0 ? ['INFERENCE_PROFILE'] : []),
	],
	modelLifecycle: {status},
});

/** A model of the account; undefined where the account does not know it. One past its life is listed for a while. */
const listed = (model: Model, region: string, lifecycle: Lifecycle): Json | undefined => {
	const state = lifecycle(model);
	switch (state) {
		case 'unreleased':
			return undefined;
		case 'active':
			return summary(model, region, 'ACTIVE');
		case 'legacy':
		case 'ended':
			return summary(model, region, 'LEGACY');
	}
};

const otherSummary = (model: OtherModel, region: string): Json => ({
	modelArn: `arn:aws:bedrock:${region}::foundation-model/${model.id}`,
	modelId: model.id,
	modelName: model.name,
	providerName: model.provider,
	inputModalities: model.inputs,
	outputModalities: [model.output],
	responseStreamingSupported: false,
	customizationsSupported: [],
	inferenceTypesSupported: model.inferenceTypes,
	modelLifecycle: {status: model.state === 'legacy' ? 'LEGACY' : 'ACTIVE'},
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
export const serveFoundationModels = async (exchange: Exchange, {lifecycle}: Simulation): Promise<void> => {
	const region = regionOf(exchange.headers);
	const all = [
		...models.map((model) => listed(model, region, lifecycle)),
		...otherModels.map((model) => otherSummary(model, region)),
	].filter((entry) => entry !== undefined);
	const modelSummaries = all.filter((entry) => passes(entry, exchange.query));
	sendJson(exchange.reply, 200, {modelSummaries}, {'x-amzn-requestid': randomUUID()});
};

/** Describes one model. */
export const serveFoundationModel = async (
	exchange: Exchange,
	{lifecycle}: Simulation,
	identifier: string,
): Promise<void> => {
	const region = regionOf(exchange.headers);
	const id = identifier.replace(/^arn:aws[\w-]*:bedrock:[\w-]*::foundation-model\//, '');
	const model = findModel(id);
	const other = otherModels.find((candidate) => candidate.id === id);
	const modelDetails =
		model === undefined ? other && otherSummary(other, region) : listed(model, region, lifecycle);
	if (modelDetails === undefined) {
		throw new ServiceError('ValidationException', 'The provided model identifier is invalid.');
	}
	sendJson(exchange.reply, 200, {modelDetails}, {'x-amzn-requestid': randomUUID()});
};
