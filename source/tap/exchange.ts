import * as http from 'node:http';
import * as https from 'node:https';
import {reasonOf, UserError} from '../domain/user-error.ts';
import {withoutSecrets} from '../text/secrets.ts';
import {callerOf} from './client-book.ts';
import {endToEnd, type Headers, headerIn, headersFrom, type Incoming} from './listener.ts';
import {noCredentials, refusals, sendRefusal, type TapRefusal, unreachable} from './refusal.ts';
import type {UpstreamHost} from './routes.ts';
import type {Outgoing, Signer} from './signing.ts';
import type {Traffic} from './traffic.ts';

/** An answer of the service: its head, and the stream of its body. */
export type UpstreamAnswer = {
	readonly status: number;
	readonly reason: string;
	/** As they came, those of the connection included. */
	readonly headers: Headers;
	readonly body: http.IncomingMessage;
};

/** The pools of connections to the service. */
export type Agents = {readonly http: http.Agent; readonly https: https.Agent};

type UpstreamRequest = {
	readonly method: string;
	readonly url: URL;
	/** Path and query, sent as they are. */
	readonly target: string;
	/** With `host` and the length of the body. */
	readonly headers: Headers;
	readonly body: Buffer;
};

/** How an exchange failed, beside the error itself. */
type ConnectionFault = {
	/** The connection stood: the service, and no part of the way to it, ended the exchange. */
	readonly wasConnected?: boolean;
	/** A connection that was kept open had been closed by the time it was used. */
	readonly isStale?: boolean;
};

/**
 * Milliseconds after which a reset no longer comes from a connection that had been closed before the request: longer than
 * any round trip. Later the service may have begun to answer, and to charge.
 */
const staleMs = 500;

/** Milliseconds of silence between two probes: networks forget a connection that says nothing for some minutes. */
const probeMs = 60_000;

/** Whether the service itself ended the exchange, without an answer. */
function isCutByService(error: unknown): boolean {
	return (error as ConnectionFault | undefined)?.wasConnected === true;
}

const once = async (
	{method, url, target, headers, body}: UpstreamRequest,
	agents: Agents,
	signal: AbortSignal,
): Promise<UpstreamAnswer> => {
	const {promise, resolve, reject} = Promise.withResolvers<UpstreamAnswer>();
	const isSecure = url.protocol === 'https:';
	const request = (isSecure ? https : http).request({
		agent: isSecure ? agents.https : agents.http,
		host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
		...(url.port === '' ? {} : {port: url.port}),
		method,
		path: target,
		headers: headers.flat(),
		// An answer may take an hour; who calls decides how long to wait.
		timeout: 0,
		signal,
	});
	request.once('response', (response) => {
		resolve({
			status: response.statusCode ?? 0,
			reason: response.statusMessage ?? '',
			headers: headersFrom(response.rawHeaders),
			body: response,
		});
	});
	let wasConnected = false;
	let sentAt = performance.now();
	request.once('socket', (socket) => {
		sentAt = performance.now();
		wasConnected = request.reusedSocket;
		if (!wasConnected) {
			socket.setKeepAlive(true, probeMs);
			socket.once(isSecure ? 'secureConnect' : 'connect', () => {
				wasConnected = true;
			});
		}
	});
	request.once('error', (error: NodeJS.ErrnoException) => {
		const isReset = error.code === 'ECONNRESET' || error.code === 'EPIPE';
		const isStale = isReset && request.reusedSocket && performance.now() - sentAt < staleMs;
		reject(Object.assign(error, {wasConnected, isStale} satisfies ConnectionFault));
	});
	request.end(body);
	return promise;
};

/**
 * Sends a request to the service. Redirects are not followed.
 * @param signal Ends the exchange at once, with its connection.
 * @throws The error of the connection. One that was kept open and turns out to be closed is tried once more.
 */
