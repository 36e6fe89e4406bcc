import {type AccountMap, bucketKey, type KnownBucket} from '../../domain/account-map.ts';
import type {Price} from '../../domain/run-spec.ts';
import type {Target} from '../../domain/target.ts';
import {looksLikeBaseModel} from '../identify/base-model.ts';
import {type Catalogue, createCatalogue} from '../identify/catalogue.ts';
import {type Identity, identify} from '../identify/identify.ts';
import type {AccountLists} from '../quotas/account-lists.ts';
import {unknownQuota} from '../quotas/bucket-quota.ts';
import {type ResolveOptions, resolveFromLists} from '../quotas/resolve-targets.ts';
import {duplicateNames, modelNotes} from './bucket-notes.ts';

/** Which bucket each ModelId of CloudWatch draws from. */

/** CloudWatch marks latency-optimised calls in the ModelId; they have quotas of their own. */
const latencySuffix = '+latency-optimized';

/** What a call would name: CloudWatch has the ID of an application profile, the runtime takes its ARN only. */
const callableName = (modelId: string, catalogue: Catalogue): string => {
	const arn = catalogue.profile(modelId)?.arn;
	return arn?.includes(':application-inference-profile/') ? arn : modelId;
};

/** A ModelId that is neither a model nor in any list, such as the ID of an application profile that may not be listed. */
const understood = (name: string, catalogue: Catalogue): Identity => {
	const identity = identify(name, catalogue);
	const isModel = looksLikeBaseModel(identity.baseModel) || catalogue.hasModel(identity.baseModel);
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
 * What a benchmark calls first: a system profile or a base model, which say more to people than the ARN of a copy; of them
 * what is in use, then what begins in this Region.
 */
const callRank = ({modelId, identity, target}: Owned, active: ReadonlySet<string>, catalogue: Catalogue) => {
	const arns = catalogue.profile(target.model)?.modelArns ?? [];
	const isPlain = identity.kind === 'base-model' || identity.kind === 'inference-profile';
	const isHere = arns.length === 0 || arns.some((arn) => arn.includes(`:${target.region}:`));
	return (isPlain ? 0 : 4) + (active.has(modelId) ? 0 : 2) + (isHere ? 0 : 1);
};

/**
 * Puts ModelIds to their buckets.
 * @param runnable what can be called in the Region: its buckets are known even while nobody uses them.
 * @param active ModelIds that CloudWatch has metrics of.
 */
export const mapModels = async (
	{runnable, active}: {readonly runnable: readonly string[]; readonly active: readonly string[]},
	lists: AccountLists,
	options: Pick<ResolveOptions, 'region' | 'endpoint' | 'override' | 'tier' | 'source'>,
	priceOf: (target: Target) => Promise<Price | null>,
): Promise<AccountMap> => {
	const catalogue = createCatalogue(lists.models, lists.profiles);
	const modelIds = [...new Set([...runnable, ...active])];
	const names = modelIds.map((modelId) => callableName(modelId.replace(latencySuffix, ''), catalogue));
	const {targets} = resolveFromLists(names, lists, options);
	const owned = modelIds.flatMap((modelId, index): readonly Owned[] => {
		const target = targets[index];
		const identity = understood(names[index] ?? modelId, catalogue);
		return target === undefined
			? []
			: [{modelId, identity, target, isLatencyOptimized: modelId.endsWith(latencySuffix)}];
	});
	const isActive = new Set(active);
	const rank = (each: Owned): number => callRank(each, isActive, catalogue);
	const duplicates = duplicateNames(lists);
	const buckets = await Promise.all(
		[...Map.groupBy(owned, keyOf)].map(async ([key, members]): Promise<KnownBucket> => {
			const [first] = members.toSorted((one, other) => rank(one) - rank(other));
			const {target, identity, isLatencyOptimized} = first as Owned;
			const isKnown = identity.isResolved && !isLatencyOptimized;
			return {
				key,
				target: isKnown ? target : {...target, quota: unknownQuota},
				isCallable: isKnown,
				price: isKnown ? await priceOf(target) : null,
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
};
