import {at, isObject, parseJson, stringOf, wordOf} from '../json.ts';
import {headersOf, type ResponseHeaders} from '../methods/response-headers.ts';
import {StreamFault} from '../methods/stream-reader.ts';

/**
 * The error in a body that does not have AWS's own form: a page of a proxy or a load balancer, XML, plain text, or
 * the JSON of another provider behind a gateway.
 */
type ErrorBody = {
	/** Name of the exception or of the kind of error. */
	readonly name?: string | undefined;
	readonly message?: string | undefined;
	/** A page written for people: something else answered instead of the service. */
	readonly isPage: boolean;
};

const emptyBody: ErrorBody = {isPage: false};

/** Longest quote of a page or a text, in characters. */
const maxQuoted = 120;

const clipped = (text: string): string => {
	const line = text.replace(/\s+/g, ' ').trim();
	return line.length > maxQuoted ? `${line.slice(0, maxQuoted)}…` : line;
};

const elementText = (text: string, name: string): string | undefined =>
	new RegExp(`<${name}>([^<]*)</${name}>`, 'i').exec(text)?.[1]?.trim() || undefined;

const bodyOfMarkup = (text: string, status: number | undefined): ErrorBody => {
	if (/<(?:!doctype html|html|head|body)\b/i.test(text)) {
		const title = elementText(text, 'title') ?? elementText(text, 'h1');
		return {
			isPage: true,
			message: `A page came instead of an answer${title === undefined ? '' : `: "${clipped(title)}"`}${status === undefined ? '' : ` (HTTP ${status})`}.`,
		};
	}
	return {
		name: elementText(text, 'Code') ?? /^(?:<\?[^>]*>\s*)?<(\w+Exception)\b/.exec(text.trim())?.[1],
		message: elementText(text, 'Message'),
		isPage: false,
	};
};

/** Error objects of JSON: of AWS's oldest services, of OpenAI, Anthropic and the gateways that speak like them. */
const bodyOfJson = (value: unknown): ErrorBody => {
	const error = at(value, 'error');
	return {
		name:
			wordOf(at(value, 'Output', '__type')) ??
			wordOf(at(value, '__type')) ??
			wordOf(at(value, 'code')) ??
			// OpenAI's code says more than its type: a denial is `access_denied` of type `permission_denied_error`.
			wordOf(at(error, 'code')) ??
			wordOf(at(error, 'type')),
		message:
			wordOf(at(error, 'message')) ??
			wordOf(error) ??
			wordOf(at(value, 'message')) ??
			wordOf(at(value, 'Message')) ??
			wordOf(at(value, 'errorMessage')) ??
			wordOf(at(value, 'detail')),
		isPage: false,
	};
};

