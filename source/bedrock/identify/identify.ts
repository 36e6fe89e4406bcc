import type {Scope} from '../../domain/target.ts';
import {
	foldContext,
	looksLikeArn,
	looksLikeBaseModel,
	type ModelIndex,
	parseBedrockArn,
	routeOf,
} from './identifiers.ts';

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
