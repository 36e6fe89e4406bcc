import OpenAI, {APIError} from 'openai';
import {bedrock} from 'openai/providers/bedrock';
import {describe, expect, it} from 'vitest';
import {post, readStats, startForTest} from '../harness.ts';
import {collect, failureOf, once, openAi} from './mantle-harness.ts';

const question = 'What is a quota?';
const chat = {
	model: 'openai.gpt-oss-120b',
	max_completion_tokens: 300,
	messages: [
		{role: 'system' as const, content: 'Answer briefly.'},
		{role: 'user' as const, content: question},
	],
};
const response = {model: 'openai.gpt-5.6-luna', max_output_tokens: 300, input: question};

describe('Chat Completions on bedrock-mantle', () => {
	it('answers whole, and counts what a model thinks', async () => {
		const {url} = await startForTest();
		const completion = await openAi(url).chat.completions.create(chat);
		expect(completion).toMatchObject({
			object: 'chat.completion',
			model: chat.model,
			service_tier: 'default',
			choices: [{index: 0, message: {role: 'assistant', content: expect.stringMatching(/\w/)}}],
		});
		expect(completion.id).toMatch(/^chatcmpl-/);
		const {prompt_tokens: input = 0, completion_tokens: output = 0, ...usage} = completion.usage ?? {};
		expect(usage).toMatchObject({
			total_tokens: input + output,
			completion_tokens_details: {reasoning_tokens: expect.any(Number)},
		});
	});

	it('leaves details out where there are none, and thinks only where it may', async () => {
		const {url} = await startForTest();
		const completion = await openAi(url).chat.completions.create({...chat, reasoning_effort: 'none'});
		expect(Object.keys(completion.usage ?? {}).sort()).toEqual([
			'completion_tokens',
			'prompt_tokens',
			'total_tokens',
		]);
	});

	it('streams chunks, with the counts in the last one where they are wanted', async () => {
		const {url} = await startForTest();
		const client = openAi(url);
		const plain = await collect(await client.chat.completions.create({...chat, stream: true}));
		expect(plain[0]?.choices[0]?.delta).toEqual({role: 'assistant', content: ''});
		expect(plain.at(-1)?.choices[0]?.finish_reason).toBe('stop');
		expect(plain.every(({usage}) => usage === undefined)).toBe(true);
		const counted = await collect(
			await client.chat.completions.create({
				...chat,
				stream: true,
				stream_options: {include_usage: true},
			}),
		);
		expect(counted.at(-1)).toMatchObject({choices: [], usage: {completion_tokens: expect.any(Number)}});
		expect(counted.slice(0, -1).every(({usage}) => usage === null)).toBe(true);
	});

	it('finishes by length, and at a stop sequence', async () => {
		const {url} = await startForTest();
		const model = 'qwen.qwen3-32b';
		const short = await openAi(url).chat.completions.create({
			...chat,
			model,
			reasoning_effort: 'none',
			max_completion_tokens: 5,
		});
		expect(short).toMatchObject({choices: [{finish_reason: 'length'}], usage: {completion_tokens: 5}});
		const stopped = await openAi(url).chat.completions.create({...chat, stop: 'e'});
		expect(stopped.choices[0]).toMatchObject({
			finish_reason: 'stop',
			message: {content: expect.not.stringContaining('e')},
		});
	});

	it('answers in the schema that is asked for', async () => {
		const {url} = await startForTest();
		const schema = {type: 'object', properties: {answer: {type: 'string'}}, required: ['answer']};
		const completion = await openAi(url).chat.completions.create({
			...chat,
			response_format: {type: 'json_schema', json_schema: {name: 'answer', schema}},
		});
		expect(JSON.parse(completion.choices[0]?.message.content ?? '')).toHaveProperty('answer');
	});
});

