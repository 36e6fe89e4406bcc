import {describe, expect, it} from 'vitest';
import {
	separateReasoning,
	takeHarmonyApart,
	withoutTags,
} from '../../../source/bedrock/families/converse-shape.ts';
import {familyOf, readBody, readChunk} from '../../../source/bedrock/families/registry.ts';

/** Tests source/bedrock/families/: what each family reads of answers and chunks. */

const claude = familyOf('anthropic.claude-sonnet-4-6');
const unknown = familyOf('arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc');

describe('whole answers', () => {
	it('thinking of Claude is no text', () => {
		expect(
			readBody(claude, {
				content: [
					{type: 'thinking', thinking: 'Hm. ', signature: 'x'},
					{type: 'redacted_thinking', data: 'x'},
					{type: 'text', text: 'Yes'},
					{type: 'tool_use', id: 'x', name: 'y', input: {}},
					{type: 'text', text: '.'},
				],
				stop_reason: 'end_turn',
			}),
		).toMatchObject({text: 'Yes.', reasoning: 'Hm. ', stopReason: 'end_turn'});
	});

	it('chat completions with reasoning in a field of its own', () => {
		expect(
			readBody(unknown, {
				choices: [{message: {content: 'Yes', reasoning_content: 'Hm'}, finish_reason: 'stop'}],
				usage: {
					prompt_tokens: 10,
					completion_tokens: 6,
					total_tokens: 16,
					completion_tokens_details: {reasoning_tokens: 4},
				},
			}),
		).toMatchObject({
			text: 'Yes',
			reasoning: 'Hm',
			stopReason: 'stop',
			counts: {input: 10, output: 6, reasoning: 4},
		});
	});

	it('reasoning as a part of the content', () => {
		const content = [
			{type: 'thinking', thinking: [{type: 'text', text: 'Hm'}]},
			{type: 'text', text: 'Yes'},
		];
		expect(readBody(unknown, {choices: [{message: {content}, finish_reason: 'stop'}]})).toMatchObject({
			text: 'Yes',
			reasoning: 'Hm',
		});
	});

	it('of several answers the first, wherever it stands', () => {
		const second = {index: 1, message: {content: 'B'}, delta: {content: 'B'}};
		const first = {index: 0, message: {content: 'A'}, finish_reason: 'stop'};
		expect(readBody(unknown, {choices: [second, first]})).toMatchObject({text: 'A', stopReason: 'stop'});
		expect(readChunk(unknown, {choices: [second]})?.text).toBeUndefined();
		const command = familyOf('cohere.command-text-v14');
		expect(readChunk(command, {is_finished: false, text: 'B', index: 1})?.text).toBeUndefined();
	});

	it('text with its sources beside it', () => {
		const cited = {citationsContent: {content: [{text: 'So '}, {text: 'it is'}], citations: [{title: 'x'}]}};
		expect(readBody(unknown, {output: {message: {content: [cited, {text: '.'}]}}})).toMatchObject({
			text: 'So it is.',
		});
	});

	it('the end mark of Command is no text', () => {
		const command = familyOf('cohere.command-text-v14');
		expect(readChunk(command, {is_finished: false, text: '<EOS_TOKEN>'})?.text).toBeUndefined();
		expect(readChunk(command, {is_finished: false, text: 'a <EOS_TOKEN>'})?.text).toBe('a <EOS_TOKEN>');
	});

	it('a refusal in a chat completion', () => {
		const body = {choices: [{message: {content: null, refusal: 'No.'}, finish_reason: 'stop'}]};
		expect(readBody(unknown, body)).toMatchObject({text: undefined, isRefused: true});
	});

	it('content in parts, and plain completions', () => {
		expect(
			readBody(unknown, {choices: [{message: {content: [{type: 'text', text: 'A'}, {text: 'B'}]}}]}),
		).toMatchObject({
			text: 'AB',
		});
		expect(readBody(unknown, {choices: [{text: 'C', finish_reason: 'length'}]})).toMatchObject({
			text: 'C',
			stopReason: 'length',
		});
	});

	it.each([
		[{completion: ' Hello', stop_reason: 'stop_sequence'}, ' Hello'],
		[{output: {message: {content: [{text: 'Hello'}]}}}, 'Hello'],
		[
			{inputTextTokenCount: 3, results: [{tokenCount: 2, outputText: 'Hello', completionReason: 'FINISH'}]},
			'Hello',
		],
		[{generation: 'Hello', prompt_token_count: 3}, 'Hello'],
		[{outputs: [{text: 'Hello', stop_reason: 'stop'}]}, 'Hello'],
		[{text: 'Hello', generation_id: 'x', finish_reason: 'COMPLETE'}, 'Hello'],
		[{generations: [{text: 'Hello', finish_reason: 'COMPLETE'}]}, 'Hello'],
		[{completions: [{data: {text: 'Hello', tokens: [{}]}, finishReason: {reason: 'endoftext'}}]}, 'Hello'],
	])('a body tells its family by its shape: %j', (body, text) => {
		expect(readBody(unknown, body)?.text).toBe(text);
	});

	it.each([null, 7, 'text', [], {}, {results: [{relevance_score: 1}]}, {text: 'a field of something else'}])(
		'%j is no answer of any family',
		(body) => {
			expect(readBody(unknown, body)).toBeUndefined();
		},
	);
});

