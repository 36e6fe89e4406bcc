import {describe, expect, it} from 'vitest';
import {families, familyOf} from '../../../source/bedrock/families/registry.ts';
import type {InferenceRequest} from '../../../source/domain/backend.ts';

/** Tests source/bedrock/families/: the bodies that each family sends. */

const request = (baseModel: string, changes: Partial<InferenceRequest> = {}): InferenceRequest => ({
	model: baseModel,
	baseModel,
	method: 'invoke',
	system: 'Be brief.',
	messages: [{role: 'user', text: 'Hi'}],
	maxTokens: 50,
	stop: [],
	parameters: {},
	cache: false,
	tier: undefined,
	...changes,
});

const bodyOf = (baseModel: string, changes: Partial<InferenceRequest> = {}, isStreamed = false) =>
	familyOf(baseModel).build(request(baseModel, changes), isStreamed);

describe('family of a model', () => {
	it.each([
		['anthropic.claude-sonnet-4-6', 'claude'],
		['us.anthropic.claude-sonnet-5', 'claude'],
		['anthropic.claude-instant-v1', 'claude'],
		['amazon.nova-2-lite-v1:0', 'nova'],
		['amazon.titan-text-premier-v1:0', 'titan'],
		['arn:aws:bedrock:us-east-1::foundation-model/amazon.titan-tg1-large', 'titan'],
		['amazon.titan-embed-text-v2:0', 'openai-style'],
		['meta.llama3-3-70b-instruct-v1:0', 'llama'],
		['mistral.ministral-3-8b-instruct', 'mistral'],
		['cohere.command-r-plus-v1:0', 'command-r'],
		['cohere.command-light-text-v14', 'command'],
		['cohere.embed-english-v3', 'openai-style'],
		['ai21.jamba-1-5-mini-v1:0', 'jamba'],
		['ai21.j2-ultra-v1', 'jurassic'],
		['deepseek.v3-v1:0', 'deepseek'],
		['openai.gpt-oss-20b-1:0', 'gpt'],
		['qwen.qwen3-32b-v1:0', 'qwen'],
		['writer.palmyra-x5-v1:0', 'openai-style'],
		['something.of.tomorrow', 'openai-style'],
	])('%s is %s', (model, name) => {
		expect(familyOf(model).name).toBe(name);
	});

	it('names are different', () => {
		expect(new Set(families.map(({name}) => name)).size).toBe(families.length);
	});
});