describe('Responses on bedrock-mantle', () => {
	it('answers whole, with the tokens that it hides', async () => {
		const {url} = await startForTest();
		const answer = await openAi(url, '/openai/v1').responses.create({...response, instructions: 'Be brief.'});
		expect(answer).toMatchObject({
			object: 'response',
			status: 'completed',
			error: null,
			incomplete_details: null,
			instructions: 'Be brief.',
			model: response.model,
			output: [
				{type: 'reasoning', summary: []},
				{type: 'message', role: 'assistant', status: 'completed', content: [{type: 'output_text'}]},
			],
		});
		expect(answer.output[0]).not.toHaveProperty('content');
		expect(answer.output_text).toMatch(/\w/);
		const usage = answer.usage;
		expect(usage?.output_tokens_details.reasoning_tokens).toBeGreaterThan(0);
		expect(usage?.input_tokens_details).toEqual({cached_tokens: 0, cache_write_tokens: 0});
		expect(usage?.total_tokens).toBe((usage?.input_tokens ?? 0) + (usage?.output_tokens ?? 0));
	});

	it.each([
		['hidden thoughts', response.model, '/openai/v1', null],
		['shown thoughts', 'openai.gpt-oss-20b', '/v1', null],
		['no thoughts', response.model, '/openai/v1', {effort: 'none'}],
	] as const)(
		'streams numbered events that add up to the response: %s',
		async (_name, model, surface, reasoning) => {
			const {url} = await startForTest();
			const events = await collect(
				await openAi(url, surface).responses.create({...response, model, stream: true, reasoning}),
			);
			expect(events.map((event) => event.sequence_number)).toEqual(events.map((_event, index) => index));
			const types = events.map(({type}) => type);
			expect(types.slice(0, 2)).toEqual(['response.created', 'response.in_progress']);
			const last = events.at(-1);
			if (last?.type !== 'response.completed') {
				throw new Error(`It ended with ${last?.type}.`);
			}
			const said = events.map((event) => (event.type === 'response.output_text.delta' ? event.delta : ''));
			const message = last.response.output.find(({type}) => type === 'message');
			expect(message).toMatchObject({content: [{text: said.join('')}]});
			const thought = events.map((event) =>
				event.type === 'response.reasoning_text.delta' ? event.delta : '',
			);
			expect(thought.join('').length > 0).toBe(model === 'openai.gpt-oss-20b');
			const done = events.flatMap((event) =>
				event.type === 'response.output_item.done' ? [event.item.id] : [],
			);
			expect(done).toEqual(last.response.output.map(({id}) => id));
			expect(last.response.output.length).toBe(reasoning === null ? 2 : 1);
		},
	);

	it('is read by the accumulating helper of the client', async () => {
		const {url} = await startForTest();
		const stream = openAi(url, '/openai/v1').responses.stream(response);
		const answer = await stream.finalResponse();
		expect(answer.output_text).toMatch(/\w/);
		expect(answer.status).toBe('completed');
	});

	it('is incomplete at the max tokens', async () => {
		const {url} = await startForTest();
		const client = openAi(url, '/openai/v1');
		const short = {...response, max_output_tokens: 4};
		const expected = {
			status: 'incomplete',
			incomplete_details: {reason: 'max_output_tokens'},
			usage: {output_tokens: 4},
		};
		expect(await client.responses.create(short)).toMatchObject(expected);
		const events = await collect(await client.responses.create({...short, stream: true}));
		expect(events.at(-1)).toMatchObject({type: 'response.incomplete', response: expected});
	});

	it('caches long prompts by itself', async () => {
		const {url} = await startForTest();
		const client = openAi(url, '/openai/v1');
		const long = 'A quota limits what an account may use of a model in one minute. '.repeat(120);
		const asked = {...response, input: [{role: 'user' as const, content: `${long}\n${question}`}]};
		const first = await client.responses.create(asked);
		const second = await client.responses.create(asked);
		expect(first.usage?.input_tokens_details.cached_tokens).toBe(0);
		expect(second.usage?.input_tokens_details.cached_tokens).toBeGreaterThan(1024);
		expect(second.usage?.input_tokens).toBe(first.usage?.input_tokens);
	});

	it('reads a conversation of typed parts', async () => {
		const {url} = await startForTest();
		const text = await openAi(url, '/openai/v1').responses.create({
			...response,
			input: [
				{role: 'user', content: [{type: 'input_text', text: question}]},
				{role: 'assistant', content: 'A limit.'},
				{role: 'user', content: [{type: 'input_text', text: 'Of what?'}]},
			],
		});
		expect(text.usage?.input_tokens).toBeLessThan(30);
	});
});

describe('OpenAI clients of bedrock-mantle', () => {
	it('come with the provider for Bedrock, or with a signature', async () => {
		const {url} = await startForTest();
		const provider = bedrock({region: 'us-west-2', baseURL: `${url}/openai/v1`, apiKey: 'simulated'});
		const client = new OpenAI({provider, maxRetries: 0});
		expect((await client.responses.create(response)).output_text).toMatch(/\w/);
		const authorization =
			'AWS4-HMAC-SHA256 Credential=simulated/20261129/us-west-2/bedrock-mantle/aws4_request, SignedHeaders=host, Signature=0';
		const signed = await post(url, '/openai/v1/responses', response, {authorization});
		expect(signed.status).toBe(200);
		const {mantleBuckets} = (await readStats(url)) as unknown as {mantleBuckets: object[]};
		expect(mantleBuckets).toMatchObject([{region: 'us-east-1'}, {region: 'us-west-2'}]);
	});

	it('find the models and what serves them', async () => {
		const {url} = await startForTest();
		const models = await collect(openAi(url).models.list());
		const ids = models.map(({id}) => id);
		expect(ids).toEqual(
			expect.arrayContaining(['openai.gpt-oss-120b', 'openai.gpt-5.5', 'anthropic.claude-opus-5']),
		);
		expect(new Set(ids).size).toBe(ids.length);
		expect(await openAi(url, '/openai/v1').models.retrieve('openai.gpt-5.5')).toMatchObject({
			object: 'model',
			owned_by: 'openai',
		});
		expect(await failureOf(openAi(url).models.retrieve('openai.gpt-2'))).toMatchObject({status: 404});
	});

	it('take a Region from a short-term key', async () => {
		const {url} = await startForTest();
		const presigned =
			'bedrock.amazonaws.com/?Action=CallWithBearerToken&X-Amz-Credential=AKID%2F20261129%2Feu-north-1%2Fbedrock%2Faws4_request&Version=1';
		const apiKey = `bedrock-api-key-${Buffer.from(presigned).toString('base64')}`;
		await new OpenAI({apiKey, baseURL: `${url}/v1`}).chat.completions.create(chat);
		const {mantleBuckets} = (await readStats(url)) as unknown as {mantleBuckets: object[]};
		expect(mantleBuckets).toMatchObject([{region: 'eu-north-1'}]);
	});
});

