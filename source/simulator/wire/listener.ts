import * as http from 'node:http';
import * as http2 from 'node:http2';
import * as net from 'node:net';
import * as tls from 'node:tls';
import type {Credentials} from './certificate.ts';
import {type Exchange, exchangeOf} from './exchange.ts';

export type Listener = {readonly port: number; readonly close: () => Promise<void>};

/** Where nobody says otherwise: programs of this machine only. */
export const loopback = '127.0.0.1';

/** Longer than any client's pool keeps a socket, so that the server never closes one that is about to be used. */
const keepAliveMs = 600_000;

/** First bytes of an HTTP/2 connection without TLS ("prior knowledge"); no HTTP/1.1 method begins like it. */
const http2Preface = 'PRI * HTTP/2.0';

const isHttp2 = (head: Buffer): boolean =>
	head.subarray(0, http2Preface.length).toString('latin1') === http2Preface;

const mayBecomeHttp2 = (head: Buffer): boolean =>
	head.length < http2Preface.length && http2Preface.startsWith(head.toString('latin1'));

/** Reads just enough of a connection to know its protocol, puts the bytes back and hands it on. */
const sniff = (socket: net.Socket, hand: (server: 'http1' | 'http2') => void): void => {
	let head: Buffer = Buffer.alloc(0);
	const read = (chunk: Buffer) => {
		head = Buffer.concat([head, chunk]);
		if (mayBecomeHttp2(head)) {
			return;
		}
		socket.removeListener('data', read);
		socket.pause();
		socket.unshift(head);
		hand(isHttp2(head) ? 'http2' : 'http1');
	};
	socket.on('data', read);
};

/** Takes a connection's bytes for one protocol, and a socket that is ready for them. */
type Hand = (socket: net.Socket, protocol: 'http1' | 'http2') => void;

/** Without TLS the first bytes of a connection say what it speaks; with TLS the two sides agree on it (ALPN). */
const createServer = (credentials: Credentials | undefined, hand: Hand): net.Server =>
	credentials === undefined
		? net.createServer({noDelay: true}, (socket) => sniff(socket, (protocol) => hand(socket, protocol)))
		: tls
				.createServer({
					noDelay: true,
					cert: credentials.certificates,
					key: credentials.key,
					ALPNProtocols: ['h2', 'http/1.1'],
				})
				.on('secureConnection', (socket) => hand(socket, socket.alpnProtocol === 'h2' ? 'http2' : 'http1'));

/**
 * Serves HTTP/1.1 and HTTP/2 on one port.
 * @param port 0 for any free one.
 * @param credentials Certificate and key for TLS; undefined: without it.
 */
export const listen = async (
	port: number,
	onExchange: (exchange: Exchange) => void,
	host = loopback,
	credentials?: Credentials,
): Promise<Listener> => {
	const http1Server = http.createServer({keepAlive: true, requestTimeout: 0}, (request, response) => {
		onExchange(exchangeOf(request, response));
	});
	http1Server.keepAliveTimeout = keepAliveMs;
	http1Server.headersTimeout = 0;
	const http2Server = http2.createServer((request, response) => {
		onExchange(exchangeOf(request, response));
	});
	http2Server.on('sessionError', () => undefined);
	const sockets = new Set<net.Socket>();
	const server = createServer(credentials, (socket, protocol) => {
		socket.on('error', () => undefined);
		const target = protocol === 'http2' ? http2Server : http1Server;
		target.emit('connection', socket);
		if (protocol === 'http1') {
			socket.resume();
		}
	});
	server.on('connection', (socket) => {
		sockets.add(socket);
		socket.on('error', () => undefined);
		socket.on('close', () => sockets.delete(socket));
	});
	await new Promise<void>((resolve, reject) => {
		server.once('error', reject);
		server.listen(port, host, resolve);
	});
	return {
		port: (server.address() as net.AddressInfo).port,
		close: () =>
			new Promise((resolve) => {
				server.close(() => resolve());
				for (const socket of sockets) {
					socket.destroy();
				}
			}),
	};
};
