import type {IncomingHttpHeaders} from 'node:http';
import {accountId} from '../catalog/profiles.ts';
import {noUsage, type Usage} from '../families/family.ts';
import {type Json, parseBody, promptTokens} from '../families/prompt.ts';
import type {Scenario} from '../options.ts';
import {type Delivery, deliverStream, deliverWhole} from '../runtime/deliver.ts';
import type {Simulation} from '../simulation.ts';
import type {RequestRecord} from '../stats.ts';
import {
	defaultRegion,
	delayedReply,
	type Exchange,
	type Reply,
	regionOf,
	sendJson,
	serviceOf,
} from '../wire/exchange.ts';
import {chatCompletionsApi} from './chat-completions-api.ts';
import {
	anthropicErrors,
	type MantleApi,
	MantleError,
	mantleErrorOf,
	openAiErrors,
	orRefuse,
	requestIdHeaders,
	requestIdOf,
	sendMantleError,
} from './mantle-api.ts';
import {createMantleJob, type MantleArrival, modelIdOf, resolveMantleModel} from './mantle-job.ts';
import {findMantleModel, type MantleModel, mantleModels, type Surface} from './mantle-models.ts';
import {messagesApi} from './messages-api.ts';
import {createResponsesApi, responsesPath} from './responses-api.ts';

/**
 * The endpoint bedrock-mantle: its callers, handlers and routes. A caller has a signature or a Bedrock API key;
 * neither is verified.
 */

/**
 * Services that requests are signed for; the vendors' clients use the first, and the endpoint was seen to take both.
 */
const signingNames = ['bedrock-mantle', 'bedrock'];

/** A key is in `Authorization`, or where Anthropic's clients put theirs. */
const keyOf = (headers: IncomingHttpHeaders): string | undefined => {
	const bearer = /^Bearer\s+(\S+)$/i.exec(headers.authorization ?? '')?.[1];
	const apiKey = headers['x-api-key'];
	return bearer ?? (typeof apiKey === 'string' && apiKey !== '' ? apiKey : undefined);
};

/** Short-term keys are presigned URLs in disguise and name their Region; long-term keys do not. */
const regionOfKey = (key: string): string | undefined => {
	const prefix = 'bedrock-api-key-';
	if (!key.startsWith(prefix)) {
		return undefined;
	}
	const url = Buffer.from(key.slice(prefix.length), 'base64').toString('latin1');
	return /X-Amz-Credential=[^&]+?(?:%2F|\/)\d{8}(?:%2F|\/)([\w-]+)(?:%2F|\/)/i.exec(url)?.[1];
};

const regionOfHost = (headers: IncomingHttpHeaders): string | undefined =>
	/^bedrock-mantle\.([\w-]+)\.api\.aws/.exec(headers.host ?? '')?.[1];

/**
 * The Region of a request: of the host name, of the signature or of the key.
 * @throws MantleError where it has no credentials, or is signed for another service.
 */
function regionOfCaller(headers: IncomingHttpHeaders): string {
	const service = serviceOf(headers);
	if (service !== undefined) {
		if (!signingNames.includes(service)) {
			// The sentence of AWS's other services; the one of this endpoint has no primary source.
			throw new MantleError(
				'unauthenticated',
				`Credential should be scoped to correct service: 'bedrock-mantle', not '${service}'.`,
			);
		}
		return regionOfHost(headers) ?? regionOf(headers);
	}
	const key = keyOf(headers);
	if (key === undefined) {
		throw new MantleError('unauthenticated', 'Invalid bearer token');
	}
	return regionOfHost(headers) ?? regionOfKey(key) ?? defaultRegion;
}

/** @throws MantleError where the scenario denies the action, in the words of IAM. */
function assertMayCall({denied}: Scenario, action: string, region: string): void {
	if (denied?.includes(action)) {
		throw new MantleError(
			'denied',
			`User: arn:aws:iam::${accountId}:user/simulated is not authorized to perform: ${action} on resource: arn:aws:bedrock-mantle:${region}:${accountId}:project/default`,
		);
	}
}

type Outcome = Delivery & {
	readonly failure: MantleError | undefined;
	readonly usage: Usage;
	/** The cost of the request for both quotas. */
	readonly quotaTokens: number;
};

/** The known parts of a request; the others are still empty when it fails. */
type KnownRequest = {modelId: string; region: string};

const answerRequest = async (
	simulation: Simulation,
	arrival: MantleArrival,
	reply: Reply,
): Promise<Omit<Outcome, 'failure'>> => {
	const {time} = simulation;
	const job = createMantleJob(simulation, arrival);
	const deliver = arrival.isStream ? deliverStream : deliverWhole;
	const delivery = await deliver(job, reply, time);
	return {
		...delivery,
		usage: job.usage,
		quotaTokens: job.settle(time.now(), delivery.outputTokens),
	};
};

const recordOf = (
	api: MantleApi,
	exchange: Exchange,
	{modelId, region}: KnownRequest,
	outcome: Outcome,
	times: Pick<RequestRecord, 'receivedAt' | 'startedAt' | 'endedAt'>,
): RequestRecord => ({
	operation: api.name,
	modelId,
	region,
	// Not a model of the runtime.
	baseModel: undefined,
	isOfMantle: true,
	scope: undefined,
	userAgent: String(exchange.headers['user-agent'] ?? ''),
	...times,
	firstTokenAt: outcome.firstTokenAtMs,
	status: outcome.status,
	error: outcome.error,
	throttle: outcome.failure?.throttle,
	inputTokens: outcome.usage.inputTokens,
	outputTokens: outcome.outputTokens,
	cacheReadTokens: outcome.usage.cacheReadTokens,
	cacheWriteTokens: outcome.usage.cacheWriteTokens,
	quotaTokens: outcome.quotaTokens,
});

