import {type InferenceRequest, isMantleMethod, type MantleApi, type Method} from '../../domain/backend.ts';
import type {Target} from '../../domain/target.ts';
import {chatBody, chatReading} from '../families/chat-completions.ts';
import {claude} from '../families/claude.ts';
import {type Reading, renamed} from '../families/family.ts';
import {at, isObject, type JsonObject, joined, listOf, stringOf, wordOf} from '../json.ts';
import {countsIn} from '../usage.ts';

/** A server-sent event: its name where it has one, and its data. */
export type MantleEvent = {
	readonly name: string | undefined;
	/** Parsed; text that is not JSON as it came. */
	readonly data: unknown;
};

/** What one event of a stream says. */
type EventReading = Reading & {
	/** The answer is complete with it. */
	readonly isLast?: boolean | undefined;
};

/**
 * One API of bedrock-mantle: how a request is asked and how its answers are read. Sources: the types that the vendors'
 * clients publish (`@anthropic-ai/sdk`, `openai`).
 */
export type Dialect = {
	/** Where a model is asked by it, below the host. */
	readonly path: (model: string) => string;
	/** Headers beside those of every request. */
	readonly headers: Readonly<Record<string, string>>;
	readonly build: (request: InferenceRequest, isStream: boolean) => JsonObject;
	/** Undefined: not a body of this API. */
	readonly readBody: (body: unknown) => Reading | undefined;
	/** Undefined: an event that is not known; it is skipped, as the vendors' clients do. */
	readonly readEvent: (event: MantleEvent) => EventReading | undefined;
};

/** The API that a model of the endpoint speaks: Claude Messages, GPT Responses only, the others Chat Completions. */
const apiOf = (model: string): MantleApi =>
	/(?:^|\.)anthropic\./.test(model)
		? 'messages'
		: /^openai\.gpt-\d/.test(model)
			? 'responses'
			: 'chat-completions';

/**
 * How a target is called in a run with a method: one of bedrock-mantle by the API of its model where the method is one of
 * bedrock-runtime, streamed or whole like that.
 */
export function methodFor({model, scope}: Pick<Target, 'model' | 'scope'>, method: Method): Method {
	if (scope !== 'mantle' || isMantleMethod(method)) {
		return method;
	}
	const api = apiOf(model);
	return method.endsWith('-stream') ? `${api}-stream` : api;
}

/**
 * Models whose OpenAI-style APIs are below `/openai/v1`, where others are below `/v1`: as public clients found them at the
 * endpoint, AWS says only that it depends on the model.
 */
const belowOpenAi = /^(?:openai\.gpt-\d|google\.gemma-4)/;

/** The path before that of an OpenAI-style API. */
function surfaceOf(model: string): '/v1' | '/openai/v1' {
	return belowOpenAi.test(model) ? '/openai/v1' : '/v1';
}

/** Version of the API, as Anthropic's clients send it. */
const messagesVersion = '2023-06-01';

/** Anthropic Messages: the body of InvokeModel, with the model in it and the version in a header. */
export const messages: Dialect = {
	path: () => '/anthropic/v1/messages',
	headers: {'anthropic-version': messagesVersion},
	build(request, isStream) {
		const {anthropic_version: _, ...body} = claude.build(request, isStream);
		return {
			model: request.model,
			...body,
			...(request.tier === undefined ? {} : {service_tier: request.tier}),
			...(isStream ? {stream: true} : {}),
		};
	},
	readBody: claude.readBody,
	readEvent({data}) {
		const reading = claude.readChunk(data);
		return reading === undefined ? undefined : {...reading, isLast: at(data, 'type') === 'message_stop'};
	},
};

/** OpenAI's models name their limit otherwise than those that only speak like them. */
const isOpenAi = /^openai\./;

/** OpenAI Chat Completions. A stream is asked for its counts, which come in a chunk without an answer. */
export const chatCompletions: Dialect = {
	path: (model) => `${surfaceOf(model)}/chat/completions`,
	headers: {},
	build: (request, isStream) => ({
		model: request.model,
		...chatBody(request, isOpenAi.test(request.model) ? 'max_completion_tokens' : 'max_tokens'),
		...(request.tier === undefined ? {} : {service_tier: request.tier}),
		...(isStream ? {stream: true, stream_options: {include_usage: true}} : {}),
	}),
	readBody: chatReading.readBody,
	readEvent({data}) {
		// The only data that is not JSON.
		if (data === '[DONE]') {
			return {isLast: true};
		}
		const error = at(data, 'error');
		if (error !== undefined && error !== null) {
			return {
				fault: {
					name: wordOf(at(error, 'code')) ?? wordOf(at(error, 'type')) ?? 'error',
					message: stringOf(at(error, 'message')) ?? 'The model ended the stream with an error.',
				},
			};
		}
		return chatReading.readChunk(data);
	},
};

/** Texts of all parts of a kind in the items of a response. */
const partsOf = (
	output: unknown,
	item: string,
	field: 'content' | 'summary',
	part: string,
): string | undefined =>
	joined(
		listOf(output)
			.filter((each) => at(each, 'type') === item)
			.flatMap((each) => listOf(at(each, field)))
			.filter((each) => at(each, 'type') === part)
			.map((each) => stringOf(at(each, 'text'))),
	);

