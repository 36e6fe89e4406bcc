import {mkdtemp, readdir, readFile, rm, stat, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {afterEach, beforeEach, expect, it, vi} from 'vitest';
import {quotaCacheFor} from '../../../source/bedrock/quotas/account-lists.ts';

/** Tests source/bedrock/quotas/account-lists.ts: the lists of an account on disk. */

const place = {region: 'us-east-1', profile: undefined, endpoint: null};
const environment = {AWS_ACCESS_KEY_ID: 'AKIAPLANTED', AWS_BEARER_TOKEN_BEDROCK: 'planted-token'};
const lists = {applied: [{code: 'L-1', name: 'A name', value: 1, adjustable: true}]};

let folder: string;
beforeEach(async () => {
	folder = await mkdtemp(path.join(tmpdir(), 'quotas-cache-'));
	vi.stubEnv('XDG_CACHE_HOME', path.join(folder, 'not', 'yet', 'there'));
});
afterEach(async () => {
	vi.unstubAllEnvs();
	await rm(folder, {recursive: true});
});

/** The only file below the folder. */
const cacheFile = async () => {
	const entries = await readdir(folder, {recursive: true, withFileTypes: true});
	const files = entries.filter((entry) => entry.isFile());
	expect(files).toHaveLength(1);
	return path.join(files[0]?.parentPath ?? '', files[0]?.name ?? '');
};

it.skipIf(process.platform !== 'linux')('is readable by its owner alone, and holds no secret', async () => {
	await quotaCacheFor(place, environment).write(lists);
	const file = await cacheFile();
	expect((await stat(file)).mode & 0o777).toBe(0o600);
	expect((await stat(path.dirname(file))).mode & 0o777).toBe(0o700);
	expect(file + (await readFile(file, 'utf8'))).not.toMatch(/planted/i);
	expect(await quotaCacheFor(place, environment).read()).toEqual(lists);
});

it.skipIf(process.platform !== 'linux')('other credentials are another account', async () => {
	await quotaCacheFor(place, environment).write(lists);
	expect(await quotaCacheFor(place, {...environment, AWS_ACCESS_KEY_ID: 'AKIAOTHER'}).read()).toEqual({});
});

it.skipIf(process.platform !== 'linux')(
	'a place where nothing can be made is no error, and ends',
	async () => {
		const file = path.join(folder, 'file');
		await writeFile(file, '');
		for (const home of ['/proc/nowhere', path.join(file, 'below')]) {
			vi.stubEnv('XDG_CACHE_HOME', home);
			const cache = quotaCacheFor(place, environment);
			await cache.write(lists);
			expect(await cache.read()).toEqual({});
		}
	},
);
