import type {Metric} from '@aws-sdk/client-cloudwatch';
import type {UsageFailure} from '../../domain/usage-source.ts';
import {type MetricClients, sendMetricCommand} from './metric-call.ts';
import {namespace} from './metric-names.ts';

/** What ListMetrics told. */
export type ListedMetrics = {
	/** Names of the metrics of each ModelId. */
	readonly names: ReadonlyMap<string, ReadonlySet<string>>;
	readonly calls: number;
	readonly failure: UsageFailure | undefined;
	readonly clockAheadMs: number | undefined;
};

/**
 * ModelId of a series whose only dimension that is: the same traffic stands under further sets of dimensions, and adding
 * them up would count it twice.
 */
const modelIdOf = ({Dimensions}: Metric): string | undefined => {
	const [only] = Dimensions ?? [];
	return Dimensions?.length === 1 && only?.Name === 'ModelId' ? only.Value : undefined;
};

/** Lists the ModelIds that had traffic in the last three hours. */
export const listActiveMetrics = async (
	clients: MetricClients,
	options: {readonly epoch: () => number; readonly signal: AbortSignal},
): Promise<ListedMetrics> => {
	const {ListMetricsCommand} = await import('@aws-sdk/client-cloudwatch');
	const names = new Map<string, Set<string>>();
	const seen = new Set<string>();
	let clockAheadMs: number | undefined;
	let token: string | undefined;
	let calls = 0;
	do {
		const command = new ListMetricsCommand({
			Namespace: namespace,
			RecentlyActive: 'PT3H',
			...(token === undefined ? {} : {NextToken: token}),
		});
		calls++;
		const outcome = await sendMetricCommand(
			clients,
			'cloudwatch:ListMetrics',
			command,
			(client, sent) => client.send(sent, {abortSignal: options.signal}),
			options,
		);
		if (outcome.kind === 'failed') {
			return {names, calls, failure: outcome.failure, clockAheadMs};
		}
		for (const metric of outcome.answer.Metrics ?? []) {
			const modelId = modelIdOf(metric);
			if (modelId !== undefined && metric.MetricName !== undefined) {
				names.set(modelId, (names.get(modelId) ?? new Set()).add(metric.MetricName));
			}
		}
		clockAheadMs ??= outcome.clockAheadMs;
		const next = outcome.answer.NextToken;
		token = next === undefined || next === '' || seen.has(next) ? undefined : next;
		seen.add(token ?? '');
	} while (token !== undefined);
	return {names, calls, failure: undefined, clockAheadMs};
};
