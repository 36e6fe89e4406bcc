import type {Simulation} from '../runtime/simulation.ts';
import type {Exchange} from '../wire/exchange.ts';
import {chatCompletionsApi} from './chat-completions-api.ts';
import type {MantleApi} from './mantle-api.ts';
import {anthropicErrors, openAiErrors} from './mantle-error.ts';
import type {Surface} from './mantle-models.ts';
import {messagesApi} from './messages-api.ts';
import {orRefuse} from './refuse.ts';
import {createResponsesApi, responsesPath} from './responses-api.ts';
import {serveMantle} from './serve-mantle.ts';
import {serveMantleCount} from './serve-mantle-count.ts';
import {serveMantleModels} from './serve-mantle-models.ts';
import {serveStoredResponse} from './serve-stored-responses.ts';

/** The paths of `bedrock-mantle.<region>.api.aws`; here they stand beside those of the other services. */

type MantleRoute = {
	readonly method: 'GET' | 'POST' | 'DELETE';
	readonly path: RegExp;
	readonly serve: (exchange: Exchange, simulation: Simulation, parts: readonly string[]) => Promise<void>;
};

const inference = (surface: Surface, api: MantleApi): MantleRoute => ({
	method: 'POST',
	path: new RegExp(`^${surface}${api.path}$`),
	serve: (exchange, simulation) =>
		orRefuse(exchange, api.errors, () => serveMantle(exchange, simulation, api, surface)),
});

/** Responses that are made, shown again and forgotten. */
const responseRoutes = (surface: Surface): readonly MantleRoute[] => [
	{
		method: 'POST',
		path: new RegExp(`^${surface}${responsesPath}$`),
		serve(exchange, simulation) {
			const api = createResponsesApi(simulation.responses);
			return orRefuse(exchange, api.errors, () => serveMantle(exchange, simulation, api, surface));
		},
	},
	...(['GET', 'DELETE'] as const).map(
		(method): MantleRoute => ({
			method,
			path: new RegExp(`^${surface}${responsesPath}/([^/]+)$`),
			serve: (exchange, simulation, [id = '']) =>
				orRefuse(exchange, openAiErrors, () => serveStoredResponse(exchange, simulation, id)),
		}),
	),
];

const modelRoutes = (surface: Surface): readonly MantleRoute[] => {
	const [dialect, errors] =
		surface === '/anthropic/v1'
			? (['anthropic', anthropicErrors] as const)
			: (['openai', openAiErrors] as const);
	const serve: MantleRoute['serve'] = (exchange, simulation, [modelId]) =>
		orRefuse(exchange, errors, () => serveMantleModels(exchange, simulation, dialect, modelId));
	return [
		{method: 'GET', path: new RegExp(`^${surface}/models$`), serve},
		{method: 'GET', path: new RegExp(`^${surface}/models/(.+)$`), serve},
	];
};

/** Every route of the endpoint. */
export const mantleRoutes: readonly MantleRoute[] = [
	inference('/anthropic/v1', messagesApi),
	...(['/v1', '/openai/v1'] as const).flatMap((surface) => [
		inference(surface, chatCompletionsApi),
		...responseRoutes(surface),
	]),
	{
		method: 'POST',
		path: /^\/anthropic\/v1\/messages\/count_tokens$/,
		serve: (exchange, simulation) =>
			orRefuse(exchange, anthropicErrors, () => serveMantleCount(exchange, simulation)),
	},
	...(['/v1', '/openai/v1', '/anthropic/v1'] as const).flatMap(modelRoutes),
];
