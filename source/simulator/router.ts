import {randomUUID} from 'node:crypto';
import {
	cborMetrics,
	jsonMetrics,
	metricVersion,
	queryMetrics,
	readCborInput,
	readJsonInput,
} from './cloudwatch/metric-protocols.ts';
import {cloudWatchTarget, createCloudWatch} from './cloudwatch/serve-cloudwatch.ts';
import {serveFoundationModel, serveFoundationModels} from './control-plane/foundation-models.ts';
import {serveInferenceProfile, serveInferenceProfiles} from './control-plane/inference-profiles.ts';
import {assertAllowed} from './control-plane/permissions.ts';
import {serveCreateJob, serveGetJob, serveListJobs, serveStopJob} from './jobs/serve-jobs.ts';
import {mantleRoutes} from './mantle/mantle-routes.ts';
import {serveReset, serveStats} from './observation/serve-stats.ts';
import {isQuery} from './query/query-input.ts';
import {type QueryServices, serveQuery} from './query/serve-query.ts';
import {serveTokenService, tokenServiceVersion} from './query/token-service.ts';
import {createServiceQuotas, serviceQuotasTarget} from './quotas/service-quotas.ts';
import {sendRefusal} from './refusal.ts';
import {operations} from './runtime/operation.ts';
import {serveCountTokens} from './runtime/serve-count-tokens.ts';
import {serveInference} from './runtime/serve-inference.ts';
import type {Simulation} from './runtime/simulation.ts';
import {s3Service, serveS3} from './s3/serve-s3.ts';
import type {Exchange} from './wire/exchange.ts';
import {serviceOf} from './wire/region.ts';
import {ServiceError} from './wire/service-error.ts';
import {assertWelcome} from './wire/visitor.ts';

/** A kind of request that is served; the first route that matches takes it. */
export type Route = {
	readonly method: 'GET' | 'POST' | 'DELETE' | 'any';
	readonly path: RegExp;
	/** Signing name, for services whose paths could be anybody's. */
	readonly service?: string;
	/** Beginning of the header `X-Amz-Target`, for services that put the action there. */
	readonly target?: string;
	/** Whether the request speaks the query protocol, which has the action in its form. */
	readonly isQuery?: boolean;
	/** @param parts Groups of the path, decoded; for a target, the action. */
	readonly serve: (exchange: Exchange, simulation: Simulation, parts: readonly string[]) => Promise<void>;
};

const runtimeRoutes: readonly Route[] = [
	...Object.entries(operations).map(
		([name, operation]): Route => ({
			method: 'POST',
			path: new RegExp(`^/model/([^/]+)/${name}$`),
			serve: (exchange, simulation, [modelId = '']) =>
				serveInference(exchange, simulation, operation, modelId),
		}),
	),
	{
		method: 'POST',
		path: /^\/model\/([^/]+)\/count-tokens$/,
		serve: (exchange, simulation, [modelId = '']) => serveCountTokens(exchange, simulation, modelId),
	},
];

const controlPlaneRoute = (path: RegExp, action: string, serve: Route['serve']): Route => ({
	method: 'GET',
	path,
	serve(exchange, simulation, parts) {
		assertAllowed(simulation.scenario, action);
		return serve(exchange, simulation, parts);
	},
});

const controlPlaneRoutes: readonly Route[] = [
	controlPlaneRoute(/^\/foundation-models$/, 'bedrock:ListFoundationModels', serveFoundationModels),
	controlPlaneRoute(
		/^\/foundation-models\/(.+)$/,
		'bedrock:GetFoundationModel',
		(exchange, simulation, [id = '']) => serveFoundationModel(exchange, simulation, id),
	),
	controlPlaneRoute(/^\/inference-profiles$/, 'bedrock:ListInferenceProfiles', serveInferenceProfiles),
	controlPlaneRoute(
		/^\/inference-profiles\/(.+)$/,
		'bedrock:GetInferenceProfile',
		(exchange, simulation, [id = '']) => serveInferenceProfile(exchange, simulation, id),
	),
];

