import {createHash} from 'node:crypto';
import {mkdir, readFile} from 'node:fs/promises';
import path from 'node:path';
import {systemClock} from '../../domain/clock.ts';
import {privateFolderMode} from '../../text/private-file.ts';
import {writeAtomically} from '../../text/write-atomically.ts';
import {type CacheFiles, createQuotaCache, type QuotaCache} from './quota-cache.ts';
import {cacheFolder} from './user-cache.ts';

/** The real disk below the quota cache. */

/** Node's own recursive mkdir never ends below a parent that refuses folders as if it were absent (`/proc`). */
const makeFolder = async (folder: string): Promise<void> => {
	const make = async () => mkdir(folder, {mode: privateFolderMode});
	try {
		await make();
	} catch (error) {
		const code = error instanceof Error && 'code' in error ? error.code : undefined;
		if (code === 'EEXIST') {
			return;
		}
		if (code !== 'ENOENT' || path.dirname(folder) === folder) {
			throw error;
		}
		await makeFolder(path.dirname(folder));
		await make();
	}
};

/** Files of the cache, and those that running programs share: after a crash of the machine nobody needs them. */
export const diskFiles: CacheFiles = {
	read: async (file) => readFile(file, 'utf8'),
	async write(file, text) {
		await makeFolder(path.dirname(file));
		await writeAtomically(file, text, {isLasting: false});
	},
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

/** What tells one account from another, hashed: the values are never stored. */
export const accountIdentity = (environment: NodeJS.ProcessEnv): readonly string[] =>
	identityVariables.map((name) => fingerprint(environment[name]));

/**
 * The cache of the account that this environment reaches, in the user's cache folder.
 * @param endpoint URL of an endpoint that is not AWS's; null for AWS.
 */
export const quotaCacheFor = (
	{region, profile, endpoint}: {region: string; profile: string | undefined; endpoint: string | null},
	environment: NodeJS.ProcessEnv,
): QuotaCache =>
	createQuotaCache(
		{
			region,
			profile,
			endpoint,
			identity: accountIdentity(environment),
		},
		{folder: cacheFolder(), files: diskFiles, clock: systemClock},
	);
