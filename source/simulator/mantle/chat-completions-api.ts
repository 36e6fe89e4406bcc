import {identifier} from '../answers/random.ts';
import {chatParts} from '../families/chat-messages.ts';
import type {Facts, StopReason} from '../families/family.ts';
import {isJson, type Json, type Prompt, stringsOf} from '../families/prompt.ts';
import {forcedTool, openAiTools, type Tool, toolSegments} from './forced-tool.ts';
import {type AnswerStream, type MantleApi, sse} from './mantle-api.ts';
import {MantleError, openAiErrors} from './mantle-error.ts';
import {isReasoning, maximumTokensOf, schemaOf} from './openai-request.ts';

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

const toolOf = (body: Json): Tool | undefined => forcedTool(openAiTools(body.tools), body.tool_choice);

/** The schema that the answer is to follow: that of the tool that must be called, or of the format. */
const answerSchema = (body: Json): Json | undefined => {
	const format = isJson(body.response_format) ? body.response_format : {};
	const nested = isJson(format.json_schema) ? format.json_schema : {};
	return toolOf(body)?.schema ?? schemaOf({type: format.type, schema: nested.schema});
};

const promptOf = (body: Json, maximumTokens: number): Prompt => {
	const {segments, ...parts} = chatParts(body.messages);
	return {
		...parts,
		segments: [...toolSegments(body.tools), ...segments],
		maximumTokens,
		stopSequences: typeof body.stop === 'string' ? [body.stop] : stringsOf(body.stop),
		jsonSchema: answerSchema(body),
	};
};

/** Recorded without details at the endpoint; they are added where there is anything to tell. */
const usageOf = ({usage, answer}: Facts): Json => {
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

const head = (facts: Facts, id: string, object: string): Json => ({
	id,
	object,
	created: facts.createdAt,
	model: facts.model.id,
	service_tier: 'default',
});

const idOf = (facts: Facts): string => `chatcmpl-${identifier(facts.random, 29)}`;

const finishReason = ({answer}: Facts, tool: Tool | undefined): string =>
	tool !== undefined && answer.stopReason !== 'length' ? 'tool_calls' : finishReasons[answer.stopReason];

const toolCall = ({random}: Facts, {name}: Tool, input: string): Json => ({
	id: `call_${identifier(random, 24)}`,
	type: 'function',
	function: {name, arguments: input},
});

const messageOf = (facts: Facts, tool: Tool | undefined): Json => {
	const text = facts.answer.tokens.join('');
	return tool === undefined
		? {role: 'assistant', content: text, refusal: null}
		: {role: 'assistant', content: null, refusal: null, tool_calls: [toolCall(facts, tool, text)]};
};

const wantsUsage = ({stream_options: options}: Json): boolean =>
	isJson(options) && options.include_usage === true;

const streamOf = (facts: Facts, body: Json): AnswerStream => {
	const id = idOf(facts);
	const hasUsage = wantsUsage(body);
	const tool = toolOf(body);
	const chunk = (choices: readonly Json[], usage: Json | null): string =>
		sse({...head(facts, id, 'chat.completion.chunk'), choices, ...(hasUsage ? {usage} : {})});
	const choice = (delta: Json, reason: string | null): string =>
		chunk([{index: 0, delta, finish_reason: reason, logprobs: null}], null);
	return {
		opening: () =>
			choice(
				tool === undefined
					? {role: 'assistant', content: ''}
					: {
							role: 'assistant',
							content: null,
							tool_calls: [{index: 0, ...toolCall(facts, tool, '')}],
						},
				null,
			),
		// The published types have no place for thoughts: they take their time and are counted.
		part({kind, tokens}) {
			if (kind === 'reasoning') {
				return '';
			}
			const text = tokens.join('');
			return choice(
				tool === undefined ? {content: text} : {tool_calls: [{index: 0, function: {arguments: text}}]},
				null,
			);
		},
		closing: (ended) =>
			choice({}, finishReason(ended, tool)) + (hasUsage ? chunk([], usageOf(ended)) : '') + sse('[DONE]'),
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
	whole(facts, body) {
		const tool = toolOf(body);
		return {
			...head(facts, idOf(facts), 'chat.completion'),
			choices: [
				{
					index: 0,
					message: messageOf(facts, tool),
					finish_reason: finishReason(facts, tool),
					logprobs: null,
				},
			],
			usage: usageOf(facts),
		};
	},
	stream: streamOf,
};
