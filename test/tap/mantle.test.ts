import {AnthropicBedrockMantle} from '@anthropic-ai/bedrock-sdk';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import {bedrock} from 'openai/providers/bedrock';
import {afterEach, describe, expect, it} from 'vitest';
import {noQuota} from '../../source/bedrock/quotas/bucket-quota.ts';
import {
	startTapBefore,
	startTappedSimulator,
	type TapUnderTest,
	targetOf,
} from '../helpers/tapped-simulator.ts';
import {readStats} from '../simulator/harness.ts';
import {startScriptedServer} from './scripted-server.ts';

/** Tests source/tap/answer-reader.ts and source/tap/pass-through.ts with the clients of Anthropic and OpenAI on bedrock-mantle through a tap, over real HTTP, in front of a simulator. */

let closing: Array<() => Promise<void>> = [];
afterEach(async () => {
	const all = closing;
	closing = [];
	await Promise.all(all.map(async (close) => close()));
});

const startTap = async (...options: Parameters<typeof startTappedSimulator>) => {
	const tapped = await startTappedSimulator(...options);
	closing.push(tapped.stop);
	return tapped;
};

const keys = {awsAccessKey: 'AKIDOFTHETAP', awsSecretKey: 'another'};
const claude = 'anthropic.claude-opus-5';
const gpt = 'openai.gpt-5.6-luna';
const open = 'openai.gpt-oss-120b';
const question = [{role: 'user' as const, content: 'Name three rivers.'}];

const clientOf = (url: string) =>
	new AnthropicBedrockMantle({
		baseURL: `${url}/anthropic`,
		awsRegion: 'us-east-1',
		awsAccessKey: keys.awsAccessKey,
		awsSecretAccessKey: keys.awsSecretKey,
		maxRetries: 0,
	});

const all = async (stream: AsyncIterable<unknown>): Promise<void> => {
	for await (const _ of stream) {
		// What comes is counted by the tap.
	}
};

const message = {model: claude, max_tokens: 200, messages: question};
const chat = {model: open, max_completion_tokens: 200, messages: question};
const response = {model: gpt, max_output_tokens: 200, input: 'Name three rivers.'};

/** Each API, whole and as a stream, by a client that others wrote. */
const calls: Readonly<Record<string, (url: string) => Promise<unknown>>> = {
	messages: async (url) => clientOf(url).messages.create(message),
	'messages-stream': async (url) => clientOf(url).messages.stream(message).finalMessage(),
	'messages with an API key': async (url) =>
		new Anthropic({apiKey: 'bedrock-api-key', baseURL: `${url}/anthropic`, maxRetries: 0}).messages.create(
			message,
		),
	'chat-completions': async (url) =>
		new OpenAI({apiKey: 'key', baseURL: `${url}/v1`, maxRetries: 0}).chat.completions.create(chat),
	'chat-completions-stream': async (url) =>
		all(
			await new OpenAI({apiKey: 'key', baseURL: `${url}/v1`, maxRetries: 0}).chat.completions.create({
				...chat,
				stream: true,
				stream_options: {include_usage: true},
			}),
		),
	responses: async (url) => bedrockOf(url).responses.create(response),
	'responses-stream': async (url) => all(await bedrockOf(url).responses.create({...response, stream: true})),
};

const bedrockOf = (url: string) =>
	new OpenAI({
		provider: bedrock({baseURL: `${url}/openai/v1`, region: 'us-east-1', apiKey: 'key'}),
		maxRetries: 0,
	});

type Stats = Awaited<ReturnType<typeof readStats>>;

/** Tokens of all answers, by the server. */
const sumsOf = (log: Stats['log']) => {
	const sum = (of: 'inputTokens' | 'outputTokens') => log.reduce((total, record) => total + record[of], 0);
	const [input, output] = [sum('inputTokens'), sum('outputTokens')];
	return {input, output, quota: input + output};
};

describe.each(Object.entries(calls))('%s', (_, call) => {
	it("is counted as the server's account has it", async () => {
		const {tap, url, simulator} = await startTap();
		await call(url);
		await call(url);
		const {log} = await readStats(simulator);
		expect(log.map(({status}) => status)).toEqual([200, 200]);
		const {tap: shown, targets} = tap.snapshot();
		expect(shown?.clients).toHaveLength(1);
		expect(shown?.clients[0]).toMatchObject({
			model: `mantle/${log[0]?.model}`,
			requests: 2,
			inFlight: 0,
			throttled: 0,
			tokens: {...sumsOf(log), cacheRead: 0, estimated: false},
		});
		expect(targets).toMatchObject([{scope: 'mantle', baseModel: log[0]?.model, burndown: {value: 1}}]);
	});
});

it('the bucket of a model is that of its endpoint', async () => {
	const {tap, url} = await startTap();
	await clientOf(url).messages.create(message);
	const {spec, targets} = tap.snapshot();
	expect(spec.method).toBe('messages');
	expect(targets[0]?.quota).toMatchObject({
		requestsPerMinute: {state: 'none'},
		tokensPerMinute: {state: 'unknown'},
		outputTokensPerMinute: {state: 'unknown'},
	});
});

const limit = (value: number) => ({...noQuota.tokensPerMinute, value, state: 'known'}) as const;

