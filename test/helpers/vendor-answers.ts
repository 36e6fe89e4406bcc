import type Anthropic from '@anthropic-ai/sdk';
import type OpenAI from 'openai';

/**
 * Answers of bedrock-mantle's three APIs, as the vendors' clients publish their types. Nothing here comes from the simulator:
 * what reads these reads what the vendors wrote down.
 */

const usage: Anthropic.Usage = {
	cache_creation: null,
	cache_creation_input_tokens: 30,
	cache_read_input_tokens: 20,
	inference_geo: null,
	input_tokens: 10,
	output_tokens: 7,
	output_tokens_details: null,
	server_tool_use: null,
	service_tier: 'standard',
} as Anthropic.Usage;

export const message = {
	id: 'msg_1',
	type: 'message',
	role: 'assistant',
	model: 'claude-opus-5',
	content: [
		{type: 'thinking', thinking: 'Well.', signature: 'x'},
		{type: 'text', text: 'Hi', citations: null},
	],
	stop_reason: 'end_turn',
	stop_sequence: null,
	stop_details: null,
	container: null,
	usage,
} as unknown as Anthropic.Message;

export const messageEvents: readonly Anthropic.RawMessageStreamEvent[] = [
	{
		type: 'message_start',
		message: {...message, content: [], stop_reason: null, usage: {...usage, output_tokens: 1}},
	},
	{type: 'content_block_start', index: 0, content_block: {type: 'thinking', thinking: '', signature: ''}},
	{type: 'content_block_delta', index: 0, delta: {type: 'thinking_delta', thinking: 'Well.'}},
	{type: 'content_block_delta', index: 0, delta: {type: 'signature_delta', signature: 'x'}},
	{type: 'content_block_stop', index: 0},
	{type: 'content_block_start', index: 1, content_block: {type: 'text', text: '', citations: null}},
	{type: 'content_block_delta', index: 1, delta: {type: 'text_delta', text: 'H'}},
	{type: 'content_block_delta', index: 1, delta: {type: 'text_delta', text: 'i'}},
	{type: 'content_block_stop', index: 1},
	{
		type: 'message_delta',
		delta: {stop_reason: 'end_turn', stop_sequence: null},
		usage: {output_tokens: 7},
	} as unknown as Anthropic.RawMessageDeltaEvent,
	{type: 'message_stop'},
];

const chatUsage: OpenAI.CompletionUsage = {
	prompt_tokens: 60,
	completion_tokens: 7,
	total_tokens: 67,
	prompt_tokens_details: {cached_tokens: 20},
	completion_tokens_details: {reasoning_tokens: 3},
};

export const chatCompletion: OpenAI.ChatCompletion = {
	id: 'chatcmpl-1',
	object: 'chat.completion',
	created: 1,
	model: 'openai.gpt-oss-120b',
	choices: [
		{
			index: 0,
			message: {role: 'assistant', content: 'Hi', refusal: null},
			finish_reason: 'stop',
			logprobs: null,
		},
	],
	usage: chatUsage,
};

const chatChunk = (
	delta: OpenAI.ChatCompletionChunk.Choice.Delta,
	reason: OpenAI.ChatCompletionChunk.Choice['finish_reason'] = null,
): OpenAI.ChatCompletionChunk => ({
	id: 'chatcmpl-1',
	object: 'chat.completion.chunk',
	created: 1,
	model: 'openai.gpt-oss-120b',
	choices: [{index: 0, delta, finish_reason: reason, logprobs: null}],
});

export const chatChunks: readonly OpenAI.ChatCompletionChunk[] = [
	chatChunk({role: 'assistant', content: ''}),
	chatChunk({content: 'H'}),
	chatChunk({content: 'i'}),
	chatChunk({}, 'stop'),
	{...chatChunk({}), choices: [], usage: chatUsage},
];

const responseUsage = {
	input_tokens: 60,
	input_tokens_details: {cached_tokens: 20, cache_write_tokens: 30},
	output_tokens: 7,
	output_tokens_details: {reasoning_tokens: 3},
	total_tokens: 67,
} as OpenAI.Responses.ResponseUsage;

const outputMessage: OpenAI.Responses.ResponseOutputMessage = {
	id: 'msg_1',
	type: 'message',
	role: 'assistant',
	status: 'completed',
	content: [{type: 'output_text', text: 'Hi', annotations: [], logprobs: []}],
};

const reasoningItem: OpenAI.Responses.ResponseReasoningItem = {
	id: 'rs_1',
	type: 'reasoning',
	summary: [],
	content: [{type: 'reasoning_text', text: 'Well.'}],
};

export const response = {
	id: 'resp_1',
	object: 'response',
	created_at: 1,
	status: 'completed',
	error: null,
	incomplete_details: null,
	instructions: null,
	metadata: {},
	model: 'openai.gpt-5.5',
	output: [reasoningItem, outputMessage],
	parallel_tool_calls: true,
	temperature: 1,
	tool_choice: 'auto',
	tools: [],
	top_p: 1,
	usage: responseUsage,
} as unknown as OpenAI.Responses.Response;

const begun: OpenAI.Responses.Response = {...response, status: 'in_progress', output: []};

export const responseEvents: readonly OpenAI.Responses.ResponseStreamEvent[] = [
	{type: 'response.created', sequence_number: 0, response: begun},
	{type: 'response.in_progress', sequence_number: 1, response: begun},
	{type: 'response.output_item.added', sequence_number: 2, output_index: 0, item: reasoningItem},
	{
		type: 'response.reasoning_text.delta',
		sequence_number: 3,
		item_id: 'rs_1',
		output_index: 0,
		content_index: 0,
		delta: 'Well.',
	},
	{type: 'response.output_item.done', sequence_number: 4, output_index: 0, item: reasoningItem},
	{type: 'response.output_item.added', sequence_number: 5, output_index: 1, item: outputMessage},
	...['H', 'i'].map(
		(delta, index): OpenAI.Responses.ResponseTextDeltaEvent => ({
			type: 'response.output_text.delta',
			sequence_number: 6 + index,
			item_id: 'msg_1',
			output_index: 1,
			content_index: 0,
			delta,
			logprobs: [],
		}),
	),
	{
		type: 'response.output_text.done',
		sequence_number: 8,
		item_id: 'msg_1',
		output_index: 1,
		content_index: 0,
		text: 'Hi',
		logprobs: [],
	},
	{type: 'response.output_item.done', sequence_number: 9, output_index: 1, item: outputMessage},
	{type: 'response.completed', sequence_number: 10, response},
];

/** Events as they go over the wire. @param isNamed Whether each has its type as its name. */
export function sseOf(events: readonly object[], isNamed: boolean): Buffer {
	return Buffer.from(
		events
			.map((data) => {
				const name = isNamed && 'type' in data ? `event: ${String(data.type)}\n` : '';
				return `${name}data: ${JSON.stringify(data)}\n\n`;
			})
			.join(''),
	);
}