export async function send(
	request: UpstreamRequest,
	agents: Agents,
	signal: AbortSignal,
): Promise<UpstreamAnswer> {
	try {
		return await once(request, agents, signal);
	} catch (error) {
		if ((error as ConnectionFault).isStale === true && !signal.aborted) {
			return once(request, agents, signal);
		}
		throw error;
	}
}

/** The way of a request to the service and of its answer back, whatever it is: bytes as they came. */

/** Largest body that Bedrock takes. */
const maxBodyBytes = 25_000_000;

/** What is read of a body that is too large before its connection is closed. */
const maxReadBytes = 20 * maxBodyBytes;

/** What an exchange needs. */
export type ExchangePorts = {
	readonly traffic: Traffic;
	readonly signer: Signer;
	readonly agents: Agents;
	/** Base of a host of the service. Rejects with a UserError where there is none. */
	readonly baseOf: (host: UpstreamHost) => Promise<URL>;
	/** Values that must never be shown. */
	readonly secrets: () => readonly string[];
};

/**
 * Reads a body. One that is too large is read to its end all the same, and forgotten: a client that is still sending would
 * meet a reset in place of the answer.
 */
export function bodyOf({body}: Incoming, signal: AbortSignal): Promise<Buffer | 'too-large' | 'gone'> {
	const {promise, resolve} = Promise.withResolvers<Buffer | 'too-large' | 'gone'>();
	const chunks: Buffer[] = [];
	let length = 0;
	const end = (): void => {
		// Over HTTP/2 a body that was given up ends like one that is whole.
		resolve(signal.aborted ? 'gone' : length > maxBodyBytes ? 'too-large' : Buffer.concat(chunks, length));
	};
	body.on('data', (chunk: Buffer) => {
		length += chunk.length;
		if (length <= maxBodyBytes) {
			chunks.push(chunk);
		} else {
			chunks.length = 0;
		}
		if (length > maxReadBytes) {
			body.pause();
			end();
		}
	});
	body.on('end', end);
	body.on('error', () => resolve('gone'));
	body.on('close', () => resolve('gone'));
	return promise;
}

/** Answers in the service's place, with a line in the log. */
export function refuse(
	incoming: Incoming,
	refusal: TapRefusal,
	{traffic}: Pick<ExchangePorts, 'traffic'>,
): void {
	if (incoming.reply.isOpen()) {
		traffic.note(
			'refused',
			`Refused a request of ${callerOf(incoming, undefined).name} (${refusal.reason}): ${refusal.message}`,
		);
		sendRefusal(incoming, refusal);
	}
}

const withBase = (base: URL, target: string): string =>
	base.pathname === '/' ? target : `${base.pathname.replace(/\/$/, '')}${target}`;

const outgoingOf = async (
	{method, headers}: Incoming,
	{host, target, body}: {readonly host: UpstreamHost; readonly target: string; readonly body: Buffer},
	ports: ExchangePorts,
): Promise<Outgoing> => {
	const url = await ports.baseOf(host);
	return {
		method,
		url,
		target: withBase(url, target),
		headers: endToEnd(headers),
		body,
		service: host === 'mantle' ? 'bedrock-mantle' : 'bedrock',
	};
};

/** The error of a connection in words. */
const connectionWords = (error: unknown, ports: ExchangePorts): string =>
	withoutSecrets(reasonOf(error), ports.secrets());

/** The service gave no answer. */
export type NoAnswer = {readonly refusal: TapRefusal; readonly error?: unknown};

