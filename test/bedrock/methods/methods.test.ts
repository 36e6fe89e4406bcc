import {describe, expect, it} from 'vitest';
import {createBackend} from '../../../source/bedrock/backend.ts';
import {createModelIndex} from '../../../source/bedrock/identify/identify.ts';
import {methods, runtimeMethods} from '../../../source/domain/backend.ts';
import {chunk, converseStreamOf, event} from '../../conformance/frames.ts';
import {eventStreamHeaders, jsonHeaders, plainRequest, withReplays} from '../../conformance/harness.ts';
import {systemProfile} from '../quotas/quotas-source.ts';

/** Tests source/bedrock/methods/: every method over the real SDK. */

const replays = withReplays();

const json = (body: unknown, headers: Readonly<Record<string, string>> = {}) => ({
	status: 200,
	headers: {...jsonHeaders, ...headers},
	body: Buffer.from(JSON.stringify(body)),
});
const stream = (body: Buffer, headers: Readonly<Record<string, string>> = {}) => ({
	status: 200,
	headers: {...eventStreamHeaders, ...headers},
	body,
});

const message = {
	output: {message: {role: 'assistant', content: [{text: 'Hi'}]}},
	stopReason: 'end_turn',
	metrics: {latencyMs: 12},
	usage: {inputTokens: 3, outputTokens: 2, totalTokens: 5},
};

const answers = {
	converse: json(message),
	'converse-stream': stream(converseStreamOf('Hi')),
	invoke: json(message),
	'invoke-stream': stream(
		Buffer.concat([
			chunk({contentBlockDelta: {delta: {text: 'Hi'}}}),
			chunk({
				messageStop: {stopReason: 'end_turn'},
				'amazon-bedrock-invocationMetrics': {inputTokenCount: 3, outputTokenCount: 2, invocationLatency: 12},
			}),
		]),
	),
};

describe.each(runtimeMethods)('%s', (method) => {
	const answer = answers[method];

	it('an answer', async () => {
		const {outcome, firstTokens} = await replays.call(answer, {method});
		expect(outcome).toMatchObject({
			kind: 'answered',
			text: 'Hi',
			stopReason: 'end_turn',
			isTruncated: false,
			isRefused: false,
			isSimulated: false,
			usage: {inputTokens: 3, outputTokens: 2, isEstimated: false},
		});
		expect(firstTokens).toBe(method.endsWith('stream') ? 1 : 0);
	});

	it('the path and the model as it was called', async () => {
		const model = 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc';
		const {path} = await replays.call(answer, {method, model});
		const operations = {
			converse: 'converse',
			'converse-stream': 'converse-stream',
			invoke: 'invoke',
			'invoke-stream': 'invoke-with-response-stream',
		};
		expect(path).toBe(`/model/${model}/${operations[method]}`);
	});

	it('a simulator says so, in whatever case', async () => {
		for (const name of ['x-bedrock-top-simulated', 'X-Bedrock-Top-Simulated']) {
			const {outcome} = await replays.call({...answer, headers: {...answer.headers, [name]: '1'}}, {method});
			expect(outcome).toMatchObject({isSimulated: true});
		}
	});

	it('the request ID', async () => {
		const headers = {...answer.headers, 'x-amzn-RequestId': 'e6c824a2-3342'};
		const {outcome} = await replays.call({...answer, headers}, {method});
		expect(outcome).toMatchObject({requestId: 'e6c824a2-3342'});
	});

	it('one attempt, no retries of the SDK', async () => {
		const {outcome} = await replays.call(
			{status: 500, headers: {'x-amzn-errortype': 'InternalServerException'}, body: Buffer.from('{}')},
			{method},
		);
		expect(outcome).toMatchObject({kind: 'failed', failure: {class: 'model-error'}});
		const {requests} = replays.started().server;
		expect(requests).toHaveLength(1);
		expect(requests[0]?.headers).toMatchObject({
			'amz-sdk-request': 'attempt=1; max=1',
			'amz-sdk-invocation-id': expect.stringMatching(/^[\da-f-]{36}$/),
		});
	});

	it('max tokens, and nothing that nobody named', async () => {
		const {body} = await replays.call(answer, {method, maxTokens: 77});
		expect(body.inferenceConfig).toEqual({maxTokens: 77});
		expect(JSON.stringify(body)).not.toMatch(/temperature|topP|stop|cache|system|additional|serviceTier/);
	});
});

