import * as http from 'node:http';
import * as http2 from 'node:http2';
import * as net from 'node:net';
import * as tls from 'node:tls';
import {UserError} from '../domain/user-error.ts';
import type {SimulatorOptions} from './options.ts';
import {createRoutes, route} from './router.ts';
import {createSimulation} from './simulation.ts';
import {systemTime, type Time} from './time.ts';
import type {Credentials} from './wire/certificate.ts';
import {type Exchange, exchangeOf} from './wire/exchange.ts';

type Listener = {readonly port: number; readonly close: () => Promise<void>};

/** Default: only programs of this machine. */
const loopback = '127.0.0.1';

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
export async function listen(
	port: number,
	onExchange: (exchange: Exchange) => void,
	host = loopback,
	credentials?: Credentials,
): Promise<Listener> {
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
}

export type RunningSimulator = {
	/** Base URL of every service that is simulated. */
	readonly url: string;
	/** Closes the port and every connection. */
	readonly stop: () => Promise<void>;
};

/** How a program of this machine reaches the host. */
const reachedAt = (host: string): string =>
	host === '0.0.0.0' || host === '::' ? loopback : host.includes(':') ? `[${host}]` : host;

const codeOf = (error: unknown): string =>
	error instanceof Error && 'code' in error ? String(error.code) : String(error);

const listenFault = (port: number, host: string, error: unknown): UserError => {
	const reasons: Readonly<Record<string, string>> = {
		EADDRINUSE: `Port ${port} is already in use.`,
		EADDRNOTAVAIL: `This machine has no address ${host}.`,
		ENOTFOUND: `The host ${host} is not known.`,
		EACCES: `Port ${port} may not be opened by this user.`,
	};
	return new UserError(
		reasons[codeOf(error)] ?? `The simulator cannot listen on port ${port}: ${codeOf(error)}.`,
		{
			exitCode: 1,
			hint: ['EADDRNOTAVAIL', 'ENOTFOUND'].includes(codeOf(error))
				? 'Name an address of this machine with --host, or leave it out for 127.0.0.1.'
				: 'Name another one with --port, or 0 for any that is free.',
			cause: error,
		},
	);
};

/**
 * Starts a local Bedrock, on 127.0.0.1 where no host is named.
 * @param time For tests; the machine's clock otherwise.
 * @throws UserError where the port cannot be opened or the script of faults is wrong.
 */
export async function startSimulator(
	options: SimulatorOptions,
	time: Time = systemTime,
): Promise<RunningSimulator> {
	const simulation = createSimulation(options, time);
	const host = options.host?.replace(/^\[(.*)\]$/, '$1') ?? loopback;
	const routes = createRoutes(simulation);
	let listener: Listener;
	try {
		listener = await listen(
			options.port,
			(exchange) => {
				void route(exchange, simulation, routes);
			},
			host,
			options.credentials,
		);
	} catch (error) {
		throw listenFault(options.port, host, error);
	}
	return {
		url: `${options.credentials === undefined ? 'http' : 'https'}://${reachedAt(host)}:${listener.port}`,
		async stop() {
			await listener.close();
			simulation.close();
		},
	};
}
