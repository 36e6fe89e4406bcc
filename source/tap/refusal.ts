import type {Dimension} from '../domain/bucket-usage.ts';
import {formatCount, formatUsd} from '../text/numbers.ts';
import type {Headers, Incoming} from './listener.ts';

/** An answer of the tap itself, in the form of the service's own errors, so that every client understands it. */
export type TapRefusal = {
	readonly status: number;
	/** Name of the service's exception that clients know how to treat. */
	readonly error: string;
	readonly message: string;
	/** Value of `x-bedrock-top`: nobody takes the answer for the service's. */
	readonly reason: string;
	/** Whole seconds after which the call will likely get through; absent: no such header. */
	readonly retryAfterSeconds?: number;
};

/** Why a request is refused, by what is wrong with it. */
export const refusals = {
	noSecret: {
		status: 403,
		error: 'AccessDeniedException',
		message:
			'This is a bedrock-top tap. The path of the endpoint lacks its secret, or has another one: use the export lines that the tap has printed.',
		reason: 'wrong-secret',
	},
	fromPage: {
		status: 403,
		error: 'AccessDeniedException',
		message: 'A bedrock-top tap answers programs, not pages in a browser.',
		reason: 'from-a-page',
	},
	foreignHost: {
		status: 403,
		error: 'AccessDeniedException',
		message: 'A bedrock-top tap answers at 127.0.0.1 and localhost only.',
		reason: 'foreign-host',
	},
	tooLarge: {
		status: 413,
		error: 'ValidationException',
		message: 'The body is above 25 MB, which Bedrock does not take.',
		reason: 'body-too-large',
	},
	streamingSignature: {
		status: 501,
		error: 'UnknownOperationException',
		message: 'A body that is signed in pieces (STREAMING-...) cannot be signed again by a bedrock-top tap.',
		reason: 'streaming-signature',
	},
	otherKey: {
		status: 403,
		error: 'AccessDeniedException',
		message:
			"The request is signed with another access key than the tap's own. Use the same credentials, send it unsigned, or start the tap with --resign.",
		reason: 'other-access-key',
	},
	ending: {
		status: 503,
		error: 'ServiceUnavailableException',
		message: 'The bedrock-top tap is ending: it takes no new requests.',
		reason: 'ending',
		retryAfterSeconds: 60,
	},
} as const satisfies Readonly<Record<string, TapRefusal>>;

/** Requests were held at the tap, longer than it holds any. */
export const paused: TapRefusal = {
	status: 503,
	error: 'ServiceUnavailableException',
	message: 'The bedrock-top tap holds new requests.',
	reason: 'paused',
	retryAfterSeconds: 5,
};

/** The day's quota of the bucket is used up. */
export const spentDay: TapRefusal = {
	status: 429,
	error: 'ThrottlingException',
	message: 'Too many tokens per day, please wait before trying again.',
	reason: 'day-used-up',
};

/** For a path that no client of Bedrock needs. */
export function unknownRoute(method: string, path: string): TapRefusal {
	return {
		status: 404,
		error: 'UnknownOperationException',
		message: `A bedrock-top tap does not pass ${method} ${path}.`,
		reason: 'unknown-route',
	};
}

/** For an operation of Bedrock that does not go through a tap. */
export function unsupported(operation: string): TapRefusal {
	return {
		status: 501,
		error: 'UnknownOperationException',
		message: `${operation} does not go through a bedrock-top tap: call the service itself.`,
		reason: 'unsupported-operation',
	};
}

/** The service cannot be reached. @param why In words, without secrets. */
export function unreachable(why: string): TapRefusal {
	return {
		status: 503,
		error: 'ServiceUnavailableException',
		message: `The bedrock-top tap cannot reach the service: ${why}`,
		reason: 'upstream-unreachable',
	};
}

