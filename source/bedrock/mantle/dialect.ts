import {type InferenceRequest, isMantleMethod, type MantleApi, type Method} from '../../domain/backend.ts';
import type {Target} from '../../domain/target.ts';
import {chatBody, chatReading} from '../families/chat-completions.ts';
import {claude} from '../families/claude.ts';
import type {Reading} from '../families/family.ts';
import type {JsonObject} from '../json.ts';
import {at, stringOf, wordOf} from '../json.ts';

/** A server-sent event: its name where it has one, and its data. */
export type MantleEvent = {
	readonly name: string | undefined;
	/** Parsed; text that is not JSON as it came. */
	readonly data: unknown;
};

/** What one event of a stream says. */
export type EventReading = Reading & {
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
export function surfaceOf(model: string): '/v1' | '/openai/v1' {
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
