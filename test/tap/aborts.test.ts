import * as http from 'node:http';
import * as http2 from 'node:http2';
import * as net from 'node:net';
import {afterEach, describe, expect, it} from 'vitest';
import {chunk, converseStreamOf, event} from '../conformance/frames.ts';
import {startTapBefore, type TapUnderTest} from '../helpers/tapped-simulator.ts';
import {type Scripted, type ScriptedServer, startScriptedServer} from './scripted-server.ts';

/** Tests source/tap/exchange.ts and source/tap/pass-through.ts: a client that leaves, a service that cuts, a reader that is slow: both ends of an exchange stay coupled. */

let server: ScriptedServer;
let tapped: TapUnderTest;
afterEach(async () => {
	await tapped.stop();
	await server.stop();
});

const start = async (script: Parameters<typeof startScriptedServer>[0]): Promise<void> => {
	server = await startScriptedServer(script);
	tapped = await startTapBefore(server.url);
};

const path = '/model/amazon.nova-lite-v1%3A0/converse-stream';
const body = JSON.stringify({
	messages: [{role: 'user', content: [{text: 'Say this is a test'}]}],
	inferenceConfig: {maxTokens: 40},
});

const text = event('contentBlockDelta', {contentBlockIndex: 0, delta: {text: 'Half'}});
const streamed = (pieces: readonly Uint8Array[], end: Scripted['end']): Scripted => ({
	status: 200,
	headers: {'content-type': 'application/vnd.amazon.eventstream'},
	pieces,
	end,
});

/** A client of a protocol, as far as these tests need one. */
type Call = {
	readonly write: (bytes: string | Buffer) => void;
	readonly end: (bytes?: string) => void;
	/** Resolves when the other side asks for the body. */
	readonly isAskedOn: Promise<void>;
	/** Leaves. */
	readonly abort: () => void;
	/** Resolves with the first bytes of the answer. */
	readonly firstBytes: Promise<Buffer>;
	/** All bytes of the answer, and whether it came to its end. */
	readonly answer: Promise<{readonly bytes: Buffer; readonly isWhole: boolean}>;
};

const answerOf = (response: NodeJS.ReadableStream, isReset: () => boolean): Call['answer'] =>
	new Promise((resolve) => {
		const chunks: Buffer[] = [];
		response.on('data', (piece: Buffer) => chunks.push(piece));
		response.on('error', () => resolve({bytes: Buffer.concat(chunks), isWhole: false}));
		response.on('end', () => resolve({bytes: Buffer.concat(chunks), isWhole: !isReset()}));
	});

const overHttp1 = (url: URL, headers: http.OutgoingHttpHeaders = {}): Call => {
	const request = http.request(url, {method: 'POST', agent: false, headers});
	request.on('error', () => undefined);
	const first = Promise.withResolvers<Buffer>();
	const asked = Promise.withResolvers<void>();
	request.on('continue', asked.resolve);
	const answer = Promise.withResolvers<Awaited<Call['answer']>>();
	request.on('error', () => answer.resolve({bytes: Buffer.alloc(0), isWhole: false}));
	request.on('response', (response) => {
		response.once('data', first.resolve);
		answer.resolve(answerOf(response, () => !response.complete));
	});
	return {
		write: (bytes) => request.write(bytes),
		end: (bytes) => request.end(bytes),
		isAskedOn: asked.promise,
		abort: () => request.destroy(),
		firstBytes: first.promise,
		answer: answer.promise,
	};
};

const overHttp2 = (url: URL, headers: http.OutgoingHttpHeaders = {}): Call => {
	const session = http2.connect(url.origin);
	session.on('error', () => undefined);
	const stream = session.request({':method': 'POST', ':path': url.pathname, ...headers});
	stream.on('error', () => undefined);
	const first = Promise.withResolvers<Buffer>();
	const asked = Promise.withResolvers<void>();
	stream.on('continue', asked.resolve);
	stream.once('data', first.resolve);
	stream.on('close', () => session.close());
	return {
		write: (bytes) => stream.write(bytes),
		end: (bytes) => stream.end(bytes),
		isAskedOn: asked.promise,
		abort: () => stream.close(http2.constants.NGHTTP2_CANCEL),
		firstBytes: first.promise,
		answer: answerOf(stream, () => stream.rstCode !== 0),
	};
};

const clients = {h1: overHttp1, h2c: overHttp2};

const figures = () => tapped.tap.snapshot().tap?.clients[0];

/** Waits until something is so, by the turns of the event loop. */
const until = async (isSo: () => boolean): Promise<void> => {
	for (let turn = 0; turn < 200_000 && !isSo(); turn++) {
		await new Promise((resolve) => setImmediate(resolve));
	}
	expect(isSo()).toBe(true);
};

