import type {Json} from '../families/prompt.ts';
import type {Simulation} from '../simulation.ts';
import {type Exchange, sendJson} from '../wire/exchange.ts';
import {MantleError, requestIdHeaders, requestIdOf} from './mantle-error.ts';
import {regionOfCaller} from './serve-mantle.ts';

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