/** @param status From 400 on the body is an error: plain text then says why. Undefined within a stream. */
const bodyOfText = (
	text: string,
	status: number | undefined,
	isRefusal = (status ?? 0) >= 400,
): ErrorBody => {
	const start = text.trimStart();
	if (start === '') {
		return emptyBody;
	}
	if (start.startsWith('<')) {
		return bodyOfMarkup(start, status);
	}
	const value = parseJson(start);
	if (isObject(value)) {
		return bodyOfJson(value);
	}
	// JSON that breaks off may be part of an answer rather than an error message.
	return isRefusal && !/^[{[]/.test(start) ? {message: clipped(start), isPage: false} : emptyBody;
};

/**
 * Reads an error of the SDK: it puts the fields of a JSON body onto the error; the text of any other is kept with the
 * response.
 */
function errorBodyOf(error: unknown, response: unknown): ErrorBody {
	const body = at(response, 'bodyText');
	if (typeof body === 'string') {
		const status = at(response, 'statusCode');
		return bodyOfText(body, typeof status === 'number' ? status : undefined);
	}
	const message = error instanceof Error ? error.message : stringOf(at(error, 'message'));
	// Exceptions within a stream that the SDK's model does not name come with their payload as text.
	return message?.startsWith('{') ? bodyOfText(message, undefined, true) : bodyOfJson(ownFields(error));
}

/** The fields that the SDK added, without `message` and `name`, which it sets itself. */
const ownFields = (error: unknown): unknown => {
	if (!(error instanceof Error) && !isObject(error)) {
		return undefined;
	}
	const {error: nested, Output, Message, detail, errorMessage} = error as Record<string, unknown>;
	return {error: nested, Output, Message, detail, errorMessage};
};

/** What an error shows, wherever it was thrown. */
export type ErrorFacts = {
	/** Name of the exception as the service models it; empty where it has none. */
	readonly name: string;
	readonly message: string;
	/** HTTP status of the answer; undefined where there was none, or where it does not apply (within a stream). */
	readonly status: number | undefined;
	/** Code of the operating system, of TLS or of the HTTP parser, such as `ECONNREFUSED`. */
	readonly code: string | undefined;
	/** Host that was called, where the error names it: not always the runtime. */
	readonly host?: string | undefined;
	readonly headers: ResponseHeaders;
	/** Thrown after the service had answered 200 and the stream had begun. */
	readonly isWithinStream: boolean;
	/** A proxy, a load balancer or a portal answered with a page for people. */
	readonly isPage: boolean;
};

/** The call that failed; makes the way out exact. */
export type FailureContext = {
	/** As called; undefined for calls that name no model. */
	readonly model?: string | undefined;
	readonly baseModel?: string | undefined;
	/** IAM action that the call needs, such as `bedrock:InvokeModel`. */
	readonly action?: string | undefined;
	readonly region?: string | undefined;
	/** URL of an endpoint that is not AWS's. */
	readonly endpoint?: string | null | undefined;
	/** How the model is called, such as `converse`. */
	readonly method?: string | undefined;
	/** The call is another program's, which alone decides what comes next: it passed a tap. */
	readonly isPassedOn?: boolean | undefined;
	/** A Bedrock API key is set and was sent. */
	readonly hasToken?: boolean | undefined;
	/** IDs of the inference profiles that the Region lists for the base model; undefined where they are not known. */
	readonly profiles?: readonly string[] | undefined;
};

/** Names without information. */
const namelessErrors = new Set([
	'Error',
	'Unknown',
	'UnknownError',
	'TypeError',
	'SyntaxError',
	'RangeError',
	'AggregateError',
	'',
]);

/** Message of the SDK for an empty answer, and its suffix for one it could not read. */
const emptyMessage = /^Unknown(?:Error)?$/;
const readingHint = /\s*Deserialization error: to see the raw response[\s\S]*$/;
/** Suffix of Node for certificate errors: it names a flag of Node, which this program does not have. */
const nodeHint = /; if the root CA is installed locally, try running Node\.js with [\s\S]*$/;

/** Stream exceptions are named `throttlingException` on the wire and `ThrottlingException` by the SDK. */
const properName = (name: string): string => {
	const plain = name.replace(/^.*#/, '').replace(/:.*$/, '');
	return namelessErrors.has(plain) ? '' : plain.charAt(0).toUpperCase() + plain.slice(1);
};

/** Codes of broken connections, which the SDK calls timeouts. */
const brokenOff = new Set(['ECONNRESET', 'EPIPE']);

/** Reads an error of the SDK, of a stream, of Node or of anything else that was thrown. */
export function factsOf(error: unknown): ErrorFacts {
	const isFault = error instanceof StreamFault;
	const inner: unknown = isFault ? (error.cause ?? error) : error;
	const isReadable = isObject(inner) || inner instanceof Error;
	const response: unknown = isReadable ? (inner as {$response?: unknown}).$response : undefined;
	const metadata = (inner as {$metadata?: {httpStatusCode?: number}} | undefined)?.$metadata;
	const answered =
		(response as {statusCode?: unknown} | undefined)?.statusCode ??
		metadata?.httpStatusCode ??
		// Of the clients of Anthropic and OpenAI.
		at(inner, 'status');
	const status = typeof answered === 'number' ? answered : undefined;
	const body = errorBodyOf(inner, response);
	const code = firstCode(inner);
	const given = isReadable ? properName(String((inner as {name?: unknown}).name ?? '')) : '';
	const own = given === 'TimeoutError' && brokenOff.has(code ?? '') ? '' : given;
	return {
		name: own || properName(body.name ?? ''),
		message: messageOf(inner, body, status !== undefined) || (typeof inner === 'string' ? inner : ''),
		status: isFault ? undefined : status,
		code,
		host: hostOf(inner),
		headers: headersOf(response),
		isWithinStream: isFault,
		isPage: body.isPage,
	};
}

const firstCode = (error: unknown): string | undefined => {
	const own = wordOf(at(error, 'code'));
	const ofCause = wordOf(at(at(error, 'cause'), 'code'));
	// A stream of HTTP/2 whose connection never came about.
	const isPending = own === 'ERR_HTTP2_STREAM_CANCEL' && ofCause !== undefined;
	return (isPending ? undefined : own) ?? wordOf(at(at(error, 'errors'), 0, 'code')) ?? ofCause;
};

const messageOf = (error: unknown, body: ErrorBody, isAnswered: boolean): string => {
	const own = error instanceof Error ? error.message : stringOf(at(error, 'message'));
	const message = (own ?? '').replace(readingHint, '').replace(nodeHint, '');
	if (body.isPage || wordOf(at(error, 'name')) === 'UnreadableAnswer') {
		return body.message ?? message;
	}
	const saysNothing =
		error instanceof SyntaxError ||
		// An answer that is null, or otherwise not what the SDK can parse.
		(isAnswered && error instanceof TypeError) ||
		message.startsWith('{') ||
		emptyMessage.test(message);
	return saysNothing || message === '' ? (body.message ?? '') : message;
};

const hostOf = (error: unknown): string | undefined =>
	wordOf(at(error, 'host')) ??
	wordOf(at(error, 'hostname')) ??
	wordOf(at(at(error, 'errors'), 0, 'hostname')) ??
	wordOf(at(at(error, 'cause'), 'host'));

/**
 * How long the service asks to wait, in milliseconds: `x-amz-retry-after` (ms), else `Retry-After` (seconds, or a
 * date relative to the answer's own `Date` where it has one).
 */
export function retryAfterOf(headers: ResponseHeaders, now: () => number): number | undefined {
	const exact = headers['x-amz-retry-after']?.trim();
	if (exact !== undefined && /^\d{1,9}$/.test(exact)) {
		return Number(exact);
	}
	const value = headers['retry-after']?.trim();
	if (value === undefined || value === '') {
		return undefined;
	}
	if (/^\d{1,6}(?:\.\d+)?$/.test(value)) {
		return Math.round(Number(value) * 1000);
	}
	const until = /[a-z]/i.test(value) ? Date.parse(value) : Number.NaN;
	const answeredAt = Date.parse(headers.date ?? '');
	const from = Number.isNaN(answeredAt) ? now() : answeredAt;
	return Number.isNaN(until) ? undefined : Math.max(0, until - from);
}
