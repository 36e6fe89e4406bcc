import {addDurations, createDurations, type Durations} from './durations.ts';

export const minuteMs = 60_000;

/** Begin of the minute that holds a moment, in milliseconds since 1970. */
export const minuteOf = (atMs: number): number => Math.floor(atMs / minuteMs) * minuteMs;

/** Everything that CloudWatch sums up over a minute, by the names of the metrics in `AWS/Bedrock`. */
export const countMetrics = [
	'Invocations',
	'InvocationThrottles',
	'InvocationClientErrors',
	'InvocationServerErrors',
	'InputTokenCount',
	'OutputTokenCount',
	'CacheReadInputTokenCount',
	'CacheWriteInputTokenCount',
	'EstimatedTPMQuotaUsage',
] as const;
export type CountMetric = (typeof countMetrics)[number];

export const durationMetrics = ['InvocationLatency', 'TimeToFirstToken'] as const;
export type DurationMetric = (typeof durationMetrics)[number];

export type MetricName = CountMetric | DurationMetric;
export const metricNames: readonly MetricName[] = [...countMetrics, ...durationMetrics];

export const isDuration = (metric: MetricName): metric is DurationMetric =>
	durationMetrics.some((name) => name === metric);

/** One minute of one ModelId. */
export type MinuteSums = {
	readonly counts: Record<CountMetric, number>;
	readonly durations: Readonly<Record<DurationMetric, Durations>>;
};

export const createCounts = (): MinuteSums['counts'] => ({
	Invocations: 0,
	InvocationThrottles: 0,
	InvocationClientErrors: 0,
	InvocationServerErrors: 0,
	InputTokenCount: 0,
	OutputTokenCount: 0,
	CacheReadInputTokenCount: 0,
	CacheWriteInputTokenCount: 0,
	EstimatedTPMQuotaUsage: 0,
});

export const createMinuteSums = (): MinuteSums => ({
	counts: createCounts(),
	durations: {InvocationLatency: createDurations(), TimeToFirstToken: createDurations()},
});

/** Adds a part of one minute to another. @param part 0 to 1: how much of it; what is counted stays whole. */
export const addSums = (sum: MinuteSums, more: MinuteSums, part = 1): void => {
	for (const metric of countMetrics) {
		sum.counts[metric] += Math.floor(more.counts[metric] * part);
	}
	for (const metric of durationMetrics) {
		addDurations(sum.durations[metric], more.durations[metric]);
	}
};
