import {createHash} from 'node:crypto';
import path from 'node:path';
import {z} from 'zod';
import {accountIdentity, cacheFolder, diskFiles} from '../bedrock/quotas/cache-folder.ts';
import type {CacheFiles} from '../bedrock/quotas/quota-cache.ts';
import type {RunConfig} from '../domain/run-config.ts';
import type {Target} from '../domain/target.ts';
import type {LedgerEntry} from '../domain/use.ts';

/** Keeps the last minute of each bucket, so that a second run in the same minute knows of the first. */
export type UseStore = {
	/** What earlier runs left in a bucket; empty where nothing is known. */
	readonly load: (config: RunConfig, target: Target) => Promise<readonly LedgerEntry[]>;
	/** Never rejects: a run does not depend on it. */
	readonly save: (config: RunConfig, target: Target, entries: readonly LedgerEntry[]) => Promise<void>;
};

const entriesSchema = z.array(
	z.object({at: z.number(), requests: z.number(), tokens: z.number(), ended: z.number()}),
);

/** A name for the bucket of an account that tells nothing of it. */
const bucketName = ({connection}: RunConfig, {region, endpoint, baseModel, scope}: Target): string =>
	createHash('sha256')
		.update(
			JSON.stringify([accountIdentity(process.env), connection.profile, region, endpoint, baseModel, scope]),
		)
		.digest('hex')
		.slice(0, 32);

const parseEntries = (text: string): readonly LedgerEntry[] => {
	try {
		return entriesSchema.safeParse(JSON.parse(text)).data ?? [];
	} catch {
		// Half written by a crash, or not ours: as good as none.
		return [];
	}
};

/**
 * The store of this user. The embedded simulator dies with the program, so its buckets are kept in memory only.
 * @param folder Undefined: memory only.
 */
export const createUseStore = (
	folder: string | undefined = cacheFolder(),
	files: CacheFiles = diskFiles,
): UseStore => {
	const inMemory = new Map<string, readonly LedgerEntry[]>();
	const fileOf = (config: RunConfig, name: string): string | undefined =>
		folder === undefined || config.connection.simulatorUrl !== undefined
			? undefined
			: path.join(folder, 'use', `${name}.json`);
	return {
		async load(config, target) {
			const name = bucketName(config, target);
			const file = fileOf(config, name);
			if (file === undefined || inMemory.has(name)) {
				return inMemory.get(name) ?? [];
			}
			return files.read(file).then(parseEntries, () => []);
		},
		async save(config, target, entries) {
			const name = bucketName(config, target);
			inMemory.set(name, entries);
			const file = fileOf(config, name);
			if (file !== undefined) {
				await files.write(file, JSON.stringify(entries)).catch(() => {});
			}
		},
	};
};
