import {createHash} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import path from 'node:path';
import {type Clock, systemClock} from '../../domain/clock.ts';
import {cacheFolder, writeWithFolder} from '../../text/private-file.ts';
import {isFlag, isNumber, isText, listOf, orNull, type Shape, shapedAs} from '../../text/shape.ts';
import {at} from '../json.ts';
import type {FoundationModel, InferenceProfile, ListedQuota} from './quota-source.ts';

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