/** Signs and sends. @returns The answer, or why there is none. */
export async function forward(
	incoming: Incoming,
	to: {readonly host: UpstreamHost; readonly target: string; readonly body: Buffer},
	ports: ExchangePorts,
	{signal, onSend}: {readonly signal: AbortSignal; readonly onSend: () => void},
): Promise<UpstreamAnswer | NoAnswer> {
	let outgoing: Outgoing;
	try {
		outgoing = await outgoingOf(incoming, to, ports);
	} catch (error) {
		return {refusal: unreachable(connectionWords(error, ports))};
	}
	let signed: Awaited<ReturnType<Signer['headersFor']>>;
	try {
		signed = await ports.signer.headersFor(outgoing);
	} catch (error) {
		const hint = error instanceof UserError && error.hint !== undefined ? ` ${error.hint}` : '';
		return {refusal: noCredentials(`${connectionWords(error, ports)}${hint}`)};
	}
	if ('refusal' in signed) {
		return signed;
	}
	onSend();
	try {
		const answer = await send({...outgoing, ...signed}, ports.agents, signal);
		ports.signer.heard(headerIn(answer.headers, 'date'));
		return answer;
	} catch (error) {
		return {refusal: unreachable(connectionWords(error, ports)), error};
	}
}

/** Says to the client why there is no answer; where the service closed the connection, that is all there is to say. */
export function sendUnanswered(incoming: Incoming, {refusal, error}: NoAnswer, ports: ExchangePorts): void {
	if (isCutByService(error)) {
		incoming.reply.cut();
	} else {
		refuse(incoming, refusal, ports);
	}
}

type Watching = {
	readonly onFirstByte: () => void;
	readonly onChunk: (chunk: Buffer) => void;
	/** @param isWhole The body ended by itself, and the client was there to its end. */
	readonly onEnd: (isWhole: boolean) => void;
};

/** Passes an answer on as it comes. What is made of it comes after its bytes have left. @returns Resolves at its end. */
export function passBack(answer: UpstreamAnswer, {reply}: Incoming, watching: Watching): Promise<void> {
	const {status, reason, headers, body} = answer;
	const {promise, resolve} = Promise.withResolvers<void>();
	const out = reply.start(status, reason, endToEnd(headers));
	// The client may leave between two pieces.
	out.on('error', () => undefined);
	let isFirst = true;
	let isOver = false;
	const finish = (isWhole: boolean): void => {
		if (!isOver) {
			isOver = true;
			watching.onEnd(isWhole);
			resolve();
		}
	};
	const pass = (chunk: Buffer): void => {
		if (!out.write(chunk)) {
			body.pause();
			out.once('drain', () => body.resume());
		}
		if (isFirst) {
			isFirst = false;
			watching.onFirstByte();
		}
		watching.onChunk(chunk);
	};
	const cut = (): void => {
		if (isOver) {
			return;
		}
		// What had come while the client was slow.
		for (let rest = body.read(); rest !== null; rest = body.read()) {
			pass(rest);
		}
		reply.cut();
		finish(false);
	};
	body.on('data', pass);
	body.on('end', () => {
		out.end();
		finish(true);
	});
	body.on('error', cut);
	body.on('close', cut);
	return promise;
}

/** Passes a request that is not metered. */
export async function passOther(
	incoming: Incoming,
	{host, target}: {readonly host: UpstreamHost; readonly target: string},
	ports: ExchangePorts,
): Promise<void> {
	const abort = new AbortController();
	incoming.reply.onAbort(() => abort.abort());
	const body = await bodyOf(incoming, abort.signal);
	if (typeof body === 'string') {
		refuse(incoming, refusals.tooLarge, ports);
		return;
	}
	await passUnmetered(incoming, {host, target, body}, ports, abort.signal);
}

/** Passes a request whose body was read. */
export async function passUnmetered(
	incoming: Incoming,
	to: {readonly host: UpstreamHost; readonly target: string; readonly body: Buffer},
	ports: ExchangePorts,
	signal: AbortSignal,
): Promise<void> {
	const answer = await forward(incoming, to, ports, {signal, onSend() {}});
	if ('refusal' in answer) {
		sendUnanswered(incoming, answer, ports);
		return;
	}
	await passBack(answer, incoming, {onFirstByte() {}, onChunk() {}, onEnd() {}});
}
