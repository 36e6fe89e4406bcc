import {randomUUID} from 'node:crypto';
import {
	cborMetrics,
	cloudWatchTarget,
	createCloudWatch,
	jsonMetrics,
	metricVersion,
	queryMetrics,
	readCborInput,
	readJsonInput,
} from './cloudwatch/serve-cloudwatch.ts';
import {
	serveFoundationModel,
	serveFoundationModels,
	serveInferenceProfile,
	serveInferenceProfiles,
	serveProvisionedThroughputs,
} from './control-plane.ts';
import {serveCreateJob, serveGetJob, serveListJobs, serveStopJob} from './jobs/serve-jobs.ts';
import {mantleRoutes} from './mantle/serve-mantle.ts';
import {createServiceQuotas, serviceQuotasTarget} from './quotas/service-quotas.ts';
import {operations} from './runtime/dialects.ts';
import {serveOptimizePrompt} from './runtime/serve-optimize-prompt.ts';
import {serveCountTokens, serveInference} from './runtime/serve-runtime.ts';
import {s3Service, serveS3} from './s3/serve-s3.ts';
import type {Simulation} from './simulation.ts';
import {maxLogLength} from './stats.ts';
import {
	assertAllowed,
	assertReset,
	assertWelcome,
	serveTokenService,
	tokenServiceVersion,
} from './wire/caller.ts';
import {encodeCbor} from './wire/cbor.ts';
import {
	type ErrorType,
	type Exchange,
	ServiceError,
	sendError,
	sendJson,
	serviceOf,
} from './wire/exchange.ts';
import {
	computeError,
	errorDocument,
	isQuery,
	type QueryServices,
	queryError,
	serveQuery,
} from './wire/xml.ts';

/** `GET /__stats`, with `?log=N` only the last N entries of the log. */
async function serveStats(exchange: Exchange, simulation: Simulation): Promise<void> {
	const logLength = Number(exchange.query.get('log') ?? maxLogLength);
	const {stats, buckets, mantle, time} = simulation;
	const nowMs = time.now();
	const snapshot = stats.snapshot(buckets, nowMs, Number.isNaN(logLength) ? maxLogLength : logLength);
	sendJson(exchange.reply, 200, {...snapshot, mantleBuckets: mantle.report(nowMs)}, {});
}

/**
 * `POST /__reset`: restarts statistics, buckets, caches and the script of faults.
 * @throws ServiceError without the header that it needs.
 */
async function serveReset(exchange: Exchange, simulation: Simulation): Promise<void> {
	assertReset(exchange);
	await exchange.readBody();
	simulation.reset();
	sendJson(exchange.reply, 200, {reset: true}, {});
}

/** A kind of request; the first route that matches serves it. */
type Route = {
	readonly method: 'GET' | 'POST' | 'DELETE' | 'any';
	readonly path: RegExp;
	/** Signing name, for services with ambiguous paths. */
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
	{method: 'POST', path: /^\/optimize-prompt$/, serve: serveOptimizePrompt},
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
		/^\/provisioned-model-throughputs$/,
		'bedrock:ListProvisionedModelThroughputs',
		serveProvisionedThroughputs,
	),
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
export function createRoutes(simulation: Simulation): readonly Route[] {
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
}

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

/** Serves one request; any error becomes an answer. */
export async function route(
	exchange: Exchange,
	simulation: Simulation,
	routes: readonly Route[],
): Promise<void> {
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
}

/**
 * Errors in the protocol of the caller. With one endpoint for all services clients of other services come here too,
 * and an error that they cannot parse would hide that the simulator does not serve them.
 */

type Protocol = 'cbor' | 'compute' | 'json' | 'query' | 'rest-json' | 'rest-xml' | 's3';

/** Signing names of services that speak XML over REST. */
const xmlServices: ReadonlySet<string> = new Set(['cloudfront', 'route53', 'route53domains']);
const s3Services: ReadonlySet<string> = new Set(['s3', 's3express', 's3-outposts', 's3-object-lambda']);

const protocolOf = (exchange: Exchange): Protocol => {
	const {headers, query} = exchange;
	const service = serviceOf(headers, query) ?? '';
	if (headers['smithy-protocol'] === 'rpc-v2-cbor') {
		return 'cbor';
	}
	if (headers['x-amz-target'] !== undefined) {
		return 'json';
	}
	if (isQuery(exchange)) {
		return service === 'ec2' ? 'compute' : 'query';
	}
	return s3Services.has(service) ? 's3' : xmlServices.has(service) ? 'rest-xml' : 'rest-json';
};

/** Names of the older protocols for the same errors. */
const olderCodes: Partial<Record<ErrorType, string>> = {
	AccessDeniedException: 'AccessDenied',
	InternalServerException: 'InternalFailure',
	ThrottlingException: 'Throttling',
	UnknownOperationException: 'InvalidAction',
	ValidationException: 'ValidationError',
};

/** Answers with an error. */
function sendRefusal(exchange: Exchange, error: ServiceError, requestId: string): void {
	const code = olderCodes[error.type] ?? error.type;
	const {message} = error;
	switch (protocolOf(exchange)) {
		case 'rest-json':
			sendError(exchange.reply, error, requestId);
			break;
		case 'json':
			sendBytes(
				exchange,
				error.status,
				Buffer.from(JSON.stringify({__type: error.type, message, ...error.details})),
				{
					'content-type': exchange.headers['content-type'] ?? 'application/x-amz-json-1.1',
					'x-amzn-requestid': requestId,
				},
			);
			break;
		case 'cbor':
			sendBytes(exchange, error.status, encodeCbor({__type: error.type, message}), {
				'content-type': 'application/cbor',
				'smithy-protocol': 'rpc-v2-cbor',
				'x-amzn-requestid': requestId,
			});
			break;
		case 'query':
		case 'rest-xml': {
			const isOfCaller = error.status < 500;
			const text = queryError({code, message, isOfCaller}, requestId);
			sendXml(exchange, olderStatus(error), text, requestId);
			break;
		}
		case 'compute':
			sendXml(exchange, olderStatus(error), computeError(code, message, requestId), requestId);
			break;
		case 's3': {
			const isUnknown = error.type === 'UnknownOperationException';
			const text = errorDocument([
				['Code', isUnknown ? 'NotImplemented' : code],
				['Message', message],
				['RequestId', requestId],
			]);
			sendXml(exchange, isUnknown ? 501 : error.status, text, requestId);
			break;
		}
	}
}

const sendBytes = (
	{reply, method}: Exchange,
	status: number,
	body: Buffer,
	headers: Readonly<Record<string, string>>,
): void => {
	reply.head(status, {...headers, 'content-length': String(body.length)});
	reply.end(method === 'HEAD' ? undefined : body);
};

const sendXml = (exchange: Exchange, status: number, text: string, requestId: string): void =>
	sendBytes(exchange, status, Buffer.from(text), {
		'content-type': 'text/xml',
		'x-amzn-requestid': requestId,
	});

const olderStatus = (error: ServiceError): number =>
	error.type === 'UnknownOperationException' || error.type === 'ThrottlingException' ? 400 : error.status;
