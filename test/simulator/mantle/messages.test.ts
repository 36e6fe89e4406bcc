import {AnthropicBedrockMantle} from '@anthropic-ai/bedrock-sdk';
import {AnthropicBedrockMantle as OlderAnthropicBedrockMantle} from '@anthropic-ai/bedrock-sdk-old';
import AnthropicSdk, {APIError} from '@anthropic-ai/sdk';
import {describe, expect, it} from 'vitest';
import {credentials, post, readStats, startForTest} from '../harness.ts';
import {anthropic, collect, failureOf, once} from './mantle-harness.ts';

/** Tests source/simulator/mantle/messages-api.ts with the client of Anthropic. */

const model = 'anthropic.claude-opus-4-7';
const ask = {model, max_tokens: 200, messages: [{role: 'user' as const, content: 'What is a quota?'}]};

describe('Messages on bedrock-mantle', () => {
	it('answers a whole message with the counts that were recorded at the service', async () => {
		const {url} = await startForTest();
		const message = await anthropic(url).messages.create(ask);
		expect(message).toMatchObject({
			type: 'message',
			role: 'assistant',
			model: 'claude-opus-4-7',
			stop_reason: expect.stringMatching(/^(end_turn|max_tokens)$/),
			stop_sequence: null,
			usage: {
				cache_creation_input_tokens: 0,
				cache_read_input_tokens: 0,
				cache_creation: {ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0},
				service_tier: 'standard',
			},
		});
		expect(message.id).toMatch(/^msg_bdrk_/);
		expect(message.usage.input_tokens).toBeGreaterThan(0);
		expect(message.usage.output_tokens).toBeGreaterThan(0);
		expect(message.content[0]).toMatchObject({type: 'text', text: expect.stringMatching(/\w/)});
	});

	it('streams the same answer as it gives whole', async () => {
		const {url} = await startForTest();
		const whole = await anthropic(url).messages.create(ask);
		const {url: other} = await startForTest();
		const streamed = await anthropic(other)
			.messages.stream({...ask})
			.finalMessage();
		expect(streamed.usage.input_tokens).toBe(whole.usage.input_tokens);
		expect(streamed.stop_reason).toMatch(/^(end_turn|max_tokens)$/);
		expect(streamed.usage.output_tokens).toBeGreaterThan(10);
		expect(streamed.content).toHaveLength(1);
	});

	it('streams the events of the published types in their order', async () => {
		const {url} = await startForTest();
		const events = await collect(await anthropic(url).messages.create({...ask, stream: true}));
		const types = events.map(({type}) => type);
		expect(types.filter((type, index) => type !== types[index - 1])).toEqual([
			'message_start',
			'content_block_start',
			'content_block_delta',
			'content_block_stop',
			'message_delta',
			'message_stop',
		]);
	});

	it('thinks before it answers where it is asked to, and counts it', async () => {
		const {url} = await startForTest();
		const thinking = {thinking: {type: 'adaptive' as const}};
		const whole = await anthropic(url).messages.create({...ask, max_tokens: 1000, ...thinking});
		expect(whole.content.map(({type}) => type)).toEqual(['thinking', 'text']);
		expect(whole.usage.output_tokens_details?.thinking_tokens).toBeGreaterThan(0);
		const streamed = await anthropic(url)
			.messages.stream({...ask, max_tokens: 1000, ...thinking})
			.finalMessage();
		expect(streamed.content.map(({type}) => type)).toEqual(['thinking', 'text']);
		expect(streamed.content[0]).toMatchObject({signature: expect.stringMatching(/.+/)});
	});

	it('stops at the max tokens and at stop sequences', async () => {
		const {url} = await startForTest();
		const short = await anthropic(url).messages.create({...ask, max_tokens: 5});
		expect(short).toMatchObject({stop_reason: 'max_tokens', usage: {output_tokens: 5}});
		const stopped = await anthropic(url).messages.create({...ask, stop_sequences: ['e']});
		expect(stopped).toMatchObject({stop_reason: 'stop_sequence', stop_sequence: 'e'});
	});

	it('answers in the schema that is asked for', async () => {
		const {url} = await startForTest();
		const schema = {type: 'object', properties: {answer: {type: 'string'}}, required: ['answer']};
		const message = await anthropic(url).messages.create({
			...ask,
			output_config: {format: {type: 'json_schema', schema}},
		});
		const [block] = message.content;
		expect(JSON.parse(block?.type === 'text' ? block.text : '')).toHaveProperty('answer');
	});

	it('takes as long as it is to take', async () => {
		const {url} = await startForTest({latencyMs: 60});
		await anthropic(url).messages.create(ask);
		await anthropic(url).messages.stream(ask).finalMessage();
		const {log} = await readStats(url);
		for (const {startedAt, endedAt} of log) {
			expect(endedAt - startedAt).toBeGreaterThanOrEqual(60);
		}
		expect(log).toHaveLength(2);
	});

	it('reports what it read from its cache, and takes it out of the input quota', async () => {
		const {url} = await startForTest();
		const long = 'A quota limits what an account may use of a model in one minute. '.repeat(120);
		const cached = {
			...ask,
			system: [{type: 'text' as const, text: long, cache_control: {type: 'ephemeral' as const}}],
		};
		const first = await anthropic(url).messages.create(cached);
		expect(first.usage.cache_creation_input_tokens).toBeGreaterThan(1024);
		const second = await anthropic(url).messages.create(cached);
		expect(second.usage.cache_read_input_tokens).toBe(first.usage.cache_creation_input_tokens);
		const stats = (await readStats(url)) as unknown as {
			mantleBuckets: ReadonlyArray<{model: string; inputTokens: number; outputTokens: number}>;
		};
		const output = first.usage.output_tokens + second.usage.output_tokens;
		const input = first.usage.input_tokens + second.usage.input_tokens;
		expect(stats.mantleBuckets).toMatchObject([
			{
				model,
				outputTokens: output,
				inputTokens: input + (first.usage.cache_creation_input_tokens ?? 0) + output,
			},
		]);
	});

	it('counts tokens without an answer', async () => {
		const {url} = await startForTest();
		const client = anthropic(url);
		const {input_tokens: counted} = await client.messages.countTokens({model, messages: ask.messages});
		expect((await client.messages.create(ask)).usage.input_tokens).toBe(counted);
	});

	it('serves AnthropicBedrockMantle, current and older, which sign', async () => {
		const {url} = await startForTest();
		const options = {
			awsRegion: 'eu-west-1',
			awsAccessKey: credentials.accessKeyId,
			awsSecretAccessKey: credentials.secretAccessKey,
			baseURL: `${url}/anthropic`,
			maxRetries: 0,
		};
		const current = new AnthropicBedrockMantle(options);
		const older = new OlderAnthropicBedrockMantle(options);
		expect((await current.messages.create(ask)).content[0]).toMatchObject({type: 'text'});
		expect((await older.messages.create(ask)).content[0]).toMatchObject({type: 'text'});
		expect(await current.messages.stream(ask).finalText()).toMatch(/\w/);
		expect(await older.messages.stream(ask).finalText()).toMatch(/\w/);
		const {mantleBuckets} = (await readStats(url)) as unknown as {mantleBuckets: object[]};
		expect(mantleBuckets).toMatchObject([{region: 'eu-west-1'}]);
	});

	it('lists Claude to clients of Anthropic', async () => {
		const {url} = await startForTest();
		const listed = await collect(anthropic(url).models.list());
		expect(listed.map(({id}) => id)).toContain(model);
		expect(listed.every(({id}) => id.startsWith('anthropic.'))).toBe(true);
		expect(await anthropic(url).models.retrieve(model)).toMatchObject({display_name: 'Claude Opus 4.7'});
	});
});