/** The tap has no credentials to sign with. @param why In words, without secrets. */
export function noCredentials(why: string): TapRefusal {
	return {
		status: 403,
		error: 'UnrecognizedClientException',
		message: `The bedrock-top tap cannot sign the request: ${why}`,
		reason: 'no-credentials',
	};
}

/**
 * There was no room within the hold.
 * @param turnInMs When it will likely be the call's turn.
 * @param fuller What is used more of its quota.
 */
export function held(turnInMs: number, fuller: Dimension): TapRefusal {
	return {
		status: 429,
		error: 'ThrottlingException',
		message: `Too many ${fuller}, please wait before trying again.`,
		reason: 'held',
		retryAfterSeconds: Math.max(1, Math.ceil(turnInMs / 1000)),
	};
}

/** It will never fit into its bucket. Not a throttle: no client tries a validation error again. */
export function largerThanQuota(
	{
		dimension,
		needed,
		limit,
	}: {readonly dimension: Dimension; readonly needed: number; readonly limit: number},
	{inputTokens, maxTokens}: {readonly inputTokens: number; readonly maxTokens: number},
): TapRefusal {
	const parts =
		dimension === 'tokens'
			? ` (about ${formatCount(inputTokens)} of input and ${formatCount(maxTokens)} max tokens)`
			: '';
	return {
		status: 400,
		error: 'ValidationException',
		message: `bedrock-top: the request sets aside ${formatCount(needed)} ${dimension === 'tokens' ? 'quota tokens' : 'requests'}${parts}, and the quota is ${formatCount(limit)} per minute: it can never be sent. Lower max tokens or the input.`,
		reason: 'larger-than-quota',
	};
}

/** The limit of the cost leaves no room. @param limit As in `$20 per day`. */
export function spent(limit: string, usedUsd: number, maxUsd: number): TapRefusal {
	return {
		status: 403,
		error: 'AccessDeniedException',
		message: `bedrock-top: --max-cost of ${limit} leaves no room: ${formatUsd(usedUsd)} is spent or may be spent by what is in flight, and this request may cost up to ${formatUsd(maxUsd)}.`,
		reason: 'spent',
	};
}

/** What something costs is not known, and a limit was typed. */
export function unpriced(what: string, limit: string): TapRefusal {
	return {
		status: 403,
		error: 'AccessDeniedException',
		message: `bedrock-top: what ${what} costs at most is not known, so --max-cost of ${limit} cannot be kept. Only a tap with --max-cost none passes it on.`,
		reason: 'unknown-price',
	};
}

/** Paths of bedrock-mantle, whose clients read errors of Anthropic or of OpenAI. */
const mantlePath = /\/(?:anthropic\/|openai\/)?v1\//;

/** How those APIs call an error with a status; both read this form. */
const mantleTypes: Readonly<Record<number, string | undefined>> = {
	400: 'invalid_request_error',
	403: 'permission_error',
	404: 'not_found_error',
	413: 'request_too_large',
	429: 'rate_limit_error',
	503: 'overloaded_error',
};

/** Answers a request in place of the service; nothing where the client is gone. */
export function sendRefusal(
	{reply, target}: Pick<Incoming, 'reply' | 'target'>,
	{status, error, message, reason, retryAfterSeconds}: TapRefusal,
): void {
	if (!reply.isOpen()) {
		return;
	}
	const body = JSON.stringify(
		mantlePath.test(target)
			? {type: 'error', error: {type: mantleTypes[status] ?? 'api_error', code: null, message}}
			: // Both spellings, and the type in the body too: SDKs differ in which they read.
				{message, __type: error},
	);
	const headers: Headers = [
		['content-type', 'application/json'],
		['content-length', String(Buffer.byteLength(body))],
		['x-amzn-errortype', error],
		['x-bedrock-top', reason],
		['date', new Date().toUTCString()],
		...(retryAfterSeconds === undefined ? [] : [['retry-after', String(retryAfterSeconds)] as const]),
	];
	reply.start(status, '', headers).end(body);
}
