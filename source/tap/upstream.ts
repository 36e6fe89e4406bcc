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
	request.once('error', (error: NodeJS.ErrnoException) => {
		reject(Object.assign(error, {isStale: request.reusedSocket && error.code === 'ECONNRESET'}));
	});
	request.setNoDelay(true);
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
		if ((error as {isStale?: boolean}).isStale === true && !signal.aborted) {
			return once(request, agents, signal);
		}
		throw error;
	}
}
