import type {Simulation} from '../runtime/simulation.ts';
import type {Exchange} from '../wire/exchange.ts';
import {chatCompletionsApi} from './chat-completions-api.ts';
import type {MantleApi} from './mantle-api.ts';
import type {Surface} from './mantle-models.ts';
import {messagesApi} from './messages-api.ts';
import {responsesApi} from './responses-api.ts';
import {serveMantle} from './serve-mantle.ts';
import {serveMantleCount} from './serve-mantle-count.ts';
import {serveMantleModels} from './serve-mantle-models.ts';

/** The paths of `bedrock-mantle.<region>.api.aws`; here they stand beside those of the other services. */

type MantleRoute = {
	readonly method: 'GET' | 'POST';
	readonly path: RegExp;
	readonly serve: (exchange: Exchange, simulation: Simulation, parts: readonly string[]) => Promise<void>;
};

const inference = (surface: Surface, api: MantleApi): MantleRoute => ({
	method: 'POST',
	path: new RegExp(`^${surface}${api.path}$`),
	serve: (exchange, simulation) => serveMantle(exchange, simulation, api, surface),
});

const modelRoutes = (surface: Surface): readonly MantleRoute[] => {
	const dialect = surface === '/anthropic/v1' ? 'anthropic' : 'openai';
	return [
		{
			method: 'GET',
			path: new RegExp(`^${surface}/models$`),
			serve: (exchange, simulation) => serveMantleModels(exchange, simulation, dialect, undefined),
		},
		{
			method: 'GET',
			path: new RegExp(`^${surface}/models/(.+)$`),
			serve: (exchange, simulation, [modelId]) => serveMantleModels(exchange, simulation, dialect, modelId),
		},
	];
};

/** Every route of the endpoint. */
export const mantleRoutes: readonly MantleRoute[] = [
	inference('/anthropic/v1', messagesApi),
	...(['/v1', '/openai/v1'] as const).flatMap((surface) => [
		inference(surface, chatCompletionsApi),
		inference(surface, responsesApi),
	]),
	{
		method: 'POST',
		path: /^\/anthropic\/v1\/messages\/count_tokens$/,
		serve: serveMantleCount,
	},
	...(['/v1', '/openai/v1', '/anthropic/v1'] as const).flatMap(modelRoutes),
];