/** A target with both limits, as the account has them. */
const limited = (model: string, input: number, output: number) => ({
	...targetOf(model),
	quota: {...noQuota, tokensPerMinute: limit(input), outputTokensPerMinute: limit(output)},
});

const pace = {
	share: 1,
	burst: 'full',
	holdMs: 0,
	holdAliveMs: 0,
	holdPatientMs: 0,
	lanes: [],
} as const;

const tooMany = async (promise: PromiseLike<unknown>): Promise<{status?: number; headers?: Headers}> =>
	promise.then(
		() => ({}),
		(error: {status: number; headers: Headers}) => error,
	);

/** Calls until one is refused. */
const untilRefused = async (call: () => PromiseLike<unknown>) => {
	for (let answered = 0; answered < 100; answered++) {
		const refused = await tooMany(call());
		if (refused.status !== undefined) {
			return {answered, refused};
		}
	}
	throw new Error('Nothing was refused.');
};

describe('--pace', () => {
	it.each([
		['input', 3000, 1_000_000],
		['output', 1_000_000, 800],
	])('keeps the quota of %s tokens, and refuses in the words of the API', async (_, input, output) => {
		const {tap, url, simulator} = await startTap(
			{},
			{pace},
			{
				resolve: async (model) => ({target: limited(model, input, output), price: null}),
			},
		);
		const {answered, refused} = await untilRefused(() => clientOf(url).messages.create(message));
		expect(answered).toBeGreaterThan(1);
		expect(refused).toMatchObject({
			status: 429,
			error: {
				type: 'error',
				error: {type: 'rate_limit_error', message: expect.stringMatching(/^Too many tokens/)},
			},
		});
		expect(Number(refused.headers?.get('retry-after'))).toBeGreaterThan(0);
		const {log} = await readStats(simulator);
		const sums = sumsOf(log);
		expect(log.every(({status}) => status === 200)).toBe(true);
		expect(sums.output).toBeLessThanOrEqual(output);
		expect(sums.quota).toBeLessThanOrEqual(input);
		const [bucket] = tap.snapshot().buckets;
		expect(bucket?.output).toEqual({
			used: sums.output,
			reserved: 0,
			limit: output,
		});
		const ofOpenAi = await tooMany(bedrockOf(url).responses.create({...response, model: claude}));
		expect(ofOpenAi).toMatchObject({status: 429, type: 'rate_limit_error'});
	});

	it('refuses what is larger than the quota for good', async () => {
		const {url} = await startTap(
			{},
			{pace},
			{
				resolve: async (model) => ({target: limited(model, 100, 1000), price: null}),
			},
		);
		await expect(clientOf(url).messages.create(message)).rejects.toMatchObject({
			status: 400,
			error: {error: {type: 'invalid_request_error', message: expect.stringContaining('can never be sent')}},
		});
	});
});

describe('what the service refuses', () => {
	it.each([
		['throttled', {type: 'error', error: {type: 'rate_limit_error', message: 'Too many tokens.'}}, 429, 1],
		['denied', {error: {code: 'access_denied', type: 'permission_denied_error', message: 'No.'}}, 403, 0],
	])('passes as it came, and is counted: %s', async (_, body, status, throttled) => {
		const server = await startScriptedServer(() => ({
			status,
			headers: {'content-type': 'application/json'},
			pieces: [Buffer.from(JSON.stringify(body))],
			end: 'whole',
		}));
		const own: TapUnderTest = await startTapBefore(server.url);
		closing.push(own.stop, server.stop);
		const answer = await fetch(`${own.url}/v1/responses`, {method: 'POST', body: JSON.stringify(response)});
		expect(await answer.json()).toEqual(body);
		expect(own.tap.snapshot().tap?.clients[0]).toMatchObject({requests: 1, throttled});
	});

	it('a stream that breaks off is estimated, with its input as it was said', async () => {
		const start = {
			type: 'message_start',
			message: {id: 'm', role: 'assistant', content: [], usage: {input_tokens: 77, output_tokens: 1}},
		};
		const delta = {type: 'content_block_delta', index: 0, delta: {type: 'text_delta', text: 'x'.repeat(40)}};
		const event = (data: {type: string}) =>
			Buffer.from(`event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`);
		const server = await startScriptedServer(() => ({
			status: 200,
			headers: {'content-type': 'text/event-stream'},
			pieces: [event(start), event(delta)],
			end: 'cut',
		}));
		const own = await startTapBefore(server.url);
		closing.push(own.stop, server.stop);
		await fetch(`${own.url}/anthropic/v1/messages`, {
			method: 'POST',
			body: JSON.stringify({...message, stream: true}),
		})
			.then(async (answer) => answer.text())
			.catch(() => undefined);
		expect(own.tap.snapshot().tap?.clients[0]?.tokens).toMatchObject({quota: 87, estimated: true});
	});

	it.each([
		['no model', '{"max_tokens": 5}'],
		['no JSON', 'model'],
	])('a body with %s is not a model of the account', async (_, body) => {
		const {tap, url} = await startTap();
		const headers = {'x-api-key': 'key', 'content-type': 'application/json'};
		const answer = await fetch(`${url}/anthropic/v1/messages`, {method: 'POST', headers, body});
		expect(answer.status).toBe(400);
		expect(tap.snapshot().tap?.clients).toEqual([]);
	});
});
