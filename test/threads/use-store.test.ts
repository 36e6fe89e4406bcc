import {describe, expect, it} from 'vitest';
import type {CacheFiles} from '../../source/bedrock/quotas/quota-cache.ts';
import type {RunConfig} from '../../source/domain/run-config.ts';
import {createUseStore} from '../../source/threads/use-store.ts';
import {targetFixture} from '../helpers/snapshot-fixture.ts';

const memoryFiles = (): CacheFiles & {readonly written: Map<string, string>} => {
	const written = new Map<string, string>();
	return {
		written,
		async read(file) {
			const text = written.get(file);
			if (text === undefined) {
				throw new Error('ENOENT');
			}
			return text;
		},
		async write(file, text) {
			written.set(file, text);
		},
	};
};

const configOf = (simulatorUrl: string | undefined): RunConfig =>
	({connection: {region: 'us-east-1', profile: undefined, simulatorUrl}}) as RunConfig;

const entries = [{at: 1_700_000_000_000, requests: 3, tokens: 900, ended: 900}];

describe('the last minute of a bucket', () => {
	it('outlives the program, under a name that tells nothing of the account', async () => {
		const files = memoryFiles();
		await createUseStore('/cache', files).save(configOf(undefined), targetFixture(), entries);
		expect(await createUseStore('/cache', files).load(configOf(undefined), targetFixture())).toEqual(entries);
		expect([...files.written.keys()].join()).toMatch(/^\/cache\/use\/[0-9a-f]{32}\.json$/);
	});

	it('is kept for each bucket by itself', async () => {
		const store = createUseStore('/cache', memoryFiles());
		await store.save(configOf(undefined), targetFixture(), entries);
		expect(await store.load(configOf(undefined), {...targetFixture(), scope: 'global'})).toEqual([]);
		expect(await store.load(configOf(undefined), {...targetFixture(), region: 'eu-west-1'})).toEqual([]);
	});

	it('of the embedded simulator never reaches the disk', async () => {
		const files = memoryFiles();
		const store = createUseStore('/cache', files);
		await store.save(configOf('http://127.0.0.1:1'), targetFixture(), entries);
		expect(files.written.size).toBe(0);
		expect(await store.load(configOf('http://127.0.0.1:1'), targetFixture())).toEqual(entries);
	});

	it.each(['', '{', '[{"at": "x"}]', 'null'])('is empty where the file holds %j', async (text) => {
		const files = memoryFiles();
		const store = createUseStore('/cache', files);
		await store.save(configOf(undefined), targetFixture(), entries);
		const [file = ''] = files.written.keys();
		files.written.set(file, text);
		expect(await createUseStore('/cache', files).load(configOf(undefined), targetFixture())).toEqual([]);
	});

	it('does not fail a run when it cannot be written', async () => {
		const files: CacheFiles = {
			read: async () => Promise.reject(new Error('ENOENT')),
			write: async () => Promise.reject(new Error('EROFS')),
		};
		const store = createUseStore('/cache', files);
		await store.save(configOf(undefined), targetFixture(), entries);
		expect(await store.load(configOf(undefined), targetFixture())).toEqual(entries);
	});
});
