import {at, isObject, stringOf, wordOf} from './json.ts';
import {headersOf, type ResponseHeaders} from './methods/response-headers.ts';
import {StreamFault} from './methods/stream-reader.ts';

/** What can be told of an error, from wherever it was thrown. */
export type ErrorFacts = {
	/** Name of the exception as the service models it; empty where it has none. */
	readonly name: string;
	readonly message: string;
	/** HTTP status of the answer; undefined where there was none, or where it says nothing (within a stream). */
	readonly status: number | undefined;
	/** Code of the operating system, of TLS or of the HTTP parser, such as `ECONNREFUSED`. */
	readonly code: string | undefined;
	readonly headers: ResponseHeaders;
	/** Thrown after the service had answered 200 and the stream had begun. */
	readonly isWithinStream: boolean;
};

/** Names that say nothing about what happened. */
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

/** The SDK adds this to errors that it meets while it reads an answer. */
const readingHint = /\s*Deserialization error: to see the raw response[\s\S]*$/;

/** Stream exceptions are named `throttlingException` on the wire and `ThrottlingException` by the SDK. */
const properName = (name: string): string => {
	const plain = name.replace(/^.*#/, '').replace(/:.*$/, '');
	return namelessErrors.has(plain) ? '' : plain.charAt(0).toUpperCase() + plain.slice(1);
};

const firstCode = (error: unknown): string | undefined =>
	wordOf(at(error, 'code')) ??
	wordOf(at(at(error, 'errors'), 0, 'code')) ??
	wordOf(at(at(error, 'cause'), 'code'));

const messageOf = (error: unknown): string => {
	const message = error instanceof Error ? error.message : stringOf(at(error, 'message'));
	const nested = at(error, 'Message');
	return (message || stringOf(nested) || '').replace(readingHint, '');
};

/** Reads an error of the SDK, of a stream, of Node or of anything else that was thrown. */
export const factsOf = (error: unknown): ErrorFacts => {
	const isFault = error instanceof StreamFault;
	const inner: unknown = isFault ? (error.cause ?? error) : error;
	const response: unknown =
		isObject(inner) || inner instanceof Error ? (inner as {$response?: unknown}).$response : undefined;
	const metadata = (inner as {$metadata?: {httpStatusCode?: number}} | undefined)?.$metadata;
	const told = (response as {statusCode?: unknown} | undefined)?.statusCode ?? metadata?.httpStatusCode;
	const status = typeof told === 'number' ? told : undefined;
	return {
		name:
			inner instanceof Error || isObject(inner)
				? properName(String((inner as {name?: unknown}).name ?? ''))
				: '',
		message: messageOf(inner) || (typeof inner === 'string' ? inner : ''),
		status: isFault ? undefined : status,
		code: firstCode(inner),
		headers: headersOf(response),
		isWithinStream: isFault,
	};
};

/**
 * How long the service asks to wait, in milliseconds: `x-amz-retry-after` (ms), else `Retry-After` (seconds, or a date
 * that is read against the answer's own `Date` where it has one).
 */
export const retryAfterOf = (headers: ResponseHeaders, now: () => number): number | undefined => {
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
};
