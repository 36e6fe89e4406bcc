import {randomUUID} from 'node:crypto';
import {deniedMessage} from '../control-plane/permissions.ts';
import {isJson, type Json} from '../families/prompt.ts';
import type {Simulation} from '../runtime/simulation.ts';
import type {Exchange, Reply} from '../wire/exchange.ts';
import {regionOf} from '../wire/region.ts';
import {getMetricData} from './get-metric-data.ts';
import {listMetrics} from './list-metrics.ts';
import {MetricError} from './metric-answer.ts';
import {lookAt} from './metric-source.ts';

/** CloudWatch: JSON 1.0, the action in the header `X-Amz-Target`, as the SDK speaks it by default. */

export const cloudWatchTarget = 'GraniteServiceVersion20100801';

const send = (
	reply: Reply,
	status: number,
	body: Json,
	nowMs: number,
	headers: Readonly<Record<string, string>> = {},
): void => {
	const bytes = Buffer.from(JSON.stringify(body));
	reply.head(status, {
		'content-type': 'application/x-amz-json-1.0',
		'content-length': String(bytes.length),
		'x-amzn-requestid': randomUUID(),
		date: new Date(nowMs).toUTCString(),
		...headers,
	});
	reply.end(bytes);
};

const parseInput = (body: Buffer): Json => {
	try {
		const input: unknown = JSON.parse(body.toString('utf8'));
		return isJson(input) ? input : {};
	} catch {
		throw new MetricError('SerializationException', 'The request is no JSON.');
	}
};

/** Errors that a script asks for come before anything else, as those of the service do. */
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

/** Makes the handler of CloudWatch over what the simulator served and its scenario. */
export const createCloudWatch = (
	simulation: Simulation,
): ((exchange: Exchange, action: string) => Promise<void>) => {
	const {time, scenario, served, options} = simulation;
	const faults = createFaults(simulation);

	const act = (action: string, input: Json, region: string, nowMs: number): Json => {
		const source = lookAt(served, scenario, options.seed, nowMs);
		switch (action) {
			case 'ListMetrics':
				return listMetrics(source, region, nowMs, input);
			case 'GetMetricData':
				return getMetricData(source, region, input, scenario.metrics, faults.isPartial());
			default:
				throw new MetricError('UnknownOperationException', `The simulator does not serve ${action}.`);
		}
	};

	return async (exchange, action) => {
		const body = await exchange.readBody();
		const nowMs = time.now() + (scenario.metrics?.clockAheadMs ?? 0);
		try {
			faults.refuse(action);
			send(exchange.reply, 200, act(action, parseInput(body), regionOf(exchange.headers), nowMs), nowMs);
		} catch (error) {
			if (!(error instanceof MetricError)) {
				throw error;
			}
			const name = {'x-amzn-query-error': `${error.queryName};Sender`};
			send(exchange.reply, error.status, {__type: error.type, message: error.message}, nowMs, name);
		}
	};
};
