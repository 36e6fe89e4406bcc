import {describe, expect, it} from 'vitest';
import {type CacheFiles, createQuotaCache} from '../../../source/bedrock/quotas/account-lists.ts';
import {SourceError} from '../../../source/bedrock/quotas/quota-source.ts';
import {resolveTargets} from '../../../source/bedrock/quotas/resolve-targets.ts';
import {
	applicationProfile,
	type FakeAccount,
	fakeSource,
	foundationModel,
	listed,
	modelArn,
	plainOptions,
	systemProfile,
} from './quotas-source.ts';

/** Tests source/bedrock/quotas/account-lists.ts and quota-cache.ts: how many calls a resolution costs. */

const model = 'us.amazon.nova-lite-v1:0';
const name = 'Cross-region model inference tokens per minute for Amazon Nova Lite';
const profiles = ['a', 'b'].map((id) => applicationProfile(id, [modelArn('amazon.nova-lite-v1:0')]));

const fill = (count: number) =>
	Array.from({length: count}, (_item, index) => listed(`Decoy ${index}`, index));
const account: FakeAccount = {
	applied: [...fill(1180), listed(name, 5)],
	defaults: [...fill(1217), listed(name, 6)],
	models: Array.from({length: 317}, (_item, index) => foundationModel(`acme.model-${index}`)),
	profiles: Array.from({length: 162}, (_item, index) => systemProfile(`us.acme.model-${index}`)),
	applicationProfiles: profiles,
};

/** Files in memory; `fault` makes every access fail. */
const memoryFiles = (fault?: Error) => {
	const content = new Map<string, string>();
	const files: CacheFiles = {
		async read(file) {
			const text = content.get(file);
			if (fault !== undefined || text === undefined) {
				throw fault ?? new Error('ENOENT');
			}
			return text;
		},
		async write(file, text) {
			if (fault !== undefined) {
				throw fault;
			}
			content.set(file, text);
		},
	};
	return {content, files};
};

const scope = {region: 'us-east-1', profile: 'work', endpoint: null, identity: ['planted-secret-key-id']};
/** Time since 1970 that goes on when told to. */
const createClock = () => {
	let epochMs = Date.UTC(2026, 2, 1, 10);
	return {
		epoch: () => epochMs,
		pass: (durationMs: number) => {
			epochMs += durationMs;
		},
	};
};

const setUp = (fault?: Error) => {
	const clock = createClock();
	const {content, files} = memoryFiles(fault);
	const cacheOf = (changes = {}) =>
		createQuotaCache({...scope, ...changes}, {folder: '/cache', files, clock});
	const resolve = async (options: {isRefreshing?: boolean; fake?: FakeAccount; cache?: object} = {}) => {
		const fake = fakeSource(options.fake ?? account);
		const {targets, remarks} = await resolveTargets([model], {
			source: fake.source,
			...plainOptions,
			cache: cacheOf(options.cache),
			isRefreshing: options.isRefreshing ?? false,
		});
		return {calls: fake.calls, limit: targets[0]?.quota.tokensPerMinute, remarks};
	};
	return {clock, content, resolve};
};

describe('requests of a cold account', () => {
	const pagesOf = (items: readonly unknown[] = []) => Math.max(1, Math.ceil(items.length / 100));
	const listPages =
		pagesOf(account.applied) +
		pagesOf(account.defaults) +
		pagesOf(account.models) +
		pagesOf(account.profiles);

	it.each([
		['a profile', [model]],
		['application profiles', [model, ...profiles.map(({arn}) => arn)]],
	])(
		'%s: at most two more than the lists have pages, one after another only as many as the longest has',
		async (_title, models) => {
			const {source, calls, longestChain} = fakeSource(account);
			await resolveTargets(models, {source, ...plainOptions});
			expect(calls.length).toBeLessThanOrEqual(listPages + 2);
			expect(longestChain()).toBeLessThanOrEqual(pagesOf(account.defaults) + 1);
		},
	);

	it('all lists are asked before any of them has answered', async () => {
		const {source} = fakeSource(account);
		const asked: string[] = [];
		let open = () => {};
		const gate = new Promise<void>((resolve) => {
			open = resolve;
		});
		const gated = (label: string, pages: () => AsyncIterable<never>) =>
			async function* () {
				asked.push(label);
				await gate;
				yield* pages();
			};
		const resolving = resolveTargets([profiles[0]?.arn ?? ''], {
			source: {
				...source,
				listApplied: gated('applied', source.listApplied as () => AsyncIterable<never>),
				listDefaults: gated('defaults', source.listDefaults as () => AsyncIterable<never>),
				listFoundationModels: gated('models', source.listFoundationModels as () => AsyncIterable<never>),
				listInferenceProfiles: (type) =>
					gated(type, () => source.listInferenceProfiles(type) as AsyncIterable<never>)(),
				async getInferenceProfile(arn) {
					asked.push('get');
					await gate;
					return source.getInferenceProfile(arn);
				},
			},
			...plainOptions,
		});
		await Promise.resolve();
		expect(asked.toSorted()).toEqual(['SYSTEM_DEFINED', 'applied', 'defaults', 'get', 'models']);
		open();
		expect((await resolving).targets).toHaveLength(1);
	});
});