describe('tiers and latency modes', () => {
	it('Converse: in the body, echoed in the body', async () => {
		const {body, outcome} = await replays.call(
			json({...message, serviceTier: {type: 'priority'}, performanceConfig: {latency: 'standard'}}),
			{
				tier: 'flex',
				parameters: {performanceConfig: {latency: 'optimized'}},
			},
		);
		expect(body).toMatchObject({serviceTier: {type: 'flex'}, performanceConfig: {latency: 'optimized'}});
		expect(outcome).toMatchObject({tier: 'priority', latencyMode: 'standard'});
	});

	it('ConverseStream: echoed with the counts', async () => {
		const body = Buffer.concat([
			event('messageStop', {stopReason: 'end_turn'}),
			event('metadata', {
				usage: {inputTokens: 1, outputTokens: 1},
				serviceTier: {type: 'flex'},
				performanceConfig: {latency: 'optimized'},
			}),
		]);
		const {outcome} = await replays.call(stream(body), {method: 'converse-stream', tier: 'flex'});
		expect(outcome).toMatchObject({tier: 'flex', latencyMode: 'optimized'});
	});

	it.each(['invoke', 'invoke-stream'] as const)('%s: in headers, both ways', async (method) => {
		const answer = answers[method];
		const {outcome} = await replays.call(
			{
				...answer,
				headers: {
					...answer.headers,
					'X-Amzn-Bedrock-Service-Tier': 'default',
					'X-Amzn-Bedrock-PerformanceConfig-Latency': 'standard',
				},
			},
			{method, tier: 'priority', parameters: {performanceConfig: {latency: 'optimized'}}},
		);
		const [sent] = replays.started().server.requests;
		expect(sent?.headers['x-amzn-bedrock-service-tier']).toBe('priority');
		expect(sent?.headers['x-amzn-bedrock-performanceconfig-latency']).toBe('optimized');
		expect(outcome).toMatchObject({tier: 'default', latencyMode: 'standard'});
	});
});

describe('Converse requests', () => {
	it('parameters by their place, under either name', async () => {
		const {body} = await replays.call(answers.converse, {
			stop: ['\n'],
			parameters: {temperature: 0, top_p: 0.9, top_k: 5, reasoning_config: 'low'},
		});
		expect(body.inferenceConfig).toEqual({maxTokens: 100, stopSequences: ['\n'], temperature: 0, topP: 0.9});
		expect(body.additionalModelRequestFields).toEqual({top_k: 5, reasoning_config: 'low'});
	});

	it('a model without a system prompt gets it before the question', async () => {
		const {body} = await replays.call(answers.converse, {
			baseModel: 'amazon.titan-text-lite-v1',
			system: 'Be brief.',
			cache: true,
		});
		expect(body).not.toHaveProperty('system');
		expect(body.messages).toEqual([{role: 'user', content: [{text: 'Be brief.\n\nSay this is a test'}]}]);
	});

	it('no cache point for a family that does not know it', async () => {
		const {body} = await replays.call(answers.converse, {
			baseModel: 'meta.llama3-1-8b-instruct-v1:0',
			system: 'Be brief.',
			cache: true,
		});
		expect(body.system).toEqual([{text: 'Be brief.'}]);
		expect(JSON.stringify(body.messages)).not.toContain('cachePoint');
	});

	it('a cache point behind the system prompt', async () => {
		const {body} = await replays.call(answers.converse, {system: 'Be brief.', cache: true});
		expect(body.system).toEqual([{text: 'Be brief.'}, {cachePoint: {type: 'default'}}]);
		expect(JSON.stringify(body.messages)).not.toContain('cachePoint');
	});
});

