import type {QuotaOverride} from '../../domain/run-config.ts';
import type {Quota, Target} from '../../domain/target.ts';
import {baseModelKey} from '../identify/base-model.ts';
import {type Catalogue, createCatalogue, emptyCatalogue} from '../identify/catalogue.ts';
import {type Identity, identify} from '../identify/identify.ts';
import {type AccountLists, readLists} from './account-lists.ts';
import {bucketQuota, type NamedQuota, noQuota, unknownQuota} from './bucket-quota.ts';
import {burndownOf} from './burndown.ts';
import {joinQuotas} from './joined-quotas.ts';
import {labelOwners} from './label-owners.ts';
import {limitOf, overrideLimit} from './limits.ts';
import {nearNames} from './near-names.ts';
import type {QuotaCache} from './quota-cache.ts';
import {isAccountTokensPerDay, parseQuotaName} from './quota-name.ts';
import type {QuotaSource} from './quota-source.ts';
import {listRemarks, targetRemarks} from './remarks.ts';

export type ResolveOptions = {
	readonly source: QuotaSource;
	readonly region: string;
	/** URL of an endpoint that is not AWS's; null for AWS. */
	readonly endpoint: string | null;
	readonly override: QuotaOverride;
	/** Service tier asked for; null for the account's default. */
	readonly tier: string | null;
	/** Where the lists of this account are kept for a day; undefined: nowhere. */
	readonly cache?: QuotaCache | undefined;
	/** Ask the account although the cache knows. */
	readonly isRefreshing?: boolean;
};

/** Targets in the order of the models asked for. */
export type Resolution = {
	readonly targets: readonly Target[];
	/** For each target the quota names that came near; empty where names matched exactly. */
	readonly near: ReadonlyArray<readonly string[]>;
	/** Sentences for the user about what could not be told plainly. */
	readonly remarks: readonly string[];
	readonly failures: AccountLists['failures'];
	/** What the account lists about identifiers, where that was asked for on the way. */
	readonly catalogue?: Catalogue;
};

/**
 * Finds the quotas of each model: identifies it, then joins it to quota names by exact words. Never rejects and never guesses:
 * what is not known is `unknown`, with assumed values.
 * @param models identifiers of any kind, as the user gave them.
 */
export const resolveTargets = async (
	models: readonly string[],
	options: ResolveOptions,
): Promise<Resolution> => {
	const lists = await readLists(options.source, {
		cache: options.cache,
		isRefreshing: options.isRefreshing ?? false,
		applicationProfiles: models
			.map((model) => identify(model, emptyCatalogue))
			.filter(({kind}) => kind === 'application-profile')
			.map(({model}) => model),
		isListingApplicationProfiles: false,
	});
	return resolveFromLists(models, lists, options);
};

/** The same from lists that are at hand already. */
export const resolveFromLists = (
	models: readonly string[],
	lists: AccountLists,
	options: Pick<ResolveOptions, 'region' | 'endpoint' | 'override' | 'tier' | 'source'>,
): Resolution => {
	const catalogue = createCatalogue(lists.models, lists.profiles);
	const identities = unifySpellings(models.map((model) => identify(model, catalogue)));
	const index = indexQuotas(lists, identities, catalogue, options.source.hasBearerToken ?? false);
	const resolved = identities.map((identity) => resolveOne(identity, index, options));
	const facts = {region: options.region, failures: lists.failures, catalogue};
	return {
		targets: resolved.map(({target}) => target),
		near: resolved.map(({near}) => near),
		remarks: [
			...new Set([
				...listRemarks(lists.failures, options.source.hasBearerToken ?? false),
				...resolved.flatMap(({identity, target, isMatched}) =>
					targetRemarks(identity, target, {...facts, isMatched}),
				),
			]),
		],
		failures: lists.failures,
		catalogue,
	};
};

/** Two spellings of one base model (with and without revision `:0`) are one bucket, so they get one name: the first. */
const unifySpellings = (identities: readonly Identity[]): readonly Identity[] => {
	const spellings = new Map<string, string>();
	return identities.map((identity) => {
		const key = baseModelKey(identity.baseModel);
		const baseModel = spellings.get(key) ?? identity.baseModel;
		spellings.set(key, baseModel);
		return {...identity, baseModel};
	});
};

type QuotaIndex = {
	/** By `baseModelKey` of the owner. */
	readonly byModel: ReadonlyMap<string, readonly NamedQuota[]>;
	readonly all: readonly NamedQuota[];
	readonly accountTokensPerDay: Quota['accountTokensPerDay'];
};

const indexQuotas = (
	lists: AccountLists,
	identities: readonly Identity[],
	catalogue: Catalogue,
	hasBearerToken: boolean,
): QuotaIndex => {
	const joined = joinQuotas(lists.applied, lists.defaults, hasBearerToken ? 'other-caller' : 'applied');
	const all = joined.flatMap((quota) => {
		const named = parseQuotaName(quota.name);
		return named === undefined ? [] : [{quota, named}];
	});
	const owners = labelOwners(
		all.map(({named}) => named.label),
		identities.filter(({isResolved}) => isResolved).map(({baseModel}) => baseModel),
		catalogue,
	);
	const byModel = Map.groupBy(all, ({named}) => owners.get(named.label) ?? '');
	byModel.delete('');
	const accountWide = joined.find(({name}) => isAccountTokensPerDay(name));
	return {byModel, all, accountTokensPerDay: accountWide && limitOf(accountWide, 'tokensPerDay')};
};

const resolveOne = (
	identity: Identity,
	index: QuotaIndex,
	{region, endpoint, override, tier}: Omit<ResolveOptions, 'source'>,
) => {
	const {model, baseModel, scope, isResolved, kind} = identity;
	const own = isResolved ? (index.byModel.get(baseModelKey(baseModel)) ?? []) : [];
	const isMatched = own.length > 0;
	const detected =
		kind === 'provisioned-model' ? noQuota : isMatched ? bucketQuota(own, scope) : unknownQuota;
	const {accountTokensPerDay} = index;
	const target: Target = {
		model,
		baseModel,
		scope,
		region,
		endpoint,
		tier,
		burndown: burndownOf(baseModel, override.burndown),
		quota: {
			requestsPerMinute: overrideLimit(detected.requestsPerMinute, override.requestsPerMinute),
			tokensPerMinute: overrideLimit(detected.tokensPerMinute, override.tokensPerMinute),
			tokensPerDay: detected.tokensPerDay,
			...(accountTokensPerDay === undefined ? {} : {accountTokensPerDay}),
		},
	};
	const isUnmatched = isResolved && !isMatched;
	const near = isUnmatched
		? nearNames(
				baseModel,
				index.all.map(({named}) => named),
			)
		: [];
	return {identity, target, isMatched, near};
};
