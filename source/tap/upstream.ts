import * as http from 'node:http';
import * as https from 'node:https';
import {type Headers, headersFrom} from './listener.ts';

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
export function isCutByService(error: unknown): boolean {
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
