import type {Scope, Target} from '../../domain/target.ts';
import {UserError} from '../../domain/user-error.ts';
import type {FoundationModel, InferenceProfile} from '../quotas/quota-source.ts';

/** The kind of an identifier. Quotas per minute exist for the first three only. */
type IdentityKind =
	| 'base-model'
	| 'inference-profile'
	| 'application-profile'
	| 'provisioned-model'
	| 'prompt-router'
	| 'custom-model'
	| 'imported-model'
	| 'other';

/** A model identifier, understood. */
export type Identity = {
	/** As given, without white space around it or a slash at its end. */
	readonly model: string;
	readonly kind: IdentityKind;
	/** Foundation model ID with its context suffix folded; the identifier itself where the foundation model is not known. */
	readonly baseModel: string;
	readonly scope: Scope;
	/** False for application profiles that were not looked up and for identifiers that hide their foundation model. */
	readonly isResolved: boolean;
	/** Region in the ARN; undefined where the identifier names none. */
	readonly region: string | undefined;
};

const kindsByResource: ReadonlyMap<string, IdentityKind> = new Map([
	['application-inference-profile', 'application-profile'],
	['provisioned-model', 'provisioned-model'],
	['prompt-router', 'prompt-router'],
	['default-prompt-router', 'prompt-router'],
	['custom-model', 'custom-model'],
	['custom-model-deployment', 'custom-model'],
	['imported-model', 'imported-model'],
]);

/** The prefix of profiles that route anywhere; every other prefix is a geography. */
const globalPrefix = 'global';

/** Before the ID of a model that is called on bedrock-mantle, so that one run may call both endpoints. */
export const mantlePrefix = 'mantle/';

/** The name by which this program calls the model of a target. */
export function calledAs({model, scope}: Pick<Target, 'model' | 'scope'>): string {
	return scope === 'mantle' && !model.startsWith(mantlePrefix) ? `${mantlePrefix}${model}` : model;
}

/**
 * Identifies a model from its name's form and from the account's lists. No list of profile prefixes is needed: the
 * part behind the first dot has to be a model, known to the index or of the form `provider.model`.
 */
export function identify(given: string, modelIndex: ModelIndex): Identity {
	const model = trimmed(given);
	if (model.startsWith(mantlePrefix)) {
		const id = model.slice(mantlePrefix.length);
		return {...baseIdentity(id, id, modelIndex), scope: 'mantle'};
	}
	const arn = parseBedrockArn(model);
	if (arn === undefined) {
		return looksLikeArn(model) ? hidden(model, 'other', undefined) : identifyId(model, model, modelIndex);
	}
	const region = arn.region === '' ? undefined : arn.region;
	if (arn.resourceType === 'foundation-model') {
		return {...baseIdentity(model, arn.resourceId, modelIndex), region};
	}
	if (arn.resourceType === 'inference-profile') {
		return {...profileIdentity(model, arn.resourceId, modelIndex), region};
	}
	const kind = kindsByResource.get(arn.resourceType) ?? 'other';
	const profile = kind === 'application-profile' ? modelIndex.profile(model) : undefined;
	return profile === undefined
		? hidden(model, kind, region)
		: withRoute(hidden(model, kind, region), profile.modelArns, modelIndex);
}

/** An identifier without white space around it or slashes at its end. */
function trimmed(identifier: string): string {
	return identifier.trim().replace(/(?<=[^/])\/+$/, '');
}

/** The same identity with the route that GetInferenceProfile or a list gives; unchanged without one. */
function withRoute(identity: Identity, modelArns: readonly string[], modelIndex: ModelIndex): Identity {
	const route = routeOf(modelArns);
	return route === undefined
		? identity
		: {
				...identity,
				baseModel: canonical(route.baseModel, modelIndex),
				scope: route.scope,
				isResolved: true,
			};
}

/** The part before the first dot of a profile ID, as seen so far: `us`, `apac`, `us-gov`, `global`. */
const prefixPattern = /^[a-z][a-z0-9-]*\./i;

const identifyId = (model: string, id: string, modelIndex: ModelIndex): Identity => {
	if (modelIndex.profile(id) !== undefined) {
		return profileIdentity(model, id, modelIndex);
	}
	const remainder = id.slice(id.indexOf('.') + 1);
	const isProfile =
		prefixPattern.test(id) && (isKnownModel(remainder, modelIndex) || looksLikeBaseModel(remainder));
	return isProfile ? profileIdentity(model, id, modelIndex) : baseIdentity(model, id, modelIndex);
};

const isKnownModel = (id: string, modelIndex: ModelIndex): boolean =>
	modelIndex.hasModel(id) || modelIndex.model(canonical(id, modelIndex)) !== undefined;

/** The service knows lower case only; a name in capitals is still this model, which the service will refuse. */
const canonical = (id: string, modelIndex: ModelIndex): string => {
	const folded = foldContext(id.toLowerCase(), (candidate) => modelIndex.model(candidate) !== undefined);
	return modelIndex.model(folded)?.modelId ?? folded;
};

