import {
	type AccountMap,
	bucketKey,
	type KnownBucket,
	type ProvisionedThroughput,
} from '../../domain/account-snapshot.ts';
import type {Price} from '../../domain/run-config.ts';
import type {Target} from '../../domain/target.ts';
import {assertReachable} from '../clients/reachability.ts';
import {familyOf} from '../families/registry.ts';
import {
	baseModelKey,
	calledAs,
	createModelIndex,
	type Identity,
	identify,
	looksLikeBaseModel,
	type ModelIndex,
	mantlePrefix,
} from '../identify/identify.ts';
import {runnableNames} from '../identify/runnable-models.ts';
import {priceOf} from '../prices.ts';
import {type AccountLists, collect, readLists} from '../quotas/account-lists.ts';
import {unknownIn} from '../quotas/bucket-quota.ts';
import {minBatchRecordsName} from '../quotas/quota-name.ts';
import {labelOwners} from '../quotas/quota-row-owners.ts';
import {listRemarks, undecidedDayWords} from '../quotas/remarks.ts';
import {type ResolveOptions, resolveFromLists} from '../quotas/resolve-targets.ts';

/** Models, quotas and notes of a Region for the account monitor. */

/** Names of quotas that Service Quotas lists under several codes. */
function duplicateNames({applied, defaults}: AccountLists): ReadonlySet<string> {
	const codes = new Map<string, Set<string>>();
	for (const {name, code} of [...applied, ...defaults]) {
		codes.set(name, (codes.get(name) ?? new Set()).add(code ?? ''));
	}
	return new Set([...codes].filter(([, known]) => known.size > 1).map(([name]) => name));
}

/** Records of the smallest batch job of each of these models that can run one, by its key. */
function batchMinimums(
	{applied, defaults}: AccountLists,
	baseModels: readonly string[],
	modelIndex: ModelIndex,
): ReadonlyMap<string, number> {
	// Applied values come last, so that they win.
	const rows = [...defaults, ...applied].flatMap(({name, value}) => {
		const label = minBatchRecordsName.exec(name.trim())?.[1];
		return label === undefined || value === null ? [] : [{label, value}];
	});
	const owners = labelOwners(
		rows.map(({label}) => label),
		baseModels,
		modelIndex,
	);
	return new Map(
		rows.flatMap(({label, value}) => {
			const owner = owners.get(label);
			return owner === undefined ? [] : [[owner, value] as const];
		}),
	);
}

type NoteContext = {
	readonly isLatencyOptimized: boolean;
	readonly failures: AccountLists['failures'];
	readonly duplicates: ReadonlySet<string>;
};

/** Notes about a bucket, a sentence each. */
function modelNotes(identity: Identity, target: Target, context: NoteContext): readonly string[] {
	if (context.isLatencyOptimized) {
		return ['Latency-optimised calls have small quotas of their own, which Service Quotas does not list.'];
	}
	const hidden = hiddenNote(identity, context);
	return hidden === undefined ? quotaNotes(target, context) : [hidden];
}

const hiddenNote = ({kind, isResolved}: Identity, {failures}: NoteContext): string | undefined => {
	if (isResolved) {
		return undefined;
	}
	switch (kind) {
		case 'provisioned-model':
			return 'Purchased capacity: quotas per minute do not limit it.';
		case 'prompt-router':
			return 'A router chooses among models, each with its own quotas.';
		case 'application-profile':
			return 'An application profile that could not be looked up: its bucket is not known.';
		default:
			return failures.get('applicationProfiles')?.kind === 'denied'
				? 'Perhaps an application profile; allow bedrock:ListInferenceProfiles to see its bucket.'
				: 'This model ID hides its model, so its quotas are not known.';
	}
};

/** What the metrics of bedrock-mantle do not count (user guide, monitoring of the endpoint). */
const mantleNote = 'Throttles of bedrock-mantle are in no metric: the tap sees them.';

const quotaNotes = (
	{quota, baseModel, scope}: Target,
	{duplicates, failures}: NoteContext,
): readonly string[] => {
	const limits = [
		quota.requestsPerMinute,
		quota.tokensPerMinute,
		quota.tokensPerDay,
		...(quota.outputTokensPerMinute === undefined ? [] : [quota.outputTokensPerMinute]),
	];
	const blocked = limits.filter(({state}) => state === 'blocked');
	const twice = limits.filter(({name}) => name !== null && duplicates.has(name));
	const isUnknown =
		quota.tokensPerMinute.state === 'unknown' &&
		(scope === 'mantle' || quota.requestsPerMinute.state === 'unknown');
	return [
		...(scope === 'mantle' ? [mantleNote] : []),
		...(blocked.length === 0
			? []
			: [
					`Blocked: AWS has set ${blocked.map(({name}) => `"${name}"`).join(' and ')} to 0. AWS Support can raise it.`,
				]),
		...(twice.length === 0
			? []
			: [
					`Service Quotas has "${twice[0]?.name}" more than once; the one with code ${twice[0]?.code} is shown.`,
				]),
		...[undecidedDayWords(quota)].flatMap((words) =>
			words === undefined ? [] : [`Of this model: ${words}`],
		),
		// A list that could not be read has a remark of its own: nothing is known about what is in it.
		...(isUnknown && !failures.has('applied') && !failures.has('defaults')
			? [`No quota for ${baseModel} found in Service Quotas; limits unknown.`]
			: []),
	];
};

