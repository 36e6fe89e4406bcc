import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';

/** An answer to give, byte for byte. */
export type Replay = {
	readonly status: number;
	/** Names keep their case. */
	readonly headers: Readonly<Record<string, string>>;
	readonly body: Uint8Array;
	/** Sizes of the pieces in which the body is written; the last one repeats. */
	readonly pieces?: readonly number[];
	/** Cut the connection after the body instead of ending the answer. */
	readonly isCut?: boolean;
	/** Never answer beyond this body. */
	readonly isStalled?: boolean;
	/** Milliseconds from the body to the end of the answer; absent: both leave together. */
	readonly endsAfterMs?: number;
};

export type ReplayRequest = {
	readonly path: string;
	readonly headers: IncomingMessage['headers'];
	readonly body: string;
};

/** Headers that belong to the connection of the recording, not to its answer. */
const hopByHop = new Set(['content-length', 'transfer-encoding', 'connection', 'keep-alive']);

const piecesOf = function* (body: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
	let start = 0;
	for (let index = 0; start < body.length; index++) {
		const size = Math.max(1, sizes[Math.min(index, sizes.length - 1)] ?? body.length);
		yield body.subarray(start, start + size);
		start += size;
	}
};

const end = (response: ServerResponse, {isCut, isStalled, endsAfterMs}: Replay): void => {
	if (isCut) {
		// Once what was written is on its way, the connection goes.
		response.write('', () => response.socket?.destroySoon());
	} else if (endsAfterMs !== undefined) {
		setTimeout(() => response.end(), endsAfterMs);
	} else if (!isStalled) {
		response.end();
	}
};

/** A server on the loopback that gives one answer after the other to whatever is asked. */
export const startReplayServer = async () => {
	const replays: Array<Replay | ((request: ReplayRequest) => Replay)> = [];
	const requests: ReplayRequest[] = [];
	let connections = 0;
	const server = createServer((request, response) => {
		const received: Buffer[] = [];
		request.on('data', (piece: Buffer) => received.push(piece));
		request.on('end', () => {
			const asked: ReplayRequest = {
				path: decodeURIComponent(request.url ?? ''),
				headers: request.headers,
				body: Buffer.concat(received).toString('utf8'),
			};
			requests.push(asked);
			const next = replays.length > 1 ? replays.shift() : replays[0];
			const replay = typeof next === 'function' ? next(asked) : next;
			if (replay === undefined) {
				response.destroy();
				return;
			}

			const headers = Object.entries(replay.headers).filter(([name]) => !hopByHop.has(name.toLowerCase()));
			response.writeHead(replay.status, headers.flat());
			response.flushHeaders();
			for (const piece of piecesOf(replay.body, replay.pieces ?? [replay.body.length])) {
				response.write(piece);
			}

			end(response, replay);
		});
	});
	server.on('connection', () => {
		connections++;
	});
	await new Promise<void>((resolve) => {
		server.listen(0, '127.0.0.1', resolve);
	});
	const {port} = server.address() as AddressInfo;
	return {
		url: `http://127.0.0.1:${port}`,
		requests,
		/** Connections that were opened so far. */
		connections: () => connections,
		/** Sets what is answered from now on; the last one is repeated. */
		play(...next: ReadonlyArray<Replay | ((request: ReplayRequest) => Replay)>) {
			replays.splice(0, replays.length, ...next);
			requests.length = 0;
		},
		async close() {
			server.closeAllConnections();
			await new Promise<void>((resolve) => {
				server.close(() => resolve());
			});
		},
	};
};

export type ReplayServer = Awaited<ReturnType<typeof startReplayServer>>;
