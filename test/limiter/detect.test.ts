import {once} from 'node:events';
import {mkdtempSync} from 'node:fs';
import {createServer, request as httpRequest} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {createClient} from '@redis/client';
import {afterEach, describe, expect, it, vi} from 'vitest';
import type {LimiterEvent} from '../../source/limiter/api.ts';
import {createLimiter, redisStore} from '../../source/limiter/index.ts';
import type {RedisClient} from '../../source/limiter/redis-clients.ts';
import {startSimulator} from '../../source/simulator/server.ts';
import {FakeClock} from '../helpers/fake-clock.ts';
import {hasRedis, needsRedis, startRedisServer} from '../helpers/redis-server.ts';

/** Quotas that are read from an account: the simulator's, over HTTP. */

const stops: Array<() => Promise<void>> = [];

afterEach(async () => {
	vi.unstubAllEnvs();
	await Promise.all(stops.splice(0).map(async (stop) => stop()));
});

const simulate = async (scenario: object = {}): Promise<string> => {
	const simulator = await startSimulator({
		port: 0,
		seed: 1,
		requestsPerMinute: undefined,
		tokensPerMinute: undefined,
		enforcement: 'sliding',
		windowMs: 60_000,
		latencyMs: 5,
		faults: scenario,
	});
	stops.push(simulator.stop);
	return simulator.url;
};

const limiterAt = (url: string, options: object = {}) => {
	vi.stubEnv('AWS_ENDPOINT_URL', url);
	vi.stubEnv('XDG_CACHE_HOME', mkdtempSync(path.join(tmpdir(), 'limiter-detect-')));
	const events: LimiterEvent[] = [];
	const limiter = createLimiter({
		region: 'us-east-1',
		quota: 'detect',
		credentials: {accessKeyId: 'AKIDGIVEN', secretAccessKey: 'secret'},
		onEvent: (event) => events.push(event),
		...options,
	});
	stops.push(async () => limiter.close());
	return {limiter, events};
};

const start = async (scenario: object = {}, options: object = {}) =>
	limiterAt(await simulate(scenario), options);

describe('a detected quota', () => {
	it('is that of the account, by model and scope', async () => {
		const {limiter, events} = await start();
		const models = ['amazon.nova-lite-v1:0', 'us.amazon.nova-lite-v1:0'];
		await Promise.all(models.map(async (model) => limiter.acquire({model, inputTokens: 1, maxTokens: 1})));
		const {buckets} = limiter.usage();
		expect(buckets.map(({scope}) => scope).toSorted()).toEqual(['cross-region', 'on-demand']);
		expect(buckets.every(({tokens}) => (tokens.limit ?? 0) > 10_000)).toBe(true);
		expect(events).toEqual([]);
	});

	it('is read again after an hour, and a change is said', async () => {
		const clock = new FakeClock();
		const {limiter, events} = await start({}, {clock});
		const call = {model: 'amazon.nova-lite-v1:0', inputTokens: 1, maxTokens: 1};
		await limiter.acquire(call);
		const limit = limiter.usage().buckets[0]?.requests.limit;
		await limiter.setQuota({requestsPerMinute: 1});
		await limiter.setQuota('detect');
		expect(events).toMatchObject([
			{type: 'quota-changed', to: {requestsPerMinute: 1}},
			{type: 'quota-changed', to: {requestsPerMinute: limit}},
		]);
		clock.skip(3_600_000);
		await limiter.acquire(call);
		expect(limiter.usage().buckets[0]?.requests.limit).toBe(limit);
	});

	it('that nobody lists limits nothing, and that is said', async () => {
		const {limiter, events} = await start({
			denied: ['servicequotas:ListServiceQuotas', 'servicequotas:ListAWSDefaultServiceQuotas'],
		});
		await limiter.acquire({model: 'amazon.nova-lite-v1:0', inputTokens: 1_000_000, maxTokens: 1});
		expect(limiter.usage().buckets).toMatchObject([{requests: {limit: null}, tokens: {limit: null}}]);
		expect(events).toMatchObject([
			{
				type: 'assumed',
				what: 'quota',
				text: expect.stringMatching(
					/not known: its calls pass without a limit\. .*servicequotas:ListServiceQuotas/,
				),
			},
		]);
	});
});

describe.skipIf(!hasRedis)(`a detected quota in one Redis${needsRedis}`, () => {
	const call = {model: 'us.amazon.nova-lite-v1:0', inputTokens: 1, maxTokens: 1};
	const denied = ['servicequotas:ListServiceQuotas', 'servicequotas:ListAWSDefaultServiceQuotas'];

	const fleet = async () => {
		const redis = await startRedisServer();
		stops.unshift(async () => redis.stop());
		return async (url: string, options: object = {}) => {
			const client = createClient({url: redis.url, disableOfflineQueue: true});
			client.on('error', () => {});
			await client.connect();
			const {limiter, events} = limiterAt(url, {
				account: '111122223333',
				store: redisStore(client as unknown as RedisClient),
				...options,
			});
			stops.push(async () => {
				await limiter.close();
				client.destroy();
			});
			return {limiter, events};
		};
	};

	/** A way to a simulator that counts what Service Quotas is asked. */
	const counted = async (): Promise<{readonly url: string; readonly calls: () => number}> => {
		const upstream = await simulate();
		let calls = 0;
		const server = createServer((request, response) => {
			calls += String(request.headers['x-amz-target']).startsWith('ServiceQuotas') ? 1 : 0;
			const {method, headers, url = ''} = request;
			const onward = httpRequest(upstream + url, {method, headers}, (answer) => {
				response.writeHead(answer.statusCode ?? 500, answer.headers);
				answer.pipe(response);
			});
			request.pipe(onward);
		}).listen(0, '127.0.0.1');
		await once(server, 'listening');
		stops.push(async () => {
			server.closeAllConnections();
			server.close();
		});
		return {url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls: () => calls};
	};

	const limitOf = ({limiter}: ReturnType<typeof limiterAt>) => limiter.usage().buckets[0]?.tokens.limit;

	it('is read by one limiter for all, those that come at once and those that come later', async () => {
		const join = await fleet();
		const [alone, shared] = [await counted(), await counted()];
		const single = limiterAt(alone.url);
		await single.limiter.acquire(call);
		const members = [await join(shared.url), await join(shared.url), await join(shared.url)];
		await Promise.all(members.map(async ({limiter}) => limiter.acquire(call)));
		const late = await join(shared.url);
		await late.limiter.acquire(call);
		expect([...members, late].map(limitOf)).toEqual(Array(4).fill(limitOf(single)));
		expect(limitOf(single)).toBeGreaterThan(10_000);
		expect(alone.calls()).toBeGreaterThan(0);
		// Whoever loses the store asks by itself.
		const lost = [...members, late].filter(({events}) =>
			events.some(({type}) => type === 'store-lost'),
		).length;
		expect(shared.calls()).toBeLessThanOrEqual(alone.calls() * (1 + lost));
	});

	it('is that of another where this one may not read it', async () => {
		const join = await fleet();
		const refused = await join(await simulate({denied}));
		const able = await join(await simulate());
		await Promise.all([refused.limiter.acquire(call), able.limiter.acquire(call)]);
		expect(limitOf(able)).toBeGreaterThan(10_000);
		const later = await join(await simulate({denied}));
		await later.limiter.acquire(call);
		expect(limitOf(later)).toBe(limitOf(able));
	});
});
