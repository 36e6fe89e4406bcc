import type {Time} from '../time.ts';
import type {Reply} from '../wire/exchange.ts';
import {errorTypeHeader, type ServiceError} from '../wire/service-error.ts';

/** A reply whose bytes arrive later by the network's delay, in order. */
export const delayedReply = (reply: Reply, time: Time, delayMs: number): Reply => {
	if (delayMs <= 0) {
		return reply;
	}
	const later = (action: () => void): void => {
		void time.sleep(delayMs).then(action);
	};
	return {
		head: (status, headers) => later(() => reply.head(status, headers)),
		write: (bytes) => later(() => reply.write(bytes)),
		writeAll: async (bytes) => {
			await time.sleep(delayMs);
			await reply.writeAll(bytes);
		},
		end: (bytes) => later(() => reply.end(bytes)),
		cut: () => later(() => reply.cut()),
		isClosed: reply.isClosed,
	};
};

/** A whole JSON answer. */
export const sendJson = (
	reply: Reply,
	status: number,
	body: unknown,
	headers: Readonly<Record<string, string>>,
): void => {
	const bytes = Buffer.from(JSON.stringify(body));
	reply.head(status, {
		'content-type': 'application/json',
		'content-length': String(bytes.length),
		...headers,
	});
	reply.end(bytes);
};

/** An error in the form of the Bedrock services. */
export const sendError = (reply: Reply, error: ServiceError, requestId: string): void => {
	sendJson(
		reply,
		error.status,
		{message: error.message, ...error.details},
		{'x-amzn-requestid': requestId, 'x-amzn-errortype': errorTypeHeader(error.type)},
	);
};
