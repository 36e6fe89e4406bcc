import {identifier, type Random, uuid} from '../answers/random.ts';
import type {Model} from '../catalog/model.ts';
import type {PartKind, ResponseContext, ToolUse} from '../families/family.ts';
import {isJson, type Json, type Prompt, type Segment, textSegment} from '../families/prompt.ts';
import {type Exchange, type Reply, ServiceError, sendJson, type ThrottleKind} from '../wire/exchange.ts';
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

/** The ID of a request: in Anthropic's form for Messages, in AWS's for all others. */
export function requestIdOf(random: Random, api: ApiName | undefined): string {
	return api === 'Messages' ? `req_${identifier(random, 52).toLowerCase()}` : uuid(random);
}

/** Headers that name a request. Anthropic's clients look for `request-id`. */
export function requestIdHeaders(requestId: string): Readonly<Record<string, string>> {
	return {
		'x-amzn-requestid': requestId,
		...(requestId.startsWith('req_') ? {'request-id': requestId} : {}),
	};
}

/** Errors of bedrock-mantle, in the dialect of the API that was called. */

type FailureKind =
	| 'invalid-request'
	| 'unauthenticated'
	| 'denied'
	| 'not-found'
	| 'throttled'
	| 'overloaded'
	| 'unavailable'
	| 'internal';

/** Thrown by handlers of the endpoint; the server of the request writes it. */
export class MantleError extends Error {
	readonly kind: FailureKind;
	readonly throttle: ThrottleKind | undefined;

	constructor(kind: FailureKind, message: string, throttle?: ThrottleKind) {
		super(message);
		this.name = 'MantleError';
		this.kind = kind;
		this.throttle = throttle;
	}
}

const failureKindOf = ({status, throttle}: ServiceError): FailureKind => {
	if (throttle === 'overloaded') {
		return 'overloaded';
	}
	switch (status) {
		case 400:
			return 'invalid-request';
		case 403:
			return 'denied';
		case 404:
			return 'not-found';
		case 429:
			return 'throttled';
		case 503:
			return 'unavailable';
		default:
			return 'internal';
	}
};

/** Any error as one of this endpoint. */
export function mantleErrorOf(error: unknown): MantleError {
	if (error instanceof MantleError) {
		return error;
	}
	return error instanceof ServiceError
		? new MantleError(failureKindOf(error), error.message, error.throttle)
		: new MantleError('internal', `Fault of the simulator: ${String(error)}`);
}

/** How an API writes errors. */
type ErrorDialect = {
	readonly statusOf: (kind: FailureKind) => number;
	/** The word that names the kind. */
	readonly typeOf: (kind: FailureKind) => string;
	readonly body: (error: MantleError, requestId: string) => Json;
};

type OpenAiWords = readonly [status: number, code: string, type: string];

/**
 * Codes of 400, 401, 404 and 429 as public clients recorded them at the endpoint, where a caller without permission
 * gets 401 and not 403. Those of 500 and 503 have no primary source.
 */
const openAiWords: Readonly<Record<FailureKind, OpenAiWords>> = {
	'invalid-request': [400, 'validation_error', 'invalid_request_error'],
	unauthenticated: [401, 'invalid_api_key', 'permission_denied_error'],
	denied: [401, 'access_denied', 'permission_denied_error'],
	'not-found': [404, 'not_found_error', 'invalid_request_error'],
	throttled: [429, 'rate_limit_exceeded', 'rate_limit_error'],
	overloaded: [503, 'service_unavailable', 'server_error'],
	unavailable: [503, 'service_unavailable', 'server_error'],
	internal: [500, 'internal_server_error', 'server_error'],
};

/** Chat Completions, Responses and the list of models. */
export const openAiErrors: ErrorDialect = {
	statusOf: (kind) => openAiWords[kind][0],
	typeOf: (kind) => openAiWords[kind][1],
	body({kind, message}) {
		const [, code, type] = openAiWords[kind];
		return {error: {code, message, param: null, type}};
	},
};

/** Types as Anthropic publishes them; 403 recorded at the endpoint, 529 from AWS's page on error responses. */
const anthropicWords: Readonly<Record<FailureKind, readonly [status: number, type: string]>> = {
	'invalid-request': [400, 'invalid_request_error'],
	unauthenticated: [401, 'authentication_error'],
	denied: [403, 'permission_error'],
	'not-found': [404, 'not_found_error'],
	throttled: [429, 'rate_limit_error'],
	overloaded: [529, 'overloaded_error'],
	unavailable: [503, 'api_error'],
	internal: [500, 'api_error'],
};

/** The Messages API. */
export const anthropicErrors: ErrorDialect = {
	statusOf: (kind) => anthropicWords[kind][0],
	typeOf: (kind) => anthropicWords[kind][1],
	body: ({kind, message}, requestId) => ({
		type: 'error',
		request_id: requestId,
		error: {type: anthropicWords[kind][1], message},
	}),
};

/** Sends a refusal in the words of an API. */
export function sendMantleError(
	reply: Reply,
	errors: ErrorDialect,
	error: MantleError,
	requestId: string,
): void {
	sendJson(reply, errors.statusOf(error.kind), errors.body(error, requestId), requestIdHeaders(requestId));
}

/** Serves a request; any error is answered in the words of its API, never in those of other services. */
export async function orRefuse(
	{reply}: Exchange,
	errors: ErrorDialect,
	serve: () => Promise<void>,
): Promise<void> {
	try {
		await serve();
	} catch (error) {
		const requestId = requestIdOf(Math.random, errors === anthropicErrors ? 'Messages' : undefined);
		sendMantleError(reply, errors, mantleErrorOf(error), requestId);
	}
}
