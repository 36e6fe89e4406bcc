import {identifier} from '../answers/random.ts';
import type {ResponseContext, StopReason, ToolUse} from '../families/family.ts';
import {isJson, type Json, type Prompt, stringsOf} from '../families/prompt.ts';
import {chatParts, functionTools} from '../families/prompt-parts.ts';
import {
	type AnswerStream,
	isReasoning,
	type MantleApi,
	MantleError,
	maximumTokensOf,
	openAiErrors,
	schemaOf,
	sse,
	toolInputText,
	toolSegments,
} from './mantle-api.ts';

/** OpenAI's Chat Completions: bodies and chunks as OpenAI's client types them. */

const finishReasons: Readonly<Record<StopReason, string>> = {
	end: 'stop',
	length: 'length',
	'stop-sequence': 'stop',
	'tool-use': 'tool_calls',
	guardrail: 'content_filter',
};

const roles = ['system', 'developer', 'user', 'assistant', 'tool', 'function'];

const checkMessages = (messages: unknown): void => {
	if (!Array.isArray(messages) || messages.length === 0) {
		throw new MantleError('invalid-request', 'messages: a list of at least one message is required.');
	}
	const wrong = messages.findIndex((message) => !isJson(message) || !roles.includes(String(message.role)));
	if (wrong >= 0) {
		const message: unknown = messages[wrong];
		throw new MantleError(
			'invalid-request',
			`messages[${wrong}].role: ${JSON.stringify(isJson(message) ? message.role : message)} is not one of ${roles.join(', ')}.`,
		);
	}
};

/** The schema that the answer has to follow. */
const answerSchema = (format: unknown): Json | undefined =>
	isJson(format) && isJson(format.json_schema)
		? schemaOf({type: format.type, schema: format.json_schema.schema})
		: undefined;

const promptOf = (body: Json, maximumTokens: number): Prompt => {
	const {segments, ...parts} = chatParts(body.messages);
	return {
		...parts,
		segments: [...toolSegments(body), ...segments],
		maximumTokens,
		stopSequences: typeof body.stop === 'string' ? [body.stop] : stringsOf(body.stop),
		jsonSchema: answerSchema(body.response_format),
		tools: functionTools(body),
	};
};

/** Recorded without details at the endpoint; they are added where they are not 0. */
const usageOf = ({usage, answer}: ResponseContext): Json => {
	const promptTokens = usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens;
	return {
		completion_tokens: usage.outputTokens,
		prompt_tokens: promptTokens,
		total_tokens: promptTokens + usage.outputTokens,
		...(usage.cacheReadTokens + usage.cacheWriteTokens === 0
			? {}
			: {
					prompt_tokens_details: {
						cached_tokens: usage.cacheReadTokens,
						cache_write_tokens: usage.cacheWriteTokens,
					},
				}),
		...(answer.reasoning.length === 0
			? {}
			: {completion_tokens_details: {reasoning_tokens: answer.reasoning.length}}),
	};
};

const head = (facts: ResponseContext, id: string, object: string): Json => ({
	id,
	object,
	created: facts.createdAt,
	model: facts.model.id,
	service_tier: 'default',
});

const idOf = (facts: ResponseContext): string => `chatcmpl-${identifier(facts.random, 29)}`;

const toolCall = ({key, name}: ToolUse, input: string): Json => ({
	id: `call_${key}`,
	type: 'function',
	function: {name, arguments: input},
});

const messageOf = ({answer: {tokens, toolUse}}: ResponseContext): Json => ({
	role: 'assistant',
	content: toolUse === undefined || tokens.length > 0 ? tokens.join('') : null,
	refusal: null,
	...(toolUse === undefined ? {} : {tool_calls: [toolCall(toolUse, toolInputText(toolUse))]}),
});

const wantsUsage = ({stream_options: options}: Json): boolean =>
	isJson(options) && options.include_usage === true;

const streamOf = (facts: ResponseContext, body: Json): AnswerStream => {
	const id = idOf(facts);
	const hasUsage = wantsUsage(body);
	const {toolUse, tokens: said} = facts.answer;
	let isCalling = false;
	const chunk = (choices: readonly Json[], usage: Json | null): string =>
		sse({...head(facts, id, 'chat.completion.chunk'), choices, ...(hasUsage ? {usage} : {})});
	const choice = (delta: Json, reason: string | null): string =>
		chunk([{index: 0, delta, finish_reason: reason, logprobs: null}], null);
	const call = (): string => {
		if (isCalling || toolUse === undefined) {
			return '';
		}
		isCalling = true;
		return choice({tool_calls: [{index: 0, ...toolCall(toolUse, '')}]}, null);
	};
	return {
		opening: () =>
			choice({role: 'assistant', content: toolUse === undefined || said.length > 0 ? '' : null}, null),
		part(kind, text) {
			switch (kind) {
				case 'reasoning':
					// The published types have no field for thoughts: they take their time and are counted.
					return '';
				case 'text':
					return choice({content: text}, null);
				case 'tool':
					return call() + choice({tool_calls: [{index: 0, function: {arguments: text}}]}, null);
			}
		},
		closing: (ended) =>
			choice({}, finishReasons[ended.answer.stopReason]) +
			(hasUsage ? chunk([], usageOf(ended)) : '') +
			sse('[DONE]'),
		failure: (error, requestId) => sse(openAiErrors.body(error, requestId)),
	};
};

export const chatCompletionsApi: MantleApi = {
	name: 'ChatCompletions',
	path: '/chat/completions',
	errors: openAiErrors,
	parse(body, {model}) {
		checkMessages(body.messages);
		return {
			prompt: promptOf(body, maximumTokensOf(body, ['max_completion_tokens', 'max_tokens'], model)),
			isReasoning: isReasoning(model, body.reasoning_effort),
		};
	},
	whole: (facts) => ({
		...head(facts, idOf(facts), 'chat.completion'),
		choices: [
			{
				index: 0,
				message: messageOf(facts),
				finish_reason: finishReasons[facts.answer.stopReason],
				logprobs: null,
			},
		],
		usage: usageOf(facts),
	}),
	stream: streamOf,
};
