import * as http from 'node:http';
import * as http2 from 'node:http2';
import * as net from 'node:net';
import type {Readable, Writable} from 'node:stream';
import {UserError} from '../domain/user-error.ts';
import type {Program, Programs} from './programs.ts';

/** Names as they came, and values. */
export type Headers = ReadonlyArray<readonly [name: string, value: string]>;

/** One request of a client, as it came over the wire. */
export type Incoming = {
	readonly method: string;
	/** Path and query, percent-encoding as it came. */
	readonly target: string;
	/** Without the pseudo headers of HTTP/2. */
	readonly headers: Headers;
	/** The first value of a header; undefined without one. @param name In lower case. */
	readonly header: (name: string) => string | undefined;
	readonly body: Readable;
	readonly reply: Reply;
	/** The program at the client's end of the connection; undefined where that cannot be known. */
	readonly program: Promise<Program | undefined>;
};

/** The way back to the client. */
export type Reply = {
	/** Sends status and headers at once. @returns Where the body goes. */
	readonly start: (status: number, reason: string, headers: Headers) => Writable;
	/** Sends an interim response, which keeps the client's read timeout from running out. */
	readonly interim: (status: 100 | 102) => void;
	/** Ends the connection without an end of the answer, as the service did. What was written before still arrives. */
	readonly cut: () => void;
	/** Called once, where the client leaves before the answer is complete. */
	readonly onAbort: (listener: () => void) => void;
	/** The client is there, and the answer has not begun. */
	readonly isOpen: () => boolean;
};

/** Only programs of this machine. */
export const loopback = '127.0.0.1';

/** Longer than any client's pool keeps a socket, so that it is never closed when it is about to be used. */
const keepAliveMs = 600_000;

/** First bytes of an HTTP/2 connection without TLS, as the AWS SDK for JavaScript opens it; no HTTP/1.1 method begins so. */
const http2Preface = Buffer.from('PRI * HTTP/2.0');

/** What a client may send over one connection before it is read: a large prompt comes in one go. */
const http2WindowBytes = 16 * 1024 * 1024;

/** One connection carries all requests of a client, so that its bounds are those of the whole client. */
const http2Settings: http2.ServerOptions = {
	maxSessionMemory: 1024,
	settings: {initialWindowSize: 1024 * 1024},
	// A client may give many requests up at once.
	streamResetBurst: 100_000,
	streamResetRate: 10_000,
};

/** Headers that belong to one connection and not to the exchange (RFC 9110, 7.6.1). */
const ofConnection: ReadonlySet<string> = new Set([
	'connection',
	'keep-alive',
	'proxy-authenticate',
	'proxy-authorization',
	'proxy-connection',
	'te',
	'trailer',
	'transfer-encoding',
	'upgrade',
]);

/** Headers without those of the connection they came over, also the ones that `Connection` itself names. */
export function endToEnd(headers: Headers): Headers {
	const named = new Set(
		headers
			.filter(([name]) => name.toLowerCase() === 'connection')
			.flatMap(([, value]) => value.split(',').map((word) => word.trim().toLowerCase())),
	);
	return headers.filter(([name]) => {
		const lower = name.toLowerCase();
		return !ofConnection.has(lower) && !named.has(lower);
	});
}

/** Headers from the flat list in which Node has them. */
export function headersFrom(raw: readonly string[]): Headers {
	const pairs: Array<readonly [string, string]> = [];
	for (let index = 0; index + 1 < raw.length; index += 2) {
		pairs.push([raw[index] ?? '', raw[index + 1] ?? '']);
	}
	return pairs;
}

/** The first value of a header. @param name In lower case. */
export function headerIn(headers: Headers, name: string): string | undefined {
	return headers.find(([each]) => each.toLowerCase() === name)?.[1];
}

type Request = http.IncomingMessage | http2.Http2ServerRequest;

const requestOf = (request: Request, reply: Reply, program: Incoming['program']): Incoming => {
	const all = headersFrom(request.rawHeaders);
	const authority = headerIn(all, ':authority');
	const headers = [
		...(authority === undefined || headerIn(all, 'host') !== undefined ? [] : [['host', authority] as const]),
		...all.filter(([name]) => !name.startsWith(':')),
	];
	return {
		method: request.method ?? 'GET',
		target: request.url ?? '/',
		headers,
		header: (name) => headerIn(headers, name),
		body: request,
		reply,
		program,
	};
};

const abortOf = (
	response: http.ServerResponse | http2.Http2ServerResponse,
	isAborted: () => boolean,
): Reply['onAbort'] => {
	let listeners: Array<() => void> = [];
	response.on('close', () => {
		const called = isAborted() ? listeners : [];
		listeners = [];
		for (const listener of called) {
			listener();
		}
	});
	return (listener) => {
		listeners.push(listener);
	};
};

const replyOverHttp1 = (response: http.ServerResponse): Reply => {
	// The service has dated its answer.
	response.sendDate = false;
	return {
		start(status, reason, headers) {
			const {socket} = response;
			// What came together leaves together: each write to a socket delays the first byte.
			socket?.cork();
			setImmediate(() => socket?.uncork());
			response.writeHead(status, reason, headers.flat());
			response.flushHeaders();
			return response;
		},
		interim: (status) => (status === 100 ? response.writeContinue() : response.writeProcessing()),
		cut() {
			if (response.socket === null) {
				response.destroy();
			} else {
				response.socket.destroySoon();
			}
		},
		onAbort: abortOf(response, () => !response.writableFinished),
		isOpen: () => !response.headersSent && !response.destroyed,
	};
};

