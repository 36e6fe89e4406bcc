import type {Json} from '../families/prompt.ts';
import {sendJson} from '../runtime/replies.ts';
import type {Simulation} from '../runtime/simulation.ts';
import type {Exchange} from '../wire/exchange.ts';
import {regionOfCaller} from './caller.ts';
import {MantleError} from './mantle-error.ts';
import {requestIdHeaders, requestIdOf} from './request-id.ts';

/** Shows a response that was kept, or forgets it. */
export async function serveStoredResponse(
	{method, headers, reply}: Exchange,
	{responses}: Simulation,
	id: string,
): Promise<void> {
	// Callers without a signature or a key are refused here too.
	regionOfCaller(headers);
	const response = responses.find(id)?.response;
	if (response === undefined) {
		throw new MantleError('not-found', `Response with id '${id}' not found.`);
	}
	if (method === 'DELETE') {
		responses.remove(id);
	}
	const body: Json = method === 'DELETE' ? {id, object: 'response', deleted: true} : response;
	sendJson(reply, 200, body, requestIdHeaders(requestIdOf(Math.random, undefined)));
}
