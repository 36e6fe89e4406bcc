import {AnthropicBedrockMantle} from '@anthropic-ai/bedrock-sdk';
import OpenAI from 'openai';
import {afterEach, describe, expect, it} from 'vitest';
import type {LimiterEvent, LimiterOptions, ModelQuota} from '../../source/limiter/api.ts';
import {createLimiter} from '../../source/limiter/index.ts';
import {startSimulator} from '../../source/simulator/server.ts';
import {FakeClock} from '../helpers/fake-clock.ts';
import {readStats} from '../simulator/harness.ts';

/** Tests source/limiter/model-bucket.ts on bedrock-mantle, with the clients of Anthropic and OpenAI over HTTP. */

const windowMs = 1500;
const claude = 'anthropic.claude-opus-5';
const gpt = 'openai.gpt-5.6-luna';
const maxTokens = 120;

const stops: Array<() => Promise<void>> = [];
afterEach(async () => {
	await Promise.all(stops.splice(0).map(async (stop) => stop()));
});

const limiterWith = (quota: ModelQuota, options: object = {}) => {
	const events: LimiterEvent[] = [];
	const onEvent = (event: LimiterEvent): unknown => events.push(event);
	const limiter = createLimiter({region: 'us-east-1', quota, onEvent, ...options} as LimiterOptions);
	stops.push(limiter.close);
	return {limiter, events};
};

const start = async (tokensPerMinute: number, faults?: readonly object[]) => {
	const simulator = await startSimulator({
		port: 0,
		seed: 1,
		requestsPerMinute: undefined,
		tokensPerMinute,
		enforcement: 'sliding',
		windowMs,
		latencyMs: 20,
		faults: faults === undefined ? undefined : {faults},
	});
	stops.push(simulator.stop);
	return simulator.url;
};

const anthropicAt = (url: string) =>
	new AnthropicBedrockMantle({
		baseURL: `${url}/anthropic`,
		awsRegion: 'us-east-1',
		awsAccessKey: 'simulated',
		awsSecretAccessKey: 'simulated',
		maxRetries: 0,
	});

const messageOf = {
	model: claude,
	max_tokens: maxTokens,
	messages: [{role: 'user' as const, content: 'Name three rivers.'}],
};

/** The most output tokens that ended in any window. */
const densestOutput = (log: Awaited<ReturnType<typeof readStats>>['log']): number =>
	Math.max(
		...log.map(({endedAt}) =>
			log
				.filter((other) => other.endedAt > endedAt - windowMs && other.endedAt <= endedAt)
				.reduce((sum, {outputTokens}) => sum + outputTokens, 0),
		),
	);

describe('the two quotas of a model', () => {
	it('are kept by a client of Anthropic: no throttle, and never more output than its quota', async () => {
		const url = await start(4000);
		const quota = {tokensPerMinute: 4000, outputTokensPerMinute: 600};
		const {limiter, events} = limiterWith(quota, {windowMs});
		const client = anthropicAt(url);
		const call = async (): Promise<void> => {
			const lease = await limiter.acquire({model: `mantle/${claude}`, inputTokens: 20, maxTokens});
			lease.settle((await client.messages.create(messageOf)).usage);
		};
		await Promise.all(Array.from({length: 24}, call));
		const {log} = await readStats(url);
		expect(log.map(({status}) => status)).toEqual(Array.from({length: 24}, () => 200));
		expect(densestOutput(log)).toBeLessThanOrEqual(600);
		expect(events.some(({type}) => type === 'held')).toBe(true);
		const [bucket] = limiter.usage().buckets;
		expect(bucket).toMatchObject({
			scope: 'mantle',
			baseModel: claude,
			requests: {limit: null},
			tokens: {limit: 4000},
			output: {reserved: 0, limit: 600},
		});
	});

	it('are shown as the answers settled them, of a client of OpenAI', async () => {
		const url = await start(100_000);
		const {limiter} = limiterWith({tokensPerMinute: 100_000, outputTokensPerMinute: 100_000});
		const client = new OpenAI({apiKey: 'key', baseURL: `${url}/openai/v1`, maxRetries: 0});
		const lease = await limiter.acquire({model: `mantle/${gpt}`, inputTokens: 20, maxTokens});
		expect(lease.tokens).toBe(20 + maxTokens);
		const {usage} = await client.responses.create({
			model: gpt,
			input: 'Name three rivers.',
			max_output_tokens: maxTokens,
		});
		lease.settle(usage ?? {});
		expect(limiter.usage().buckets[0]).toMatchObject({
			tokens: {used: (usage?.input_tokens ?? 0) + (usage?.output_tokens ?? 0)},
			output: {used: usage?.output_tokens, reserved: 0},
		});
	});

	it('a refused call of a vendor is a throttle, and gives back what it set aside', async () => {
		const url = await start(100_000, [{kind: 'throttle-tokens', count: 1}]);
		const {limiter, events} = limiterWith({tokensPerMinute: 100_000, outputTokensPerMinute: 100_000});
		const lease = await limiter.acquire({model: `mantle/${claude}`, inputTokens: 20, maxTokens});
		await anthropicAt(url)
			.messages.create(messageOf)
			.then(
				() => expect.unreachable(),
				(error: unknown) => lease.failed(error),
			);
		expect(events).toMatchObject([{type: 'throttled', by: 'tokens'}]);
		expect(limiter.usage().buckets[0]).toMatchObject({
			tokens: {used: 0, reserved: 0},
			output: {used: 0, reserved: 0},
		});
	});
});

it('output is asked for where only it is limited, and another one is taken at any time', async () => {
	const clock = new FakeClock();
	const {limiter, events} = limiterWith({outputTokensPerMinute: 100}, {clock});
	const model = `mantle/${claude}`;
	const first = await limiter.acquire({model, inputTokens: 1, maxTokens: 80});
	first.settle({inputTokens: 1, outputTokens: 80});
	let isIn = false;
	const second = limiter.acquire({model, inputTokens: 1, maxTokens: 80}).then(() => {
		isIn = true;
	});
	await clock.advance(59_000);
	expect(isIn).toBe(false);
	await limiter.setQuota({outputTokensPerMinute: 1000});
	await second;
	expect(events.at(-1)).toMatchObject({type: 'held', heldMs: 59_000});
	expect(events).toContainEqual(
		expect.objectContaining({
			type: 'quota-changed',
			from: expect.objectContaining({outputTokensPerMinute: 100}),
			to: expect.objectContaining({outputTokensPerMinute: 1000}),
		}),
	);
});
