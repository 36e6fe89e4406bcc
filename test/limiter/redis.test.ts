import {mkdtempSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {createClient} from '@redis/client';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import type {Limiter, LimiterEvent, LimiterOptions} from '../../source/limiter/api.ts';
import {createLimiter, redisStore} from '../../source/limiter/index.ts';
import type {RedisClient} from '../../source/limiter/redis-clients.ts';
import {hasRedis, needsRedis, type RedisServer, startRedisServer} from '../helpers/redis-server.ts';

/** Tests source/limiter/stores.ts: limiters that share a real Redis, with a client as an application has it. */

const model = 'amazon.nova-lite-v1:0';
const call = {model, inputTokens: 1, maxTokens: 1};
const stops: Array<() => unknown> = [];

beforeEach(() => vi.stubEnv('XDG_CACHE_HOME', mkdtempSync(path.join(tmpdir(), 'limiter-redis-'))));

afterEach(async () => {
	vi.unstubAllEnvs();
	for (const stop of stops.splice(0).toReversed()) {
		await stop();
	}
});

const server = async (more?: readonly string[]): Promise<RedisServer> => {
	const redis = await startRedisServer(more);
	stops.push(async () => redis.stop());
	return redis;
};

const clientOf = async (url: string): Promise<RedisClient> => {
	const client = createClient({url, disableOfflineQueue: true, socket: {reconnectStrategy: 100}});
	// One that cannot connect tries on for ever.
	const failed = new Promise<unknown>((resolve) => client.on('error', resolve));
	stops.push(() => client.destroy());
	await Promise.race([client.connect().catch(() => {}), failed]);
	return client as unknown as RedisClient;
};

const limiterOn = async (url: string, options: Partial<LimiterOptions> = {}) => {
	const events: LimiterEvent[] = [];
	const limiter: Limiter = createLimiter({
		region: 'us-east-1',
		quota: {requestsPerMinute: 40},
		account: '111122223333',
		store: redisStore(await clientOf(url)),
		onEvent: (event) => events.push(event),
		...options,
	});
	stops.push(async () => limiter.close());
	return {limiter, events};
};

describe.skipIf(!hasRedis)(`limiters on one Redis${needsRedis}`, () => {
	it('use the quota once, together, and know each other', async () => {
		const {url} = await server();
		const [first, second] = [await limiterOn(url), await limiterOn(url)];
		const sent = [0, 0];
		for (let index = 0; index < 60; index++) {
			const own = index % 2;
			(own === 0 ? first : second).limiter.acquire(call).then(
				() => {
					sent[own] = (sent[own] ?? 0) + 1;
				},
				() => {},
			);
		}
		await expect.poll(() => (sent[0] ?? 0) + (sent[1] ?? 0), {timeout: 10_000}).toBe(40);
		await expect.poll(() => first.limiter.usage().buckets[0]?.fleet?.rows.length, {timeout: 5000}).toBe(2);
		expect((sent[0] ?? 0) + (sent[1] ?? 0)).toBe(40);
		expect(first.limiter.usage().buckets[0]).toMatchObject({members: 2, fleet: {state: 'connected'}});
	}, 20_000);

	it('count the day of all models together, whichever model each calls', async () => {
		const {url} = await server();
		const quota = {accountTokensPerDay: 1000};
		const [first, second] = [await limiterOn(url, {quota}), await limiterOn(url, {quota})];
		const micro = {model: 'amazon.nova-micro-v1:0', inputTokens: 300, maxTokens: 50};
		(await second.limiter.acquire(micro)).settle({inputTokens: 200, outputTokens: 50});
		(await first.limiter.acquire({...call, inputTokens: 500, maxTokens: 100})).settle({
			inputTokens: 500,
			outputTokens: 100,
		});
		await expect
			.poll(() => second.limiter.usage().buckets[0]?.day, {timeout: 5000})
			.toEqual({used: 250, reserved: 0, limit: 1000, others: 600});
		await expect(second.limiter.acquire(micro)).rejects.toMatchObject({name: 'DayUsedUpError', limit: 1000});
	}, 20_000);

	it('say that it is gone, and that it is back', async () => {
		const redis = await server();
		const {limiter, events} = await limiterOn(redis.url);
		await limiter.acquire(call);
		redis.pause();
		stops.push(() => redis.resume());
		await expect.poll(() => events.map(({type}) => type), {timeout: 10_000}).toContain('store-lost');
		expect(limiter.usage().buckets[0]?.fleet?.state).toBe('lost');
		const waiting = limiter.acquire(call);
		redis.resume();
		await waiting;
		await expect.poll(() => events.map(({type}) => type), {timeout: 10_000}).toContain('store-back');
		expect(events.find(({type}) => type === 'store-back')).toMatchObject({lostMs: expect.any(Number)});
	}, 30_000);

	it('that ask for a password reject with an error that has a name', async () => {
		const {port} = await server(['--requirepass', 'secret']);
		const {limiter} = await limiterOn(`redis://127.0.0.1:${port}`);
		await expect(limiter.acquire(call)).rejects.toMatchObject({
			name: 'StoreError',
			fault: 'password',
			hint: expect.any(String),
		});
	});

	it('whose key holds something else reject with an error that has a name', async () => {
		const redis = await server();
		const {redisKeys} = await import('../../source/admission/fleet/redis-ledger.ts');
		for (const key of redisKeys(`111122223333/us-east-1/${model}/on-demand`)) {
			await redis.call('LPUSH', key, 'x');
		}
		const {limiter} = await limiterOn(redis.url);
		await expect(limiter.acquire(call)).rejects.toMatchObject({name: 'StoreError', fault: 'wrong-type'});
	});

	it('know how many they were, where it is gone when they start again', async () => {
		const {url} = await server();
		const [first, second] = [await limiterOn(url), await limiterOn(url)];
		await Promise.all([first, second].map(async ({limiter}) => limiter.acquire(call)));
		await expect.poll(() => first.limiter.usage().buckets[0]?.members, {timeout: 5000}).toBe(2);
		await first.limiter.close();
		const {limiter, events} = await limiterOn('redis://127.0.0.1:1');
		limiter.acquire(call).catch(() => {});
		await expect.poll(() => events.map(({type}) => type), {timeout: 5000}).toContain('assumed');
		expect(events.find(({type}) => type === 'assumed')).toMatchObject({
			what: 'members',
			text: 'The store does not answer: this limiter goes by its part of a quota that 2 members share.',
		});
	}, 20_000);

	it('that are not there: they wait and say so, or go by the number of members that is given', async () => {
		const {limiter, events} = await limiterOn('redis://127.0.0.1:1');
		const waiting = limiter.acquire(call).catch((error: unknown) => error);
		await expect.poll(() => events.map(({type}) => type)).toEqual(['store-lost', 'assumed']);
		await limiter.close();
		expect(await waiting).toMatchObject({name: 'LimiterClosedError'});
		const {limiter: other, events: said} = await limiterOn('redis://127.0.0.1:1', {members: 4});
		const lease = await other.acquire(call);
		expect(lease.isOpen).toBe(true);
		expect(said).toMatchObject([{type: 'store-lost'}, {type: 'assumed', what: 'members'}, {type: 'held'}]);
	}, 20_000);
});

it('what is not a client is refused with an error that has a name', async () => {
	const limiter = createLimiter({
		region: 'us-east-1',
		quota: {requestsPerMinute: 1},
		account: '1',
		store: redisStore({} as RedisClient),
	});
	await expect(limiter.acquire(call)).rejects.toMatchObject({name: 'StoreError', fault: 'not-a-client'});
	await limiter.close();
});
