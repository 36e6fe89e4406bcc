import type {CachedLists, QuotaCache} from './quota-cache.ts';
import {isAccountTokensPerDay, minBatchRecordsName, parseQuotaName} from './quota-name.ts';
import {
	type FoundationModel,
	type InferenceProfile,
	type ListedQuota,
	type ListName,
	type QuotaSource,
	SourceError,
} from './quota-source.ts';

/** Everything that an account lists about its models and quotas. Lists that could not be read are empty and in `failures`. */
export type AccountLists = {
	readonly applied: readonly ListedQuota[];
	readonly defaults: readonly ListedQuota[];
	readonly models: readonly FoundationModel[];
	/** System profiles, and the application profiles that were listed or looked up. */
	readonly profiles: readonly InferenceProfile[];
	readonly failures: ReadonlyMap<ListName | 'lookedUp', SourceError>;
};

type ReadListsOptions = {
	readonly cache: QuotaCache | undefined;
	/** Ask the account although the cache knows; what it says replaces the cache. */
	readonly isRefreshing: boolean;
	/** ARNs of application profiles whose route is needed. */
	readonly applicationProfiles: readonly string[];
	/** Needs every application profile, for an index of models. */
	readonly isListingApplicationProfiles: boolean;
};

/** More single look-ups than this cost more than the list. */
const maxLookUps = 2;

/**
 * Reads all lists at the same time, so that the longest decides how long it takes; single look-ups run beside them.
 * Never rejects: what an account refuses is in `failures`.
 */
export async function readLists(source: QuotaSource, options: ReadListsOptions): Promise<AccountLists> {
	const cached = options.isRefreshing ? {} : ((await options.cache?.read()) ?? {});
	const failures = new Map<ListName | 'lookedUp', SourceError>();
	const fetched: {-readonly [Key in keyof CachedLists]: CachedLists[Key]} = {};
	const read = async <Item>(
		name: ListName,
		pages: () => AsyncIterable<readonly Item[]>,
		keep: (items: readonly Item[]) => void,
		isNeeded = true,
	): Promise<void> => {
		if (!isNeeded || cached[name] !== undefined) {
			return;
		}
		try {
			keep(await collect(pages()));
		} catch (error) {
			failures.set(name, asSourceError(error));
		}
	};
	const keepAs =
		<Key extends keyof CachedLists>(key: Key) =>
		(items: CachedLists[Key]) => {
			fetched[key] = items;
		};
	const known = new Set(
		[...(cached.lookedUp ?? []), ...(cached.applicationProfiles ?? [])].map(({arn}) => arn),
	);
	const wanted = [...new Set(options.applicationProfiles)].filter((arn) => !known.has(arn));
	const isListing = options.isListingApplicationProfiles || wanted.length > maxLookUps;
	await Promise.all([
		read('applied', () => inferenceQuotas(source.listApplied()), keepAs('applied')),
		read('defaults', () => inferenceQuotas(source.listDefaults()), keepAs('defaults')),
		read('models', () => source.listFoundationModels(), keepAs('models')),
		read('profiles', () => source.listInferenceProfiles('SYSTEM_DEFINED'), keepAs('profiles')),
		read(
			'applicationProfiles',
			() => source.listInferenceProfiles('APPLICATION'),
			keepAs('applicationProfiles'),
			isListing,
		),
		isListing ? undefined : lookUp(source, wanted, cached, fetched, failures),
	]);
	// A new simulator has other quotas: its lists are worthless the next day.
	if (Object.keys(fetched).length > 0 && source.isSimulated?.() !== true) {
		await options.cache?.write(fetched);
	}
	const all = {...cached, ...fetched};
	return {
		applied: all.applied ?? [],
		defaults: all.defaults ?? [],
		models: all.models ?? [],
		profiles: [...(all.profiles ?? []), ...(all.applicationProfiles ?? []), ...(all.lookedUp ?? [])],
		failures,
	};
}

const collect = async <Item>(pages: AsyncIterable<readonly Item[]>): Promise<readonly Item[]> => {
	const items: Item[] = [];
	for await (const page of pages) {
		items.push(...page);
	}
	return items;
};

const asSourceError = (error: unknown): SourceError =>
	error instanceof SourceError
		? error
		: new SourceError('other', error instanceof Error ? error.message : String(error), error);

/** Of more than a thousand quotas about half are about calling models; the rest is dropped as it arrives. */
async function* inferenceQuotas(pages: AsyncIterable<readonly ListedQuota[]>) {
	for await (const page of pages) {
		yield page.filter(
			({name}) =>
				parseQuotaName(name) !== undefined || isAccountTokensPerDay(name) || minBatchRecordsName.test(name),
		);
	}
}

const lookUp = async (
	source: QuotaSource,
	wanted: readonly string[],
	cached: CachedLists,
	fetched: {lookedUp?: CachedLists['lookedUp']},
	failures: Map<ListName | 'lookedUp', SourceError>,
): Promise<void> => {
	const found = await Promise.all(
		wanted.map(async (arn) => {
			try {
				return [await source.getInferenceProfile(arn)];
			} catch (error) {
				failures.set('lookedUp', asSourceError(error));
				return [];
			}
		}),
	);
	if (found.flat().length > 0) {
		fetched.lookedUp = [...(cached.lookedUp ?? []), ...found.flat()];
	}
};
