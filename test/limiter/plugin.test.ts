import {
	BedrockRuntimeClient,
	ConverseCommand,
	ConverseStreamCommand,
	CountTokensCommand,
	InvokeModelCommand,
	InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import {afterEach, describe, expect, it} from 'vitest';
import type {LimiterEvent, LimiterOptions, PluginOptions} from '../../source/limiter/api.ts';
import {createLimiter} from '../../source/limiter/index.ts';
import {startSimulator} from '../../source/simulator/server.ts';

/** Tests source/limiter/plugin.ts with the real client of the SDK, over HTTP, against the simulator. */

const model = 'amazon.nova-lite-v1:0';
const claude = 'anthropic.claude-3-haiku-20240307-v1:0';
const windowMs = 1500;

const stops: Array<() => Promise<void>> = [];

afterEach(async () => {
	await Promise.all(stops.splice(0).map(async (stop) => stop()));
});

type Settings = {
	readonly requests?: number;
	readonly tokens?: number;
	readonly faults?: readonly object[];
	readonly options?: Partial<LimiterOptions>;
	readonly plugin?: PluginOptions;
	readonly maxAttempts?: number;
};

const start = async ({
	requests = 1000,
	tokens = 1_000_000,
	faults,
	options = {},
	plugin,
	maxAttempts = 3,
}: Settings = {}) => {
	const simulator = await startSimulator({
		port: 0,
		seed: 1,
		requestsPerMinute: requests,
		tokensPerMinute: tokens,
		enforcement: 'sliding',
		windowMs,
		latencyMs: 20,
		faults: faults === undefined ? undefined : {faults},
	});
	const events: LimiterEvent[] = [];
	const limiter = createLimiter({
		region: 'us-east-1',
		quota: {requestsPerMinute: requests, tokensPerMinute: tokens},
		onEvent: (event) => events.push(event),
		windowMs,
		...options,
	} as LimiterOptions);
	const client = new BedrockRuntimeClient({
		region: 'us-east-1',
		endpoint: simulator.url,
		credentials: {accessKeyId: 'key', secretAccessKey: 'secret'},
		maxAttempts,
	});
	client.middlewareStack.use(limiter.plugin(plugin));
	stops.push(
		async () => limiter.close(),
		async () => client.destroy(),
		simulator.stop,
	);
	const stats = async () => {
		const response = await fetch(`${simulator.url}/__stats`);
		return (await response.json()) as {
			readonly ok: number;
			readonly throttled: Readonly<Record<string, number>>;
			readonly requests: {readonly total: number};
			readonly tokens: {readonly quota: number; readonly input: number; readonly output: number};
			readonly buckets: ReadonlyArray<{readonly quotaTokens: number; readonly maximumQuotaTokens: number}>;
		};
	};
	return {client, limiter, events, stats};
};

const converse = (text = 'Say something short.', maxTokens = 40) => ({
	modelId: model,
	messages: [{role: 'user' as const, content: [{text}]}],
	inferenceConfig: {maxTokens},
});
const claudeBody = (maxTokens = 40) =>
	JSON.stringify({
		anthropic_version: 'bedrock-2023-05-31',
		max_tokens: maxTokens,
		messages: [{role: 'user', content: 'Say something short.'}],
	});
const novaBody = (maxTokens = 40) =>
	JSON.stringify({
		messages: [{role: 'user', content: [{text: 'Say something short.'}]}],
		inferenceConfig: {maxTokens},
	});

const drained = async (stream: AsyncIterable<unknown> | undefined): Promise<number> => {
	let count = 0;
	for await (const _ of stream ?? []) {
		count++;
	}
	return count;
};

describe('each of the four operations', () => {
	it.each([
		['Converse', async (client: BedrockRuntimeClient) => client.send(new ConverseCommand(converse()))],
		[
			'ConverseStream',
			async (client: BedrockRuntimeClient) =>
				drained((await client.send(new ConverseStreamCommand(converse()))).stream),
		],
		[
			'InvokeModel',
			async (client: BedrockRuntimeClient) =>
				client.send(new InvokeModelCommand({modelId: model, body: novaBody()})),
		],
		[
			'InvokeModelWithResponseStream',
			async (client: BedrockRuntimeClient) =>
				drained(
					(await client.send(new InvokeModelWithResponseStreamCommand({modelId: model, body: novaBody()})))
						.body,
				),
		],
		[
			'InvokeModel of another family',
			async (client: BedrockRuntimeClient) =>
				client.send(new InvokeModelCommand({modelId: claude, body: claudeBody()})),
		],
	])('%s settles at what the service counted', async (_name, call) => {
		const {client, limiter, stats} = await start({
			options: {quota: {tokensPerMinute: 1_000_000, burndown: 1}},
		});
		await call(client);
		await call(client);
		const [bucket] = limiter.usage().buckets;
		const {ok, tokens} = await stats();
		expect(ok).toBe(2);
		expect(bucket).toMatchObject({inFlight: 0, tokens: {reserved: 0}});
		expect(bucket?.tokens.used).toBe(tokens.input + tokens.output);
	});

	it('other operations pass', async () => {
		const {client, limiter} = await start();
		await client
			.send(new CountTokensCommand({modelId: model, input: {converse: converse()}}))
			.catch(() => undefined);
		expect(limiter.usage().buckets).toEqual([]);
	});
});

describe('a quota that demand exceeds', () => {
	it('is kept: no throttle, and what counts is what the server counts', async () => {
		const {client, limiter, stats, events} = await start({requests: 12, tokens: 3000});
		const calls = Array.from({length: 60}, async (_, index) =>
			index % 2 === 0
				? client.send(new ConverseCommand(converse(`Number ${index}`)))
				: drained((await client.send(new ConverseStreamCommand(converse(`Number ${index}`)))).stream),
		);
		await Promise.all(calls);
		const {ok, throttled, requests, tokens, buckets} = await stats();
		expect({ok, throttled, total: requests.total}).toEqual({
			ok: 60,
			throttled: {requests: 0, tokens: 0, day: 0, overloaded: 0},
			total: 60,
		});
		expect(tokens.quota).toBe(tokens.input + tokens.output);
		expect(buckets[0]?.maximumQuotaTokens).toBeLessThanOrEqual(3000);
		expect(events.filter(({type}) => type === 'held').length).toBeGreaterThan(0);
		expect(limiter.usage().buckets[0]).toMatchObject({inFlight: 0, held: {count: 0}});
	}, 30_000);
});

describe('what goes wrong', () => {
	it('a throttle is an attempt of its own: it gives back, and the retry reserves again', async () => {
		const {client, limiter, events, stats} = await start({faults: [{kind: 'throttle-tokens', count: 1}]});
		await client.send(new ConverseCommand(converse()));
		expect((await stats()).requests.total).toBe(2);
		expect(events.map(({type}) => type)).toContain('throttled');
		expect(limiter.usage().buckets[0]).toMatchObject({inFlight: 0, requests: {used: 1}});
	});

	it.each([
		['overloaded', {used: 1}],
		['validation', {used: 0}],
		['internal', {used: 2}],
	])('%s', async (kind, expected) => {
		const {client, limiter} = await start({faults: [{kind, count: 1}]});
		await client.send(new ConverseCommand(converse())).catch(() => undefined);
		expect(limiter.usage().buckets[0]).toMatchObject({inFlight: 0, requests: expected});
	});

	it('an exception within a stream keeps what was set aside', async () => {
		const {client, limiter} = await start({faults: [{kind: 'stream-error', count: 1}], maxAttempts: 1});
		const read = async () => drained((await client.send(new ConverseStreamCommand(converse()))).stream);
		await expect(read()).rejects.toThrow();
		const [bucket] = limiter.usage().buckets;
		expect(bucket).toMatchObject({inFlight: 0, tokens: {reserved: 0}});
		expect(bucket?.tokens.used).toBeGreaterThan(40);
	});

	it('a stream that is cut keeps what was set aside', async () => {
		const {client, limiter} = await start({faults: [{kind: 'cut', count: 1}], maxAttempts: 1});
		const read = async () => drained((await client.send(new ConverseStreamCommand(converse()))).stream);
		await read().catch(() => undefined);
		const [bucket] = limiter.usage().buckets;
		expect(bucket).toMatchObject({inFlight: 0, tokens: {reserved: 0}});
		expect(bucket?.tokens.used).toBeGreaterThan(40);
	});

	it('a stream whose reader stops early keeps what was set aside', async () => {
		const {client, limiter} = await start();
		const {stream} = await client.send(new ConverseStreamCommand(converse('Say something long.', 400)));
		for await (const _ of stream ?? []) {
			break;
		}
		const [bucket] = limiter.usage().buckets;
		expect(bucket).toMatchObject({inFlight: 0, tokens: {reserved: 0}});
		expect(bucket?.tokens.used).toBeGreaterThanOrEqual(400);
	});

	it('a call that is aborted while it waits leaves nothing behind', async () => {
		const {client, limiter, stats} = await start({requests: 1});
		await client.send(new ConverseCommand(converse()));
		const abort = new AbortController();
		const waiting = client.send(new ConverseCommand(converse()), {abortSignal: abort.signal});
		await expect.poll(() => limiter.usage().buckets[0]?.held.count).toBe(1);
		abort.abort();
		await expect(waiting).rejects.toMatchObject({name: 'AbortError'});
		expect(limiter.usage().buckets[0]).toMatchObject({inFlight: 0, held: {count: 0}});
		expect((await stats()).requests.total).toBe(1);
	});

	it('a call that is aborted in flight keeps what was set aside', async () => {
		const {client, limiter} = await start({faults: [{kind: 'stall', forMs: 5000, count: 1}]});
		const abort = new AbortController();
		const call = client.send(new ConverseCommand(converse()), {abortSignal: abort.signal});
		await expect.poll(() => limiter.usage().buckets[0]?.inFlight).toBe(1);
		await new Promise((resolve) => setTimeout(resolve, 50));
		abort.abort();
		await expect(call).rejects.toMatchObject({name: 'AbortError'});
		const [bucket] = limiter.usage().buckets;
		expect(bucket).toMatchObject({inFlight: 0, tokens: {reserved: 0}});
		expect(bucket?.tokens.used).toBeGreaterThan(40);
	});

	it('a call larger than the quota is refused before it is sent, with both numbers', async () => {
		const {client, stats} = await start({tokens: 1000});
		await expect(client.send(new ConverseCommand(converse('Hello', 2000)))).rejects.toMatchObject({
			name: 'LargerThanQuotaError',
			dimension: 'tokens',
			limit: 1000,
			model,
		});
		expect((await stats()).requests.total).toBe(0);
	});

	it('an endpoint that is not there gives back what was set aside', async () => {
		const {limiter} = await start();
		const client = new BedrockRuntimeClient({
			region: 'us-east-1',
			endpoint: 'http://127.0.0.1:1',
			credentials: {accessKeyId: 'key', secretAccessKey: 'secret'},
			maxAttempts: 1,
		});
		client.middlewareStack.use(limiter.plugin());
		await expect(client.send(new ConverseCommand(converse()))).rejects.toThrow('ECONNREFUSED');
		expect(limiter.usage().buckets[0]).toMatchObject({inFlight: 0, requests: {used: 0}, tokens: {used: 0}});
	});
});

describe('lanes and callers', () => {
	it('are those of the plugin, or of one command', async () => {
		const {client, limiter, events} = await start({requests: 1, plugin: {lane: 'low', caller: 'batch'}});
		await client.send(new ConverseCommand(converse()));
		const order: string[] = [];
		const call = async (name: string, own?: PluginOptions) => {
			const command = new ConverseCommand(converse());
			if (own !== undefined) {
				command.middlewareStack.use(limiter.plugin(own));
			}
			await client.send(command);
			order.push(name);
		};
		const low = call('low');
		await expect.poll(() => limiter.usage().buckets[0]?.held.count).toBe(1);
		await Promise.all([low, call('high', {lane: () => 'high'})]);
		expect(order).toEqual(['high', 'low']);
		expect(events.flatMap((event) => (event.type === 'held' ? [event.lane] : []))).toEqual(['high', 'low']);
	}, 20_000);

	it('that are none are refused', async () => {
		const {client} = await start({plugin: {lane: () => 'top' as 'high'}});
		await expect(client.send(new ConverseCommand(converse()))).rejects.toThrow('"top" is not a lane');
	});
});
