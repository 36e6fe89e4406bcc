import {ConverseCommand, ConverseStreamCommand} from '@aws-sdk/client-bedrock-runtime';
import {describe, expect, it} from 'vitest';
import {findProfile} from '../../source/simulator/catalog/profiles.ts';
import {quotaRows} from '../../source/simulator/quotas/service-quotas.ts';
import {backgroundTokens, createBuckets} from '../../source/simulator/runtime/buckets.ts';
import {modelPath, post, readStats, runtimeClient, startForTest} from './harness.ts';

/** Tests source/simulator/runtime/buckets.ts: limits as clients meet them over HTTP. */

const ask = (modelId: string, maxTokens: number, text = 'Hello') => ({
	modelId,
	messages: [{role: 'user' as const, content: [{text}]}],
	inferenceConfig: {maxTokens},
});

const nova = 'us.amazon.nova-lite-v1:0';

describe('the quota of the day over all models', () => {
	it('is one for all models of a Region, and is listed in place of those of single models', async () => {
		const {url} = await startForTest({scenario: {accountTokensPerDay: 60}});
		const client = runtimeClient(url);
		const [lite, micro] = ['us.amazon.nova-lite-v1:0', 'amazon.nova-micro-v1:0'];
		await client.send(new ConverseCommand(ask(lite, 40)));
		await expect(client.send(new ConverseCommand(ask(micro, 50)))).rejects.toMatchObject({
			name: 'ThrottlingException',
			message: 'Too many tokens per day, please wait before trying again.',
		});
		const names = quotaRows({
			requestsPerMinute: undefined,
			tokensPerMinute: undefined,
			accountTokensPerDay: 60,
		}).filter(({name}) => name.includes('er day') || name.includes('er Day'));
		expect(names).toMatchObject([
			{code: 'L-E3F10727', name: 'Cross-Model Max Tokens Per Day', applied: 60, defaultValue: 700_000_000},
		]);
	});
});

describe('the quota of the day beside other applications', () => {
	it('is used up by what they had by the metrics since it began, whatever their models', () => {
		const noon = Date.UTC(2026, 10, 20, 12);
		const enforcement = {enforcement: 'fixed', windowMs: 60_000, countFrom: 'first-byte'} as const;
		const profile = findProfile(nova);
		if (profile === undefined) {
			throw new Error('no profile');
		}
		const lite = {...profile, modelId: nova};
		const traffic = {
			modelId: 'amazon.nova-micro-v1:0',
			regions: ['us-east-1'],
			requestsPerMinute: 100,
			inputTokens: 900,
			outputTokens: 100,
		};
		const used = backgroundTokens([traffic], {seed: 7});
		const today = used('us-east-1', noon - 12 * 3_600_000, noon);
		expect(today).toBeGreaterThan(12 * 60 * 90_000);
		expect(used('us-west-2', 0, noon)).toBe(0);
		expect(used('us-east-1', noon - 90_000, noon)).toBeCloseTo(
			used('us-east-1', noon - 90_000, noon - 20_000) + used('us-east-1', noon - 20_000, noon),
		);
		const bucketsOf = (tokens: number) =>
			createBuckets(
				() => ({requestsPerMinute: undefined, tokensPerMinute: undefined, tokensPerDay: undefined}),
				enforcement,
				() => {},
				{tokens, othersTokens: used},
			);
		const full = bucketsOf(today + 99);
		expect(full.admit('us-east-1', lite, noon, 100)).toEqual({isAdmitted: false, throttle: 'day'});
		expect(full.admit('us-west-2', lite, noon, 100).isAdmitted).toBe(true);
		expect(bucketsOf(today + 101).admit('us-east-1', lite, noon, 100).isAdmitted).toBe(true);
		// The next day begins without it.
		expect(full.admit('us-east-1', lite, noon + 12 * 3_600_000, 50).isAdmitted).toBe(true);
	});
});