describe('bodies', () => {
	it('Claude has its system prompt at the top and never in the messages', () => {
		expect(bodyOf('anthropic.claude-sonnet-4-6')).toEqual({
			anthropic_version: 'bedrock-2023-05-31',
			max_tokens: 50,
			system: [{type: 'text', text: 'Be brief.'}],
			messages: [{role: 'user', content: [{type: 'text', text: 'Hi'}]}],
		});
	});

	it('Nova', () => {
		expect(bodyOf('amazon.nova-lite-v1:0', {parameters: {top_p: 0.5, toolConfig: {}}})).toEqual({
			schemaVersion: 'messages-v1',
			system: [{text: 'Be brief.'}],
			messages: [{role: 'user', content: [{text: 'Hi'}]}],
			inferenceConfig: {maxTokens: 50, topP: 0.5},
			toolConfig: {},
		});
	});

	it('Titan has no system prompt: it goes before the question', () => {
		expect(bodyOf('amazon.titan-text-express-v1', {stop: ['User:']})).toEqual({
			inputText: 'Be brief.\n\nHi',
			textGenerationConfig: {maxTokenCount: 50, stopSequences: ['User:']},
		});
	});

	it('a conversation in the words of Titan', () => {
		const messages = [
			{role: 'user', text: 'One'},
			{role: 'assistant', text: 'Two'},
			{role: 'user', text: 'Three'},
		] as const;
		expect(bodyOf('amazon.titan-text-express-v1', {messages, system: undefined})).toHaveProperty(
			'inputText',
			'User: One\nBot: Two\nUser: Three\nBot:',
		);
	});

	it.each([
		[
			'meta.llama3-1-8b-instruct-v1:0',
			'<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n',
		],
		[
			'meta.llama4-scout-17b-instruct-v1:0',
			'<|begin_of_text|><|header_start|>system<|header_end|>\n\nBe brief.<|eot|><|header_start|>user<|header_end|>\n\nHi<|eot|><|header_start|>assistant<|header_end|>\n\n',
		],
		['meta.llama2-13b-chat-v1', '<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST]'],
	])('Llama in the template of its generation: %s', (model, prompt) => {
		// It has no field for stop sequences.
		expect(bodyOf(model, {stop: ['x']})).toEqual({prompt, max_gen_len: 50});
	});

	it('Mistral: a prompt for the first models, a chat since', () => {
		expect(bodyOf('mistral.mistral-7b-instruct-v0:2', {stop: ['|']})).toEqual({
			prompt: '<s>[INST] Be brief.\n\nHi [/INST]',
			max_tokens: 50,
			stop: ['|'],
		});
		expect(bodyOf('mistral.mistral-large-2407-v1:0')).toEqual({
			messages: [
				{role: 'system', content: 'Be brief.'},
				{role: 'user', content: 'Hi'},
			],
			max_tokens: 50,
		});
	});

	it('Command R: history, message and preamble', () => {
		const messages = [
			{role: 'user', text: 'One'},
			{role: 'assistant', text: 'Two'},
			{role: 'user', text: 'Three'},
		] as const;
		expect(bodyOf('cohere.command-r-v1:0', {messages, parameters: {top_k: 4}})).toEqual({
			message: 'Three',
			chat_history: [
				{role: 'USER', message: 'One'},
				{role: 'CHATBOT', message: 'Two'},
			],
			preamble: 'Be brief.',
			max_tokens: 50,
			k: 4,
		});
	});

	it('Command streams only when it is told to', () => {
		expect(bodyOf('cohere.command-text-v14')).toEqual({prompt: 'Be brief.\n\nHi', max_tokens: 50});
		expect(bodyOf('cohere.command-text-v14', {}, true)).toHaveProperty('stream', true);
	});

	it('Jurassic-2 and Jamba', () => {
		expect(bodyOf('ai21.j2-mid-v1')).toEqual({prompt: 'Be brief.\n\nHi', maxTokens: 50});
		expect(bodyOf('ai21.jamba-1-5-large-v1:0')).toMatchObject({max_tokens: 50});
	});

	it('DeepSeek: R1 by prompt, V3 by chat', () => {
		expect(bodyOf('deepseek.r1-v1:0')).toEqual({
			prompt: '<｜begin▁of▁sentence｜>Be brief.<｜User｜>Hi<｜Assistant｜><think>\n',
			max_tokens: 50,
		});
		expect(bodyOf('deepseek.v3-v1:0')).toHaveProperty('messages');
	});

	it('gpt-oss has its own name for max tokens', () => {
		expect(bodyOf('openai.gpt-oss-120b-1:0', {}, true)).toEqual({
			messages: [
				{role: 'system', content: 'Be brief.'},
				{role: 'user', content: 'Hi'},
			],
			max_completion_tokens: 50,
			stream: true,
		});
	});

	it('cache points: behind the system prompt, and behind what a conversation repeats', () => {
		const messages = [
			{role: 'user', text: 'One'},
			{role: 'assistant', text: 'Two'},
			{role: 'user', text: 'Three'},
		] as const;
		const mark = {cache_control: {type: 'ephemeral'}};
		expect(bodyOf('anthropic.claude-sonnet-4-6', {messages, cache: true})).toMatchObject({
			system: [mark],
			messages: [{content: [{text: 'One'}]}, {content: [mark]}, {content: [{text: 'Three'}]}],
		});
		expect(bodyOf('amazon.nova-lite-v1:0', {cache: true})).toMatchObject({
			system: [{text: 'Be brief.'}, {cachePoint: {type: 'default'}}],
			messages: [{content: [{text: 'Hi'}]}],
		});
		// Without a system prompt the only thing to repeat is the message itself.
		expect(bodyOf('amazon.nova-lite-v1:0', {cache: true, system: undefined})).toMatchObject({
			messages: [{content: [{text: 'Hi'}, {cachePoint: {type: 'default'}}]}],
		});
	});

	it.each(families)('$name sends nothing that nobody named', (family) => {
		const model = `x.${family.name}`;
		const text = JSON.stringify(family.build(request(model), false));
		expect(text).not.toMatch(/temperature|top_?[pk]|stop|cache/i);
		expect(text).toContain('50');
		expect(text).toContain('Hi');
		expect(text).toContain('Be brief.');
	});

	it.each(families)('$name leaves transport settings out of the body', (family) => {
		const parameters = {performanceConfig: {latency: 'optimized'}, temperature: 0.25};
		const text = JSON.stringify(family.build(request('x', {parameters}), false));
		expect(text).not.toContain('optimized');
		expect(text).toContain('0.25');
	});
});
