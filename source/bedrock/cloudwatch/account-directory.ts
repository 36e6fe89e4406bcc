import {type AccountMap, bucketKey} from '../../domain/account-map.ts';
import type {Price} from '../../domain/run-spec.ts';
import type {Target} from '../../domain/target.ts';
import {assertReachable} from '../clients/reachability.ts';
import {runnableModels} from '../identify/catalog.ts';
import {createCatalogue} from '../identify/catalogue.ts';
import {identify} from '../identify/identify.ts';
import {priceOf} from '../prices.ts';
import {type AccountLists, readLists} from '../quotas/account-lists.ts';
import {listRemarks} from '../quotas/remarks.ts';
import type {ResolveOptions} from '../quotas/resolve-targets.ts';
import {mapModels} from './model-owners.ts';

/** Models, profiles and quotas of a Region, read once, as the account monitor needs them. */
export type AccountDirectory = {
	/** ModelIds that could have traffic, for where CloudWatch does not list those that have. */
	readonly candidates: readonly string[];
	readonly map: (active: readonly string[]) => Promise<AccountMap>;
	/** Sentences about lists that could not be read. */
	readonly remarks: readonly string[];
	/** @throws UserError (exit 1) when nobody answers at all. */
	readonly assertReachable: () => Promise<void>;
};

/** Prices are looked up once a bucket. */
const rememberedPrices = (): ((target: Target) => Promise<Price | null>) => {
	const known = new Map<string, Promise<Price | null>>();
	return (target) => {
		const key = bucketKey(target);
		const price = known.get(key) ?? priceOf(target);
		known.set(key, price);
		return price;
	};
};

/** The Region answers neither for models nor for profiles: Bedrock is perhaps not offered there. */
const reachRemarks = ({failures}: AccountLists, region: string): readonly string[] =>
	(['models', 'profiles'] as const).every((name) => failures.get(name)?.kind === 'network')
		? [`Bedrock does not answer in ${region}: perhaps it is not offered there.`]
		: [];

/** Reads the lists of a Region; what cannot be read is told in the remarks. */
export const readDirectory = async (options: ResolveOptions): Promise<AccountDirectory> => {
	const lists = await readLists(options.source, {
		cache: options.cache,
		isRefreshing: options.isRefreshing ?? false,
		applicationProfiles: [],
		isListingApplicationProfiles: true,
	});
	const runnable = runnableModels(lists).map(({model}) => model);
	const price = rememberedPrices();
	const reach = reachRemarks(lists, options.region);
	return {
		candidates: runnable.map((model) => model.slice(model.lastIndexOf('/') + 1)),
		map: async (active) => mapModels({runnable, active}, lists, options, price),
		remarks: reach.length > 0 ? reach : listRemarks(lists.failures, options.source.hasBearerToken ?? false),
		assertReachable: async () =>
			assertReachable({endpoint: options.endpoint ?? null, region: options.region}, lists.failures),
	};
};

/**
 * The same for the buckets of a run alone, whose quotas are resolved already: only application profiles, which draw from
 * them too, have to be listed.
 */
export const directoryOfTargets = async (
	targets: readonly Target[],
	source: ResolveOptions['source'],
): Promise<AccountDirectory> => {
	const profiles = await applicationProfiles(source);
	const catalogue = createCatalogue([], profiles);
	const known = new Map(targets.map((target) => [bucketKey(target), target]));
	const keyOf = (modelId: string): string => {
		const arn = catalogue.profile(modelId)?.arn;
		return bucketKey(identify(arn ?? modelId, catalogue));
	};
	return {
		candidates: targets.map(({model}) => model.slice(model.lastIndexOf('/') + 1)),
		map: async (active) => ({
			buckets: new Map(
				[...known].map(([key, target]) => [key, {key, target, isCallable: true, price: null, notes: []}]),
			),
			owners: new Map(
				active.flatMap((modelId) => {
					const own = targets.find(({model}) => model === modelId || model.endsWith(`/${modelId}`));
					const key = own === undefined ? keyOf(modelId) : bucketKey(own);
					return known.has(key) ? [[modelId, key] as const] : [];
				}),
			),
		}),
		remarks: [],
		// A run asks before its first request.
		assertReachable: async () => {},
	};
};

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
