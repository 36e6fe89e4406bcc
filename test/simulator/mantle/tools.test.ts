import {describe, expect, it} from 'vitest';
import {startForTest} from '../harness.ts';
import {anthropic, collect, openAi} from './mantle-harness.ts';

/** Tests tools over the three APIs of source/simulator/mantle/, whole and streamed, with the clients' own readers. */

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

describe('Tools on bedrock-mantle', () => {
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
		const bare = {model: ask.model, max_tokens: ask.max_tokens, messages: ask.messages};
		const untooled = await anthropic(url).messages.create(bare);
		expect(whole.usage.input_tokens).toBeGreaterThan(untooled.usage.input_tokens);
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

	it('are called where the model may choose, until their result is there; never where they may not be', async () => {
		const {url} = await startForTest();
		const claude = {
			model: 'anthropic.claude-opus-4-7',
			max_tokens: 500,
			tools: [{name, input_schema: schema}],
		};
		const user = {role: 'user' as const, content};
		const first = await anthropic(url).messages.create({...claude, messages: [user]});
		const [block] = first.content;
		if (block?.type !== 'tool_use') {
			throw new Error(`It answered with ${block?.type}.`);
		}
		const result = {type: 'tool_result' as const, tool_use_id: block.id, content: 'Rain.'};
		const {type: _type, id, input} = block;
		const second = await anthropic(url).messages.create({
			...claude,
			messages: [
				user,
				{role: 'assistant', content: [{type: 'tool_use', id, name, input}]},
				{role: 'user', content: [result]},
			],
		});
		expect(second).toMatchObject({stop_reason: 'end_turn', content: [{type: 'text'}]});
		const gpt = {
			model: 'openai.gpt-5.6-sol',
			tools: [{type: 'function' as const, name, parameters: schema, strict: true}],
		};
		const client = openAi(url, '/openai/v1');
		const called = await client.responses.create({...gpt, input: [user]});
		const call = called.output.find((item) => item.type === 'function_call');
		if (call?.type !== 'function_call') {
			throw new Error('It called no tool.');
		}
		const output = {type: 'function_call_output' as const, call_id: call.call_id, output: 'Rain.'};
		const answered = await client.responses.create({...gpt, input: [user, call, output]});
		expect(answered.output_text).toMatch(/\w/);
		const refused = await client.responses.create({...gpt, input: [user], tool_choice: 'none'});
		expect(refused.output_text).toMatch(/\w/);
	});

	it('have no input where the answer is cut in it', async () => {
		const {url} = await startForTest();
		const message = await anthropic(url).messages.create({
			model: 'anthropic.claude-opus-4-7',
			max_tokens: 3,
			messages: [{role: 'user', content}],
			tools: [{name, input_schema: schema}],
		});
		expect(message).toMatchObject({stop_reason: 'max_tokens', content: [{type: 'tool_use', input: {}}]});
		const response = await openAi(url, '/openai/v1').responses.create({
			model: 'openai.gpt-5.6-sol',
			input: content,
			max_output_tokens: 3,
			reasoning: {effort: 'none'},
			tools: [{type: 'function', name, parameters: schema, strict: true}],
		});
		expect(response).toMatchObject({
			status: 'incomplete',
			output: [{type: 'function_call', status: 'incomplete'}],
		});
	});
});
