import {describe, expect, it} from 'vitest';
import {startForTest} from '../harness.ts';
import {anthropic, collect, openAi} from './mantle-harness.ts';

/** A tool that must be called, over the three APIs, whole and streamed, by the clients' own readers. */

const schema = {
	type: 'object' as const,
	properties: {city: {type: 'string'}, days: {type: 'integer'}},
	required: ['city', 'days'],
};
const name = 'forecast';
const content = 'What will the weather be in Oslo?';

const expectInput = (input: unknown): void => {
	expect(input).toEqual({city: expect.any(String), days: expect.any(Number)});
};

describe('Tools that must be called on bedrock-mantle', () => {
	it('Messages: a block of the tool, its input in deltas', async () => {
		const {url} = await startForTest();
		const ask = {
			model: 'anthropic.claude-opus-4-7',
			max_tokens: 500,
			messages: [{role: 'user' as const, content}],
			tools: [{name, input_schema: schema}],
			tool_choice: {type: 'tool' as const, name},
		};
		const whole = await anthropic(url).messages.create(ask);
		const streamed = await anthropic(url).messages.stream(ask).finalMessage();
		for (const message of [whole, streamed]) {
			expect(message).toMatchObject({stop_reason: 'tool_use', content: [{type: 'tool_use', name}]});
			expectInput(message.content[0]?.type === 'tool_use' ? message.content[0].input : undefined);
		}
		const any = await anthropic(url).messages.create({...ask, tool_choice: {type: 'any'}});
		expect(any.stop_reason).toBe('tool_use');
		const free = await anthropic(url).messages.create({...ask, tool_choice: {type: 'auto'}});
		expect(free.content[0]?.type).toBe('text');
		expect(free.usage.input_tokens).toBeGreaterThan(
			(
				await anthropic(url).messages.create({
					...ask,
					tools: [],
					tool_choice: {type: 'auto'},
				})
			).usage.input_tokens,
		);
	});

	it('Chat Completions: a tool call, its arguments in deltas', async () => {
		const {url} = await startForTest();
		const ask = {
			model: 'openai.gpt-oss-20b',
			messages: [{role: 'user' as const, content}],
			tools: [{type: 'function' as const, function: {name, parameters: schema}}],
			tool_choice: 'required' as const,
		};
		const whole = await openAi(url).chat.completions.create(ask);
		const streamed = await openAi(url).chat.completions.stream(ask).finalChatCompletion();
		for (const completion of [whole, streamed]) {
			const [choice] = completion.choices;
			expect(choice).toMatchObject({finish_reason: 'tool_calls', message: {content: null}});
			const call = choice?.message.tool_calls?.[0];
			expect(call).toMatchObject({id: expect.stringMatching(/^call_/), type: 'function'});
			expectInput(JSON.parse(call?.type === 'function' ? call.function.arguments : ''));
		}
	});

	it('Responses: an item of the call, its arguments in deltas', async () => {
		const {url} = await startForTest();
		const ask = {
			model: 'openai.gpt-5.6-sol',
			input: content,
			tools: [{type: 'function' as const, name, parameters: schema, strict: true}],
			tool_choice: {type: 'function' as const, name},
		};
		const whole = await openAi(url, '/openai/v1').responses.create(ask);
		const streamed = await openAi(url, '/openai/v1').responses.stream(ask).finalResponse();
		for (const response of [whole, streamed]) {
			expect(response.output.map(({type}) => type)).toEqual(['reasoning', 'function_call']);
			const call = response.output[1];
			expectInput(JSON.parse(call?.type === 'function_call' ? call.arguments : ''));
		}
		const events = await collect(await openAi(url, '/openai/v1').responses.create({...ask, stream: true}));
		const said = events.map((event) =>
			event.type === 'response.function_call_arguments.delta' ? event.delta : '',
		);
		expectInput(JSON.parse(said.join('')));
	});
});
