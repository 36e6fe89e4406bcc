import type {Scope} from '../../domain/target.ts';
import {foldContext, looksLikeArn, looksLikeBaseModel, parseBedrockArn, routeOf} from './identifiers.ts';
import type {ModelIndex} from './model-index.ts';

/** What an identifier names. Quotas a minute exist for the first three only. */
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
	/** As it was given, without what was only copied along with it: white space around it, a slash behind it. */
	readonly model: string;
	readonly kind: IdentityKind;
	/** Foundation model ID with its context suffix folded; the identifier itself where the foundation model is not known. */
	readonly baseModel: string;
	readonly scope: Scope;
	/** False for application profiles that were not looked up and for whatever hides its foundation model. */
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

/**
 * Says what an identifier names, from its form and from what the account lists. There is no list of profile prefixes: the
 * part behind the first dot has to be a model, known to the catalogue or of the form `provider.model`.
 */
export function identify(given: string, catalogue: ModelIndex): Identity {
	const model = trimmed(given);
	const arn = parseBedrockArn(model);
	if (arn === undefined) {
		return looksLikeArn(model) ? hidden(model, 'other', undefined) : identifyId(model, model, catalogue);
	}
	const region = arn.region === '' ? undefined : arn.region;
	if (arn.resourceType === 'foundation-model') {
		return {...baseIdentity(model, arn.resourceId, catalogue), region};
	}
	if (arn.resourceType === 'inference-profile') {
		return {...profileIdentity(model, arn.resourceId, catalogue), region};
	}
	const kind = kindsByResource.get(arn.resourceType) ?? 'other';
	const profile = kind === 'application-profile' ? catalogue.profile(model) : undefined;
	return profile === undefined
		? hidden(model, kind, region)
		: withRoute(hidden(model, kind, region), profile.modelArns, catalogue);
}

/** The same identity with the route that GetInferenceProfile or a list tells; unchanged when it tells none. */
function withRoute(identity: Identity, modelArns: readonly string[], catalogue: ModelIndex): Identity {
	const route = routeOf(modelArns);
	return route === undefined
		? identity
		: {
				...identity,
				baseModel: canonical(route.baseModel, catalogue),
				scope: route.scope,
				isResolved: true,
			};
}

/** An identifier without white space around it and slashes behind it. */
function trimmed(identifier: string): string {
	return identifier.trim().replace(/(?<=[^/])\/+$/, '');
}

/** What stands before the first dot of a profile ID, as far as any was seen: `us`, `apac`, `us-gov`, `global`. */
const prefixPattern = /^[a-z][a-z0-9-]*\./i;

const identifyId = (model: string, id: string, catalogue: ModelIndex): Identity => {
	if (catalogue.profile(id) !== undefined) {
		return profileIdentity(model, id, catalogue);
	}
	const remainder = id.slice(id.indexOf('.') + 1);
	const isProfile =
		prefixPattern.test(id) && (isKnownModel(remainder, catalogue) || looksLikeBaseModel(remainder));
	return isProfile ? profileIdentity(model, id, catalogue) : baseIdentity(model, id, catalogue);
};

const isKnownModel = (id: string, catalogue: ModelIndex): boolean =>
	catalogue.hasModel(id) || catalogue.model(canonical(id, catalogue)) !== undefined;

/** The service knows lower case only; what it is asked for in capitals is still this model, which it will then refuse. */
const canonical = (id: string, catalogue: ModelIndex): string => {
	const folded = foldContext(id.toLowerCase(), (candidate) => catalogue.model(candidate) !== undefined);
	return catalogue.model(folded)?.modelId ?? folded;
};

const baseIdentity = (model: string, id: string, catalogue: ModelIndex): Identity => ({
	model,
	kind: 'base-model',
	baseModel: canonical(id, catalogue),
	scope: 'on-demand',
	isResolved: true,
	region: undefined,
});

const profileIdentity = (model: string, id: string, catalogue: ModelIndex): Identity => {
	const dot = id.indexOf('.');
	const byName: Identity = {
		model,
		kind: 'inference-profile',
		baseModel: canonical(id.slice(dot + 1), catalogue),
		scope: id.slice(0, dot).toLowerCase() === globalPrefix ? 'global' : 'cross-region',
		isResolved: true,
		region: undefined,
	};
	const route = routeOf(catalogue.profile(id)?.modelArns ?? []);
	// A geographic profile may have a single destination Region: its name decides between the two scopes, not the count.
	return route === undefined
		? byName
		: {
				...byName,
				baseModel: canonical(route.baseModel, catalogue),
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
