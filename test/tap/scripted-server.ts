import * as http from 'node:http';
import * as http2 from 'node:http2';
import * as net from 'node:net';

/** A server that answers as its script says, over HTTP/1.1 and HTTP/2, and remembers what it was asked. */

/** What the server was asked, as it came. */
export type Asked = {
	readonly method: string;
	readonly path: string;
	/** Names in lower case. */
	readonly headers: Readonly<Record<string, string>>;
	readonly body: Buffer;
};

export type Scripted = {
	readonly status: number;
	readonly headers: Readonly<Record<string, string>>;
	/** Pieces of the body, each written by itself. */
	readonly pieces: readonly Uint8Array[];
	/** How it ends; `cut`: without the end of its body. */
	readonly end: 'whole' | 'cut' | 'never';
	/** Milliseconds before the end, so that a client has read all before it. */
	readonly endAfterMs?: number;
};

type Outcome = Scripted | 'cut' | 'never';
type Script = (asked: Asked) => Outcome | Promise<Outcome>;

const lowerCased = (raw: readonly string[]): Record<string, string> => {
	const result: Record<string, string> = {};
	for (let index = 0; index < raw.length; index += 2) {
		result[(raw[index] ?? '').toLowerCase()] = raw[index + 1] ?? '';
	}
	return result;
};

const cut = (response: http.ServerResponse | http2.Http2ServerResponse): void => {
	if ('stream' in response) {
		const {stream} = response;
		stream.write(Buffer.alloc(0), () => stream.destroy(new Error('cut')));
	} else {
		response.socket?.destroySoon();
	}
};

/** Gives each piece a chunk of its own. */
const write = (response: http.ServerResponse | http2.Http2ServerResponse, piece: Uint8Array): Promise<void> =>
	new Promise((resolve) => {
		(response as http.ServerResponse).write(piece, () => resolve());
	});

/** @param script Says how each request is answered, once its body is there. */
export async function startScriptedServer(script: Script) {
	const requests: Asked[] = [];
	/** Called as soon as the head of a request is there. */
	let onHead = (): void => {};
	let onBody = (_length: number): void => {};
	const handle = async (
		request: http.IncomingMessage | http2.Http2ServerRequest,
		response: http.ServerResponse | http2.Http2ServerResponse,
	): Promise<void> => {
		onHead();
		const chunks: Buffer[] = [];
		try {
			for await (const chunk of request) {
				chunks.push(chunk as Buffer);
				onBody((chunk as Buffer).length);
			}
		} catch {
			return;
		}
		const asked: Asked = {
			method: request.method ?? '',
			path: request.url ?? '',
			headers: lowerCased(request.rawHeaders),
			body: Buffer.concat(chunks),
		};
		requests.push(asked);
		const answer = await script(asked);
		if (answer === 'never') {
			return;
		}
		if (answer === 'cut') {
			cut(response);
			return;
		}
		(response as http.ServerResponse).writeHead(answer.status, answer.headers);
		for (const piece of answer.pieces) {
			await write(response, piece);
		}
		if (answer.endAfterMs !== undefined) {
			await new Promise((resolve) => setTimeout(resolve, answer.endAfterMs));
		}
		if (answer.end === 'whole') {
			response.end();
		} else if (answer.end === 'cut') {
			cut(response);
		}
	};
	const overHttp1 = http.createServer((request, response) => void handle(request, response));
	const overHttp2 = http2.createServer((request, response) => void handle(request, response));
	overHttp2.on('sessionError', () => undefined);
	const open = new Set<net.Socket>();
	let onClose = (): void => {};
	const server = net.createServer((socket) => {
		open.add(socket);
		socket.on('error', () => undefined);
		socket.on('close', () => {
			open.delete(socket);
			onClose();
		});
		socket.once('data', (chunk) => {
			socket.pause();
			socket.unshift(chunk);
			const isHttp2 = chunk.toString('latin1').startsWith('PRI ');
			(isHttp2 ? overHttp2 : overHttp1).emit('connection', socket);
			if (!isHttp2) {
				socket.resume();
			}
		});
	});
	await new Promise<void>((resolve) => {
		server.listen(0, '127.0.0.1', resolve);
	});
	const {port} = server.address() as net.AddressInfo;
	return {
		url: `http://127.0.0.1:${port}`,
		port,
		requests,
		open,
		/** Resolves when the head of the next request is there. */
		nextHead: () =>
			new Promise<void>((resolve) => {
				onHead = resolve;
			}),
		/** Resolves when some of a body is there. */
		nextBody: () =>
			new Promise<number>((resolve) => {
				onBody = resolve;
			}),
		/** Resolves with the time at which the next connection closes. */
		nextClose: () =>
			new Promise<number>((resolve) => {
				onClose = () => resolve(performance.now());
			}),
		async stop() {
			for (const socket of open) {
				socket.destroy();
			}
			await new Promise<void>((resolve) => {
				server.close(() => resolve());
			});
		},
	};
}

export type ScriptedServer = Awaited<ReturnType<typeof startScriptedServer>>;