describe('the cache', () => {
	it('answers for a day without asking anybody, and then asks again', async () => {
		const {clock, resolve} = setUp();
		const cold = await resolve();
		expect(cold.calls.length).toBeGreaterThan(0);
		clock.pass(24 * 3_600_000 - 1);
		const warm = await resolve();
		expect(warm.calls).toEqual([]);
		expect(warm.limit).toEqual(cold.limit);
		clock.pass(1);
		expect((await resolve()).calls).toEqual(cold.calls);
	});

	it('is skipped and replaced by --refresh', async () => {
		const {resolve} = setUp();
		await resolve();
		const raised = {...account, applied: [listed(name, 50)]};
		expect((await resolve({fake: raised, isRefreshing: true})).limit?.value).toBe(50);
		expect(await resolve()).toMatchObject({calls: [], limit: {value: 50}});
	});

	it.each([
		['empty', ''],
		['cut', '{"version":1,"lists":{"applied":{"savedAt":'],
		['no object', '[1,2]'],
		['of another version', '{"version":0,"lists":{}}'],
		['foreign', '{"version":1,"lists":{"applied":{"savedAt":1772359200000,"items":[{"code":1}]}}}'],
		['from the future', '{"version":1,"lists":{"applied":{"savedAt":99999999999999,"items":[]}}}'],
		['without lists', '{"version":1,"lists":null}'],
		['hostile', '{"version":1,"lists":{"__proto__":{"savedAt":1,"items":[]}}}'],
	])('is ignored and replaced when it is %s', async (_title, text) => {
		const {content, resolve} = setUp();
		const cold = await resolve();
		for (const file of content.keys()) {
			content.set(file, text);
		}
		const again = await resolve();
		expect(again).toEqual(cold);
		expect((await resolve()).calls).toEqual([]);
	});

	it.each([
		['region', {region: 'eu-west-1'}],
		['profile', {profile: 'home'}],
		['endpoint', {endpoint: 'http://127.0.0.1:1'}],
		['credentials', {identity: ['another']}],
	])('is apart for every %s', async (_title, cache) => {
		const {resolve} = setUp();
		await resolve();
		expect((await resolve({cache})).calls.length).toBeGreaterThan(0);
	});

	it('keeps no credentials, nor the names of profiles', async () => {
		const {content, resolve} = setUp();
		await resolve();
		expect(content.size).toBe(1);
		expect(JSON.stringify([...content])).not.toMatch(/planted-secret|work/);
	});

	it('keeps only quotas about calling models', async () => {
		const {content, resolve} = setUp();
		await resolve();
		const [text = ''] = content.values();
		expect(text).toContain(name);
		expect(text).not.toContain('Decoy');
	});

	it('a disk that cannot be read or written is no error', async () => {
		const {resolve} = setUp(new Error('EROFS'));
		expect((await resolve()).limit?.value).toBe(5);
	});

	it('without a folder there is none', async () => {
		const {files} = memoryFiles(new Error('never touched'));
		const cache = createQuotaCache(scope, {folder: undefined, files, clock: createClock()});
		await cache.write({applied: []});
		expect(await cache.read()).toEqual({});
	});

	it('a list that was refused is asked for again, the others are not', async () => {
		const {resolve} = setUp();
		const denied = new SourceError('denied', 'no', undefined);
		await resolve({fake: {...account, failures: {listApplied: denied}}});
		const again = await resolve();
		expect(new Set(again.calls)).toEqual(new Set(['applied']));
		expect(again.limit).toMatchObject({value: 5, source: 'applied'});
	});

	it('what a simulator says is not kept', async () => {
		const {content, resolve} = setUp();
		const {source} = fakeSource(account);
		await resolve();
		content.clear();
		await resolveTargets([model], {
			source: {...source, isSimulated: () => true},
			...plainOptions,
			cache: createQuotaCache(scope, {
				folder: '/cache',
				files: memoryFiles().files,
				clock: createClock(),
			}),
		});
		expect(content.size).toBe(0);
	});
});