describe('the quota of a bucket', () => {
	it('throttles the request after the last one that fits', async () => {
		const {url} = await startForTest({requestsPerMinute: 3});
		const client = runtimeClient(url);
		for (let request = 0; request < 3; request++) {
			await client.send(new ConverseCommand(ask(nova, 5)));
		}
		await expect(client.send(new ConverseCommand(ask(nova, 5)))).rejects.toMatchObject({
			name: 'ThrottlingException',
			message: 'Too many requests, please wait before trying again.',
			$metadata: {httpStatusCode: 429},
		});
		const stats = await readStats(url);
		expect(stats.throttled).toEqual({requests: 1, tokens: 0, day: 0, overloaded: 0});
		expect(stats.ok).toBe(3);
		expect(stats.buckets[0]).toMatchObject({maximumRequests: 3, requestsPerMinute: 3});
	});

	it('is not shared between a base ID, a profile and the global profile', async () => {
		const {url} = await startForTest({requestsPerMinute: 1});
		const client = runtimeClient(url);
		const model = 'anthropic.claude-sonnet-4-6';
		for (const id of [model, `us.${model}`, `global.${model}`]) {
			await client.send(new ConverseCommand(ask(id, 5)));
		}
		// Two geographies of one model draw from the same bucket.
		await expect(client.send(new ConverseCommand(ask(`eu.${model}`, 5)))).rejects.toThrow(
			'Too many requests',
		);
		expect((await readStats(url)).buckets.map(({scope}) => scope)).toEqual([
			'on-demand',
			'cross-region',
			'global',
		]);
	});

	it('reserves input and max tokens, and settles with burndown', async () => {
		const {url} = await startForTest({tokensPerMinute: 1000});
		const client = runtimeClient(url);
		const model = 'us.anthropic.claude-sonnet-4-6';
		const answer = await client.send(
			new ConverseCommand(ask(model, 900, 'Answer with one word about rain.')),
		);
		const {inputTokens = 0, outputTokens = 0} = answer.usage ?? {};
		const stats = await readStats(url);
		expect(stats.tokens.quota).toBe(inputTokens + outputTokens * 5);
		expect(stats.buckets[0]?.maximumQuotaTokens).toBe(inputTokens + 900);
		// What was set aside and not used is free again.
		await client.send(new ConverseCommand(ask(model, 900, 'Answer with one word about snow.')));
	});

	it('refuses a request larger than the bucket with the words for tokens', async () => {
		const {url} = await startForTest({tokensPerMinute: 1000});
		await expect(runtimeClient(url).send(new ConverseStreamCommand(ask(nova, 5000)))).rejects.toMatchObject({
			name: 'ThrottlingException',
			message: 'Too many tokens, please wait before trying again.',
		});
	});

	it('assumes the most tokens of the model where none are named', async () => {
		const {url} = await startForTest({tokensPerMinute: 10_000});
		const request = {modelId: nova, messages: [{role: 'user' as const, content: [{text: 'Hello'}]}]};
		await expect(runtimeClient(url).send(new ConverseCommand(request))).rejects.toThrow('Too many tokens,');
	});

	it('refuses a model that the account was given nothing of', async () => {
		const {url} = await startForTest();
		await expect(
			runtimeClient(url).send(new ConverseCommand(ask('us.amazon.nova-premier-v1:0', 5))),
		).rejects.toThrow('Too many tokens per day, please wait before trying again.');
	});

	it('charges a stream that the client leaves for what was made of it', async () => {
		const {url} = await startForTest({latencyMs: 5000});
		const controller = new AbortController();
		const response = await fetch(url + modelPath(nova, 'converse-stream'), {
			method: 'POST',
			body: JSON.stringify({
				messages: [{role: 'user', content: [{text: 'Explain rain in detail.'}]}],
				inferenceConfig: {maxTokens: 500},
			}),
			signal: controller.signal,
		});
		const reader = response.body?.getReader();
		await reader?.read();
		controller.abort();
		await expect.poll(async () => (await readStats(url)).requests.total).toBe(1);
		const stats = await readStats(url);
		expect(stats.requests.byError).toEqual({'client-closed': 1});
		expect(stats.tokens.output).toBeGreaterThan(0);
		expect(stats.tokens.output).toBeLessThan(500);
	});
});

describe('prompt caching', () => {
	const longSystem = [
		{text: 'The house rules are these. '.repeat(300)},
		{cachePoint: {type: 'default' as const}},
	];
	const request = {...ask(nova, 20), system: longSystem};

	it('writes, then reads, and charges only what was written', async () => {
		const {url} = await startForTest();
		const client = runtimeClient(url);
		const first = await client.send(new ConverseCommand(request));
		const second = await client.send(new ConverseCommand(request));
		const written = first.usage?.cacheWriteInputTokens ?? 0;
		expect(written).toBeGreaterThanOrEqual(1024);
		expect(first.usage?.cacheReadInputTokens).toBe(0);
		expect(second.usage).toMatchObject({
			cacheReadInputTokens: written,
			cacheWriteInputTokens: 0,
			inputTokens: first.usage?.inputTokens,
		});
		expect(second.usage?.totalTokens).toBe(
			written + (second.usage?.inputTokens ?? 0) + (second.usage?.outputTokens ?? 0),
		);
		const {tokens} = await readStats(url);
		expect(tokens.quota).toBe(tokens.input + tokens.cacheWrite + tokens.output);
	});

	it('does not cache a prefix below 1,024 tokens', async () => {
		const {url} = await startForTest();
		const short = {...request, system: [{text: 'Short rules.'}, {cachePoint: {type: 'default' as const}}]};
		const answer = await runtimeClient(url).send(new ConverseCommand(short));
		expect(answer.usage?.cacheWriteInputTokens ?? 0).toBe(0);
	});

	it('is told in the headers of InvokeModel', async () => {
		const {url} = await startForTest();
		const body = {
			anthropic_version: 'bedrock-2023-05-31',
			max_tokens: 5,
			system: [
				{type: 'text', text: 'The house rules are these. '.repeat(300), cache_control: {type: 'ephemeral'}},
			],
			messages: [{role: 'user', content: 'Hello'}],
		};
		const path = modelPath('us.anthropic.claude-haiku-4-5-20251001-v1:0', 'invoke');
		const first = await post(url, path, body);
		const second = await post(url, path, body);
		const written = first.headers['x-amzn-bedrock-cache-write-input-token-count'];
		expect(Number(written)).toBeGreaterThanOrEqual(1024);
		expect(second.headers['x-amzn-bedrock-cache-read-input-token-count']).toBe(written);
		expect(JSON.parse(second.body.toString()).usage.cache_read_input_tokens).toBe(Number(written));
	});

	it('is refused where the model has none', async () => {
		const {url} = await startForTest();
		const answer = runtimeClient(url).send(
			new ConverseCommand({...request, modelId: 'us.meta.llama3-3-70b-instruct-v1:0'}),
		);
		await expect(answer).rejects.toMatchObject({name: 'AccessDeniedException'});
	});
});
