import type {IncomingHttpHeaders, IncomingMessage, ServerResponse} from 'node:http';
import {constants, type Http2ServerRequest, type Http2ServerResponse} from 'node:http2';
import type {Time} from '../time.ts';

/** Region of an unsigned request. */
export const defaultRegion = 'us-east-1';

/** The Region that a request was signed for; the rest of the signature is ignored. */
export function regionOf(headers: IncomingHttpHeaders): string {
	return /Credential=[^/,]+\/\d+\/([\w-]+)\//.exec(headers.authorization ?? '')?.[1] ?? defaultRegion;
}

const scopeInHeader = /Credential=[^/,]+\/\d+\/[\w-]+\/([\w-]+)\//;
/** A presigned URL has the same in its query. */
const scopeInQuery = /^[^/]+\/\d+\/[\w-]+\/([\w-]+)\//;

/** The service that a request was signed for, such as `bedrock` or `s3`. @param query Of the URL, which may be presigned. */
export function serviceOf(headers: IncomingHttpHeaders, query?: URLSearchParams): string | undefined {
	return (
		scopeInHeader.exec(headers.authorization ?? '')?.[1] ??
		scopeInQuery.exec(query?.get('X-Amz-Credential') ?? '')?.[1]
	);
}

/** Set on every response, so that no figure measured here can pass for one of AWS. */
const simulatedHeader = 'x-bedrock-top-simulated';

/** Sends an answer, the same for HTTP/1.1 and HTTP/2. Does nothing once the client has gone. */
export type Reply = {
	readonly head: (status: number, headers: Readonly<Record<string, string>>) => void;
	readonly write: (bytes: Uint8Array) => void;
	/** The same, but resolves when there is room for more: for answers larger than memory. */
	readonly writeAll: (bytes: Uint8Array) => Promise<void>;
	readonly end: (bytes?: Uint8Array | string) => void;
	/** Breaks the connection (HTTP/2: the stream). */
	readonly cut: () => void;
	/** Whether the client has gone or the answer is over. */
	readonly isClosed: () => boolean;
};

/** One request and its reply. */
export type Exchange = {
	readonly method: string;
	/** Still percent-encoded. */
	readonly path: string;
	readonly query: URLSearchParams;
	readonly headers: IncomingHttpHeaders;
	readonly readBody: () => Promise<Buffer>;
	/** The body as it arrives; read it instead of `readBody`, not beside it. */
	readonly body: AsyncIterable<Buffer>;
	readonly reply: Reply;
};

type AnyRequest = IncomingMessage | Http2ServerRequest;
type AnyResponse = ServerResponse | Http2ServerResponse;

/** Largest body that InvokeModel takes, in bytes. */
const maxBodyLength = 25_000_000;

/** Listens instead of iterating: this is the hottest path of a simulator under load. */
const readBody = (request: AnyRequest): Promise<Buffer> =>
	new Promise((resolve, reject) => {
		const chunks: Buffer[] = [];
		let length = 0;
		request.on('data', (chunk: Buffer) => {
			length += chunk.length;
			chunks.push(chunk);
			if (length > maxBodyLength) {
				request.removeAllListeners('data');
				request.resume();
				reject(validationError('Input is too long for requested model.'));
			}
		});
		request.on('end', () => {
			resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
		});
		request.on('error', reject);
		request.on('aborted', () => reject(new Error('The client left before its request was complete.')));
	});

const replyOf = (response: AnyResponse): Reply => {
	let isClosed = false;
	response.on('close', () => {
		isClosed = true;
	});
	response.on('error', () => {
		isClosed = true;
	});
	// The two response types have the same methods, but TypeScript cannot call overloads across a union.
	const target = response as ServerResponse;
	return {
		head(status, headers) {
			if (!isClosed && !target.headersSent) {
				target.writeHead(status, {...headers, [simulatedHeader]: 'true'});
			}
		},
		write(bytes) {
			if (!isClosed) {
				target.write(bytes);
			}
		},
		async writeAll(bytes) {
			if (!isClosed && !target.write(bytes)) {
				await new Promise<void>((resolve) => {
					const goOn = (): void => {
						target.off('drain', goOn);
						target.off('close', goOn);
						resolve();
					};
					target.once('drain', goOn);
					target.once('close', goOn);
				});
			}
		},
		end(bytes) {
			if (!isClosed) {
				target.end(bytes);
			}
		},
		cut() {
			isClosed = true;
			if ('stream' in response) {
				response.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
			} else {
				// Bytes written before still arrive, as they do when a real connection breaks.
				response.socket?.destroySoon();
			}
		},
		isClosed: () => isClosed,
	};
};

