import type {SeriesName, UsageMetric} from '../../domain/usage-source.ts';

/** The metrics of `AWS/Bedrock` behind our words (Bedrock user guide, "Monitoring the performance of Amazon Bedrock"). */

export const namespace = 'AWS/Bedrock';

/** Spellings of each metric, the current one first: older pages write the cache's without `Count`. */
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
export type MetricStat = {readonly metric: string; readonly stat: string};

/**
 * What to ask for a series.
 * @param listed Metrics that ListMetrics names for the ModelId; undefined where it is not known.
 */
export const metricStatOf = (series: SeriesName, listed: ReadonlySet<string> | undefined): MetricStat => {
	if (isDuration(series)) {
		const [metric, stat] = durations[series];
		return {metric, stat};
	}
	const names = spellings[series];
	return {metric: names.find((name) => listed?.has(name)) ?? names[0], stat: 'Sum'};
};

/** Series that exist where a metric of this name does. */
export const seriesOf = (metric: string): readonly SeriesName[] => [
	...Object.entries(spellings)
		.filter(([, names]) => names.includes(metric))
		.map(([series]) => series as UsageMetric),
	...Object.entries(durations)
		.filter(([, [name]]) => name === metric)
		.map(([series]) => series as keyof typeof durations),
];