const baseIdentity = (model: string, id: string, modelIndex: ModelIndex): Identity => ({
	model,
	kind: 'base-model',
	baseModel: canonical(id, modelIndex),
	scope: 'on-demand',
	isResolved: true,
	region: undefined,
});

const profileIdentity = (model: string, id: string, modelIndex: ModelIndex): Identity => {
	const dot = id.indexOf('.');
	const byName: Identity = {
		model,
		kind: 'inference-profile',
		baseModel: canonical(id.slice(dot + 1), modelIndex),
		scope: id.slice(0, dot).toLowerCase() === globalPrefix ? 'global' : 'cross-region',
		isResolved: true,
		region: undefined,
	};
	const route = routeOf(modelIndex.profile(id)?.modelArns ?? []);
	// A geographic profile may have a single destination Region: its name decides between the two scopes, not the count.
	return route === undefined
		? byName
		: {
				...byName,
				baseModel: canonical(route.baseModel, modelIndex),
				scope: route.scope === 'global' ? 'global' : byName.scope,
			};
};

const hidden = (model: string, kind: IdentityKind, region: string | undefined): Identity => ({
	model,
	kind,
	baseModel: model,
	scope: 'on-demand',
	isResolved: false,
	region,
});

/**
 * Identifiers read by their form alone: base model IDs such as `anthropic.claude-sonnet-4-20250514-v1:0:200k`
 * (`provider.model-date-version:revision:context`) and ARNs.
 */

/**
 * A provider is one plain word and the name behind the dot starts with a letter. That separates `us.deepseek.v3.2`
 * (profile of `deepseek.v3.2`) from `deepseek.v3.2` itself, whose remainder `v3.2` has a digit behind its dot.
 */
const baseModelPattern = /^[a-z][a-z0-9]+\.[a-z][a-z0-9.-]*(?::[a-z0-9]+)*$/i;

/** A context length at the end: `:200k`, `:1m`, `:512`, `:mm` (multimodal), with the revision before it. */
const contextPattern = /^(.*?)(?::(\d{1,2}))?:(\d+[km]|\d{3,}|mm)$/;

/** Whether the text has the form `provider.model`, for any provider. */
export function looksLikeBaseModel(text: string): boolean {
	return baseModelPattern.test(text) && !/^v\d+\./i.test(text);
}

/** The provider's word in a base model ID: `meta` of `meta.llama3-8b-instruct-v1:0`. */
export function providerOf(baseModel: string): string {
	return baseModel.slice(0, baseModel.indexOf('.'));
}

/**
 * Folds a context suffix: a variant with another context length is the same model for every quota.
 * The revision before it stays when `isKnown` confirms that ID (`...-v1:0:200k` is `...-v1:0`) and goes when only the
 * shorter ID is known (`cohere.command-text-v14:7:4k` is `cohere.command-text-v14`).
 * @returns the ID without the suffix; IDs without one are given back as they are.
 */
function foldContext(modelId: string, isKnown: (id: string) => boolean): string {
	const match = contextPattern.exec(modelId);
	if (match === null) {
		return modelId;
	}
	const [, bare = '', revision] = match;
	if (revision === undefined) {
		return bare;
	}
	const revised = `${bare}:${revision}`;
	return isKnown(revised) || !isKnown(bare) ? revised : bare;
}

/** The form in which two spellings of one base model are equal: `amazon.titan-embed-image-v1` and `...-v1:0`. */
export function baseModelKey(baseModel: string): string {
	return baseModel.toLowerCase().replace(/:0$/, '');
}

/** An ARN of Amazon Bedrock. */
type BedrockArn = {
	readonly partition: string;
	/** Empty in the region-less ARNs of global profiles (`arn:aws:bedrock:::foundation-model/ID`). */
	readonly region: string;
	/** Empty for what belongs to AWS. */
	readonly account: string;
	/** Such as `foundation-model`, `inference-profile`, `application-inference-profile`. */
	readonly resourceType: string;
	readonly resourceId: string;
};

const arnPattern = /^arn:([a-z0-9-]+):bedrock:([a-z0-9-]*):(\d*):([a-z-]+)\/(.+)$/i;

/** Whether the text claims to be an ARN, well formed or not. */
function looksLikeArn(text: string): boolean {
	return /^arn:/i.test(text);
}

/** Takes a Bedrock ARN apart; undefined for anything else, ARNs of other services included. */
function parseBedrockArn(text: string): BedrockArn | undefined {
	const match = arnPattern.exec(text);
	if (match === null) {
		return undefined;
	}
	const [, partition = '', region = '', account = '', resourceType = '', resourceId = ''] = match;
	return {partition, region, account, resourceType: resourceType.toLowerCase(), resourceId};
}

/**
 * Scope and base model of an inference profile from the foundation models that it routes to.
 * A region-less ARN means global routing, several Regions mean a geographic profile, one Region means that the profile was
 * copied from a base model (the ARN form is documented by AWS, the rule is inferred from it).
 * @param modelArns ARNs of foundation models, or of the profile that an application profile was copied from.
 * @returns undefined when no ARN names a foundation model.
 */
