import {
	completionStopReason,
	type Delta,
	type Family,
	type ResponseContext,
	type StopReason,
} from './family.ts';
import {isJson, type Json, numberOr, stringsOf} from './prompt.ts';
import {
	chatMessages,
	chatParts,
	functionTools,
	templatePrompt,
	toolCallDelta,
	toolCallOf,
} from './prompt-parts.ts';
import {anything, assertShape, count, probability, type Shape, text, texts} from './shape.ts';

/** OpenAI's chat completions: gpt-oss, Qwen and most newer vendors. */

const shape = (maximumOutputTokens: number): Shape => ({
	type: 'object',
	required: ['messages'],
	keys: {
		model: text,
		messages: chatMessages(['system', 'developer', 'user', 'assistant', 'tool']),
		max_completion_tokens: count(maximumOutputTokens),
		max_tokens: count(maximumOutputTokens),
		temperature: {type: 'number', minimum: 0, maximum: 2},
		top_p: {type: 'number', minimum: 0, maximum: 1},
		stop: anything,
		stream: {type: 'boolean'},
		reasoning_effort: text,
		tools: anything,
		tool_choice: anything,
		response_format: anything,
		n: anything,
		seed: anything,
		logprobs: anything,
		frequency_penalty: anything,
		presence_penalty: anything,
		stream_options: anything,
	},
});

const finishReason = (reason: StopReason): string =>
	reason === 'length' ? 'length' : reason === 'tool-use' ? 'tool_calls' : 'stop';

const messageOf = ({answer: {toolUse}}: ResponseContext, content: string): Json =>
	toolUse === undefined
		? {role: 'assistant', content}
		: {role: 'assistant', content: content === '' ? null : content, tool_calls: [toolCallOf(toolUse)]};

const deltaOf = ({answer: {toolUse}}: ResponseContext, delta: Delta): Json => ({
	...(delta.isFirst ? {role: 'assistant'} : {}),
	...(delta.kind === 'tool' ? toolCallDelta(toolUse, delta) : {content: delta.text}),
});

const completion = (facts: ResponseContext, object: string): Json => ({
	id: `chatcmpl-${facts.requestId.replaceAll('-', '').slice(0, 24)}`,
	object,
	created: facts.createdAt,
	model: facts.model.id,
});

const schemaOf = (format: unknown): Json | undefined =>
	isJson(format) && isJson(format.json_schema) && isJson(format.json_schema.schema)
		? format.json_schema.schema
		: undefined;

export const openAiFamily: Family = {
	name: 'openai',
	parse(body, model) {
		assertShape(body, shape(model.maximumOutputTokens));
		return {
			...chatParts(body.messages),
			maximumTokens: numberOr(body.max_completion_tokens ?? body.max_tokens, model.maximumOutputTokens),
			stopSequences: typeof body.stop === 'string' ? [body.stop] : stringsOf(body.stop),
			jsonSchema: schemaOf(body.response_format),
			tools: functionTools(body),
		};
	},
	whole: (facts, content) => ({
		...completion(facts, 'chat.completion'),
		choices: [
			{
				index: 0,
				message: messageOf(facts, content),
				finish_reason: finishReason(facts.answer.stopReason),
				logprobs: null,
			},
		],
		usage: {
			prompt_tokens: facts.usage.inputTokens,
			completion_tokens: facts.usage.outputTokens,
			total_tokens: facts.usage.inputTokens + facts.usage.outputTokens,
		},
	}),
	tokensPerEvent: 1,
	reasoningTags: ['<reasoning>', '</reasoning>'],
	delta: (facts, delta) => [
		{
			...completion(facts, 'chat.completion.chunk'),
			choices: [
				{
					index: 0,
					delta: deltaOf(facts, delta),
					finish_reason: delta.isLast ? finishReason(facts.answer.stopReason) : null,
				},
			],
		},
	],
};

/** Models that continue one text: a prompt in the model's own template, no messages. */

/** Meta Llama: one prompt with the model's own template, no stop sequences. */

const llamaShape = (maximumOutputTokens: number): Shape => ({
	type: 'object',
	required: ['prompt'],
	keys: {
		prompt: text,
		max_gen_len: count(maximumOutputTokens),
		temperature: probability,
		top_p: probability,
		images: texts,
	},
});

export const llamaFamily: Family = {
	name: 'llama',
	parse(body, model) {
		assertShape(body, llamaShape(model.maximumOutputTokens));
		return {
			...templatePrompt(String(body.prompt)),
			maximumTokens: numberOr(body.max_gen_len, model.defaultOutputTokens ?? model.maximumOutputTokens),
			stopSequences: [],
		};
	},
	whole: ({usage, answer}, generation) => ({
		generation,
		prompt_token_count: usage.inputTokens,
		generation_token_count: usage.outputTokens,
		stop_reason: completionStopReason(answer.stopReason),
	}),
	tokensPerEvent: 1,
	delta: ({usage, answer}, delta) => [
		{
			generation: delta.text,
			prompt_token_count: delta.isFirst ? usage.inputTokens : null,
			generation_token_count: delta.outputTokens,
			stop_reason: delta.isLast ? completionStopReason(answer.stopReason) : null,
		},
	],
};

/** DeepSeek R1: a text completion whose thoughts end with `</think>`. */

const deepSeekShape = (maximumOutputTokens: number): Shape => ({
	type: 'object',
	required: ['prompt'],
	keys: {
		prompt: text,
		max_tokens: count(maximumOutputTokens),
		temperature: probability,
		top_p: probability,
		stop: texts,
	},
});

export const deepSeekFamily: Family = {
	name: 'deepseek',
	parse(body, model) {
		assertShape(body, deepSeekShape(model.maximumOutputTokens));
		return {
			...templatePrompt(String(body.prompt)),
			maximumTokens: numberOr(body.max_tokens, model.maximumOutputTokens),
			stopSequences: stringsOf(body.stop),
		};
	},
	whole: ({answer}, said) => ({
		choices: [{text: said, stop_reason: completionStopReason(answer.stopReason)}],
	}),
	tokensPerEvent: 2,
	reasoningTags: ['', '\n</think>\n\n'],
	delta: ({answer}, delta) => [
		{
			choices: [
				{text: delta.text, stop_reason: delta.isLast ? completionStopReason(answer.stopReason) : null},
			],
		},
	],
};
