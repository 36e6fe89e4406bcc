import type {Model} from '../catalog/model.ts';
import type {PartKind, ResponseContext, ToolUse} from '../families/family.ts';
import {isJson, type Json, type Prompt, type Segment, textSegment} from '../families/prompt.ts';
import {type ErrorDialect, MantleError} from './mantle-error.ts';
import type {ApiName, MantleModel} from './mantle-models.ts';

/**
 * The common parts of the three APIs of bedrock-mantle, so that one path serves them all. Chat Completions and
 * Responses ignore keys that they do not know.
 */

/** A parsed request. */
type MantleRequest = {
	readonly prompt: Prompt;
	/** Whether the model has to reason first. */
	readonly isReasoning: boolean;
};

/** Writes the events of one streamed answer. It is stateful: give each part once, in order. */
export type AnswerStream = {
	readonly opening: () => string;
	readonly part: (kind: PartKind, text: string) => string;
	/** @param facts The answer as far as it got: an output quota may have cut it. */
	readonly closing: (facts: ResponseContext) => string;
	/** The event of an error in the middle; the stream ends with it. */
	readonly failure: (error: MantleError, requestId: string) => string;
};

export type MantleApi = {
	readonly name: ApiName;
	/** Below the surface of the model; refusals name it below `/v1`. */
	readonly path: string;
	readonly errors: ErrorDialect;
	/** Checks a body as the service does and reads it; throws an error of the service. */
	readonly parse: (body: Json, target: MantleModel) => MantleRequest;
	readonly whole: (facts: ResponseContext, body: Json, target: MantleModel) => Json;
	readonly stream: (facts: ResponseContext, body: Json, target: MantleModel) => AnswerStream;
};

/** A server-sent event; without a name, as OpenAI's chat completions are. */
export function sse(data: unknown, event?: string): string {
	return `${event === undefined ? '' : `event: ${event}\n`}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
}

/** Max tokens of an answer: the first of the keys that is given, else the model's longest answer. */
export function maximumTokensOf(body: Json, keys: readonly string[], model: Model): number {
	const key = keys.find((name) => body[name] !== undefined && body[name] !== null);
	if (key === undefined) {
		return model.maximumOutputTokens;
	}
	const value = body[key];
	if (typeof value !== 'number' || !Number.isInteger(value) || value < 1) {
		throw new MantleError('invalid-request', `${key}: ${JSON.stringify(value)} is not a positive integer.`);
	}
	if (value > model.maximumOutputTokens) {
		throw new MantleError(
			'invalid-request',
			`${key} is too large: ${value}. This model supports at most ${model.maximumOutputTokens} completion tokens.`,
		);
	}
	return value;
}

/** The JSON schema of a format, which the two APIs nest differently. */
export function schemaOf(format: unknown): Json | undefined {
	return isJson(format) && format.type === 'json_schema' && isJson(format.schema) ? format.schema : undefined;
}

/** Whether a reasoning model has to reason. */
export function isReasoning(model: Model, effort: unknown): boolean {
	return model.traits.has('reasons') && effort !== 'none';
}

/** Segments for the definitions of tools. */
export function toolSegments({tools}: Json): readonly Segment[] {
	return Array.isArray(tools) ? tools.map((tool) => textSegment(JSON.stringify(tool))) : [];
}

/** The input of a tool as text, complete or not. */
export function toolInputText({tokens}: ToolUse): string {
	return tokens.join('');
}
