import type {QuotaOverride} from '../../domain/run-config.ts';
import type {Quota, Target} from '../../domain/target.ts';
import {
	baseModelKey,
	createModelIndex,
	emptyModelIndex,
	type Identity,
	identify,
	type ModelIndex,
} from '../identify/identify.ts';
import {type AccountLists, type QuotaCache, readLists} from './account-lists.ts';
import {
	bucketQuota,
	joinAppliedAndDefault,
	limitOf,
	type NamedQuota,
	noQuota,
	overrideLimit,
	unknownIn,
} from './bucket-quota.ts';
import {burndownOf} from './burndown.ts';
import {isAccountTokensPerDay, parseQuotaName, type QuotaName} from './quota-name.ts';
import {labelOwners} from './quota-row-owners.ts';
import type {QuotaSource} from './quota-source.ts';
import {listRemarks, targetRemarks} from './remarks.ts';

const maxShownNames = 6;
const minLikeness = 0.5;

/**
 * Quota names that look most like a model that no name matches, for the user to judge by eye. They are shown and
 * never used.
 * @returns verbatim names, the nearest first; empty when none is near.
 */
export function nearNames(baseModel: string, names: readonly QuotaName[]): string[] {
	const words = nameWords(baseModel.replace(/-20\d{6}/, '').replace(/(?:-v\d+)?(?::[a-z0-9]+)*$/, ''));
	return names
		.filter(({metric, use}) => use === 'standard' && metric !== 'concurrentRequests')
		.map(({name, label}) => ({name, likeness: likeness(words, nameWords(label))}))
		.filter((candidate) => candidate.likeness >= minLikeness)
		.toSorted((left, right) => right.likeness - left.likeness || left.name.localeCompare(right.name))
		.slice(0, maxShownNames)
		.map(({name}) => name);
}

/** `Z.ai` is one word, as it is in `zai.glm-5`. */
const nameWords = (text: string): ReadonlySet<string> =>
	new Set(
		text
			.toLowerCase()
			.replace(/\.ai\b/, 'ai')
			.match(/[a-z]+|\d+/g),
	);

/** Share of words in common (Dice): 1 when all are the same, 0 when only numbers are. */
const likeness = (left: ReadonlySet<string>, right: ReadonlySet<string>): number => {
	const common = [...left].filter((word) => right.has(word));
	const isNamed = common.some((word) => /[a-z]{2}/.test(word));
	return isNamed ? (2 * common.length) / (left.size + right.size) : 0;
};

export type ResolveOptions = {
	readonly source: QuotaSource;
	readonly region: string;
	/** URL of an endpoint that is not AWS's; null for AWS. */
	readonly endpoint: string | null;
	readonly override: QuotaOverride;
	/** Service tier asked for; null for the account's default. */
	readonly tier: string | null;
	/** Where the lists of this account are cached for a day; undefined: not cached. */
	readonly cache?: QuotaCache | undefined;
	/** Ask the account although the cache has its lists. */
	readonly isRefreshing?: boolean;
};

/** Targets in the order of the models asked for. */
type Resolution = {
	readonly targets: readonly Target[];
	/** For each target the quota names that came near; empty where names matched exactly. */
	readonly near: ReadonlyArray<readonly string[]>;
	/** Sentences for the user about what is not plain. */
	readonly remarks: readonly string[];
	readonly failures: AccountLists['failures'];
	/** The account's lists of models and profiles, where they were read on the way. */
	readonly modelIndex?: ModelIndex;
};

/**
 * Finds the quotas of each model: identifies it, then joins it to quota names by exact words. Never rejects and never
 * guesses: unknown limits are `unknown`, with assumed values.
 * @param models Identifiers of any kind, as the user gave them.
 */
export async function resolveTargets(
	models: readonly string[],
	options: ResolveOptions,
): Promise<Resolution> {
	const lists = await readLists(options.source, {
		cache: options.cache,
		isRefreshing: options.isRefreshing ?? false,
		applicationProfiles: models
			.map((model) => identify(model, emptyModelIndex))
			.filter(({kind}) => kind === 'application-profile')
			.map(({model}) => model),
		isListingApplicationProfiles: false,
	});
	return resolveFromLists(models, lists, options);
}

/** The same from lists that were read already. */
export function resolveFromLists(
	models: readonly string[],
	lists: AccountLists,
	options: Pick<ResolveOptions, 'region' | 'endpoint' | 'override' | 'tier' | 'source'>,
): Resolution {
	const modelIndex = createModelIndex(lists.models, lists.profiles);
	const identities = unifySpellings(models.map((model) => identify(model, modelIndex)));
	const index = indexQuotas(lists, identities, modelIndex, options.source.hasBearerToken ?? false);
	const resolved = identities.map((identity) => resolveOne(identity, index, options));
	const facts = {region: options.region, failures: lists.failures, modelIndex};
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
		modelIndex,
	};
}

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
	modelIndex: ModelIndex,
	hasBearerToken: boolean,
): QuotaIndex => {
	const joined = joinAppliedAndDefault(
		lists.applied,
		lists.defaults,
		hasBearerToken ? 'other-caller' : 'applied',
	);
	const all = joined.flatMap((quota) => {
		const named = parseQuotaName(quota.name);
		return named === undefined ? [] : [{quota, named}];
	});
	const owners = labelOwners(
		all.map(({named}) => named.label),
		identities.filter(({isResolved}) => isResolved).map(({baseModel}) => baseModel),
		modelIndex,
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
		kind === 'provisioned-model' ? noQuota : isMatched ? bucketQuota(own, scope) : unknownIn(scope);
	const {accountTokensPerDay} = index;
	const target: Target = {
		model,
		baseModel,
		scope,
		region,
		endpoint,
		tier,
		burndown: burndownOf({baseModel, scope}, override.burndown),
		quota: {
			requestsPerMinute: overrideLimit(detected.requestsPerMinute, override.requestsPerMinute),
			tokensPerMinute: overrideLimit(detected.tokensPerMinute, override.tokensPerMinute),
			tokensPerDay: detected.tokensPerDay,
			...(detected.outputTokensPerMinute === undefined
				? {}
				: {
						outputTokensPerMinute: overrideLimit(detected.outputTokensPerMinute, override.tokensPerMinute),
					}),
			...(accountTokensPerDay === undefined || scope === 'mantle' || kind === 'provisioned-model'
				? {}
				: {accountTokensPerDay}),
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
