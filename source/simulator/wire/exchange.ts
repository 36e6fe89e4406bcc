import type {IncomingHttpHeaders, IncomingMessage, ServerResponse} from 'node:http';
import type {Http2ServerRequest, Http2ServerResponse} from 'node:http2';
import {constants} from 'node:http2';
import {validationError} from './service-error.ts';

/** Set on every response, so that no figure measured here can pass for one of AWS. */
export const simulatedHeader = 'x-bedrock-top-simulated';

/** The way an answer leaves, the same for HTTP/1.1 and HTTP/2. After the client has gone all of it does nothing. */
export type Reply = {
	readonly head: (status: number, headers: Readonly<Record<string, string>>) => void;
	readonly write: (bytes: Uint8Array) => void;
	/** The same, but resolves when there is room for more: for answers that are larger than memory. */
	readonly writeAll: (bytes: Uint8Array) => Promise<void>;
	readonly end: (bytes?: Uint8Array | string) => void;
	/** Breaks the connection (HTTP/2: the stream) off. */
	readonly cut: () => void;
	/** Whether the client has gone or the answer is over. */
	readonly isClosed: () => boolean;
};

/** One request and the way to answer it. */
export type Exchange = {
	readonly method: string;
	/** Still percent-encoded. */
	readonly path: string;
	readonly query: URLSearchParams;
	readonly headers: IncomingHttpHeaders;
	readonly readBody: () => Promise<Buffer>;
	/** The body as it arrives; to be read instead of `readBody`, not beside it. */
	readonly body: AsyncIterable<Buffer>;
	readonly reply: Reply;
};

type AnyRequest = IncomingMessage | Http2ServerRequest;
type AnyResponse = ServerResponse | Http2ServerResponse;

/** Largest body that InvokeModel takes, in bytes. */
const maximumBodyLength = 25_000_000;

/** Listens instead of iterating: this is the hottest path of a simulator under load. */
const readBody = (request: AnyRequest): Promise<Buffer> =>
	new Promise((resolve, reject) => {
		const chunks: Buffer[] = [];
		let length = 0;
		request.on('data', (chunk: Buffer) => {
			length += chunk.length;
			chunks.push(chunk);
			if (length > maximumBodyLength) {
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
				// What was written before still arrives, as it does when a real connection breaks.
				response.socket?.destroySoon();
			}
		},
		isClosed: () => isClosed,
	};
};

/** An exchange over either protocol. */
export const exchangeOf = (request: AnyRequest, response: AnyResponse): Exchange => {
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
};