describe('Refusals of Messages', () => {
	type Case = {
		readonly name: string;
		readonly more?: object;
		readonly status: number;
		readonly type: string;
		readonly fault?: string;
	};
	const invalid = {status: 400, type: 'invalid_request_error'};
	const cases: readonly Case[] = [
		{name: 'no max tokens', more: {max_tokens: undefined}, ...invalid},
		{name: 'no messages', more: {messages: []}, ...invalid},
		{name: 'a key that is not known', more: {colour: 'red'}, ...invalid},
		{name: 'sampling', more: {temperature: 0.5}, ...invalid},
		{name: 'a model of another API', more: {model: 'openai.gpt-oss-20b'}, ...invalid},
		{name: 'an unknown model', more: {model: 'anthropic.claude-9'}, status: 404, type: 'not_found_error'},
		{name: 'an inference profile', more: {model: `us.${model}`}, status: 404, type: 'not_found_error'},
		{name: 'a throttle', fault: 'throttle-tokens', status: 429, type: 'rate_limit_error'},
		{name: 'no access', fault: 'access-denied', status: 403, type: 'permission_error'},
		{name: 'an internal error', fault: 'internal', status: 500, type: 'api_error'},
		{name: 'no capacity', fault: 'unavailable', status: 503, type: 'api_error'},
		{name: 'overload', fault: 'overloaded', status: 529, type: 'overloaded_error'},
	];

	it.each(cases)('$name', async ({more, status, type, fault}) => {
		const {url} = await startForTest(fault === undefined ? {} : {faults: once(fault)});
		const error = await failureOf(anthropic(url).messages.create({...ask, ...more} as typeof ask));
		expect(error).toBeInstanceOf(APIError);
		expect(error).toMatchObject({
			status,
			error: {type: 'error', request_id: expect.stringMatching(/^req_/), error: {type}},
		});
		expect((await readStats(url)).requests).toMatchObject({total: 1, byStatus: {[status]: 1}});
	});

	it('by IAM names the action and the project', async () => {
		const {url} = await startForTest({scenario: {denied: ['bedrock-mantle:CreateInference']}});
		expect(await failureOf(anthropic(url).messages.create(ask))).toMatchObject({
			status: 403,
			message: expect.stringContaining(
				'is not authorized to perform: bedrock-mantle:CreateInference on resource: arn:aws:bedrock-mantle:us-east-1:123456789012:project/default',
			),
		});
	});

	it('without credentials, or signed for another service', async () => {
		const {url} = await startForTest();
		const bare = await post(url, '/anthropic/v1/messages', ask);
		expect(bare.status).toBe(401);
		expect(JSON.parse(bare.body.toString())).toMatchObject({error: {type: 'authentication_error'}});
		const scope = 'AWS4-HMAC-SHA256 Credential=simulated/20261129/us-east-1/bedrock-runtime/aws4_request, ';
		const foreign = await post(url, '/anthropic/v1/messages', ask, {authorization: scope});
		expect(foreign.status).toBe(401);
		const bearer = await post(url, '/anthropic/v1/messages', ask, {authorization: 'Bearer key'});
		expect(bearer.status).toBe(200);
	});

	it('in the middle of a stream, and by a cut', async () => {
		const {url} = await startForTest({faults: once('stream-error')});
		const client = anthropic(url);
		expect(await failureOf(client.messages.stream(ask).finalMessage())).toMatchObject({
			error: {type: 'error', error: {type: 'api_error'}},
		});
		const {url: other} = await startForTest({faults: once('cut')});
		const cut = await failureOf(anthropic(other).messages.stream(ask).finalMessage());
		expect(cut).toBeInstanceOf(AnthropicSdk.AnthropicError);
	});
});