/** CloudWatch marks latency-optimised calls in the ModelId; they have quotas of their own. */
const latencySuffix = '+latency-optimized';

/** The name that a call would use: CloudWatch has the ID of an application profile, the runtime takes only its ARN. */
const callableName = (modelId: string, modelIndex: ModelIndex): string => {
	const arn = modelIndex.profile(modelId)?.arn;
	return arn?.includes(':application-inference-profile/') ? arn : modelId;
};

/**
 * Identifies a ModelId; unresolved where it is neither a model nor listed, such as the ID of a hidden application
 * profile.
 */
const understood = (name: string, modelIndex: ModelIndex): Identity => {
	const identity = identify(name, modelIndex);
	const isModel = looksLikeBaseModel(identity.baseModel) || modelIndex.hasModel(identity.baseModel);
	return identity.isResolved && !isModel ? {...identity, kind: 'other', isResolved: false} : identity;
};

type Owned = {
	readonly modelId: string;
	readonly identity: Identity;
	readonly target: Target;
	readonly isLatencyOptimized: boolean;
};

const keyOf = ({target, isLatencyOptimized}: Owned): string =>
	`${bucketKey(target)}${isLatencyOptimized ? latencySuffix : ''}`;

/**
 * Order of the names to benchmark a bucket by: system profiles and base models before ARNs of copies, then names in
 * use, then those of this Region.
 */
const callRank = (
	{modelId, identity, target}: Owned,
	active: ReadonlySet<string>,
	modelIndex: ModelIndex,
) => {
	const arns = modelIndex.profile(target.model)?.modelArns ?? [];
	const isPlain = identity.kind === 'base-model' || identity.kind === 'inference-profile';
	const isHere = arns.length === 0 || arns.some((arn) => arn.includes(`:${target.region}:`));
	return (isPlain ? 0 : 4) + (active.has(modelId) ? 0 : 2) + (isHere ? 0 : 1);
};

/**
 * Maps ModelIds to their buckets.
 * @param runnable Names that can be called in the Region: their buckets are known even without traffic.
 * @param active ModelIds that CloudWatch has metrics of.
 */
async function mapModels(
	{runnable, active}: {readonly runnable: readonly string[]; readonly active: readonly string[]},
	lists: AccountLists,
	options: Pick<ResolveOptions, 'region' | 'endpoint' | 'override' | 'tier' | 'source'>,
	priceOf: (target: Target) => Promise<Price | null>,
): Promise<AccountMap> {
	const modelIndex = createModelIndex(lists.models, lists.profiles);
	const modelIds = [...new Set([...runnable, ...active])];
	const names = modelIds.map((modelId) => callableName(modelId.replace(latencySuffix, ''), modelIndex));
	const {targets} = resolveFromLists(names, lists, options);
	const owned = modelIds.flatMap((modelId, index): readonly Owned[] => {
		const target = targets[index];
		const identity = understood(names[index] ?? modelId, modelIndex);
		return target === undefined
			? []
			: [{modelId, identity, target, isLatencyOptimized: modelId.endsWith(latencySuffix)}];
	});
	const isActive = new Set(active);
	const rank = (each: Owned): number => callRank(each, isActive, modelIndex);
	const duplicates = duplicateNames(lists);
	const batch = batchMinimums(
		lists,
		targets.map(({baseModel}) => baseModel),
		modelIndex,
	);
	const buckets = await Promise.all(
		[...Map.groupBy(owned, keyOf)].map(async ([key, members]): Promise<KnownBucket> => {
			const [first] = members.toSorted((one, other) => rank(one) - rank(other));
			const {target, identity, isLatencyOptimized} = first as Owned;
			const isKnown = identity.isResolved && !isLatencyOptimized;
			return {
				key,
				target: isKnown ? target : {...target, quota: unknownIn(target.scope)},
				isCallable: isKnown,
				price: isKnown ? await priceOf(target) : null,
				levers: {
					takesCachePoints: isKnown && familyOf(target.baseModel).knowsCachePoints === true,
					batchMinRecords: batch.get(baseModelKey(target.baseModel)) ?? null,
				},
				notes: modelNotes(identity, target, {
					isLatencyOptimized,
					failures: lists.failures,
					duplicates,
				}),
			};
		}),
	);
	return {
		buckets: new Map(buckets.map((bucket) => [bucket.key, bucket])),
		owners: new Map(owned.map((each) => [each.modelId, keyOf(each)])),
	};
}

