import type {Metric} from '@aws-sdk/client-cloudwatch';
import type {SeriesName, SeriesQuery, UsageMetric} from '../../domain/usage-source.ts';
import {mantlePrefix} from '../identify/identify.ts';

/**
 * Names of the metrics of `AWS/Bedrock` and `AWS/BedrockMantle` (Bedrock user guide, "Monitoring the performance of Amazon
 * Bedrock").
 */

/** The metrics of an endpoint: their namespace, and the dimension that names a model. */
export type MetricPlace = {readonly namespace: string; readonly dimension: string; readonly prefix: string};

export const metricPlaces = [
	{namespace: 'AWS/Bedrock', dimension: 'ModelId', prefix: ''},
	// By its model alone; with a project too the same traffic is there once more.
	{namespace: 'AWS/BedrockMantle', dimension: 'Model', prefix: mantlePrefix},
] as const satisfies readonly MetricPlace[];

/** Those of bedrock-mantle. None has throttles or latency: what is refused before it is processed is counted nowhere. */
const mantleMetrics: Readonly<Partial<Record<SeriesName, string>>> = {
	requests: 'Inferences',
	clientErrors: 'InferenceClientErrors',
	inputTokens: 'TotalInputTokens',
	outputTokens: 'TotalOutputTokens',
};

/** Spellings of each metric, the current one first: older pages write those of the cache without `Count`. */
const spellings: Readonly<Record<UsageMetric, readonly [string, ...string[]]>> = {
	requests: ['Invocations'],
	throttles: ['InvocationThrottles'],
	clientErrors: ['InvocationClientErrors'],
	serverErrors: ['InvocationServerErrors'],
	inputTokens: ['InputTokenCount'],
	outputTokens: ['OutputTokenCount'],
	cacheReadTokens: ['CacheReadInputTokenCount', 'CacheReadInputTokens'],
	cacheWriteTokens: ['CacheWriteInputTokenCount', 'CacheWriteInputTokens'],
	estimatedQuotaTokens: ['EstimatedTPMQuotaUsage'],
};

const durations: Readonly<Record<Exclude<SeriesName, UsageMetric>, readonly [metric: string, stat: string]>> =
	{
		firstTokenP50: ['TimeToFirstToken', 'p50'],
		firstTokenP90: ['TimeToFirstToken', 'p90'],
		latencyP50: ['InvocationLatency', 'p50'],
		latencyP90: ['InvocationLatency', 'p90'],
	};

const isDuration = (series: SeriesName): series is keyof typeof durations => series in durations;

/** A metric with the statistic that is read of it. */
type MetricStat = {readonly metric: string; readonly stat: string};

/**
 * The metric and statistic of a series.
 * @param listed Metrics that ListMetrics names for the ModelId; undefined where it is not known.
 */
function metricStatOf(series: SeriesName, listed: ReadonlySet<string> | undefined): MetricStat {
	if (isDuration(series)) {
		const [metric, stat] = durations[series];
		return {metric, stat};
	}
	const names = spellings[series];
	return {metric: names.find((name) => listed?.has(name)) ?? names[0], stat: 'Sum'};
}

/** Series that a metric of this name gives; those of the two endpoints have no name in common. */
export function seriesOf(metric: string): readonly SeriesName[] {
	return [
		...Object.entries(mantleMetrics)
			.filter(([, name]) => name === metric)
			.map(([series]) => series as SeriesName),
		...Object.entries(spellings)
			.filter(([, names]) => names.includes(metric))
			.map(([series]) => series as UsageMetric),
		...Object.entries(durations)
			.filter(([, [name]]) => name === metric)
			.map(([series]) => series as keyof typeof durations),
	];
}

/** A query with its name in CloudWatch. */
export type NamedQuery = SeriesQuery & MetricStat;

/** A query as CloudWatch knows it; undefined where it has no such metric. @param listed Metrics of each ModelId. */
export function named(
	query: SeriesQuery,
	listed: ReadonlyMap<string, ReadonlySet<string>>,
): NamedQuery | undefined {
	const {modelId, series} = query;
	if (modelId.startsWith(mantlePrefix)) {
		const metric = mantleMetrics[series];
		return metric === undefined ? undefined : {...query, metric, stat: 'Sum'};
	}
	return {...query, ...metricStatOf(series, listed.get(modelId))};
}

/**
 * ModelId of a series whose only dimension that is: series with more dimensions repeat the same traffic, and adding
 * them up would count it twice.
 */
export function modelIdOf({Dimensions}: Metric, {dimension, prefix}: MetricPlace): string | undefined {
	const [only] = Dimensions ?? [];
	return Dimensions?.length === 1 && only?.Name === dimension && only.Value !== undefined
		? `${prefix}${only.Value}`
		: undefined;
}

/** The project of a series of bedrock-mantle, and the ModelId that it called; undefined of any other series. */
export function projectOf(
	{Dimensions = []}: Metric,
	{dimension, prefix}: MetricPlace,
): {readonly modelId: string; readonly project: string} | undefined {
	const valueIn = (name: string) => Dimensions.find(({Name}) => Name === name)?.Value;
	const [project, model] = [valueIn('Project'), valueIn(dimension)];
	return project === undefined || model === undefined ? undefined : {modelId: `${prefix}${model}`, project};
}

/** Where the metrics of a ModelId are, and what they call it. */
export function placeOf(modelId: string): {
	readonly namespace: string;
	readonly dimension: string;
	readonly value: string;
} {
	const {namespace, dimension, prefix} = metricPlaces[modelId.startsWith(mantlePrefix) ? 1 : 0];
	return {namespace, dimension, value: modelId.slice(prefix.length)};
}
