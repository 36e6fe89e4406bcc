/** Sums of a minute. Durations are kept compact in a histogram whose classes are 2% wide. */
type Durations = {
	readonly classes: Map<number, number>;
	count: number;
	sumMs: number;
};

const classWidth = Math.log(1.02);

export function createDurations(): Durations {
	return {classes: new Map(), count: 0, sumMs: 0};
}

/** Adds `weight` durations of the same length. */
export function addDuration(durations: Durations, durationMs: number, weight = 1): void {
	const shown = Math.max(1, durationMs);
	const index = Math.round(Math.log(shown) / classWidth);
	durations.classes.set(index, (durations.classes.get(index) ?? 0) + weight);
	durations.count += weight;
	durations.sumMs += shown * weight;
}

export function addDurations(sum: Durations, more: Durations): void {
	for (const [index, weight] of more.classes) {
		sum.classes.set(index, (sum.classes.get(index) ?? 0) + weight);
	}
	sum.count += more.count;
	sum.sumMs += more.sumMs;
}

/** Quantile of the durations (0 to 1), within 1%; undefined where there are none. */
export function quantile({classes, count}: Durations, fraction: number): number | undefined {
	let left = fraction * count;
	let found: number | undefined;
	for (const [index, weight] of [...classes].sort(([first], [second]) => first - second)) {
		found = Math.exp(index * classWidth);
		left -= weight;
		if (left <= 0) {
			break;
		}
	}
	return found;
}

export const minuteMs = 60_000;

/** Begin of the minute that holds a moment, in milliseconds since 1970. */
export function minuteOf(atMs: number): number {
	return Math.floor(atMs / minuteMs) * minuteMs;
}

/** Everything that CloudWatch sums per minute, by the names of the metrics in `AWS/Bedrock`. */
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

export function isDuration(metric: MetricName): metric is DurationMetric {
	return durationMetrics.some((name) => name === metric);
}

/** In front of the ID of a model of bedrock-mantle: it is counted apart from the model of the runtime. */
export const mantlePrefix = 'mantle/';

/**
 * The metrics of `AWS/BedrockMantle`, each with what it counts (user guide, monitoring of the endpoint). Requests that are
 * throttled are in none, nor are latencies.
 */
export const mantleMetrics: Readonly<Record<string, CountMetric | undefined>> = {
	Inferences: 'Invocations',
	InferenceClientErrors: 'InvocationClientErrors',
	TotalInputTokens: 'InputTokenCount',
	TotalOutputTokens: 'OutputTokenCount',
};

/** The smallest and the largest value of a single request. */
type Extremes = {least: number; most: number};

/** One minute of one ModelId. */
export type MinuteSums = {
	readonly counts: Record<CountMetric, number>;
	/** Only of metrics with known extremes; requests of background traffic are all alike. */
	readonly extremes?: Map<CountMetric, Extremes>;
	readonly durations: Readonly<Record<DurationMetric, Durations>>;
};

export function createCounts(): MinuteSums['counts'] {
	return {
		Invocations: 0,
		InvocationThrottles: 0,
		InvocationClientErrors: 0,
		InvocationServerErrors: 0,
		InputTokenCount: 0,
		OutputTokenCount: 0,
		CacheReadInputTokenCount: 0,
		CacheWriteInputTokenCount: 0,
		EstimatedTPMQuotaUsage: 0,
	};
}

export function createMinuteSums(): MinuteSums {
	return {
		counts: createCounts(),
		extremes: new Map(),
		durations: {InvocationLatency: createDurations(), TimeToFirstToken: createDurations()},
	};
}

/** Metrics that count events: every sample is 1. */
const eventMetrics: ReadonlySet<CountMetric> = new Set([
	'Invocations',
	'InvocationThrottles',
	'InvocationClientErrors',
	'InvocationServerErrors',
]);

/** Samples of a metric: one per event, of tokens one per invocation. */
export function samplesOf({counts}: MinuteSums, metric: CountMetric): number {
	return counts[eventMetrics.has(metric) ? metric : 'Invocations'];
}

/** Smallest and largest sample; unknown ones are taken to be the mean. */
export function extremesOf(sums: MinuteSums, metric: CountMetric): Readonly<Extremes> {
	const known = sums.extremes?.get(metric);
	const mean = sums.counts[metric] / samplesOf(sums, metric);
	return known ?? {least: mean, most: mean};
}

/** Adds the counts of one request. */
export function addSample(sums: MinuteSums, metric: CountMetric, amount: number): void {
	sums.counts[metric] += amount;
	widen(sums, metric, amount, amount);
}

/** In place: called for every request. */
const widen = (sums: MinuteSums, metric: CountMetric, least: number, most: number): void => {
	const known = sums.extremes?.get(metric);
	if (known === undefined) {
		sums.extremes?.set(metric, {least, most});
	} else {
		known.least = Math.min(known.least, least);
		known.most = Math.max(known.most, most);
	}
};

/** Adds a share of one minute to another. @param part 0 to 1: the share; counts stay whole. */
export function addSums(sum: MinuteSums, more: MinuteSums, part = 1): void {
	for (const metric of countMetrics) {
		if (more.counts[metric] > 0) {
			sum.counts[metric] += Math.floor(more.counts[metric] * part);
			const {least, most} = extremesOf(more, metric);
			widen(sum, metric, least, most);
		}
	}
	for (const metric of durationMetrics) {
		addDurations(sum.durations[metric], more.durations[metric]);
	}
}
