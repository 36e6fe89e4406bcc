import {ServiceError, validationError} from '../wire/exchange.ts';
import {type Lifecycle, type Model, type Scope, scopeOfPrefix} from './model.ts';
import {findModel, models} from './models.ts';

/** Number of the simulated account. */
export const accountId = '123456789012';

export type Profile = {
	readonly id: string;
	readonly name: string;
	readonly description: string;
	readonly type: 'SYSTEM_DEFINED' | 'APPLICATION';
	readonly model: Model;
	readonly scope: Scope;
	/** Regions that it routes to; the empty one is the ARN without a Region of global profiles. */
	readonly regions: readonly string[];
};

const regionsOfPrefix: Readonly<Record<string, readonly string[]>> = {
	us: ['us-east-1', 'us-east-2', 'us-west-2'],
	eu: ['eu-central-1', 'eu-north-1', 'eu-west-1', 'eu-west-3'],
	apac: ['ap-northeast-1', 'ap-south-1', 'ap-southeast-1', 'ap-southeast-2'],
	jp: ['ap-northeast-1', 'ap-northeast-3'],
	global: ['us-east-1', ''],
};

const systemProfiles: readonly Profile[] = models.flatMap((model) =>
	model.profiles.map((prefix) => ({
		id: `${prefix}.${model.id}`,
		name: `${prefix === 'global' ? 'Global' : prefix.toUpperCase()} ${model.name}`,
		description: `Routes requests to ${model.name} in ${prefix === 'global' ? 'all commercial Regions' : (regionsOfPrefix[prefix] ?? []).join(', ')}.`,
		type: 'SYSTEM_DEFINED' as const,
		model,
		scope: scopeOfPrefix(prefix),
		regions: regionsOfPrefix[prefix] ?? [],
	})),
);

const applicationProfile = (id: string, name: string, modelId: string, prefix: string): Profile => ({
	id,
	name,
	description: `Application profile over ${prefix}.${modelId}`,
	type: 'APPLICATION',
	model: findModel(modelId) as Model,
	scope: scopeOfPrefix(prefix),
	regions: regionsOfPrefix[prefix] ?? [],
});

/** Application profiles of the simulated account, copies of system profiles. */
const applicationProfiles: readonly Profile[] = [
	applicationProfile('sim0nova0lite', 'support-desk', 'amazon.nova-lite-v1:0', 'us'),
	applicationProfile('sim0claude0g1', 'reporting', 'anthropic.claude-sonnet-4-5-20250929-v1:0', 'global'),
];

export const profiles: readonly Profile[] = [...systemProfiles, ...applicationProfiles];

const profilesById = new Map(profiles.map((profile) => [profile.id, profile]));

/** A profile by its ID. */
export function findProfile(id: string): Profile | undefined {
	return profilesById.get(id);
}

/** ARN of a profile, called from `region`. */
export function profileArn(profile: Profile, region: string): string {
	return `arn:aws:bedrock:${region}:${accountId}:${profile.type === 'SYSTEM_DEFINED' ? 'inference-profile' : 'application-inference-profile'}/${profile.id}`;
}

/** The model behind a `modelId`. */
export type ResolvedModel = {
	/** As the request names it. */
	readonly modelId: string;
	readonly model: Model;
	readonly scope: Scope;
};

const invalidIdentifier = (): ServiceError => validationError('The provided model identifier is invalid.');

type Reference = {readonly kind: 'model' | 'profile' | 'application-profile'; readonly id: string};

const arnPattern = /^arn:aws[\w-]*:bedrock:[\w-]*:\d*:([\w-]+)\/(.+)$/;

/** Finds the model behind an ID, whether or not the account may call it. */
export function lookUpModel(modelId: string): ResolvedModel {
	const found = findReferenced(referenceOf(modelId));
	if (found === undefined) {
		throw invalidIdentifier();
	}
	return {modelId, model: found.model, scope: found.scope};
}

const findReferenced = (reference: Reference): {model: Model; scope: Scope} | undefined => {
	if (reference.kind === 'model') {
		const model = findModel(reference.id);
		return model === undefined ? undefined : {model, scope: 'on-demand'};
	}
	const profile = findProfile(reference.id);
	const type = reference.kind === 'profile' ? 'SYSTEM_DEFINED' : 'APPLICATION';
	return profile?.type === type ? profile : undefined;
};

const referenceOf = (modelId: string): Reference => {
	if (!modelId.startsWith('arn:')) {
		return findModel(modelId) === undefined ? {kind: 'profile', id: modelId} : {kind: 'model', id: modelId};
	}
	const [, resource, id] = arnPattern.exec(modelId) ?? [];
	switch (resource) {
		case 'foundation-model':
			return {kind: 'model', id: id ?? ''};
		case 'inference-profile':
			return {kind: 'profile', id: id ?? ''};
		case 'application-inference-profile':
			return {kind: 'application-profile', id: id ?? ''};
		case 'provisioned-model':
		case 'custom-model-deployment':
		case 'imported-model':
		case 'prompt-router':
		case 'default-prompt-router':
			throw new ServiceError(
				'ResourceNotFoundException',
				'Could not resolve the foundation model from the provided model identifier.',
			);
		default:
			throw invalidIdentifier();
	}
};

/** The model behind an ID unless it is retired. CountTokens takes the base IDs of all models, callable or not. */
export function resolveLiving(modelId: string, lifecycle: Lifecycle): ResolvedModel {
	const resolved = lookUpModel(modelId);
	switch (lifecycle(resolved.model)) {
		case 'unreleased':
			throw invalidIdentifier();
		case 'ended':
			throw endOfLife();
		case 'active':
		case 'legacy':
			return resolved;
	}
}

/** The service's refusal of a retired model. */
const endOfLife = (): ServiceError =>
	new ServiceError(
		'ResourceNotFoundException',
		'This model version has reached the end of its life. Please refer to the AWS documentation for more details.',
	);

/** The model and scope behind a base ID, a profile ID or an ARN; throws the service's error where it has none. */
export function resolveModel(modelId: string, lifecycle: Lifecycle): ResolvedModel {
	const resolved = resolveLiving(modelId, lifecycle);
	checkAvailability(modelId, resolved.model, resolved.scope);
	return resolved;
}

const checkAvailability = (modelId: string, model: Model, scope: Scope): void => {
	if (model.traits.has('no-access')) {
		throw new ServiceError(
			'AccessDeniedException',
			"You don't have access to the model with the specified model ID.",
		);
	}
	if (scope === 'on-demand' && !model.isOnDemand) {
		throw validationError(
			`Invocation of model ID ${modelId} with on-demand throughput isn’t supported. Retry your request with the ID or ARN of an inference profile that contains this model.`,
		);
	}
};
