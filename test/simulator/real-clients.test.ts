import {createAmazonBedrock} from '@ai-sdk/amazon-bedrock';
import AnthropicBedrock from '@anthropic-ai/bedrock-sdk';
import AnthropicBedrockOld from '@anthropic-ai/bedrock-sdk-old';
import {ChatBedrockConverse} from '@langchain/aws';
import {HumanMessage} from '@langchain/core/messages';
import {tool as langchainTool} from '@langchain/core/tools';
import {generateObject, generateText, stepCountIs, streamObject, streamText, tool} from 'ai';
import AWS from 'aws-sdk';
import {describe, expect, it} from 'vitest';
import {z} from 'zod';
import {credentials, runtimeClient, startForTest} from './harness.ts';

/** Tests source/simulator/ with clients that others wrote, over HTTP, as their users call them. */

const claude = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const question = 'What is the weather in Hamburg today?';

const weather = {
	name: 'get_weather',
	description: 'The weather of a city',
	input_schema: {
		type: 'object' as const,
		properties: {city: {type: 'string'}, days: {type: 'integer', minimum: 1, maximum: 7}},
		required: ['city', 'days'],
	},
};

const weatherInput = z.object({city: z.string(), days: z.number().int().min(1).max(7)});

const anthropicOptions = (url: string) => ({
	baseURL: url,
	awsRegion: 'us-east-1',
	awsAccessKey: credentials.accessKeyId,
	awsSecretKey: credentials.secretAccessKey,
	maxRetries: 0,
});

describe.each([
	['current', (url: string) => new AnthropicBedrock(anthropicOptions(url))],
	// The calls of both are written alike; only their types have other names.
	['0.36', (url: string) => new AnthropicBedrockOld(anthropicOptions(url)) as unknown as AnthropicBedrock],
] as const)('@anthropic-ai/bedrock-sdk, %s', (_version, create) => {
	const body = {model: claude, max_tokens: 2000, messages: [{role: 'user' as const, content: question}]};

	it('answers', async () => {
		const client = create((await startForTest()).url);
		const answer = await client.messages.create(body);
		expect(answer.content[0]?.type).toBe('text');
		expect(answer.stop_reason).toBe('end_turn');
		expect(answer.usage.output_tokens).toBeGreaterThan(3);
	});

	it('streams text', async () => {
		const client = create((await startForTest()).url);
		const message = await client.messages.stream(body).finalMessage();
		expect(message.content).toHaveLength(1);
		expect(message.usage.output_tokens).toBeGreaterThan(3);
	});

	it('calls the tool that it must, whole and streamed', async () => {
		const client = create((await startForTest()).url);
		const asked = {...body, tools: [weather], tool_choice: {type: 'tool' as const, name: 'get_weather'}};
		for (const message of [
			await client.messages.create(asked),
			await client.messages.stream(asked).finalMessage(),
		]) {
			expect(message.stop_reason).toBe('tool_use');
			const [block] = message.content;
			expect(block).toMatchObject({type: 'tool_use', name: 'get_weather'});
			expect(weatherInput.safeParse(block?.type === 'tool_use' ? block.input : {}).success).toBe(true);
			expect(message.usage.output_tokens).toBeGreaterThan(3);
		}
	});

	it('goes on after the result', async () => {
		const client = create((await startForTest()).url);
		const first = await client.messages.create({...body, tools: [weather]});
		const call = first.content.find((block) => block.type === 'tool_use');
		const second = await client.messages.create({
			...body,
			tools: [weather],
			messages: [
				...body.messages,
				{role: 'assistant', content: first.content as never},
				{role: 'user', content: [{type: 'tool_result', tool_use_id: call?.id ?? '', content: 'Rain'}]},
			],
		});
		expect(second.stop_reason).toBe('end_turn');
		expect(second.content[0]?.type).toBe('text');
	});

	it('thinks, whole and streamed', async () => {
		const client = create((await startForTest()).url);
		const asked = {...body, thinking: {type: 'enabled' as const, budget_tokens: 1024}};
		for (const message of [
			await client.messages.create(asked),
			await client.messages.stream(asked).finalMessage(),
		]) {
			expect(message.content.map(({type}) => type)).toEqual(['thinking', 'text']);
			expect(message.content[0]).toMatchObject({
				thinking: expect.stringMatching(/\w/),
				signature: expect.stringMatching(/\w/),
			});
		}
	});

	it('says which version it does not know', async () => {
		const client = create((await startForTest()).url);
		const wrong = client.messages.create({...body, anthropic_version: '2019-01-01'} as never);
		await expect(wrong).rejects.toMatchObject({status: 400});
		await expect(wrong).rejects.toThrow(/Invalid API version: 2019-01-01/);
	});
});