/** A response that ended says how: a status, and what it lacks. */
const stopReasonOf = (response: unknown): string | undefined => {
	const calls = listOf(at(response, 'output')).some((item) => /_call$/.test(String(at(item, 'type'))));
	return (
		wordOf(at(response, 'incomplete_details', 'reason')) ??
		(calls ? 'tool_calls' : wordOf(at(response, 'status')))
	);
};

const faultOf = (error: unknown): NonNullable<Reading['fault']> => ({
	name: wordOf(at(error, 'code')) ?? wordOf(at(error, 'type')) ?? 'error',
	message: stringOf(at(error, 'message')) ?? 'The model ended the answer with an error.',
});

const isRefused = (response: unknown): boolean =>
	listOf(at(response, 'output')).some((item) =>
		listOf(at(item, 'content')).some((part) => at(part, 'type') === 'refusal'),
	);

const readResponse = (response: unknown): Reading | undefined => {
	if (!isObject(response) || !Array.isArray(at(response, 'output'))) {
		return undefined;
	}
	if (at(response, 'status') === 'failed') {
		return {fault: faultOf(at(response, 'error'))};
	}
	const output = at(response, 'output');
	const usage = at(response, 'usage');
	return {
		text: partsOf(output, 'message', 'content', 'output_text'),
		reasoning:
			partsOf(output, 'reasoning', 'content', 'reasoning_text') ??
			partsOf(output, 'reasoning', 'summary', 'summary_text'),
		stopReason: stopReasonOf(response),
		counts: isObject(usage) ? countsIn(usage) : undefined,
		isRefused: isRefused(response),
	};
};

/** The end of a stream repeats the whole answer, whose text has been read. */
const readEnd = (response: unknown): EventReading => {
	const {text: _, reasoning: __, ...end} = readResponse(response) ?? {};
	return {...end, isLast: true};
};

/**
 * Events of the published types that say nothing that counts here: what they frame comes in deltas and at the end, and this
 * program calls no tools and asks for no sound.
 */
export const ignoredEvents: ReadonlySet<string> = new Set([
	'response.created',
	'response.queued',
	'response.in_progress',
	'response.output_item.added',
	'response.output_item.done',
	'response.content_part.added',
	'response.content_part.done',
	'response.output_text.done',
	'response.output_text.annotation.added',
	'response.refusal.done',
	'response.reasoning_text.done',
	'response.reasoning_summary_text.done',
	'response.reasoning_summary_part.added',
	'response.reasoning_summary_part.done',
	'response.function_call_arguments.delta',
	'response.function_call_arguments.done',
	'response.custom_tool_call_input.delta',
	'response.custom_tool_call_input.done',
	...['audio', 'audio.transcript'].flatMap((what) => [`response.${what}.delta`, `response.${what}.done`]),
	...['code.delta', 'code.done'].map((what) => `response.code_interpreter_call_${what}`),
	...['in_progress', 'interpreting', 'completed'].map((what) => `response.code_interpreter_call.${what}`),
	...['in_progress', 'searching', 'completed'].flatMap((what) => [
		`response.file_search_call.${what}`,
		`response.web_search_call.${what}`,
	]),
	...['in_progress', 'generating', 'partial_image', 'completed'].map(
		(what) => `response.image_generation_call.${what}`,
	),
	...['in_progress', 'completed', 'failed'].flatMap((what) => [
		`response.mcp_call.${what}`,
		`response.mcp_list_tools.${what}`,
	]),
	...['delta', 'done'].map((what) => `response.mcp_call_arguments.${what}`),
]);

/** OpenAI Responses. Nothing is kept at the service; stop sequences are not part of this API. */
export const responses: Dialect = {
	path: (model) => `${surfaceOf(model)}/responses`,
	headers: {},
	build(request, isStream) {
		return {
			model: request.model,
			...(request.system ? {instructions: request.system} : {}),
			input: request.messages.map(({role, text}) => ({role, content: text})),
			max_output_tokens: request.maxTokens,
			store: false,
			...renamed(request.parameters, {topP: 'top_p', topK: 'top_k'}),
			...(request.tier === undefined ? {} : {service_tier: request.tier}),
			...(isStream ? {stream: true} : {}),
		};
	},
	readBody: readResponse,
	readEvent({data}) {
		switch (at(data, 'type')) {
			case 'response.output_text.delta':
				return {text: stringOf(at(data, 'delta'))};
			case 'response.refusal.delta':
				return {isRefused: true};
			case 'response.reasoning_text.delta':
			case 'response.reasoning_summary_text.delta':
				return {reasoning: stringOf(at(data, 'delta'))};
			case 'response.completed':
			case 'response.incomplete':
				return readEnd(at(data, 'response'));
			case 'response.failed':
				return {fault: faultOf(at(data, 'response', 'error'))};
			case 'error':
				// Published flat; seen nested in other dialects.
				return {fault: faultOf(at(data, 'error') ?? data)};
			default:
				return ignoredEvents.has(String(at(data, 'type'))) ? {} : undefined;
		}
	},
};
