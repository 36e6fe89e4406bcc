import {randomUUID} from 'node:crypto';
import {isJson, type Json} from '../families/prompt.ts';
import type {Simulation} from '../simulation.ts';
import {deniedMessage} from '../wire/caller.ts';
import {decodeCbor, encodeCbor} from '../wire/cbor.ts';
import {type Exchange, type Reply, regionOf} from '../wire/exchange.ts';
import {type FieldKinds, queryError, queryResult} from '../wire/xml.ts';
import {getMetricData, getMetricStatistics, listMetrics} from './metric-actions.ts';
import {MetricError} from './metric-query.ts';
import {lookAt} from './metric-source.ts';

/** CloudWatch in its three protocols; the age and language of an SDK decide which one it uses. */
type MetricProtocol = {
	readonly headers: Readonly<Record<string, string>>;
	readonly write: (action: string, answer: Json, requestId: string) => Buffer;
	readonly writeError: (error: MetricError, requestId: string) => Buffer;
};

export const metricVersion = '2010-08-01';

const momentFields: ReadonlySet<string> = new Set(['Timestamp', 'Timestamps']);
const fieldKinds: FieldKinds = {
	isMoment: (key) => momentFields.has(key),
	isMap: (key) => key === 'ExtendedStatistics',
};

const errorBody = ({type, message}: MetricError): Json => ({__type: type, message});

/** The older name of an error, sent to newer clients as well, so that code that tests for it keeps working. */
function olderErrorHeader({queryName}: MetricError): Readonly<Record<string, string>> {
	return {
		'x-amzn-query-error': `${queryName};Sender`,
	};
}

export const jsonMetrics: MetricProtocol = {
	headers: {'content-type': 'application/x-amz-json-1.0'},
	write: (_action, answer) => Buffer.from(JSON.stringify(answer)),
	writeError: (error) => Buffer.from(JSON.stringify(errorBody(error))),
};

export const cborMetrics: MetricProtocol = {
	headers: {'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor'},
	write: (_action, answer) => encodeCbor(answer, fieldKinds.isMoment),
	writeError: (error) => encodeCbor(errorBody(error)),
};

const xmlNamespace = `http://monitoring.amazonaws.com/doc/${metricVersion}/`;

export const queryMetrics: MetricProtocol = {
	headers: {'content-type': 'text/xml'},
	write: (action, answer, requestId) =>
		Buffer.from(queryResult(action, answer, {namespace: xmlNamespace, requestId}, fieldKinds)),
	writeError: ({queryName, message}, requestId) =>
		Buffer.from(queryError({code: queryName, message}, requestId, xmlNamespace)),
};

/** @throws MetricError for invalid JSON. */
export function readJsonInput(body: Buffer): Json {
	return inputOf(body, (bytes) => JSON.parse(bytes.toString('utf8')), 'JSON');
}

const inputOf = (body: Buffer, parse: (bytes: Buffer) => unknown, name: string): Json => {
	if (body.length === 0) {
		return {};
	}
	try {
		const input = parse(body);
		return isJson(input) ? input : {};
	} catch {
		throw new MetricError('SerializationException', `The request is not valid ${name}.`, {
			queryName: 'MalformedInput',
		});
	}
};

/** @throws MetricError for invalid CBOR. */
export function readCborInput(body: Buffer): Json {
	return inputOf(body, decodeCbor, 'CBOR');
}

/** Name of the service in the header `X-Amz-Target` and in the paths of CBOR. */
export const cloudWatchTarget = 'GraniteServiceVersion20100801';

/** Reads the input of a request. */
type ReadInput = () => Json | Promise<Json>;

type CloudWatch = (
	exchange: Exchange,
	protocol: MetricProtocol,
	action: string,
	readInput: ReadInput,
) => Promise<void>;

/** Makes the handler of CloudWatch over the served requests and the scenario. */
export function createCloudWatch(simulation: Simulation): CloudWatch {
	const {time, scenario, served, options} = simulation;
	const faults = createFaults(simulation);
	// What a client keeps of one simulator is not true of the next one at the same address.
	const instance = {'x-bedrock-top-instance': randomUUID()};

	const act = (action: string, input: Json, region: string, nowMs: number): Json => {
		const source = lookAt(served, scenario, options.seed, nowMs);
		switch (action) {
			case 'ListMetrics':
				return listMetrics(source, region, nowMs, input);
			case 'GetMetricData':
				return getMetricData(source, region, input, scenario.metrics, faults.isPartial());
			case 'GetMetricStatistics':
				return getMetricStatistics(source, region, input);
			default:
				throw new MetricError(
					'UnknownOperationException',
					`The simulator does not serve ${action} of CloudWatch.`,
					{queryName: 'InvalidAction'},
				);
		}
	};

	return async ({reply, headers}, protocol, action, readInput) => {
		const nowMs = time.now() + (scenario.metrics?.clockAheadMs ?? 0);
		const requestId = randomUUID();
		try {
			faults.refuse(action);
			const answer = act(action, await readInput(), regionOf(headers), nowMs);
			const bytes = protocol.write(action, answer, requestId);
			send(reply, 200, bytes, requestId, nowMs, {...protocol.headers, ...instance});
		} catch (error) {
			if (!(error instanceof MetricError)) {
				throw error;
			}
			const bytes = protocol.writeError(error, requestId);
			const more = {...protocol.headers, ...olderErrorHeader(error)};
			send(reply, error.status, bytes, requestId, nowMs, more);
		}
	};
}

/** Scripted errors come before all others, as the service's throttles do. */
const createFaults = ({scenario}: Simulation) => {
	let throttled = 0;
	let partial = 0;
	return {
		refuse(action: string): void {
			if (throttled++ < (scenario.metrics?.throttleFirst ?? 0)) {
				throw new MetricError('ThrottlingException', 'Rate exceeded', {queryName: 'Throttling'});
			}
			if (scenario.denied?.includes(`cloudwatch:${action}`)) {
				throw new MetricError('AccessDeniedException', deniedMessage(`cloudwatch:${action}`), {
					status: 403,
					queryName: 'AccessDenied',
				});
			}
		},
		isPartial: (): boolean => partial++ < (scenario.metrics?.partialFirst ?? 0),
	};
};

const send = (
	reply: Reply,
	status: number,
	bytes: Buffer,
	requestId: string,
	nowMs: number,
	headers: Readonly<Record<string, string>>,
): void => {
	reply.head(status, {
		'content-length': String(bytes.length),
		'x-amzn-requestid': requestId,
		date: new Date(nowMs).toUTCString(),
		...headers,
	});
	reply.end(bytes);
};
