import {createHash} from 'node:crypto';
import path from 'node:path';
import type {Clock} from '../../domain/clock.ts';
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

/** What keeps two accounts apart. Nothing of it is written: the file's name is a hash of it. */
export type CacheScope = {
	readonly region: string;
	readonly profile: string | undefined;
	readonly endpoint: string | null;
	/** Whatever else decides which account answers, such as the access key ID in the environment. */
	readonly identity: readonly string[];
};

const version = 1;
const maxAgeMs = 24 * 60 * 60 * 1000;

type Entry = {readonly savedAt: number; readonly items: readonly unknown[]};

/**
 * The cache of one account and Region.
 * @param folder where its files are; undefined where there is no such place, which makes a cache that stays empty.
 */
export const createQuotaCache = (
	scope: CacheScope,
	{folder, files, clock}: {folder: string | undefined; files: CacheFiles; clock: Pick<Clock, 'epoch'>},
): QuotaCache => {
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
				await files.write(file, JSON.stringify({version, lists: Object.fromEntries(entries)}));
			} catch {
				// A read-only home is no error: the next start asks again.
			}
		},
	};
};

const listKeys = [
	'applied',
	'defaults',
	'models',
	'profiles',
	'applicationProfiles',
	'lookedUp',
] as const satisfies ReadonlyArray<keyof CachedLists>;
type ListKey = (typeof listKeys)[number];

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
	typeof value === 'object' && value !== null && !Array.isArray(value);

const isText = (value: unknown): boolean => typeof value === 'string';
const isTextOrNull = (value: unknown): boolean => value === null || isText(value);
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every((item) => isText(item));
const isNumberOrNull = (value: unknown): boolean => value === null || Number.isFinite(value);
const isBooleanOrNull = (value: unknown): boolean => value === null || typeof value === 'boolean';

type Shape = Readonly<Record<string, (value: unknown) => boolean>>;

const quotaShape: Shape = {
	code: isTextOrNull,
	name: isText,
	value: isNumberOrNull,
	adjustable: isBooleanOrNull,
};
const modelShape: Shape = {
	modelId: isText,
	modelName: isTextOrNull,
	providerName: isTextOrNull,
	isStreaming: isBooleanOrNull,
	outputModalities: isTexts,
	inferenceTypes: isTexts,
	lifecycle: isTextOrNull,
};
const profileShape: Shape = {id: isText, arn: isText, name: isTextOrNull, modelArns: isTexts};

const shapes: Readonly<Record<ListKey, Shape>> = {
	applied: quotaShape,
	defaults: quotaShape,
	models: modelShape,
	profiles: profileShape,
	applicationProfiles: profileShape,
	lookedUp: profileShape,
};

/** Entries of a file that are ours, whole and less than a day old; a foreign or broken file has none. */
const freshEntries = (content: unknown, now: number): ReadonlyMap<ListKey, Entry> => {
	const lists = isObject(content) && content.version === version ? content.lists : undefined;
	const fresh = new Map<ListKey, Entry>();
	for (const key of listKeys) {
		const entry = isObject(lists) ? lists[key] : undefined;
		if (isEntry(entry, shapes[key]) && entry.savedAt <= now && now - entry.savedAt < maxAgeMs) {
			fresh.set(key, entry);
		}
	}
	return fresh;
};

const isEntry = (entry: unknown, shape: Shape): entry is Entry =>
	isObject(entry) &&
	typeof entry.savedAt === 'number' &&
	Array.isArray(entry.items) &&
	entry.items.every(
		(item) => isObject(item) && Object.entries(shape).every(([key, isValid]) => isValid(item[key])),
	);
