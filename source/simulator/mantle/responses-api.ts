import {identifier} from '../answers/random.ts';
import {chatParts} from '../families/chat-messages.ts';
import type {Facts} from '../families/family.ts';
import {isJson, type Json, type Prompt} from '../families/prompt.ts';
import type {ToolWish} from '../families/tool.ts';
import {functionTools} from '../families/tools.ts';
import type {MantleApi} from './mantle-api.ts';
import {MantleError, openAiErrors} from './mantle-error.ts';
import {isReasoning, maximumTokensOf, schemaOf, toolSegments} from './openai-request.ts';
import {createItemWriter, endStatus, type ItemWriter, outputOf, usageOf} from './response-output.ts';
import {responseStream} from './response-stream.ts';
import {conversationOf, type StoredResponses} from './stored-responses.ts';

/** OpenAI's Responses: bodies as OpenAI's client types them. */

const textTypes = new Set(['input_text', 'output_text', 'text']);

/** A part of a message in the words of Chat Completions. */
const partOf = (part: unknown): unknown =>
	isJson(part) && textTypes.has(String(part.type)) ? {type: 'text', text: part.text} : part;

/** An item of the input as a message; calls of tools, their outputs and thoughts are read as what they are written as. */
const messageOf = (item: unknown): Json => {
	if (isJson(item) && (item.type === undefined || item.type === 'message')) {
		return {
			role: item.role,
			content: Array.isArray(item.content) ? item.content.map(partOf) : item.content,
		};
	}
	return {role: 'tool', content: JSON.stringify(item)};
};

const messagesOf = ({input, instructions}: Json): readonly Json[] => {
	if (input === undefined || input === null || (Array.isArray(input) && input.length === 0)) {
		throw new MantleError('invalid-request', "Missing required parameter: 'input'.");
	}
	if (typeof input !== 'string' && !Array.isArray(input)) {
		throw new MantleError(
			'invalid-request',
			`input: ${JSON.stringify(input)} is neither a text nor a list of items.`,
		);
	}
	return [
		...(typeof instructions === 'string' ? [{role: 'system', content: instructions}] : []),
		...(typeof input === 'string' ? [{role: 'user', content: input}] : input.map(messageOf)),
	];
};

/** Tools, in the words of Chat Completions: there they and the choice of one stand one level deeper. */
const toolsOf = ({tools, tool_choice: choice, input}: Json): ToolWish | undefined => {
	const last: unknown = Array.isArray(input) ? input.at(-1) : undefined;
	const hasResult = isJson(last) && last.type === 'function_call_output';
	return functionTools({
		tools: (Array.isArray(tools) ? tools : []).flatMap((tool) =>
			isJson(tool) && tool.type === 'function' ? [{function: tool}] : [],
		),
		tool_choice: isJson(choice) && choice.type === 'function' ? {function: choice} : choice,
		messages: hasResult ? [{role: 'tool'}] : [],
	});
};

const promptOf = (body: Json, maximumTokens: number): Prompt => {
	const {segments, ...parts} = chatParts(messagesOf(body));
	const format = isJson(body.text) ? body.text.format : undefined;
	return {
		...parts,
		segments: [...toolSegments(body), ...segments],
		maximumTokens,
		stopSequences: [],
		jsonSchema: schemaOf(format),
		tools: toolsOf(body),
	};
};

const checkState = (body: Json): void => {
	if (body.background === true) {
		throw new MantleError('invalid-request', 'background: the simulator answers while the client waits.');
	}
};

/** Settings that an answer repeats, with what they are where the request leaves them out. */
const settingsOf = (body: Json): Json => ({
	background: false,
	instructions: body.instructions ?? null,
	max_output_tokens: body.max_output_tokens ?? null,
	metadata: body.metadata ?? {},
	parallel_tool_calls: body.parallel_tool_calls ?? true,
	previous_response_id: body.previous_response_id ?? null,
	reasoning: body.reasoning ?? {effort: null, summary: null},
	service_tier: 'default',
	store: body.store ?? true,
	temperature: body.temperature ?? 1,
	text: body.text ?? {format: {type: 'text'}},
	tool_choice: body.tool_choice ?? 'auto',
	tools: body.tools ?? [],
	top_p: body.top_p ?? 1,
	truncation: body.truncation ?? 'disabled',
});

const openingOf = (facts: Facts, body: Json): Json => ({
	id: `resp_${identifier(facts.random, 48)}`,
	object: 'response',
	created_at: facts.createdAt,
	status: 'in_progress',
	error: null,
	incomplete_details: null,
	model: facts.model.id,
	output: [],
	usage: null,
	...settingsOf(body),
});

/** What changes of a response from its beginning to its end. */
const endOf = (facts: Facts, writer: ItemWriter): Json => {
	const status = endStatus(facts);
	return {
		status,
		incomplete_details: status === 'incomplete' ? {reason: 'max_output_tokens'} : null,
		output: outputOf(facts, writer),
		usage: usageOf(facts),
	};
};

/** Below the surface of a model. */
export const responsesPath = '/responses';

/** @param stored Where responses are kept, and found again by the ID of the one before. */
export const createResponsesApi = (stored: StoredResponses): MantleApi => {
	const kept = (body: Json, response: Json): Json => {
		if (body.store !== false) {
			const output = Array.isArray(response.output) ? response.output : [];
			stored.keep({response, conversation: [...conversationOf(body, stored), ...output]});
		}
		return response;
	};
	return {
		name: 'Responses',
		path: responsesPath,
		errors: openAiErrors,
		parse(body, {model}) {
			checkState(body);
			const isGoingOn = typeof body.previous_response_id === 'string';
			const whole = isGoingOn ? {...body, input: conversationOf(body, stored)} : body;
			return {
				prompt: promptOf(whole, maximumTokensOf(body, ['max_output_tokens'], model)),
				isReasoning: isReasoning(model, isJson(body.reasoning) ? body.reasoning.effort : undefined),
			};
		},
		whole: (facts, body, {hidesReasoning}) =>
			kept(body, {
				...openingOf(facts, body),
				...endOf(facts, createItemWriter(facts.random, facts.answer.toolUse, hidesReasoning)),
			}),
		stream(facts, body, {hidesReasoning}) {
			const {toolUse} = facts.answer;
			const writer = createItemWriter(facts.random, toolUse, hidesReasoning);
			const opening = openingOf(facts, body);
			return responseStream({
				writer,
				toolUse,
				opening,
				endOf(ended) {
					const end = endOf(ended, writer);
					kept(body, {...opening, ...end});
					return end;
				},
			});
		},
	};
};