describe('counts', () => {
	describe.each(['converse', 'converse-stream'] as const)('%s', (method) => {
		const withUsage = (usage: unknown) =>
			method === 'converse' ? json({...message, usage}) : stream(converseStreamOf('Hi', usage));

		it.each([
			['CacheReadInputTokens', {cacheReadInputTokens: 19, cacheWriteInputTokens: 7}],
			['CacheReadInputTokenCount', {cacheReadInputTokenCount: 19, cacheWriteInputTokenCount: 7}],
		])('reads cached tokens as %s', async (_spelling, cached) => {
			const {outcome} = await replays.call(withUsage({inputTokens: 3, outputTokens: 2, ...cached}), {method});
			expect(outcome).toMatchObject({
				usage: {inputTokens: 3, outputTokens: 2, cacheReadTokens: 19, cacheWriteTokens: 7},
			});
		});

		it('believes the name that the SDK knows before the other', async () => {
			const both = {cacheReadInputTokens: 19, cacheReadInputTokenCount: 20};
			const {outcome} = await replays.call(withUsage({inputTokens: 3, outputTokens: 2, ...both}), {method});
			expect(outcome).toMatchObject({usage: {cacheReadTokens: 19, cacheWriteTokens: 0}});
		});

		it('takes an answer that only speaks of such counts as it is', async () => {
			const text = '{"usage": {"cacheReadInputTokenCount": 5}}';
			const answer =
				method === 'converse'
					? json({...message, output: {message: {role: 'assistant', content: [{text}]}}})
					: stream(converseStreamOf(text));
			const {outcome} = await replays.call(answer, {method});
			expect(outcome).toMatchObject({text, usage: {inputTokens: 3, cacheReadTokens: 0}});
		});
	});

	it('headers before the body, in any case', async () => {
		const {outcome} = await replays.call(
			json(message, {'X-Amzn-Bedrock-Input-Token-Count': '30', 'x-amzn-bedrock-output-token-count': '20'}),
			{method: 'invoke'},
		);
		expect(outcome).toMatchObject({usage: {inputTokens: 30, outputTokens: 20}, usageSource: 'header'});
	});

	it('a body without headers', async () => {
		const {outcome} = await replays.call(answers.invoke, {method: 'invoke'});
		expect(outcome).toMatchObject({usage: {inputTokens: 3, outputTokens: 2}, usageSource: 'body'});
	});

	it('nothing reported is nothing known', async () => {
		const {usage: _, ...silent} = message;
		const {outcome} = await replays.call(json(silent), {method: 'invoke'});
		expect(outcome).toMatchObject({kind: 'answered', usage: undefined, usageSource: undefined});
	});

	it('a prompt that a guardrail blocked: its text is not the model’s, its counts neither', async () => {
		const blocked = {
			outputText: 'Input blocked',
			index: 0,
			totalOutputTextTokenCount: 3,
			inputTextTokenCount: 6,
			'amazon-bedrock-guardrailAction': 'INTERVENED',
		};
		const {outcome} = await replays.call(stream(chunk(blocked)), {
			method: 'invoke-stream',
			baseModel: 'amazon.titan-text-express-v1',
		});
		expect(outcome).toMatchObject({
			kind: 'answered',
			text: 'Input blocked',
			stopReason: 'guardrail_intervened',
			isRefused: true,
			usage: undefined,
		});
	});

	it('an answer that a guardrail altered still has Bedrock’s counts', async () => {
		const {outcome} = await replays.call(
			json(
				{...message, 'amazon-bedrock-guardrailAction': 'INTERVENED'},
				{
					'X-Amzn-Bedrock-Input-Token-Count': '28',
					'X-Amzn-Bedrock-Output-Token-Count': '197',
				},
			),
			{method: 'invoke'},
		);
		expect(outcome).toMatchObject({
			isRefused: true,
			stopReason: 'end_turn',
			usage: {inputTokens: 28, outputTokens: 197},
		});
	});
});