/** Models, profiles and quotas of a Region, read once, as the account monitor needs them. */
export type AccountDirectory = {
	/** ModelIds that could have traffic, for when CloudWatch cannot list them. */
	readonly candidates: readonly string[];
	readonly map: (active: readonly string[]) => Promise<AccountMap>;
	/** Capacity that the account has bought; empty where that could not be read. */
	readonly provisioned: readonly ProvisionedThroughput[];
	/** Sentences about lists that could not be read. */
	readonly remarks: readonly string[];
	/** @throws UserError (exit 1) when nothing answers. */
	readonly assertReachable: () => Promise<void>;
};

/** What CloudWatch calls a model: of an ARN its last part. */
const dimensionOf = (model: string): string =>
	model.startsWith(mantlePrefix) ? model : model.slice(model.lastIndexOf('/') + 1);

/** Reads the lists of a Region; the remarks name those that could not be read. */
export async function readDirectory(options: ResolveOptions): Promise<AccountDirectory> {
	const {source} = options;
	const [lists, provisioned] = await Promise.all([
		readLists(source, {
			cache: options.cache,
			isRefreshing: options.isRefreshing ?? false,
			applicationProfiles: [],
			isListingApplicationProfiles: true,
		}),
		// Few accounts have any, so that a list that is denied is not worth a remark.
		source.listProvisioned === undefined ? [] : collect(source.listProvisioned()).catch(() => []),
	]);
	const runnable = runnableNames(lists).map(({model}) => model);
	const price = rememberedPrices();
	const reach = reachRemarks(lists, options.region);
	return {
		candidates: runnable.map(dimensionOf),
		provisioned,
		map: async (active) => mapModels({runnable, active}, lists, options, price),
		remarks: reach.length > 0 ? reach : listRemarks(lists.failures, options.source.hasBearerToken ?? false),
		assertReachable: async () =>
			assertReachable({endpoint: options.endpoint ?? null, region: options.region}, lists.failures),
	};
}

const applicationProfiles = async (source: ResolveOptions['source']) => {
	try {
		const profiles = [];
		for await (const page of source.listInferenceProfiles('APPLICATION')) {
			profiles.push(...page);
		}
		return profiles;
	} catch {
		// Without the list their traffic is not seen, which the run survives.
		return [];
	}
};

/** Looks prices up once per bucket. */
const rememberedPrices = (): ((target: Target) => Promise<Price | null>) => {
	const known = new Map<string, Promise<Price | null>>();
	return (target) => {
		const key = bucketKey(target);
		const price = known.get(key) ?? priceOf(target);
		known.set(key, price);
		return price;
	};
};

/** A remark where the Region answers neither for models nor for profiles: Bedrock may not be offered there. */
const reachRemarks = ({failures}: AccountLists, region: string): readonly string[] =>
	(['models', 'profiles'] as const).every((name) => failures.get(name)?.kind === 'network')
		? [`Bedrock does not answer in ${region}: perhaps it is not offered there.`]
		: [];

const noLevers = {takesCachePoints: false, batchMinRecords: null} as const;

/**
 * The directory for the buckets of a run alone, whose quotas are resolved already: only application profiles, which
 * draw from them too, are listed.
 */
export async function directoryOfTargets(
	targets: readonly Target[],
	source: ResolveOptions['source'],
): Promise<AccountDirectory> {
	const profiles = await applicationProfiles(source);
	const modelIndex = createModelIndex([], profiles);
	const known = new Map(targets.map((target) => [bucketKey(target), target]));
	const keyOf = (modelId: string): string => {
		const arn = modelIndex.profile(modelId)?.arn;
		return bucketKey(identify(arn ?? modelId, modelIndex));
	};
	return {
		candidates: targets.map((target) => dimensionOf(calledAs(target))),
		provisioned: [],
		map: async (active) => ({
			buckets: new Map(
				[...known].map(([key, target]) => [
					key,
					{key, target, isCallable: true, price: null, levers: noLevers, notes: []},
				]),
			),
			owners: new Map(
				active.flatMap((modelId) => {
					const own = targets.find((target) => dimensionOf(calledAs(target)) === modelId);
					const key = own === undefined ? keyOf(modelId) : bucketKey(own);
					return known.has(key) ? [[modelId, key] as const] : [];
				}),
			),
		}),
		remarks: [],
		// A run checks it before its first request.
		assertReachable: async () => {},
	};
}
