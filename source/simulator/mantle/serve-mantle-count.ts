import {type Json, parseBody, promptTokens} from '../families/prompt.ts';
import {sendJson} from '../runtime/replies.ts';
import type {Simulation} from '../runtime/simulation.ts';
import type {Exchange} from '../wire/exchange.ts';
import {assertMayCall, regionOfCaller} from './caller.ts';
import {modelIdOf, resolveMantleModel} from './mantle-job.ts';
import {messagesApi} from './messages-api.ts';
import {requestIdHeaders, requestIdOf} from './request-id.ts';

const countOf = (body: Json): number => {
	const target = resolveMantleModel(modelIdOf(body), messagesApi, '/anthropic/v1');
	// What is counted has no max tokens; one stands in so that the rest is checked like any message.
	return promptTokens(messagesApi.parse({max_tokens: 1, ...body}, target).prompt.segments);
};

/** Serves the counting of a message's tokens, which costs no quota. */
export const serveMantleCount = async (exchange: Exchange, simulation: Simulation): Promise<void> => {
	const bytes = await exchange.readBody();
	const requestId = requestIdOf(simulation.requestRandom(exchange.path, bytes), 'Messages');
	assertMayCall(simulation.scenario, 'bedrock-mantle:CountTokens', regionOfCaller(exchange.headers));
	const count = countOf(parseBody(bytes));
	sendJson(exchange.reply, 200, {input_tokens: count}, requestIdHeaders(requestId));
};