describe('streams', () => {
	it('the first token is the first piece with something in it, reasoning too', async () => {
		const told: string[] = [];
		const body = Buffer.concat([
			event('messageStart', {role: 'assistant'}),
			event('contentBlockDelta', {contentBlockIndex: 0, delta: {text: ''}}),
			event('contentBlockDelta', {contentBlockIndex: 1, delta: {reasoningContent: {text: 'Hm'}}}),
			event('contentBlockDelta', {contentBlockIndex: 2, delta: {text: 'Yes'}}),
			event('messageStop', {stopReason: 'end_turn'}),
		]);
		const {outcome, firstTokens} = await replays.call(
			stream(body),
			{method: 'converse-stream'},
			{
				onFirstToken: () => told.push('first'),
			},
		);
		expect(outcome).toMatchObject({text: 'Yes', reasoning: 'Hm'});
		expect([firstTokens, told.length]).toEqual([1, 1]);
	});

	it('an answer without a piece of text has no first token', async () => {
		const {firstTokens} = await replays.call(stream(event('messageStop', {stopReason: 'tool_use'})), {
			method: 'converse-stream',
		});
		expect(firstTokens).toBe(0);
	});

	it('gpt-oss: reasoning in tags, in pieces', async () => {
		const pieces = ['<reas', 'oning>Hm', '</reasoning>', '1, 2'];
		const body = Buffer.concat([
			...pieces.map((content) => chunk({choices: [{delta: {content}}]})),
			chunk({
				choices: [{delta: {}, finish_reason: 'length'}],
				'amazon-bedrock-invocationMetrics': {inputTokenCount: 75, outputTokenCount: 37},
			}),
		]);
		const {outcome, body: sent} = await replays.call(stream(body), {
			method: 'invoke-stream',
			baseModel: 'openai.gpt-oss-120b-1:0',
		});
		expect(outcome).toMatchObject({
			text: '1, 2',
			reasoning: 'Hm',
			stopReason: 'length',
			isTruncated: true,
			usage: {inputTokens: 75, outputTokens: 37},
		});
		expect(sent.stream).toBe(true);
	});

	it('gpt-oss: every piece of reasoning in tags of its own', async () => {
		const pieces = ['<reasoning>First</reasoning>', '<reasoning> second</reasoning>', '42', ' <b>'];
		const body = Buffer.concat([
			...pieces.map((content) => chunk({choices: [{delta: {content}}]})),
			chunk({
				choices: [{delta: {}, finish_reason: 'stop'}],
				'amazon-bedrock-invocationMetrics': {inputTokenCount: 7, outputTokenCount: 9},
			}),
		]);
		const {outcome} = await replays.call(stream(body), {
			method: 'invoke-stream',
			baseModel: 'openai.gpt-oss-20b-1:0',
		});
		expect(outcome).toMatchObject({text: '42 <b>', reasoning: 'First second'});
	});

	it('Converse: reasoning that a model leaves in its text', async () => {
		const tagged = converseStreamOf('<think>Hm</think>Yes');
		const kimi = await replays.call(stream(tagged), {
			method: 'converse-stream',
			baseModel: 'moonshot.kimi-k2-thinking',
		});
		expect(kimi.outcome).toMatchObject({text: 'Yes', reasoning: 'Hm'});
		const nova = await replays.call(stream(tagged), {method: 'converse-stream'});
		expect(nova.outcome).toMatchObject({text: '<think>Hm</think>Yes'});
	});

	it('chunks of no known shape are no empty answer', async () => {
		const body = chunk({
			piece: 'x',
			'amazon-bedrock-invocationMetrics': {inputTokenCount: 7, outputTokenCount: 9},
		});
		const {outcome} = await replays.call(stream(body), {method: 'invoke-stream', baseModel: 'new.model'});
		expect(outcome).toMatchObject({failure: {class: 'model-error', isRetryable: false, charge: 'unknown'}});
	});

	it('the service’s metrics before the counts of the model’s own chunks', async () => {
		const body = Buffer.concat([
			chunk({
				type: 'message_start',
				message: {usage: {input_tokens: 22, output_tokens: 1, cache_read_input_tokens: 5}},
			}),
			chunk({type: 'message_delta', delta: {stop_reason: 'end_turn'}, usage: {output_tokens: 12}}),
			chunk({
				type: 'message_stop',
				'amazon-bedrock-invocationMetrics': {inputTokenCount: 23, outputTokenCount: 13},
			}),
		]);
		const {outcome} = await replays.call(stream(body), {
			method: 'invoke-stream',
			baseModel: 'anthropic.claude-3-haiku-20240307-v1:0',
		});
		expect(outcome).toMatchObject({
			usage: {inputTokens: 23, outputTokens: 13, cacheReadTokens: 5},
			usageSource: 'metrics',
		});
	});
});

