import {randomUUID} from 'node:crypto';
import {type Lifecycle, type Model, type OtherModel, otherModels} from './catalog/model.ts';
import {findModel, models} from './catalog/models.ts';
import {accountId, findProfile, type Profile, profileArn, profiles} from './catalog/profiles.ts';
import {scenarioProfiles} from './cloudwatch/background.ts';
import type {Json} from './families/prompt.ts';
import type {Simulation} from './simulation.ts';
import {type Exchange, regionOf, ServiceError, sendJson, validationError} from './wire/exchange.ts';

/** The lists and look-ups of the control plane: foundation models and inference profiles. */

type Status = 'ACTIVE' | 'LEGACY';

const modelSummary = (model: Model, region: string, status: Status): Json => ({
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

/** A model of the account; undefined where the account does not know it. A retired one stays listed for a while. */
const listedModel = (model: Model, region: string, lifecycle: Lifecycle): Json | undefined => {
	const state = lifecycle(model);
	switch (state) {
		case 'unreleased':
			return undefined;
		case 'active':
			return modelSummary(model, region, 'ACTIVE');
		case 'legacy':
		case 'ended':
			return modelSummary(model, region, 'LEGACY');
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

/** Lists every model; there are no pages. */
export async function serveFoundationModels(exchange: Exchange, {lifecycle}: Simulation): Promise<void> {
	const region = regionOf(exchange.headers);
	const all = [
		...models.map((model) => listedModel(model, region, lifecycle)),
		...otherModels.map((model) => otherSummary(model, region)),
	].filter((entry) => entry !== undefined);
	const modelSummaries = all.filter((entry) => passes(entry, exchange.query));
	sendJson(exchange.reply, 200, {modelSummaries}, {'x-amzn-requestid': randomUUID()});
}

const passes = (entry: Json, query: URLSearchParams): boolean =>
	filters.every(([name, key]) => {
		const wanted = query.get(name);
		const value = entry[key];
		return wanted === null || (Array.isArray(value) ? value.includes(wanted) : value === wanted);
	});

/** Describes one model. */
export async function serveFoundationModel(
	exchange: Exchange,
	{lifecycle}: Simulation,
	identifier: string,
): Promise<void> {
	const region = regionOf(exchange.headers);
	const id = identifier.replace(/^arn:aws[\w-]*:bedrock:[\w-]*::foundation-model\//, '');
	const model = findModel(id);
	const other = otherModels.find((candidate) => candidate.id === id);
	const modelDetails =
		model === undefined ? other && otherSummary(other, region) : listedModel(model, region, lifecycle);
	if (modelDetails === undefined) {
		throw new ServiceError('ValidationException', 'The provided model identifier is invalid.');
	}
	sendJson(exchange.reply, 200, {modelDetails}, {'x-amzn-requestid': randomUUID()});
}

/** Pages are shorter than the service's, so that a client has to ask for more than one. */
const pageLength = 25;
const maxPageLength = 1000;

const createdAt = '2026-01-15T00:00:00Z';

/** Lists system profiles, or those of the type asked for, in pages. */
export async function serveInferenceProfiles(
	exchange: Exchange,
	{scenario, lifecycle}: Simulation,
): Promise<void> {
	const {query} = exchange;
	const type = query.get('type') ?? query.get('typeEquals') ?? 'SYSTEM_DEFINED';
	const all = [...profiles, ...scenarioProfiles(scenario.background ?? [])];
	const listed = all.filter((profile) => profile.type === type && lifecycle(profile.model) !== 'unreleased');
	const start = Number(query.get('nextToken') ?? 0);
	const end = start + pageSize(query);
	const region = regionOf(exchange.headers);
	const body = {
		inferenceProfileSummaries: listed.slice(start, end).map((profile) => profileSummary(profile, region)),
		...(end < listed.length ? {nextToken: String(end)} : {}),
	};
	sendJson(exchange.reply, 200, body, {'x-amzn-requestid': randomUUID()});
}

const pageSize = (query: URLSearchParams): number => {
	const asked = Number(query.get('maxResults') ?? pageLength);
	if (!Number.isInteger(asked) || asked < 1 || asked > maxPageLength) {
		throw validationError(
			`1 validation error detected: Value '${query.get('maxResults')}' at 'maxResults' failed to satisfy constraint: Member must have value between 1 and ${maxPageLength}`,
		);
	}
	return Math.min(asked, pageLength);
};

const profileSummary = (profile: Profile, region: string): Json => ({
	inferenceProfileName: profile.name,
	description: profile.description,
	createdAt,
	updatedAt: createdAt,
	inferenceProfileArn: profileArn(profile, region),
	models: profile.regions.map((destination) => ({
		modelArn: `arn:aws:bedrock:${destination}::foundation-model/${profile.model.id}`,
	})),
	inferenceProfileId: profile.id,
	status: 'ACTIVE',
	type: profile.type,
});

/** Lists the capacity that the account has bought, in pages. */
export async function serveProvisionedThroughputs(exchange: Exchange, {scenario}: Simulation): Promise<void> {
	const {query} = exchange;
	const all = scenario.provisioned ?? [];
	const start = Number(query.get('nextToken') ?? 0);
	const end = start + pageSize(query);
	const region = regionOf(exchange.headers);
	const provisionedModelSummaries = all.slice(start, end).map((provisioned, index): Json => {
		const modelArn = `arn:aws:bedrock:${region}::foundation-model/${provisioned.modelId}`;
		const id = String(start + index).padStart(12, '0');
		return {
			provisionedModelName: provisioned.name,
			provisionedModelArn: `arn:aws:bedrock:${region}:${accountId}:provisioned-model/${id}`,
			modelArn,
			desiredModelArn: modelArn,
			foundationModelArn: modelArn,
			modelUnits: provisioned.units,
			desiredModelUnits: provisioned.units,
			status: provisioned.status ?? 'InService',
			...(provisioned.commitment === undefined ? {} : {commitmentDuration: provisioned.commitment}),
			...(provisioned.committedUntil === undefined
				? {}
				: {commitmentExpirationTime: provisioned.committedUntil}),
			creationTime: createdAt,
			lastModifiedTime: createdAt,
		};
	});
	const body = {provisionedModelSummaries, ...(end < all.length ? {nextToken: String(end)} : {})};
	sendJson(exchange.reply, 200, body, {'x-amzn-requestid': randomUUID()});
}

/** Describes one profile, named by ID or ARN. */
export async function serveInferenceProfile(
	exchange: Exchange,
	{lifecycle}: Simulation,
	identifier: string,
): Promise<void> {
	const id = identifier.replace(/^arn:.*\//, '');
	const profile = findProfile(id);
	if (profile === undefined || lifecycle(profile.model) === 'unreleased') {
		throw new ServiceError('ResourceNotFoundException', `Inference profile ${identifier} was not found.`);
	}
	const body = profileSummary(profile, regionOf(exchange.headers));
	sendJson(exchange.reply, 200, body, {'x-amzn-requestid': randomUUID()});
}