/** An exchange over either protocol. */
export function exchangeOf(request: AnyRequest, response: AnyResponse): Exchange {
	const url = new URL(request.url ?? '/', 'http://simulator');
	return {
		method: request.method ?? 'GET',
		path: url.pathname,
		query: url.searchParams,
		headers: request.headers,
		readBody: () => readBody(request),
		body: request as AsyncIterable<Buffer>,
		reply: replyOf(response),
	};
}

/** A reply whose bytes arrive later by the network's delay, in order. */
export function delayedReply(reply: Reply, time: Time, delayMs: number): Reply {
	if (delayMs <= 0) {
		return reply;
	}
	const later = (action: () => void): void => {
		void time.sleep(delayMs).then(action);
	};
	return {
		head: (status, headers) => later(() => reply.head(status, headers)),
		write: (bytes) => later(() => reply.write(bytes)),
		writeAll: async (bytes) => {
			await time.sleep(delayMs);
			await reply.writeAll(bytes);
		},
		end: (bytes) => later(() => reply.end(bytes)),
		cut: () => later(() => reply.cut()),
		isClosed: reply.isClosed,
	};
}

/** Sends a whole JSON answer. */
export function sendJson(
	reply: Reply,
	status: number,
	body: unknown,
	headers: Readonly<Record<string, string>>,
): void {
	const bytes = Buffer.from(JSON.stringify(body));
	reply.head(status, {
		'content-type': 'application/json',
		'content-length': String(bytes.length),
		...headers,
	});
	reply.end(bytes);
}

/** Sends an error in the form of the Bedrock services. */
export function sendError(reply: Reply, error: ServiceError, requestId: string): void {
	sendJson(
		reply,
		error.status,
		{message: error.message, ...error.details},
		{'x-amzn-requestid': requestId, 'x-amzn-errortype': errorTypeHeader(error.type)},
	);
}

/** Errors of the service, with the statuses and messages that it is known to send. */

const statuses = {
	ValidationException: 400,
	ServiceQuotaExceededException: 400,
	ConflictException: 400,
	AccessDeniedException: 403,
	ResourceNotFoundException: 404,
	UnknownOperationException: 404,
	ModelTimeoutException: 408,
	ModelErrorException: 424,
	ThrottlingException: 429,
	InternalServerException: 500,
	ServiceUnavailableException: 503,
} as const;

export type ErrorType = keyof typeof statuses;

/** The limit that throttled a request. */
export type ThrottleKind = 'requests' | 'tokens' | 'day' | 'overloaded';

/** An answer that is an error. Handlers throw it; the router writes it. */
export class ServiceError extends Error {
	readonly type: ErrorType;
	readonly status: number;
	/** Further fields of the body. */
	readonly details: Readonly<Record<string, unknown>>;
	readonly throttle: ThrottleKind | undefined;

	constructor(
		type: ErrorType,
		message: string,
		options: {details?: Readonly<Record<string, unknown>>; throttle?: ThrottleKind} = {},
	) {
		super(message);
		this.name = 'ServiceError';
		this.type = type;
		this.status = statuses[type];
		this.details = options.details ?? {};
		this.throttle = options.throttle;
	}
}

export function validationError(message: string): ServiceError {
	return new ServiceError('ValidationException', message);
}

/** A 429. Only its message shows which limit was met; no Retry-After is sent. */
export function throttlingError(kind: ThrottleKind, modelId: string): ServiceError {
	const messages = {
		requests: 'Too many requests, please wait before trying again.',
		tokens: 'Too many tokens, please wait before trying again.',
		day: 'Too many tokens per day, please wait before trying again.',
		overloaded: `Model ${modelId} is currently overloaded. Please try again later.`,
	} as const;
	return new ServiceError('ThrottlingException', messages[kind], {throttle: kind});
}

/** Value of the header `x-amzn-errortype`. */
function errorTypeHeader(type: ErrorType): string {
	return `${type}:http://internal.amazon.com/coral/com.amazon.bedrock/`;
}
