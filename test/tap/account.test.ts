import {BedrockRuntimeClient, ConverseStreamCommand} from '@aws-sdk/client-bedrock-runtime';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {startTappedSimulator} from '../helpers/tapped-simulator.ts';
import {modelPath, readStats} from '../simulator/harness.ts';

/** Tests source/tap/traffic.ts: what the tap counts of each client is what the service charged it, over requests of every kind. */

const nova = 'us.amazon.nova-lite-v1:0';
const claude = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const micro = 'us.amazon.nova-micro-v1:0';

const noLimits = {requestsPerMinute: 1_000_000, tokensPerMinute: 1_000_000_000};

let tapped: Awaited<ReturnType<typeof startTappedSimulator>>;
beforeAll(async () => {
	tapped = await startTappedSimulator({
		latencyMs: 2,
		...noLimits,
		faults: {
			faults: [
				...['throttle-requests', 'throttle-tokens', 'validation', 'access-denied'].map((kind) => ({
					kind,
					probability: 0.2,
					model: 'nova-micro',
				})),
				{kind: 'cut', probability: 0.3, model: 'llama3-1'},
				{kind: 'stream-error', probability: 0.3, model: 'llama3-1'},
			],
		},
	});
});
afterAll(async () => {
	await tapped.stop();
});

const words = [
	'rivers',
	'mountains',
	'long lists of cities',
	'colours of the rainbow, with a sentence for each',
];

const long = 'Always answer in the style of an encyclopedia. '.repeat(250);

type Body = Readonly<Record<string, unknown>>;

const converse = (about: string, maxTokens: number, more: Body = {}): Body => ({
	messages: [{role: 'user', content: [{text: `Name ${about}.`}]}],
	inferenceConfig: {maxTokens},
	...more,
});

const anthropic = (about: string, maxTokens: number, more: Body = {}): Body => ({
	anthropic_version: 'bedrock-2023-05-31',
	max_tokens: maxTokens,
	messages: [{role: 'user', content: `Name ${about}.`}],
	...more,
});

const cachedConverse = {system: [{text: long}, {cachePoint: {type: 'default'}}]};
const cachedAnthropic = {system: [{type: 'text', text: long, cache_control: {type: 'ephemeral'}}]};

/** What programs send, one after the other. */
const kinds: ReadonlyArray<(about: string, maxTokens: number) => readonly [path: string, body: Body]> = [
	(about, most) => [modelPath(nova, 'converse'), converse(about, most)],
	(about, most) => [modelPath(nova, 'converse-stream'), converse(about, most)],
	(about, most) => [modelPath(claude, 'invoke'), anthropic(about, most)],
	(about, most) => [modelPath(claude, 'invoke-with-response-stream'), anthropic(about, most)],
	(about, most) => [modelPath(claude, 'converse'), converse(about, most, cachedConverse)],
	(about, most) => [modelPath(claude, 'invoke'), anthropic(about, most, cachedAnthropic)],
	(about, most) => [
		modelPath(claude, 'invoke-with-response-stream'),
		anthropic(about, most, cachedAnthropic),
	],
];

const post = async (client: string, path: string, body: Body, signal?: AbortSignal): Promise<Response> =>
	fetch(`${tapped.url}${path}`, {
		method: 'POST',
		headers: {'content-type': 'application/json', 'user-agent': `${client}/1.0`},
		body: JSON.stringify(body),
		...(signal === undefined ? {} : {signal}),
	});

/** The sum over a client's models. */
const counted = (client: string) => {
	const rows = tapped.tap.snapshot().tap?.clients.filter(({name}) => name === client) ?? [];
	const sum = (pick: (row: (typeof rows)[number]) => number): number =>
		rows.reduce((total, row) => total + pick(row), 0);
	return {
		requests: sum((row) => row.requests),
		inFlight: sum((row) => row.inFlight),
		throttled: sum((row) => row.throttled),
		aborted: sum((row) => row.aborted),
		isEstimated: rows.some((row) => row.tokens.estimated),
		tokens: {
			input: sum((row) => row.tokens.input),
			output: sum((row) => row.tokens.output),
			cacheRead: sum((row) => row.tokens.cacheRead),
			cacheWrite: sum((row) => row.tokens.cacheWrite),
			reserved: sum((row) => row.tokens.reserved),
			quota: sum((row) => row.tokens.quota),
		},
	};
};

/** The service's account, once all is over on both sides. */
const charged = async (client: string, requests: number) => {
	await expect
		.poll(async () => (await readStats(tapped.simulator)).requests.byUserAgent[`${client}/1.0`])
		.toBe(requests);
	await expect.poll(() => counted(client).inFlight).toBe(0);
	const stats = await readStats(tapped.simulator);
	return {...stats, tokens: stats.tokensByUserAgent[`${client}/1.0`]};
};