describe('@ai-sdk/amazon-bedrock', () => {
	const bedrock = (url: string) => createAmazonBedrock({baseURL: url, region: 'us-east-1', ...credentials});
	const schema = z.object({
		title: z.string(),
		score: z.number().min(0).max(10),
		tags: z.array(z.enum(['rain', 'sun'])).min(1),
	});

	it.each([claude, 'us.amazon.nova-lite-v1:0', 'meta.llama2-13b-chat-v1'])(
		'text and stream of %s',
		async (id) => {
			const model = bedrock((await startForTest()).url)(id);
			const whole = await generateText({model, prompt: question, maxRetries: 0});
			expect(whole.text.length).toBeGreaterThan(10);
			expect(whole.usage.outputTokens).toBeGreaterThan(3);
			const stream = streamText({model, prompt: question, maxRetries: 0});
			expect((await stream.text).length).toBeGreaterThan(10);
			expect((await stream.usage).outputTokens).toBeGreaterThan(3);
		},
	);

	it.each([claude, 'us.amazon.nova-lite-v1:0'])('an object of %s, whole and streamed', async (id) => {
		const model = bedrock((await startForTest()).url)(id);
		const whole = await generateObject({model, schema, prompt: question, maxRetries: 0});
		expect(schema.parse(whole.object)).toEqual(whole.object);
		const stream = streamObject({model, schema, prompt: question, maxRetries: 0});
		for await (const _part of stream.partialObjectStream) {
			// The object is whole when its parts have been read.
		}
		expect(schema.safeParse(await stream.object).success).toBe(true);
	});

	it('a loop with a tool ends with an answer', async () => {
		const model = bedrock((await startForTest()).url)(claude);
		const cities: string[] = [];
		const answer = await generateText({
			model,
			prompt: question,
			maxRetries: 0,
			stopWhen: stepCountIs(4),
			tools: {
				weather: tool({
					description: 'The weather of a city',
					inputSchema: weatherInput,
					execute: async ({city}) => {
						cities.push(city);
						return {sky: 'rain'};
					},
				}),
			},
		});
		expect(cities).toHaveLength(1);
		expect(answer.steps).toHaveLength(2);
		expect(answer.text.length).toBeGreaterThan(10);
	});

	it('a tool that is required, streamed', async () => {
		const model = bedrock((await startForTest()).url)(claude);
		const stream = streamText({
			model,
			prompt: question,
			maxRetries: 0,
			toolChoice: 'required',
			tools: {weather: tool({inputSchema: weatherInput})},
		});
		const [call] = await stream.toolCalls;
		expect(weatherInput.safeParse(call?.input).success).toBe(true);
		expect(await stream.finishReason).toBe('tool-calls');
	});

	it('thoughts', async () => {
		const model = bedrock((await startForTest()).url)(claude);
		const providerOptions = {bedrock: {reasoningConfig: {type: 'enabled', budgetTokens: 1024}}};
		const whole = await generateText({model, prompt: question, maxRetries: 0, providerOptions});
		expect(whole.reasoningText?.length).toBeGreaterThan(10);
		const stream = streamText({model, prompt: question, maxRetries: 0, providerOptions});
		expect((await stream.reasoningText)?.length).toBeGreaterThan(10);
	});
});

describe('@langchain/aws', () => {
	const chat = (url: string) =>
		new ChatBedrockConverse({
			model: claude,
			region: 'us-east-1',
			client: runtimeClient(url),
		});

	it('text', async () => {
		const answer = await chat((await startForTest()).url).invoke([new HumanMessage(question)]);
		expect(String(answer.content).length).toBeGreaterThan(10);
		expect(answer.response_metadata).toMatchObject({usage: {outputTokens: expect.any(Number)}});
	});

	it('a tool', async () => {
		const getWeather = langchainTool(async () => 'rain', {
			name: 'get_weather',
			description: 'The weather of a city',
			schema: weatherInput,
		});
		const bound = chat((await startForTest()).url).bindTools([getWeather], {tool_choice: 'any'});
		const answer = await bound.invoke([new HumanMessage(question)]);
		expect(answer.tool_calls?.[0]?.name).toBe('get_weather');
		expect(weatherInput.safeParse(answer.tool_calls?.[0]?.args).success).toBe(true);
	});

	it('an object', async () => {
		const structured = chat((await startForTest()).url).withStructuredOutput(weatherInput);
		const answer = await structured.invoke([new HumanMessage(question)]);
		expect(weatherInput.safeParse(answer).success).toBe(true);
	});
});

describe('aws-sdk, version 2', () => {
	const client = (url: string) =>
		new AWS.BedrockRuntime({endpoint: url, region: 'us-east-1', ...credentials, maxRetries: 0});

	it('invokes and converses', async () => {
		const {url} = await startForTest();
		const invoked = await client(url)
			.invokeModel({
				modelId: 'meta.llama2-13b-chat-v1',
				body: JSON.stringify({prompt: `<s>[INST] ${question} [/INST]`, max_gen_len: 40}),
			})
			.promise();
		expect(JSON.parse(String(invoked.body)).generation.length).toBeGreaterThan(10);
		const answer = await client(url)
			.converse({
				modelId: claude,
				messages: [{role: 'user', content: [{text: question}]}],
				toolConfig: {
					tools: [{toolSpec: {name: weather.name, inputSchema: {json: weather.input_schema}}}],
					toolChoice: {any: {}},
				},
			})
			.promise();
		expect(answer.stopReason).toBe('tool_use');
		expect(weatherInput.safeParse(answer.output.message?.content[0]?.toolUse?.input).success).toBe(true);
	});
});