/** Values of one name are one list; names in lower case, as HTTP/2 has them. */
const grouped = (headers: Headers): http2.OutgoingHttpHeaders => {
	const result: Record<string, string | string[]> = {};
	for (const [name, value] of headers) {
		const lower = name.toLowerCase();
		const known = result[lower];
		result[lower] = known === undefined ? value : [known, value].flat();
	}
	return result;
};

const replyOverHttp2 = (response: http2.Http2ServerResponse): Reply => {
	const {stream} = response;
	response.sendDate = false;
	return {
		start(status, _reason, headers) {
			response.writeHead(status, grouped(headers));
			return response;
		},
		interim(status) {
			if (status === 100) {
				response.writeContinue();
			} else {
				stream.additionalHeaders({':status': status});
			}
		},
		cut() {
			// Closing it would end the answer first, as if it were whole.
			const reset = (): void => void stream.destroy(new Error('cut by the service'));
			// A reset would overtake what is still being written.
			if (stream.headersSent && stream.writable) {
				stream.write(Buffer.alloc(0), reset);
			} else {
				reset();
			}
		},
		// A stream that is given up is finished by Node, so that only its code tells.
		onAbort: abortOf(response, () => stream.aborted || stream.rstCode !== http2.constants.NGHTTP2_NO_ERROR),
		isOpen: () => !response.headersSent && !stream.destroyed,
	};
};

/** Reads just enough of a connection to know its protocol, and puts the bytes back. */
const sniff = (socket: net.Socket, hand: (isHttp2: boolean) => void): void => {
	let head: Buffer = Buffer.alloc(0);
	const read = (chunk: Buffer): void => {
		head = Buffer.concat([head, chunk]);
		const length = Math.min(head.length, http2Preface.length);
		const mayBe = head.subarray(0, length).equals(http2Preface.subarray(0, length));
		if (mayBe && length < http2Preface.length) {
			return;
		}
		socket.removeListener('data', read);
		socket.pause();
		socket.unshift(head);
		hand(mayBe);
	};
	socket.on('data', read);
};

const nobody = Promise.resolve(undefined);

/** An open port. */
export type Listener = {
	readonly port: number;
	/** Takes no more connections; those that are idle end. */
	readonly stopAccepting: () => void;
	/** Ends every connection. */
	readonly close: () => Promise<void>;
};

const listenFault = (port: number, error: unknown): UserError => {
	const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
	const reasons: Readonly<Record<string, string>> = {
		EADDRINUSE: `Port ${port} is already in use, perhaps by another tap.`,
		EACCES: `Port ${port} may not be opened by this user.`,
	};
	return new UserError(reasons[code] ?? `The tap cannot listen on port ${port}: ${code}.`, {
		exitCode: 1,
		hint: 'Name another one with --port, or leave it out for any that is free.',
		cause: error,
	});
};

/**
 * Serves HTTP/1.1 and HTTP/2 without TLS on one port of the loopback interface.
 * @param port 0 for any that is free.
 * @param programs Finds who opened a connection; undefined: nobody asks.
 * @throws UserError (exit 1) where the port cannot be opened.
 */
export async function listen(
	port: number,
	onRequest: (incoming: Incoming) => void,
	programs?: Pick<Programs, 'find'>,
): Promise<Listener> {
	/** By the port at the client's end of each open connection. */
	const programAt = new Map<number, Incoming['program']>();
	const programOf = ({socket}: Request): Incoming['program'] =>
		programAt.get(socket.remotePort ?? 0) ?? nobody;
	const overHttp1 = http.createServer({keepAlive: true, requestTimeout: 0}, (request, response) => {
		onRequest(requestOf(request, replyOverHttp1(response), programOf(request)));
	});
	overHttp1.keepAliveTimeout = keepAliveMs;
	overHttp1.headersTimeout = 0;
	const overHttp2 = http2.createServer(http2Settings, (request, response) => {
		onRequest(requestOf(request, replyOverHttp2(response), programOf(request)));
	});
	overHttp2.on('session', (session) => session.setLocalWindowSize(http2WindowBytes));
	overHttp2.on('sessionError', () => undefined);
	const sockets = new Set<net.Socket>();
	const server = net.createServer({noDelay: true, keepAlive: true}, (socket) => {
		sockets.add(socket);
		const {remotePort = 0, localPort = 0} = socket;
		const program = programs?.find(remotePort, localPort) ?? nobody;
		programAt.set(remotePort, program);
		socket.on('error', () => undefined);
		socket.on('close', () => {
			sockets.delete(socket);
			// Its port may have a new connection by now.
			if (programAt.get(remotePort) === program) {
				programAt.delete(remotePort);
			}
		});
		sniff(socket, (isHttp2) => {
			(isHttp2 ? overHttp2 : overHttp1).emit('connection', socket);
			if (!isHttp2) {
				socket.resume();
			}
		});
	});
	const {promise, resolve, reject} = Promise.withResolvers<void>();
	server.once('error', (error) => reject(listenFault(port, error)));
	server.listen(port, loopback, resolve);
	await promise;
	return {
		port: (server.address() as net.AddressInfo).port,
		stopAccepting: () => server.close(),
		close: () =>
			new Promise((done) => {
				server.close(() => done());
				for (const socket of sockets) {
					socket.destroy();
				}
			}),
	};
}