describe('answers that cannot be read', () => {
	it('a page of something else that answers 200', async () => {
		const page = {
			status: 200,
			headers: {'content-type': 'text/html'},
			body: Buffer.from('<html>Sign in</html>'),
		};
		for (const method of methods) {
			const {outcome} = await replays.call(page, {method});
			expect(outcome).toMatchObject({
				kind: 'failed',
				failure: {class: 'network', charge: 'unknown'},
			});
		}
	});

	it('JSON that is no answer: another method is advised', async () => {
		const {outcome} = await replays.call(json([1, 2]), {method: 'invoke'});
		expect(outcome).toMatchObject({
			kind: 'failed',
			failure: {class: 'model-error', isRetryable: false, advice: expect.stringContaining('converse')},
		});
	});
});

it('a base model that needs a profile: the backend names those that the Region lists', async () => {
	const {server, clients} = replays.started();
	const message = "Invocation of model ID a.b with on-demand throughput isn't supported.";
	server.play({
		status: 400,
		headers: {...jsonHeaders, 'x-amzn-errortype': 'ValidationException'},
		body: Buffer.from(JSON.stringify({message})),
	});
	const modelIndex = createModelIndex([], [systemProfile('global.a.b'), systemProfile('jp.a.b')]);
	const outcome = await createBackend(clients, modelIndex).invoke(
		plainRequest({model: 'a.b', baseModel: 'a.b'}),
		{signal: new AbortController().signal, onFirstToken() {}},
	);
	expect(outcome).toMatchObject({
		failure: {class: 'needs-profile', advice: expect.stringContaining('--model jp.a.b or global.a.b')},
	});
});

describe('CountTokens', () => {
	const count = (model: string) =>
		replays.started().backend.countTokens(
			{
				model: `us.${model}`,
				baseModel: model,
				method: 'converse-stream',
				system: 'Be brief.',
				messages: [{role: 'user', text: 'Hi'}],
				maxTokens: 5,
				stop: [],
				parameters: {},
				cache: true,
				tier: undefined,
			},
			new AbortController().signal,
		);
	const refusal = {
		status: 400,
		headers: {'x-amzn-errortype': 'ValidationException'},
		body: Buffer.from('{"message":"The provided model doesn\'t support counting tokens."}'),
	};

	it('asks the base model, with what will be sent', async () => {
		const {server} = replays.started();
		server.play(json({inputTokens: 9}));
		expect(await count('anthropic.claude-a')).toBe(9);
		expect(server.requests[0]?.path).toBe('/model/anthropic.claude-a/count-tokens');
		expect(JSON.parse(server.requests[0]?.body ?? '')).toEqual({
			input: {converse: {messages: [{role: 'user', content: [{text: 'Hi'}]}], system: [{text: 'Be brief.'}]}},
		});
	});

	it('a model that does not support it is asked once, even by many at a time', async () => {
		const {server} = replays.started();
		server.play(refusal);
		expect(await Promise.all([count('b'), count('b'), count('b')])).toEqual([
			undefined,
			undefined,
			undefined,
		]);
		expect(await count('b')).toBeUndefined();
		expect(server.requests).toHaveLength(1);
	});

	it('a throttle says nothing about the model', async () => {
		const {server} = replays.started();
		server.play({status: 429, headers: {}, body: Buffer.from('{}')}, json({inputTokens: 4}));
		expect(await count('c')).toBeUndefined();
		expect(await count('c')).toBe(4);
	});

	it('no number is no count', async () => {
		replays.started().server.play(json({inputTokens: '9'}));
		expect(await count('d')).toBeUndefined();
	});
});

it.each([
	{images: ['aGk=']},
	{result: 'success', artifacts: [{seed: 1, base64: 'aGk=', finishReason: 'SUCCESS'}]},
])('pictures are an answer without text, and no tokens are made up: %j', async (body) => {
	const {outcome} = await replays.call(json(body), {method: 'invoke'});
	expect(outcome).toMatchObject({kind: 'answered', text: '', usage: undefined});
});