const jobRoutes: readonly Route[] = [
	{method: 'POST', path: /^\/model-invocation-job$/, serve: serveCreateJob},
	{method: 'GET', path: /^\/model-invocation-jobs$/, serve: serveListJobs},
	{method: 'POST', path: /^\/model-invocation-job\/(.+)\/stop$/, serve: serveStopJob},
	{method: 'GET', path: /^\/model-invocation-job\/(.+)$/, serve: serveGetJob},
];

const ownRoutes: readonly Route[] = [
	{method: 'GET', path: /^\/__stats$/, serve: serveStats},
	{method: 'POST', path: /^\/__reset$/, serve: serveReset},
];

/** Every route. */
export const createRoutes = (simulation: Simulation): readonly Route[] => {
	const serveQuotas = createServiceQuotas(simulation);
	const serveMetrics = createCloudWatch(simulation);
	const queryServices: QueryServices = {
		[tokenServiceVersion]: serveTokenService,
		[metricVersion]: (exchange, action, input) => serveMetrics(exchange, queryMetrics, action, () => input),
	};
	return [
		{method: 'any', path: /^\/([^/]*)\/?(.*)$/, service: s3Service, serve: serveS3},
		...runtimeRoutes,
		{
			method: 'POST',
			path: /^\/$/,
			target: serviceQuotasTarget,
			serve: (exchange, _simulation, [action = '']) => serveQuotas(exchange, action),
		},
		{
			method: 'POST',
			path: /^\/$/,
			target: cloudWatchTarget,
			serve: (exchange, _simulation, [action = '']) =>
				serveMetrics(exchange, jsonMetrics, action, async () => readJsonInput(await exchange.readBody())),
		},
		{
			method: 'POST',
			path: new RegExp(`^/service/${cloudWatchTarget}/operation/(\\w+)$`),
			serve: (exchange, _simulation, [action = '']) =>
				serveMetrics(exchange, cborMetrics, action, async () => readCborInput(await exchange.readBody())),
		},
		{
			method: 'any',
			path: /^\/$/,
			isQuery: true,
			serve: (exchange) => serveQuery(exchange, queryServices),
		},
		...controlPlaneRoutes,
		...jobRoutes,
		...mantleRoutes,
		...ownRoutes,
	];
};

const decode = (part: string): string => {
	try {
		return decodeURIComponent(part);
	} catch {
		return part;
	}
};

const partsOf = (route: Route, exchange: Exchange): readonly string[] | undefined => {
	const isMethod = route.method === 'any' || route.method === exchange.method;
	const match = isMethod ? route.path.exec(exchange.path) : null;
	if (
		match === null ||
		(route.service !== undefined && route.service !== serviceOf(exchange.headers, exchange.query))
	) {
		return undefined;
	}
	if (route.isQuery === true && !isQuery(exchange)) {
		return undefined;
	}
	if (route.target === undefined) {
		return match.slice(1).map(decode);
	}
	const [service, action] = String(exchange.headers['x-amz-target'] ?? '').split('.');
	return service === route.target ? [action ?? ''] : undefined;
};

const unknownOperation = ({method, path, headers}: Exchange): ServiceError =>
	new ServiceError(
		'UnknownOperationException',
		`The simulator does not serve ${headers['x-amz-target'] ?? `${method} ${path}`}.`,
	);

/** Serves one request; whatever goes wrong becomes an answer. */
export const route = async (
	exchange: Exchange,
	simulation: Simulation,
	routes: readonly Route[],
): Promise<void> => {
	try {
		assertWelcome(exchange, simulation.options.host);
		for (const candidate of routes) {
			const parts = partsOf(candidate, exchange);
			if (parts !== undefined) {
				await candidate.serve(exchange, simulation, parts);
				return;
			}
		}
		throw unknownOperation(exchange);
	} catch (error) {
		if (exchange.reply.isClosed()) {
			return;
		}
		const known =
			error instanceof ServiceError
				? error
				: new ServiceError('InternalServerException', `Fault of the simulator: ${String(error)}`);
		sendRefusal(exchange, known, randomUUID());
	}
};