describe.each(['h1', 'h2c'] as const)('a client over %s that leaves', (protocol) => {
	const call = (headers: http.OutgoingHttpHeaders = {}): Call =>
		clients[protocol](new URL(`${tapped.url}${path}`), headers);

	it('before the headers: the connection to the service closes, the reservation is kept', async () => {
		await start(() => 'never');
		const asked = call();
		asked.end(body);
		await until(() => server.requests.length === 1);
		const closed = server.nextClose();
		asked.abort();
		await closed;
		await until(() => figures()?.inFlight === 0);
		expect(figures()).toMatchObject({requests: 1, aborted: 1, inFlight: 0, throttled: 0});
		expect(figures()?.tokens).toMatchObject({reserved: expect.any(Number), estimated: true});
		expect(figures()?.tokens.reserved).toBeGreaterThan(40);
	});

	it('in the middle of the stream: as well, and what came is counted by estimate', async () => {
		await start(() => streamed([text], 'never'));
		const asked = call();
		asked.end(body);
		await asked.firstBytes;
		const closed = server.nextClose();
		asked.abort();
		await closed;
		await until(() => figures()?.inFlight === 0);
		expect(figures()).toMatchObject({requests: 1, aborted: 1});
		expect(figures()?.tokens).toMatchObject({estimated: true});
		expect(tapped.tap.snapshot().failures).toEqual([]);
	});

	it('while it sends its body: nothing reaches the service, and nothing is reserved', async () => {
		await start(() => streamed([converseStreamOf('fine')], 'whole'));
		const asked = call({expect: '100-continue', 'content-length': String(body.length)});
		asked.write('');
		await asked.isAskedOn;
		asked.write(body.slice(0, 20));
		asked.abort();
		await until(() => figures()?.aborted === 1);
		expect(server.requests).toEqual([]);
		expect(figures()).toMatchObject({requests: 1, aborted: 1, inFlight: 0});
		expect(figures()?.tokens).toMatchObject({reserved: 0, quota: 0, estimated: false});
	});
});

describe.each(['h1', 'h2c'] as const)('a cut by the service, over %s', (protocol) => {
	const call = async () => {
		const asked = clients[protocol](new URL(`${tapped.url}${path}`));
		asked.end(body);
		return asked.answer;
	};

	it('comes after all that was sent before it', async () => {
		// More than a socket takes at once.
		const pieces = Array.from({length: 64}, (_, index) => Buffer.alloc(65_536, index));
		await start(() => streamed(pieces, 'cut'));
		const {bytes, isWhole} = await call();
		expect(isWhole).toBe(false);
		expect(bytes.equals(Buffer.concat(pieces))).toBe(true);
	});

	it('before an answer is a cut too, and not an answer of the tap', async () => {
		await start(() => 'cut');
		expect(await call()).toEqual({bytes: Buffer.alloc(0), isWhole: false});
		expect(server.requests).toHaveLength(1);
		expect(figures()?.tokens).toMatchObject({estimated: true});
		expect(figures()?.aborted).toBe(0);
	});
});

describe('a connection that was kept', () => {
	const post = async (): Promise<Response> => {
		const response = await fetch(`${tapped.url}${path}`, {method: 'POST', body});
		await response.arrayBuffer();
		return response;
	};

	it('and that the service has closed meanwhile is replaced, without a word to the client', async () => {
		await start(() => (server.requests.length === 2 ? 'cut' : streamed([converseStreamOf('fine')], 'whole')));
		await post();
		expect((await post()).status).toBe(200);
		expect(server.requests).toHaveLength(3);
		expect(figures()).toMatchObject({requests: 2, aborted: 0});
		expect(tapped.tap.snapshot().failures).toEqual([]);
	});

	it('and that closes when the service may have begun is a cut: the request is not sent twice', async () => {
		await start(async () => {
			if (server.requests.length === 2) {
				await new Promise((resolve) => setTimeout(resolve, 600));
				return 'cut';
			}
			return streamed([converseStreamOf('fine')], 'whole');
		});
		await post();
		await expect(post()).rejects.toThrow(/fetch failed/);
		expect(server.requests).toHaveLength(2);
	});

	it('serves one request after the other', async () => {
		await start(() => streamed([converseStreamOf('fine')], 'whole'));
		for (let number = 0; number < 5; number++) {
			await post();
		}
		expect(server.requests).toHaveLength(5);
		expect(server.open.size).toBe(1);
	});
});

describe.each(['h1', 'h2c'] as const)('a slow reader over %s', (protocol) => {
	it('slows the service down, and fills no memory', async () => {
		let written = 0;
		const piece = chunk({text: 'x'.repeat(60_000)});
		const endless = function* () {
			for (let number = 0; number < 2000; number++) {
				written += piece.length;
				yield piece;
			}
		};
		await start(() => ({...streamed([], 'whole'), pieces: endless() as unknown as Uint8Array[]}));
		const url = new URL(`${tapped.url}${path}`);
		const socket = net.connect(tapped.port, '127.0.0.1');
		if (protocol === 'h1') {
			socket.write(`POST ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\nContent-Length: 2\r\n\r\n{}`);
			socket.pause();
		} else {
			socket.destroy();
			const session = http2.connect(url.origin);
			const stream = session.request({':method': 'POST', ':path': url.pathname});
			stream.end('{}');
			stream.pause();
		}
		await until(() => written > 0);
		let last = -1;
		// Nothing more comes once every buffer on the way is full.
		while (written !== last) {
			last = written;
			await new Promise((resolve) => setTimeout(resolve, 100));
		}
		expect(written).toBeGreaterThan(0);
		expect(written).toBeLessThan(40_000_000);
		socket.destroy();
	});
});