describe('chunks', () => {
	it('the output count with which a Claude stream starts is not that of the answer', () => {
		const start = {type: 'message_start', message: {usage: {input_tokens: 9, output_tokens: 1}}};
		expect(readChunk(claude, start)?.counts).toEqual({
			input: 9,
			cacheRead: undefined,
			cacheWrite: undefined,
			reasoning: undefined,
		});
	});

	it('Command R repeats its text at the end, which is not read twice', () => {
		const family = familyOf('cohere.command-r-v1:0');
		expect(readChunk(family, {event_type: 'text-generation', text: 'Hi', is_finished: false})?.text).toBe(
			'Hi',
		);
		expect(
			readChunk(family, {
				event_type: 'stream-end',
				finish_reason: 'COMPLETE',
				response: {text: 'Hi', meta: {billed_units: {input_tokens: 2, output_tokens: 1}}},
				text: 'Hi',
				is_finished: true,
			}),
		).toMatchObject({text: undefined, stopReason: 'COMPLETE', counts: {input: 2, output: 1}});
	});

	it('Command streams words, then an end without text', () => {
		const family = familyOf('cohere.command-text-v14');
		expect(readChunk(family, {index: 0, is_finished: false, text: ' Hi'})).toMatchObject({text: ' Hi'});
		expect(readChunk(family, {index: 0, is_finished: true, finish_reason: 'COMPLETE'})).toMatchObject({
			text: undefined,
			stopReason: 'COMPLETE',
		});
	});

	it('Jamba sends an end with no choices, and its metrics alone', () => {
		const family = familyOf('ai21.jamba-1-5-mini-v1:0');
		expect(readChunk(family, {choices: [{delta: {content: ' A'}}]})?.text).toBe(' A');
		expect(readChunk(family, {choices: [], usage: {prompt_tokens: 2, completion_tokens: 3}})).toMatchObject({
			counts: {input: 2, output: 3},
		});
		expect(readChunk(family, {'amazon-bedrock-invocationMetrics': {}})).toBeUndefined();
	});

	it('Llama: nulls are no counts', () => {
		const family = familyOf('meta.llama3-8b-instruct-v1:0');
		const chunk = {generation: 'a', prompt_token_count: null, generation_token_count: 4, stop_reason: null};
		expect(readChunk(family, chunk)).toMatchObject({
			text: 'a',
			stopReason: undefined,
			counts: {input: undefined, output: 4},
		});
	});
});

describe('reasoning in tags', () => {
	it.each([
		['<reasoning>Hm</reasoning>Yes', 'Yes', 'Hm'],
		['  <think>\nHm\n</think>\n\nYes', '\n\nYes', '\nHm\n'],
		['<reasoning>Hm, </reasoning><reasoning>so</reasoning>Yes', 'Yes', 'Hm, so'],
		['[THINK]Hm[/THINK]Yes', 'Yes', 'Hm'],
		[' ◁think▷Hm◁/think▷Yes', 'Yes', 'Hm'],
		['Yes, <think> is a tag', 'Yes, <think> is a tag', undefined],
		['Yes', 'Yes', undefined],
	])('%j', (text, answer, reasoning) => {
		for (const isCut of [false, true]) {
			expect(separateReasoning(text, {isCut, isOpened: true})).toEqual({text: answer, reasoning});
			expect(separateReasoning(text, {isCut, isOpened: false})).toEqual({text: answer, reasoning});
		}
	});

	it('a prompt that ends with the opening tag', () => {
		const text = 'Hm\n</think>\n\nYes';
		expect(separateReasoning(text, {isCut: false, isOpened: true})).toEqual({
			text: '\n\nYes',
			reasoning: 'Hm\n',
		});
		expect(separateReasoning(text, {isCut: false, isOpened: false}).text).toBe(text);
	});

	it('a tag that is never closed: reasoning where the answer was cut, a slip of the model where it was not', () => {
		const text = ' <think> Hm, I';
		expect(separateReasoning(text, {isCut: true, isOpened: true})).toEqual({text: '', reasoning: ' Hm, I'});
		expect(separateReasoning(text, {isCut: false, isOpened: true})).toEqual({text, reasoning: undefined});
	});
});

describe('the message format of gpt-oss, where a server left it in the text', () => {
	it.each([
		[
			'<|channel|>analysis<|message|>Hm<|end|><|start|>assistant<|channel|>final<|message|>Yes<|return|>',
			{text: 'Yes', reasoning: 'Hm'},
		],
		['<|start|>assistant<|channel|>final<|message|>Yes', {text: 'Yes', reasoning: ''}],
		['<|channel|>analysis<|message|>Hm, cut', {text: '', reasoning: 'Hm, cut'}],
	])('%s', (text, apart) => {
		expect(takeHarmonyApart(text)).toEqual(apart);
		const reading = withoutTags(familyOf('openai.gpt-oss-20b-1:0'), {text, stopReason: 'stop'}, false);
		expect(reading).toMatchObject(apart);
	});

	it('any other text is left alone', () => {
		expect(takeHarmonyApart('Write <|channel|>final<|message|> before it.')).toBeUndefined();
	});
});

it("Claude's count of thinking is that of its reasoning", () => {
	const usage = {input_tokens: 5, output_tokens: 9, output_tokens_details: {thinking_tokens: 4}};
	const reading = readBody(familyOf('anthropic.claude-opus-5'), {content: [], usage});
	expect(reading?.counts).toMatchObject({input: 5, output: 9, reasoning: 4});
});
