import {
	type BedrockRuntimeClient,
	ConverseCommand,
	ConverseStreamCommand,
	CountTokensCommand,
	InvokeModelCommand,
	InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import {describe, expect, it} from 'vitest';
import {countTokens} from '../../source/simulator/families/prompt.ts';
import {runtimeClient, startForTest} from './harness.ts';

/** Tests source/simulator/runtime/: Converse, InvokeModel and their streams with the SDK. */

const question = 'Explain how rain forms over the mountains.';

type Path = ReadonlyArray<string | number>;

/** The text at a place of a value; empty where there is none. */
const textIn = (value: unknown, path: Path): string => {
	const found = path.reduce<unknown>(
		(inner, key) => (inner as Record<string | number, unknown> | undefined)?.[key],
		value,
	);
	return typeof found === 'string' ? found : '';
};

/** A body of InvokeModel for each family, and where its answer is. */
const families: ReadonlyArray<{
	readonly family: string;
	readonly modelId: string;
	readonly body: object;
	readonly textAt: Path;
	readonly deltaAt: Path;
}> = [
	{
		family: 'Anthropic Claude',
		modelId: 'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
		body: {
			anthropic_version: 'bedrock-2023-05-31',
			max_tokens: 60,
			messages: [{role: 'user', content: question}],
		},
		textAt: ['content', 0, 'text'],
		deltaAt: ['delta', 'text'],
	},
	{
		family: 'Amazon Nova',
		modelId: 'us.amazon.nova-lite-v1:0',
		body: {
			messages: [{role: 'user', content: [{text: question}]}],
			inferenceConfig: {maxTokens: 60},
		},
		textAt: ['output', 'message', 'content', 0, 'text'],
		deltaAt: ['contentBlockDelta', 'delta', 'text'],
	},
	{
		family: 'Amazon Titan Text',
		modelId: 'amazon.titan-text-express-v1',
		body: {inputText: question, textGenerationConfig: {maxTokenCount: 60}},
		textAt: ['results', 0, 'outputText'],
		deltaAt: ['outputText'],
	},
	{
		family: 'Meta Llama',
		modelId: 'us.meta.llama3-3-70b-instruct-v1:0',
		body: {prompt: question, max_gen_len: 60},
		textAt: ['generation'],
		deltaAt: ['generation'],
	},
	{
		family: 'Mistral prompt',
		modelId: 'mistral.mistral-7b-instruct-v0:2',
		body: {prompt: `<s>[INST] ${question} [/INST]`, max_tokens: 60},
		textAt: ['outputs', 0, 'text'],
		deltaAt: ['outputs', 0, 'text'],
	},
	{
		family: 'Mistral chat',
		modelId: 'mistral.mistral-large-2407-v1:0',
		body: {messages: [{role: 'user', content: question}], max_tokens: 60},
		textAt: ['choices', 0, 'message', 'content'],
		deltaAt: ['choices', 0, 'message', 'content'],
	},
	{
		family: 'Cohere Command',
		modelId: 'cohere.command-text-v14',
		body: {prompt: question, max_tokens: 60},
		textAt: ['generations', 0, 'text'],
		deltaAt: ['generations', 0, 'text'],
	},
	{
		family: 'Cohere Command R',
		modelId: 'cohere.command-r-v1:0',
		body: {message: question, max_tokens: 60},
		textAt: ['text'],
		deltaAt: ['text'],
	},
	{
		family: 'AI21 Jamba',
		modelId: 'ai21.jamba-1-5-mini-v1:0',
		body: {messages: [{role: 'user', content: question}], max_tokens: 60},
		textAt: ['choices', 0, 'message', 'content'],
		deltaAt: ['choices', 0, 'delta', 'content'],
	},
	{
		family: 'DeepSeek R1',
		modelId: 'us.deepseek.r1-v1:0',
		body: {prompt: question, max_tokens: 60},
		textAt: ['choices', 0, 'text'],
		deltaAt: ['choices', 0, 'text'],
	},
	{
		family: 'OpenAI gpt-oss',
		modelId: 'openai.gpt-oss-120b-1:0',
		body: {messages: [{role: 'user', content: question}], max_completion_tokens: 60},
		textAt: ['choices', 0, 'message', 'content'],
		deltaAt: ['choices', 0, 'delta', 'content'],
	},
	{
		family: 'OpenAI style',
		modelId: 'google.gemma-3-27b-it',
		body: {messages: [{role: 'user', content: question}], max_tokens: 60},
		textAt: ['choices', 0, 'message', 'content'],
		deltaAt: ['choices', 0, 'delta', 'content'],
	},
];

const invoke = async (client: BedrockRuntimeClient, modelId: string, body: object) => {
	const answer = await client.send(new InvokeModelCommand({modelId, body: JSON.stringify(body)}));
	return JSON.parse(answer.body.transformToString());
};

const invokeStream = async (client: BedrockRuntimeClient, modelId: string, body: object) => {
	const answer = await client.send(
		new InvokeModelWithResponseStreamCommand({modelId, body: JSON.stringify(body)}),
	);
	const chunks = [];
	for await (const event of answer.body ?? []) {
		chunks.push(JSON.parse(Buffer.from(event.chunk?.bytes ?? []).toString()));
	}
	return chunks;
};

const withoutTags = (text: string): string => text.replace(/<\/?reasoning>|\n<\/think>\n\n/g, '');

describe.each(['http1', 'http2'] as const)('the SDK over %s', (protocol) => {
	it.each(families)('invokes $family, whole and streamed, with the same answer', async (family) => {
		const {url} = await startForTest();
		const client = runtimeClient(url, protocol);
		const whole = textIn(await invoke(client, family.modelId, family.body), family.textAt);
		expect(countTokens(withoutTags(whole))).toBeGreaterThan(10);
		expect(countTokens(withoutTags(whole))).toBeLessThanOrEqual(62);

		const chunks = await invokeStream(client, family.modelId, family.body);
		const metrics = chunks.at(-1)['amazon-bedrock-invocationMetrics'];
		expect(metrics.outputTokenCount).toBeGreaterThan(10);
		expect(metrics.inputTokenCount).toBeGreaterThan(5);
		expect(metrics.invocationLatency).toBeGreaterThanOrEqual(metrics.firstByteLatency);
		expect(chunks.slice(0, -1).some((chunk) => chunk['amazon-bedrock-invocationMetrics'])).toBe(false);
		const streamed = chunks.map((chunk) => textIn(chunk, family.deltaAt)).join('');
		expect(countTokens(withoutTags(streamed))).toBeGreaterThan(10);
	});

	it.each(families)('converses with $family', async ({modelId}) => {
		const {url} = await startForTest();
		const client = runtimeClient(url, protocol);
		const request = {
			modelId,
			messages: [{role: 'user' as const, content: [{text: question}]}],
			inferenceConfig: {maxTokens: 200},
		};
		const whole = await client.send(new ConverseCommand(request));
		const content = whole.output?.message?.content ?? [];
		expect(content.at(-1)?.text?.length).toBeGreaterThan(40);
		expect(whole.usage?.totalTokens).toBe((whole.usage?.inputTokens ?? 0) + (whole.usage?.outputTokens ?? 0));

		const streamed = await client.send(new ConverseStreamCommand(request));
		let text = '';
		let usage: {outputTokens: number | undefined} | undefined;
		let lastEvent = '';
		for await (const event of streamed.stream ?? []) {
			text += event.contentBlockDelta?.delta?.text ?? '';
			usage = event.metadata?.usage ?? usage;
			lastEvent = Object.keys(event)[0] ?? '';
		}
		expect(lastEvent).toBe('metadata');
		expect(text.length).toBeGreaterThan(40);
		expect(usage?.outputTokens).toBeGreaterThan(10);
	});

	it('serves many requests at once', async () => {
		const {url} = await startForTest({requestsPerMinute: 1000, tokensPerMinute: 10_000_000});
		const client = runtimeClient(url, protocol);
		const answers = await Promise.all(
			Array.from({length: 60}, (_unused, index) =>
				client.send(
					new ConverseCommand({
						modelId: 'us.amazon.nova-micro-v1:0',
						messages: [{role: 'user', content: [{text: `Question ${index}`}]}],
						inferenceConfig: {maxTokens: 20},
					}),
				),
			),
		);
		expect(answers.every((answer) => answer.usage?.outputTokens === 20)).toBe(true);
	});
});

describe('CountTokens', () => {
	const messages = [{role: 'user' as const, content: [{text: question}]}];

	it('counts what Converse and InvokeModel charge', async () => {
		const {url} = await startForTest();
		const client = runtimeClient(url);
		const modelId = 'anthropic.claude-3-haiku-20240307-v1:0';
		const counted = await client.send(new CountTokensCommand({modelId, input: {converse: {messages}}}));
		const answered = await client.send(
			new ConverseCommand({modelId, messages, inferenceConfig: {maxTokens: 5}}),
		);
		expect(counted.inputTokens).toBe(answered.usage?.inputTokens);

		const body = {
			anthropic_version: 'bedrock-2023-05-31',
			max_tokens: 5,
			messages: [{role: 'user', content: question}],
		};
		const countedBody = await client.send(
			new CountTokensCommand({
				modelId,
				input: {invokeModel: {body: Buffer.from(JSON.stringify(body))}},
			}),
		);
		expect(countedBody.inputTokens).toBe((await invoke(client, modelId, body)).usage.input_tokens);
	});

	it.each([
		['a profile', 'us.anthropic.claude-sonnet-4-20250514-v1:0'],
		['another vendor', 'amazon.nova-lite-v1:0'],
	])('refuses %s', async (_name, modelId) => {
		const {url} = await startForTest();
		const request = new CountTokensCommand({modelId, input: {converse: {messages}}});
		await expect(runtimeClient(url).send(request)).rejects.toMatchObject({
			name: 'ValidationException',
			message: "The provided model doesn't support counting tokens.",
		});
	});
});
