import type {MetricDataQuery, MetricDataResult} from '@aws-sdk/client-cloudwatch';
import type {SeriesQuery, SeriesValues, TimeWindow, UsageFailure} from '../../domain/usage-source.ts';
import {type MetricClients, sendMetricCommand} from './metric-call.ts';
import {type MetricStat, namespace} from './metric-names.ts';

/** Most queries of one call of GetMetricData. */
export const mostQueries = 500;
/** Most datapoints of one page. */
const mostDatapoints = 100_800;

/** A query with what it is called in CloudWatch. */
export type NamedQuery = SeriesQuery & MetricStat;

export type BatchOutcome = {
	readonly series: readonly SeriesValues[];
	readonly calls: number;
	readonly failure: UsageFailure | undefined;
	readonly clockAheadMs: number | undefined;
};

const idOf = (index: number): string => `q${index}`;

const dataQuery = (
	{modelId, metric, stat}: NamedQuery,
	index: number,
	periodMs: number,
): MetricDataQuery => ({
	Id: idOf(index),
	MetricStat: {
		Metric: {
			Namespace: namespace,
			MetricName: metric,
			// Exactly this dimension: series with more of them tell the same traffic again.
			Dimensions: [{Name: 'ModelId', Value: modelId}],
		},
		Period: periodMs / 1000,
		Stat: stat,
	},
});

/** Values of one query, gathered over the pages. */
type Gathered = {at: number[]; values: number[]; isPartial: boolean; isTold: boolean};

const gather = (gathered: readonly Gathered[], result: MetricDataResult): void => {
	const place = gathered[Number((result.Id ?? '').slice(1))];
	if (place === undefined) {
		return;
	}
	for (const [index, at] of (result.Timestamps ?? []).entries()) {
		const value = result.Values?.[index];
		if (value !== undefined) {
			place.at.push(at.getTime());
			place.values.push(value);
		}
	}
	place.isTold = true;
	// A page that ends within a result says PartialData too; the last word on a result counts.
	place.isPartial = result.StatusCode !== undefined && result.StatusCode !== 'Complete';
};

/**
 * Reads up to 500 queries over all pages.
 * @returns what was told; of a failure in between the results that are whole.
 */
export const readBatch = async (
	clients: MetricClients,
	queries: readonly NamedQuery[],
	{fromMs, toMs}: TimeWindow,
	periodMs: number,
	options: {readonly epoch: () => number; readonly signal: AbortSignal},
): Promise<BatchOutcome> => {
	const {GetMetricDataCommand} = await import('@aws-sdk/client-cloudwatch');
	const gathered = queries.map((): Gathered => ({at: [], values: [], isPartial: true, isTold: false}));
	const seen = new Set<string>();
	let failure: UsageFailure | undefined;
	let clockAheadMs: number | undefined;
	let token: string | undefined;
	let calls = 0;
	do {
		const command = new GetMetricDataCommand({
			MetricDataQueries: queries.map((query, index) => dataQuery(query, index, periodMs)),
			StartTime: new Date(fromMs),
			EndTime: new Date(toMs),
			ScanBy: 'TimestampAscending',
			MaxDatapoints: mostDatapoints,
			...(token === undefined ? {} : {NextToken: token}),
		});
		calls++;
		const outcome = await sendMetricCommand(
			clients,
			'cloudwatch:GetMetricData',
			command,
			(client, sent) => client.send(sent, {abortSignal: options.signal}),
			options,
		);
		if (outcome.kind === 'failed') {
			failure = outcome.failure;
			break;
		}
		for (const result of outcome.answer.MetricDataResults ?? []) {
			gather(gathered, result);
		}
		clockAheadMs ??= outcome.clockAheadMs;
		const next = outcome.answer.NextToken;
		token = next === undefined || next === '' || seen.has(next) ? undefined : next;
		seen.add(token ?? '');
	} while (token !== undefined);
	const series = queries.flatMap(({modelId, series: name}, index) => {
		const told = gathered[index];
		return told?.isTold
			? [{modelId, series: name, at: told.at, values: told.values, isPartial: told.isPartial}]
			: [];
	});
	return {series, calls, failure, clockAheadMs};
};
