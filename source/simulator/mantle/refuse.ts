import {sendJson} from '../runtime/replies.ts';
import type {Exchange, Reply} from '../wire/exchange.ts';
import {anthropicErrors, type ErrorDialect, type MantleError, mantleErrorOf} from './mantle-error.ts';
import {requestIdHeaders, requestIdOf} from './request-id.ts';

/** Sends a refusal in the words of an API. */
export const sendMantleError = (
	reply: Reply,
	errors: ErrorDialect,
	error: MantleError,
	requestId: string,
): void => {
	sendJson(reply, errors.statusOf(error.kind), errors.body(error, requestId), requestIdHeaders(requestId));
};

/** Serves a request; whatever goes wrong is answered in the words of its API, never in those of other services. */
export const orRefuse = async (
	{reply}: Exchange,
	errors: ErrorDialect,
	serve: () => Promise<void>,
): Promise<void> => {
	try {
		await serve();
	} catch (error) {
		const requestId = requestIdOf(Math.random, errors === anthropicErrors ? 'Messages' : undefined);
		sendMantleError(reply, errors, mantleErrorOf(error), requestId);
	}
};
