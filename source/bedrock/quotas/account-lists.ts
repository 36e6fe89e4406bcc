import {createHash} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import path from 'node:path';
import {type Clock, systemClock} from '../../domain/clock.ts';
import {
	cacheFolder,
	isFlag,
	isNumber,
	isText,
	listOf,
	orNull,
	type Shape,
	shapedAs,
	writeWithFolder,
} from '../../text/private-file.ts';
import {at} from '../json.ts';
import {isAccountTokensPerDay, minBatchRecordsName, parseQuotaName} from './quota-name.ts';
import {
	type FoundationModel,
	type InferenceProfile,
	type ListedQuota,
	type ListName,
	type QuotaSource,
	SourceError,
} from './quota-source.ts';

/** What an account lists about its models and quotas: read from the service, and kept on disk. */

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

/** All pages of a list as one. */
export async function collect<Item>(pages: AsyncIterable<readonly Item[]>): Promise<readonly Item[]> {
	const items: Item[] = [];
	for await (const page of pages) {
		items.push(...page);
	}
	return items;
}

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

/** The lists of one account on disk, so that the next start asks nobody. Identifiers and numbers only, no credentials. */

/** What one account listed; a list that could not be read is absent. */
export type CachedLists = {
	readonly applied?: readonly ListedQuota[];
	readonly defaults?: readonly ListedQuota[];
	readonly models?: readonly FoundationModel[];
	readonly profiles?: readonly InferenceProfile[];
	readonly applicationProfiles?: readonly InferenceProfile[];
	/** Application profiles that were asked for one by one. */
	readonly lookedUp?: readonly InferenceProfile[];
};

/** Never rejects: a cache that cannot be read or written is an empty cache. */
export type QuotaCache = {
	readonly read: () => Promise<CachedLists>;
	readonly write: (lists: CachedLists) => Promise<void>;
};

/** File access as the cache needs it, so that tests bring their own. */
export type CacheFiles = {
	readonly read: (file: string) => Promise<string>;
	/** Makes the folder too; readers see the old file or the new one, never a part. */
	readonly write: (file: string, text: string) => Promise<void>;
};

/** What separates two accounts. It is never written: the file's name is its hash. */
type CacheScope = {
	readonly region: string;
	readonly profile: string | undefined;
	readonly endpoint: string | null;
	/** Whatever else decides which account answers, such as the access key ID in the environment. */
	readonly identity: readonly string[];
};

const cacheVersion = 1;
const maxAgeMs = 24 * 60 * 60 * 1000;

type Entry = {readonly savedAt: number; readonly items: readonly unknown[]};

/** The cache of one account and Region. @param folder Where its files are; undefined makes a cache that stays empty. */
export function createQuotaCache(
	scope: CacheScope,
	{folder, files, clock}: {folder: string | undefined; files: CacheFiles; clock: Pick<Clock, 'epoch'>},
): QuotaCache {
	const hash = createHash('sha256').update(JSON.stringify(scope)).digest('hex').slice(0, 24);
	const file = folder === undefined ? undefined : path.join(folder, `quotas-${hash}.json`);
	const readEntries = async (): Promise<ReadonlyMap<ListKey, Entry>> => {
		try {
			return file === undefined ? new Map() : freshEntries(JSON.parse(await files.read(file)), clock.epoch());
		} catch {
			return new Map();
		}
	};
	return {
		async read() {
			const entries = await readEntries();
			return Object.fromEntries([...entries].map(([key, {items}]) => [key, items]));
		},
		async write(lists) {
			if (file === undefined) {
				return;
			}
			const entries = new Map(await readEntries());
			for (const key of listKeys) {
				const items = lists[key];
				if (items !== undefined) {
					entries.set(key, {savedAt: clock.epoch(), items});
				}
			}
			try {
				await files.write(file, JSON.stringify({version: cacheVersion, lists: Object.fromEntries(entries)}));
			} catch {
				// A read-only home does no harm: the next start asks again.
			}
		},
	};
}

const listKeys = [
	'applied',
	'defaults',
	'models',
	'profiles',
	'applicationProfiles',
	'lookedUp',
] as const satisfies ReadonlyArray<keyof CachedLists>;
type ListKey = (typeof listKeys)[number];

const isTextOrNull = orNull(isText);
const quotaShape: Shape = {
	code: isTextOrNull,
	name: isText,
	value: orNull(isNumber),
	adjustable: orNull(isFlag),
};
const modelShape: Shape = {
	modelId: isText,
	modelName: isTextOrNull,
	providerName: isTextOrNull,
	isStreaming: orNull(isFlag),
	outputModalities: listOf(isText),
	inferenceTypes: listOf(isText),
	lifecycle: isTextOrNull,
};
const profileShape: Shape = {id: isText, arn: isText, name: isTextOrNull, modelArns: listOf(isText)};

const shapes: Readonly<Record<ListKey, Shape>> = {
	applied: quotaShape,
	defaults: quotaShape,
	models: modelShape,
	profiles: profileShape,
	applicationProfiles: profileShape,
	lookedUp: profileShape,
};

/** Valid entries of a file that are less than a day old; a foreign or broken file has none. */
const freshEntries = (content: unknown, now: number): ReadonlyMap<ListKey, Entry> => {
	const lists = at(content, 'version') === cacheVersion ? at(content, 'lists') : undefined;
	const fresh = new Map<ListKey, Entry>();
	for (const key of listKeys) {
		const entry = at(lists, key);
		if (isEntry(entry, shapes[key]) && entry.savedAt <= now && now - entry.savedAt < maxAgeMs) {
			fresh.set(key, entry);
		}
	}
	return fresh;
};

const isEntry = (entry: unknown, shape: Shape): entry is Entry =>
	shapedAs({savedAt: isNumber, items: listOf(shapedAs(shape))})(entry);

/** The real disk below the quota cache. */
export const diskFiles: CacheFiles = {
	read: async (file) => readFile(file, 'utf8'),
	write: writeWithFolder,
};

/** Variables that decide which account answers when no profile is named. Their values are hashed, never stored. */
const identityVariables = [
	'AWS_PROFILE',
	'AWS_ACCESS_KEY_ID',
	'AWS_BEARER_TOKEN_BEDROCK',
	'AWS_ROLE_ARN',
	'AWS_CONFIG_FILE',
	'AWS_SHARED_CREDENTIALS_FILE',
	'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
	'AWS_CONTAINER_CREDENTIALS_FULL_URI',
] as const;

const fingerprint = (value: string | undefined): string =>
	value === undefined ? '' : createHash('sha256').update(value).digest('hex');

/** Hash of what separates one account from another: the values are never stored. */
export function accountIdentity(environment: NodeJS.ProcessEnv): readonly string[] {
	return identityVariables.map((name) => fingerprint(environment[name]));
}

/**
 * The cache of the account that this environment reaches, in the user's cache folder.
 * @param endpoint URL of an endpoint that is not AWS's; null for AWS.
 */
export function quotaCacheFor(
	{region, profile, endpoint}: {region: string; profile: string | undefined; endpoint: string | null},
	environment: NodeJS.ProcessEnv,
): QuotaCache {
	return createQuotaCache(
		{
			region,
			profile,
			endpoint,
			identity: accountIdentity(environment),
		},
		{folder: cacheFolder(), files: diskFiles, clock: systemClock},
	);
}