/** Serves Messages, Chat Completions and Responses, whole and streamed. */
async function serveMantle(
	exchange: Exchange,
	simulation: Simulation,
	api: MantleApi,
	surface: Surface,
): Promise<void> {
	const {time, faults} = simulation;
	const receivedAt = time.now();
	const bytes = await exchange.readBody();
	await time.sleep(faults.networkDelayMs);
	const random = simulation.requestRandom(exchange.path, bytes);
	const requestId = requestIdOf(random, api.name);
	const reply = delayedReply(exchange.reply, time, faults.networkDelayMs);
	const seen: KnownRequest = {modelId: '', region: defaultRegion};
	let startedAtMs = time.now();

	const run = async (): Promise<Outcome> => {
		try {
			seen.region = regionOfCaller(exchange.headers);
			assertMayCall(simulation.scenario, 'bedrock-mantle:CreateInference', seen.region);
			const body = parseBody(bytes);
			seen.modelId = modelIdOf(body);
			await time.sleep(faults.stallMs(seen.modelId, time.now()));
			startedAtMs = time.now();
			const arrival: MantleArrival = {
				api,
				surface,
				...seen,
				body,
				isStream: body.stream === true,
				requestId,
				random,
				startedAtMs,
			};
			return {...(await answerRequest(simulation, arrival, reply)), failure: undefined};
		} catch (error) {
			const failure = mantleErrorOf(error);
			sendMantleError(reply, api.errors, failure, requestId);
			return {
				status: api.errors.statusOf(failure.kind),
				error: api.errors.typeOf(failure.kind),
				failure,
				outputTokens: 0,
				firstTokenAtMs: undefined,
				usage: noUsage,
				quotaTokens: 0,
			};
		}
	};

	const outcome = await run();
	await time.sleep(faults.networkDelayMs);
	const times = {receivedAt, startedAt: startedAtMs, endedAt: time.now()};
	const record = recordOf(api, exchange, seen, outcome, times);
	for (const observe of simulation.observers) {
		observe(record);
	}
}

const countOf = (body: Json): number => {
	const target = resolveMantleModel(modelIdOf(body), messagesApi, '/anthropic/v1');
	// A request to count has no max tokens; one stands in so that the rest is checked like any message.
	return promptTokens(messagesApi.parse({max_tokens: 1, ...body}, target).prompt.segments);
};

/** Counts the tokens of a message, which costs no quota. */
async function serveMantleCount(exchange: Exchange, simulation: Simulation): Promise<void> {
	const bytes = await exchange.readBody();
	const requestId = requestIdOf(simulation.requestRandom(exchange.path, bytes), 'Messages');
	assertMayCall(simulation.scenario, 'bedrock-mantle:CountTokens', regionOfCaller(exchange.headers));
	const count = countOf(parseBody(bytes));
	sendJson(exchange.reply, 200, {input_tokens: count}, requestIdHeaders(requestId));
}

/** Models have no known date, so `created` is 0. `status` was seen at the endpoint, beside the published type. */
const openAiModel = ({id, model}: MantleModel): Json => ({
	id,
	object: 'model',
	created: 0,
	owned_by: model.provider.toLowerCase(),
	status: 'available',
});

const openAiList = (): Json => ({object: 'list', data: mantleModels.map(openAiModel)});

const anthropicModel = ({id, model}: MantleModel): Json => ({
	type: 'model',
	id,
	display_name: model.name,
	// Anthropic's type allows the epoch where the date is unknown.
	created_at: new Date(0).toISOString(),
	max_input_tokens: null,
	max_tokens: model.maximumOutputTokens,
});

const anthropicList = (): Json => {
	const data = mantleModels.filter(({apis}) => apis.includes('Messages')).map(anthropicModel);
	return {data, has_more: false, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null};
};

const dialects = {
	openai: {list: openAiList, single: openAiModel, api: undefined},
	anthropic: {list: anthropicList, single: anthropicModel, api: 'Messages'},
} as const;

/** Serves the list of models, or one of them where `modelId` names it. */
async function serveMantleModels(
	exchange: Exchange,
	simulation: Simulation,
	dialect: keyof typeof dialects,
	modelId: string | undefined,
): Promise<void> {
	const {list, single, api} = dialects[dialect];
	const random = simulation.requestRandom(exchange.path, await exchange.readBody());
	const action = modelId === undefined ? 'bedrock-mantle:ListModels' : 'bedrock-mantle:GetModel';
	assertMayCall(simulation.scenario, action, regionOfCaller(exchange.headers));
	const found = modelId === undefined ? undefined : findMantleModel(modelId);
	if (modelId !== undefined && found === undefined) {
		throw new MantleError('not-found', `The model '${modelId}' does not exist`);
	}
	const body = found === undefined ? list() : single(found);
	sendJson(exchange.reply, 200, body, requestIdHeaders(requestIdOf(random, api)));
}

type MantleRoute = {
	readonly method: 'GET' | 'POST' | 'DELETE';
	readonly path: RegExp;
	readonly serve: (exchange: Exchange, simulation: Simulation, parts: readonly string[]) => Promise<void>;
};

const inferenceRoute = (surface: Surface, api: MantleApi): MantleRoute => ({
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

/** Shows a response that was kept, or forgets it. */
async function serveStoredResponse(
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

/** Every route of the endpoint. */
export const mantleRoutes: readonly MantleRoute[] = [
	inferenceRoute('/anthropic/v1', messagesApi),
	...(['/v1', '/openai/v1'] as const).flatMap((surface) => [
		inferenceRoute(surface, chatCompletionsApi),
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