describe('Refusals in the words of OpenAI', () => {
	type Case = {
		readonly name: string;
		readonly more?: object;
		readonly status: number;
		readonly code: string;
		readonly type: string;
		readonly fault?: string;
	};
	const invalid = {status: 400, code: 'validation_error', type: 'invalid_request_error'};
	const unavailable = {status: 503, code: 'service_unavailable', type: 'server_error'};
	const cases: readonly Case[] = [
		{name: 'no messages', more: {messages: []}, ...invalid},
		{name: 'a wrong role', more: {messages: [{role: 'pilot', content: ''}]}, ...invalid},
		{name: 'no tokens', more: {max_completion_tokens: 0}, ...invalid},
		{name: 'too many tokens', more: {max_completion_tokens: 9_000_000}, ...invalid},
		{name: 'no model', more: {model: ''}, ...invalid},
		{name: 'another API', more: {model: 'openai.gpt-5.5'}, ...invalid},
		{name: 'another surface', more: {model: 'google.gemma-4-31b'}, ...invalid},
		{
			name: 'an unknown model',
			more: {model: 'openai.gpt-2'},
			status: 404,
			code: 'not_found_error',
			type: 'invalid_request_error',
		},
		{
			name: 'no access',
			fault: 'access-denied',
			status: 401,
			code: 'access_denied',
			type: 'permission_denied_error',
		},
		{
			name: 'a throttle',
			fault: 'throttle-tokens',
			status: 429,
			code: 'rate_limit_exceeded',
			type: 'rate_limit_error',
		},
		{
			name: 'an internal error',
			fault: 'internal',
			status: 500,
			code: 'internal_server_error',
			type: 'server_error',
		},
		{name: 'no capacity', fault: 'unavailable', ...unavailable},
		{name: 'overload', fault: 'overloaded', ...unavailable},
	];

	it.each(cases)('$name', async ({more, status, code, type, fault}) => {
		const {url} = await startForTest(fault === undefined ? {} : {faults: once(fault)});
		const error = await failureOf(openAi(url).chat.completions.create({...chat, ...more}));
		expect(error).toBeInstanceOf(APIError);
		expect(error).toMatchObject({status, code, type, param: null});
	});

	it('say what the service says of APIs and surfaces', async () => {
		const {url} = await startForTest();
		const ask = (model: string, surface: '/v1' | '/openai/v1' = '/v1') =>
			failureOf(openAi(url, surface).chat.completions.create({...chat, model}));
		expect(await ask('openai.gpt-5.5')).toMatchObject({
			message: "400 The model 'openai.gpt-5.5' does not support the '/v1/chat/completions' API",
		});
		expect(await ask('google.gemma-3-27b-it', '/openai/v1')).toMatchObject({
			message: "400 model `google.gemma-3-27b-it` isn't supported on this route",
		});
		expect(await ask('openai.gpt-2')).toMatchObject({
			message: "404 The model 'openai.gpt-2' does not exist",
		});
	});

	it('without a key, or with a body that is none', async () => {
		const {url} = await startForTest();
		const bare = await post(url, '/v1/chat/completions', chat);
		expect(JSON.parse(bare.body.toString())).toEqual({
			error: {
				code: 'invalid_api_key',
				message: 'Invalid bearer token',
				param: null,
				type: 'permission_denied_error',
			},
		});
		expect(bare.status).toBe(401);
		const broken = await post(url, '/v1/chat/completions', '{', {authorization: 'Bearer key'});
		expect(broken.status).toBe(400);
	});

	it('in the middle of a stream', async () => {
		const {url} = await startForTest({faults: once('stream-error')});
		const stream = await openAi(url).chat.completions.create({...chat, stream: true});
		expect(await failureOf(collect(stream))).toMatchObject({code: 'internal_server_error'});
		const {url: other} = await startForTest({faults: once('stream-error')});
		const events = await collect(
			await openAi(other, '/openai/v1').responses.create({...response, stream: true}),
		);
		expect(events.at(-1)).toMatchObject({
			type: 'response.failed',
			response: {status: 'failed', error: {code: 'server_error'}},
		});
		expect((await readStats(other)).failed).toBe(1);
	});

	it('of responses that are not kept, or would have to be waited for', async () => {
		const {url} = await startForTest();
		const client = openAi(url, '/openai/v1');
		expect(
			await failureOf(client.responses.create({...response, previous_response_id: 'resp_1'})),
		).toMatchObject({status: 404});
		expect(await failureOf(client.responses.create({...response, background: true}))).toMatchObject({
			status: 400,
		});
	});
});