export function routeOf(
	modelArns: readonly string[],
): {readonly baseModel: string; readonly scope: Scope} | undefined {
	const models = modelArns
		.map((arn) => parseBedrockArn(arn))
		.filter((arn) => arn?.resourceType === 'foundation-model');
	const [first] = models;
	if (first === undefined) {
		return undefined;
	}
	const regions = new Set(models.map((arn) => arn?.region));
	const scope: Scope = regions.has('') ? 'global' : regions.size > 1 ? 'cross-region' : 'on-demand';
	return {baseModel: first.resourceId, scope};
}

/** A model or profile named by its ARN can be called in the Region of the ARN alone. */

type Placed = {readonly model: string; readonly region: string};

/**
 * The Region that ARNs among the models decide; undefined where none does.
 * @param typed Region of the command line.
 * @throws UserError (exit 2) where ARNs contradict each other or the typed Region.
 */
export function regionOfArns(models: readonly string[], typed: string | undefined): string | undefined {
	const placed = placedIn(models);
	const [first] = placed;
	if (first === undefined) {
		return undefined;
	}
	const other = placed.find(({region}) => region !== first.region);
	if (other !== undefined) {
		throw new UserError(
			`${first.model} belongs to ${first.region} and ${other.model} to ${other.region}: a run goes to one Region.`,
			{
				exitCode: 2,
				hint: 'Run them one after the other, and lay the results side by side with "bedrock-top compare".',
			},
		);
	}
	if (typed !== undefined && typed !== first.region) {
		throw new UserError(`--region ${typed} contradicts ${first.model}, which belongs to ${first.region}.`, {
			exitCode: 2,
			hint: `Write --region ${first.region} or leave --region out: the ARN decides.`,
		});
	}
	return first.region;
}

const placedIn = (models: readonly string[]): readonly Placed[] =>
	models.flatMap((given) => {
		const model = given.trim();
		const region = parseBedrockArn(model)?.region ?? '';
		return region === '' ? [] : [{model, region}];
	});

/** An index over the lists of models and profiles of a Region; empty where nothing could be read. */
export type ModelIndex = {
	readonly models: readonly FoundationModel[];
	readonly profiles: readonly InferenceProfile[];
	/** The model of a base ID, however its revision is spelt. */
	readonly model: (baseModel: string) => FoundationModel | undefined;
	readonly hasModel: (modelId: string) => boolean;
	/** A profile by ID or ARN. */
	readonly profile: (idOrArn: string) => InferenceProfile | undefined;
	/** IDs of the system profiles of a base model, geographic ones first; undefined where no profiles are listed at all. */
	readonly profilesOf: (baseModel: string) => readonly string[] | undefined;
};

/** An application profile is called by its ARN only; a system profile by its ID. */
export function isSystemProfile({arn}: Pick<InferenceProfile, 'arn'>): boolean {
	return !arn.includes(':application-inference-profile/');
}

/** Makes the index from the two lists. */
export function createModelIndex(
	models: readonly FoundationModel[],
	profiles: readonly InferenceProfile[],
): ModelIndex {
	const ids = new Set(models.map(({modelId}) => modelId));
	const byKey = new Map<string, FoundationModel>();
	for (const model of models) {
		const key = baseModelKey(model.modelId);
		// The spelling with a revision is the one that the other lists use.
		if (!byKey.has(key) || model.modelId.endsWith(':0')) {
			byKey.set(key, model);
		}
	}
	const byName = new Map<string, InferenceProfile>();
	for (const profile of profiles) {
		byName.set(profile.id, profile);
		byName.set(profile.arn, profile);
	}
	const systemProfiles = profiles.filter((profile) => isSystemProfile(profile));
	const byBaseModel = Map.groupBy(systemProfiles, (profile) => keyOfProfile(profile));
	return {
		models,
		profiles,
		model: (baseModel) => byKey.get(baseModelKey(baseModel)),
		hasModel: (modelId) => ids.has(modelId),
		profile: (idOrArn) => byName.get(idOrArn),
		profilesOf: (baseModel) =>
			systemProfiles.length === 0
				? undefined
				: (byBaseModel.get(baseModelKey(baseModel)) ?? [])
						.map(({id}) => id)
						.toSorted((left, right) => rankOf(left) - rankOf(right) || left.localeCompare(right)),
	};
}

/** The base model of a system profile, in comparable form. */
const keyOfProfile = ({id, modelArns}: InferenceProfile): string =>
	baseModelKey(routeOf(modelArns)?.baseModel ?? id.slice(id.indexOf('.') + 1));

const rankOf = (id: string): number => (id.startsWith('global.') ? 1 : 0);

/** An index that knows nothing: identifiers are then judged by their form. */
export const emptyModelIndex: ModelIndex = {
	models: [],
	profiles: [],
	model: () => undefined,
	hasModel: () => false,
	profile: () => undefined,
	profilesOf: () => undefined,
};
