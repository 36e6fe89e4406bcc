import {type InferenceRequest, isMantleMethod, type MantleApi, type Method} from '../../domain/backend.ts';
import type {Target} from '../../domain/target.ts';
import type {Reading} from '../families/family.ts';
import type {JsonObject} from '../json.ts';

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