describe("the account of a client is the service's", () => {
	it('for answers of every method, with caches and without', async () => {
		const requests = Array.from({length: 210}, (_, number) => {
			const kind = kinds[number % kinds.length] as (typeof kinds)[number];
			return kind(words[number % words.length] ?? '', 20 + (number % 5) * 40);
		});
		for (let from = 0; from < requests.length; from += 10) {
			await Promise.all(
				requests.slice(from, from + 10).map(async ([path, body]) => {
					const response = await post('steady', path, body);
					expect(response.status).toBe(200);
					await response.arrayBuffer();
				}),
			);
		}
		const {tokens} = await charged('steady', requests.length);
		expect(counted('steady')).toEqual({
			requests: requests.length,
			inFlight: 0,
			throttled: 0,
			aborted: 0,
			isEstimated: false,
			tokens,
		});
		expect(tokens?.cacheRead).toBeGreaterThan(0);
		expect(tokens?.cacheWrite).toBeGreaterThan(0);
	});

	it('for what the service refuses, which costs nothing', async () => {
		for (let number = 0; number < 60; number++) {
			await (
				await post('refused', modelPath(micro, 'converse-stream'), converse('rivers', 30))
			).arrayBuffer();
		}
		const {tokens, throttled} = await charged('refused', 60);
		expect(throttled.requests + throttled.tokens).toBeGreaterThan(5);
		expect(counted('refused')).toMatchObject({
			throttled: throttled.requests + throttled.tokens,
			aborted: 0,
			isEstimated: false,
			tokens,
		});
	});

	it('in what is reserved for streams that a client gives up; what they settle at is estimated', async () => {
		const fast = tapped;
		tapped = await startTappedSimulator({latencyMs: 4000, ...noLimits});
		try {
			const path = modelPath(claude, 'converse-stream');
			const body = converse('long lists of cities', 400);
			// What the same prompt costs is known from then on.
			await Promise.all([1, 2].map(async () => (await post('hasty', path, body)).arrayBuffer()));
			await Promise.all(
				Array.from({length: 10}, async () => {
					const abort = new AbortController();
					const response = await post('hasty', path, body, abort.signal);
					await response.body?.getReader().read();
					abort.abort();
				}),
			);
			const {tokens} = await charged('hasty', 12);
			expect(counted('hasty')).toMatchObject({requests: 12, aborted: 10, isEstimated: true});
			expect(counted('hasty').tokens.reserved).toBe(tokens?.reserved);
		} finally {
			await tapped.stop();
			tapped = fast;
		}
	});

	it('in what is reserved for streams that the service cuts', async () => {
		const path = modelPath('us.meta.llama3-1-8b-instruct-v1:0', 'converse-stream');
		const body = converse('rivers', 100);
		let broken = 0;
		for (let number = 0; number < 40; number++) {
			const response = await post('unlucky', path, body);
			const text = await response.text().catch(() => undefined);
			broken += text === undefined || text.includes('modelStreamErrorException') ? 1 : 0;
		}
		expect(broken).toBeGreaterThan(5);
		const {tokens} = await charged('unlucky', 40);
		const {reserved} = counted('unlucky').tokens;
		expect(counted('unlucky')).toMatchObject({requests: 40, aborted: 0, throttled: 0, isEstimated: true});
		// The prompt was counted by estimate until the service had answered it twice.
		expect(Math.abs(reserved - (tokens?.reserved ?? 0))).toBeLessThan(40);
	});

	it('counts no tokens for counting them', async () => {
		const response = await post(
			'counting',
			modelPath('anthropic.claude-haiku-4-5-20251001-v1:0', 'count-tokens'),
			{
				input: {converse: {messages: [{role: 'user', content: [{text: 'Name rivers.'}]}]}},
			},
		);
		expect(response.status).toBe(200);
		expect(counted('counting').requests).toBe(0);
	});

	it("sees the retries of an SDK, and its client's name", async () => {
		const client = new BedrockRuntimeClient({
			region: 'us-east-1',
			endpoint: tapped.url,
			credentials: {accessKeyId: 'AKIDOFTHETAP', secretAccessKey: 'another'},
			maxAttempts: 5,
		});
		for (let number = 0; number < 10; number++) {
			const answer = await client
				.send(
					new ConverseStreamCommand({
						modelId: micro,
						messages: [{role: 'user', content: [{text: 'Name rivers.'}]}],
					}),
				)
				.catch(() => undefined);
			for await (const _event of answer?.stream ?? []) {
				// To its end.
			}
		}
		client.destroy();
		const row = tapped.tap.snapshot().tap?.clients.find(({name}) => name === 'aws-sdk-js');
		expect(row?.retriesOfClient).toBe((row?.requests ?? 0) - 10);
	});
});
