import {mkdtempSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {afterEach, describe, expect, it, vi} from 'vitest';
import type {LimiterEvent} from '../../source/limiter/api.ts';
import {createLimiter} from '../../source/limiter/index.ts';
import {startSimulator} from '../../source/simulator/server.ts';
import {FakeClock} from '../helpers/fake-clock.ts';

/** Quotas that are read from an account: the simulator's, over HTTP. */

const stops: Array<() => Promise<void>> = [];

afterEach(async () => {
	vi.unstubAllEnvs();
	await Promise.all(stops.splice(0).map(async (stop) => stop()));
});

const start = async (scenario: object = {}, options: object = {}) => {
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
	vi.stubEnv('AWS_ENDPOINT_URL', simulator.url);
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
