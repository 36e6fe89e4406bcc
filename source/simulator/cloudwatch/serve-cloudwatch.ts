import {randomUUID} from 'node:crypto';
import {deniedMessage} from '../control-plane/permissions.ts';
import type {Json} from '../families/prompt.ts';
import type {Simulation} from '../runtime/simulation.ts';
import type {Exchange, Reply} from '../wire/exchange.ts';
import {regionOf} from '../wire/region.ts';
import {getMetricData} from './get-metric-data.ts';
import {getMetricStatistics} from './get-metric-statistics.ts';
import {listMetrics} from './list-metrics.ts';
import {MetricError} from './metric-answer.ts';
import {type MetricProtocol, olderErrorHeader} from './metric-protocols.ts';
import {lookAt} from './metric-source.ts';

/** CloudWatch in each of its protocols. */

/** Name of the service in the header `X-Amz-Target` and in the paths of CBOR. */
export const cloudWatchTarget = 'GraniteServiceVersion20100801';

/** What is asked for, or a failure to read it. */
type ReadInput = () => Json | Promise<Json>;

export type CloudWatch = (
	exchange: Exchange,
	protocol: MetricProtocol,
	action: string,
	readInput: ReadInput,
) => Promise<void>;

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
export const createCloudWatch = (simulation: Simulation): CloudWatch => {
	const {time, scenario, served, options} = simulation;
	const faults = createFaults(simulation);

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
			send(reply, 200, bytes, requestId, nowMs, protocol.headers);
		} catch (error) {
			if (!(error instanceof MetricError)) {
				throw error;
			}
			const bytes = protocol.writeError(error, requestId);
			const more = {...protocol.headers, ...olderErrorHeader(error)};
			send(reply, error.status, bytes, requestId, nowMs, more);
		}
	};
};
