import {deflateSync} from 'node:zlib';
import {
	ConverseCommand,
	type ConverseCommandInput,
	ConverseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import {describe, expect, it} from 'vitest';
import {modelPath, post, runtimeClient, startForTest} from './harness.ts';

/**
 * Tests source/simulator/families/converse.ts, tools.ts and attachment.ts: refused conversations, calls of tools,
 * the cost of attachments.
 */

const claude = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const nova = 'us.amazon.nova-lite-v1:0';

type Messages = NonNullable<ConverseCommandInput['messages']>;

const user = (text: string): Messages[number] => ({role: 'user', content: [{text}]});
const assistant = (text: string): Messages[number] => ({role: 'assistant', content: [{text}]});
const call = (toolUseId: string): Messages[number] => ({
	role: 'assistant',
	content: [{toolUse: {toolUseId, name: 'get_weather', input: {}}}],
});
const result = (toolUseId: string): Messages[number] => ({
	role: 'user',
	content: [{toolResult: {toolUseId, content: [{text: 'rain'}]}}],
});
const toolConfig = {
	tools: [
		{
			toolSpec: {
				name: 'get_weather',
				inputSchema: {json: {type: 'object', properties: {city: {type: 'string'}}, required: ['city']}},
			},
		},
	],
};

describe('turns', () => {
	const alternate =
		'A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again.';
	const start =
		'A conversation must start with a user message. Try again with a conversation that starts with a user message.';

	it.each<[string, Messages, boolean, string]>([
		['two users in a row', [user('a'), user('b')], false, alternate],
		['later on', [user('a'), assistant('b'), user('c'), user('d')], false, alternate],
		['two assistants', [user('a'), assistant('b'), assistant('c')], false, alternate],
		['the assistant first', [assistant('a'), user('b')], false, start],
		[
			'a call without tools',
			[user('a'), call('t1'), result('t1')],
			false,
			'The toolConfig field must be defined when using toolUse and toolResult content blocks.',
		],
		[
			'a call without its result',
			[user('a'), call('t1'), user('b')],
			true,
			'Expected toolResult blocks at messages.2.content for the following Ids: t1',
		],
		[
			'a result without a call',
			[user('a'), assistant('b'), result('t1')],
			true,
			'The number of toolResult blocks at messages.2.content exceeds the number of toolUse blocks of previous turn.',
		],
	])('%s are refused by every model', async (_name, messages, hasTools, message) => {
		const {url} = await startForTest();
		for (const modelId of [claude, nova, 'mistral.mistral-large-2407-v1:0']) {
			const request = {modelId, messages, ...(hasTools ? {toolConfig} : {})};
			await expect(runtimeClient(url).send(new ConverseCommand(request))).rejects.toMatchObject({
				name: 'ValidationException',
				message,
			});
		}
	});

	it('in order are answered', async () => {
		const {url} = await startForTest();
		const messages = [user('a'), assistant('b'), user('c'), call('t1'), result('t1')];
		const answer = await runtimeClient(url).send(new ConverseCommand({modelId: nova, messages, toolConfig}));
		expect(answer.stopReason).toBe('end_turn');
	});
});

describe('tools through Converse', () => {
	const messages = [user('What is the weather in Hamburg?')];

	it.each([
		claude,
		nova,
		'mistral.mistral-large-2407-v1:0',
		'openai.gpt-oss-120b-1:0',
		'cohere.command-r-v1:0',
	])('are called by %s, whole and streamed alike', async (modelId) => {
		const client = runtimeClient((await startForTest()).url);
		for (const choice of [{}, {toolChoice: {any: {}}}, {toolChoice: {tool: {name: 'get_weather'}}}]) {
			const request = {modelId, messages, toolConfig: {...toolConfig, ...choice}};
			const whole = await client.send(new ConverseCommand(request));
			expect(whole.stopReason).toBe('tool_use');
			const used = whole.output?.message?.content?.at(-1)?.toolUse;
			expect(used).toMatchObject({name: 'get_weather', input: {city: expect.any(String)}});
			expect(used?.toolUseId).toMatch(/^tooluse_\w{22}$/);
			expect(whole.usage?.outputTokens).toBeGreaterThan(2);

			const streamed = await client.send(new ConverseStreamCommand(request));
			let input = '';
			let name: string | undefined;
			let stop: string | undefined;
			for await (const event of streamed.stream ?? []) {
				name = event.contentBlockStart?.start?.toolUse?.name ?? name;
				input += event.contentBlockDelta?.delta?.toolUse?.input ?? '';
				stop = event.messageStop?.stopReason ?? stop;
			}
			expect([name, stop]).toEqual(['get_weather', 'tool_use']);
			expect(JSON.parse(input)).toEqual({city: expect.any(String)});
		}
	});

	it('a call that does not fit is cut', async () => {
		const client = runtimeClient((await startForTest()).url);
		const answer = await client.send(
			new ConverseCommand({modelId: nova, messages, toolConfig, inferenceConfig: {maxTokens: 2}}),
		);
		expect(answer.stopReason).toBe('max_tokens');
		expect(answer.usage?.outputTokens).toBe(2);
	});

	it.each(['meta.llama2-13b-chat-v1', 'ai21.j2-mid-v1', 'cohere.command-text-v14'])(
		'%s knows none',
		async (modelId) => {
			const client = runtimeClient((await startForTest()).url);
			await expect(client.send(new ConverseCommand({modelId, messages, toolConfig}))).rejects.toMatchObject({
				message: "This model doesn't support tool use.",
			});
		},
	);

	it('Llama 4 calls them in whole answers only', async () => {
		const client = runtimeClient((await startForTest()).url);
		const request = {modelId: 'us.meta.llama4-scout-17b-instruct-v1:0', messages, toolConfig};
		expect((await client.send(new ConverseCommand(request))).stopReason).toBe('tool_use');
		await expect(client.send(new ConverseStreamCommand(request))).rejects.toMatchObject({
			message: "This model doesn't support tool use in streaming mode.",
		});
	});
});

describe('tools through InvokeModel', () => {
	const schema = {type: 'object', properties: {city: {type: 'string'}}, required: ['city']};
	const functions = [{type: 'function', function: {name: 'get_weather', parameters: schema}}];
	const chat = [{role: 'user', content: 'What is the weather in Hamburg?'}];

	it.each([
		[nova, {messages: [user('What is the weather?')], toolConfig}, /"toolUse":\{"name":"get_weather"/],
		['openai.gpt-oss-120b-1:0', {messages: chat, tools: functions}, /"finish_reason":"tool_calls"/],
		['mistral.mistral-large-2407-v1:0', {messages: chat, tools: functions}, /"stop_reason":"tool_calls"/],
	])('are called by %s', async (modelId, body, expected) => {
		const {url} = await startForTest();
		const whole = await post(url, modelPath(modelId, 'invoke'), body);
		expect(whole.status).toBe(200);
		expect(whole.body.toString()).toMatch(expected);
		expect(Number(whole.headers['x-amzn-bedrock-output-token-count'])).toBeGreaterThan(2);
		const stream = await post(url, modelPath(modelId, 'invoke-with-response-stream'), body);
		expect(stream.status).toBe(200);
	});
});

describe('thoughts', () => {
	const asked = (thinking: object, more: object = {}) => ({
		messages: [user('Why does it rain?')],
		inferenceConfig: {maxTokens: 2000},
		additionalModelRequestFields: {thinking},
		...more,
	});

	it.each<[string, string, object, string]>([
		[
			'too small a budget',
			claude,
			asked({type: 'enabled', budget_tokens: 100}),
			'The model returned the following errors: thinking.enabled.budget_tokens: Input should be greater than or equal to 1024',
		],
		[
			'a forced tool',
			claude,
			asked({type: 'enabled', budget_tokens: 1024}, {toolConfig: {...toolConfig, toolChoice: {any: {}}}}),
			'The model returned the following errors: Thinking may not be enabled when tool_choice forces tool use.',
		],
		[
			'a model without them',
			'us.anthropic.claude-3-haiku-20240307-v1:0',
			asked({type: 'enabled', budget_tokens: 1024}),
			'The model returned the following errors: thinking: Extra inputs are not permitted',
		],
	])('%s is refused', async (_name, modelId, body, message) => {
		const answer = await post((await startForTest()).url, modelPath(modelId, 'converse'), body);
		expect(answer.status).toBe(400);
		expect(JSON.parse(answer.body.toString())).toEqual({message});
	});

	it('come before the answer, signed, whole and streamed', async () => {
		const client = runtimeClient((await startForTest()).url);
		const request = {
			modelId: claude,
			...asked({type: 'enabled', budget_tokens: 1024}),
		} as ConverseCommandInput;
		const whole = await client.send(new ConverseCommand(request));
		const [thought, text] = whole.output?.message?.content ?? [];
		expect(thought?.reasoningContent?.reasoningText).toMatchObject({
			text: expect.stringMatching(/\w/),
			signature: expect.stringMatching(/\w/),
		});
		expect(text?.text).toMatch(/\w/);
		const streamed = await client.send(new ConverseStreamCommand(request));
		const kinds = new Set<string>();
		for await (const {contentBlockDelta} of streamed.stream ?? []) {
			const delta = contentBlockDelta?.delta;
			const kind = delta?.reasoningContent === undefined ? delta : delta.reasoningContent;
			for (const key of Object.keys(kind ?? {})) {
				kinds.add(`${contentBlockDelta?.contentBlockIndex} ${key}`);
			}
		}
		expect([...kinds]).toEqual(['0 text', '0 signature', '1 text']);
	});
});

/** A PNG of one colour. */
const png = (width: number, height: number): Buffer => {
	const head = Buffer.alloc(33);
	head.writeUInt32BE(0x89504e47, 0);
	head.writeUInt32BE(0x0d0a1a0a, 4);
	head.writeUInt32BE(13, 8);
	head.write('IHDR', 12, 'latin1');
	head.writeUInt32BE(width, 16);
	head.writeUInt32BE(height, 20);
	return Buffer.concat([head, deflateSync(Buffer.alloc(width))]);
};

describe('attachments', () => {
	const inputTokens = async (url: string, block: Messages[number]['content']): Promise<number> => {
		const answer = await runtimeClient(url).send(
			new ConverseCommand({
				modelId: nova,
				messages: [{role: 'user', content: [{text: 'Look.'}, ...(block ?? [])]}],
				inferenceConfig: {maxTokens: 5},
			}),
		);
		return answer.usage?.inputTokens ?? 0;
	};

	it('an image costs by its pixels, and no more than one can', async () => {
		const {url} = await startForTest();
		const costOf = async (width: number, height: number) =>
			inputTokens(url, [{image: {format: 'png', source: {bytes: png(width, height)}}}]);
		const text = await inputTokens(url, []);
		expect((await costOf(750, 100)) - text).toBe(100);
		expect((await costOf(1000, 750)) - text).toBe(1000);
		expect((await costOf(8000, 8000)) - text).toBe(1600);
	});

	/** Every place where a body can hold an image, as each vendor writes it. */
	const image = png(300, 500);
	const base64 = image.toString('base64');
	const source = {type: 'base64', media_type: 'image/png', data: base64};
	const claudeBody = (content: readonly object[]) => ({
		anthropic_version: 'bedrock-2023-05-31',
		max_tokens: 5,
		messages: [{role: 'user', content}],
	});
	const inTool = (content: readonly object[]) => ({
		anthropic_version: 'bedrock-2023-05-31',
		max_tokens: 5,
		messages: [
			{role: 'user', content: 'Look.'},
			{role: 'assistant', content: [{type: 'tool_use', id: 't1', name: 'get', input: {}}]},
			{role: 'user', content: [{type: 'tool_result', tool_use_id: 't1', content}]},
		],
	});
	const converseInTool = (content: readonly object[]) => ({
		messages: [
			user('Look.'),
			call('t1'),
			{role: 'user', content: [{toolResult: {toolUseId: 't1', content: [{text: 'a'}, ...content]}}]},
		],
		toolConfig,
		inferenceConfig: {maxTokens: 5},
	});
	const novaBlock = {image: {format: 'png', source: {bytes: base64}}};

	it.each<[string, string, string, (blocks: readonly object[]) => object, object]>([
		[
			'Claude',
			claude,
			'invoke',
			(blocks) => claudeBody([{type: 'text', text: 'a'}, ...blocks]),
			{type: 'image', source},
		],
		['a result of Claude', claude, 'invoke', inTool, {type: 'image', source}],
		['a result of Converse', claude, 'converse', converseInTool, novaBlock],
		[
			'Nova',
			nova,
			'invoke',
			(blocks) => ({
				messages: [{role: 'user', content: [{text: 'a'}, ...blocks]}],
				inferenceConfig: {maxTokens: 5},
			}),
			novaBlock,
		],
		[
			'OpenAI’s form',
			'google.gemma-3-27b-it',
			'invoke',
			(blocks) => ({
				messages: [{role: 'user', content: [{type: 'text', text: 'a'}, ...blocks]}],
				max_tokens: 5,
			}),
			{type: 'image_url', image_url: {url: `data:image/png;base64,${base64}`}},
		],
	])('an image costs the same in %s', async (_name, modelId, operation, body, block) => {
		const {url} = await startForTest();
		const tokensOf = async (blocks: readonly object[]): Promise<number> => {
			const answer = await post(url, modelPath(modelId, operation), body(blocks));
			expect(answer.status).toBe(200);
			const header = answer.headers['x-amzn-bedrock-input-token-count'];
			return Number(header ?? JSON.parse(answer.body.toString()).usage.inputTokens);
		};
		expect((await tokensOf([block])) - (await tokensOf([]))).toBe(200);
	});

	it('a document costs by its text, or by its size', async () => {
		const {url} = await startForTest();
		const costOf = async (format: 'txt' | 'pdf', bytes: Buffer) =>
			inputTokens(url, [{document: {format, name: 'it', source: {bytes}}}]);
		const text = await inputTokens(url, []);
		expect((await costOf('txt', Buffer.from('Rain falls.'))) - text).toBeLessThan(6);
		const parts = [{document: {name: 'it', source: {content: [{text: 'Rain falls.'}]}}}] as never;
		expect((await inputTokens(url, parts)) - text).toBeLessThan(6);
		const long = Buffer.from('Rain falls on the hills. '.repeat(400));
		expect((await costOf('txt', long)) - text).toBeGreaterThan(1500);
		const [small, large] = [
			await costOf('pdf', Buffer.alloc(2000)),
			await costOf('pdf', Buffer.alloc(80_000)),
		];
		expect(large - text).toBeGreaterThan((small - text) * 10);
	});
});
