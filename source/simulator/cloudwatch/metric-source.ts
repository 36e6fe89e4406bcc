import type {Scenario} from '../options.ts';
import type {RequestRecord} from '../stats.ts';
import {
	type BackgroundTraffic,
	backgroundMinute,
	counterOf,
	hasTraffic,
	isIn,
	metricsOf,
} from './background.ts';
import {
	addDuration,
	addSample,
	addSums,
	type CountMetric,
	createMinuteSums,
	isDuration,
	type MetricName,
	type MinuteSums,
	mantleMetrics,
	mantlePrefix,
	metricNames,
	minuteMs,
	minuteOf,
} from './minute-sums.ts';

/** The account's metrics as known at one moment: late, and the newest minute incomplete. */
export type MetricSource = {
	/** ModelIds with any traffic since a moment, each with its metrics. */
	readonly activeSince: (region: string, sinceMs: number) => ReadonlyMap<string, ReadonlySet<MetricName>>;
	/** One minute of a ModelId; undefined where nothing is known of it (yet). */
	readonly minute: (region: string, modelId: string, minute: number) => MinuteSums | undefined;
	/** A count of a ModelId by the minute: the same as of `minute`, for long windows. */
	readonly counter: (region: string, modelId: string) => (metric: CountMetric, minute: number) => number;
	/** Begin of the oldest value that is still kept at a period; finer values become coarser as they age. */
	readonly oldestMs: (periodMs: number) => number;
};

const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** How long values are kept, by their period. */
const keptFor = [
	{belowMs: 5 * minuteMs, days: 15},
	{belowMs: hourMs, days: 63},
	{belowMs: Number.POSITIVE_INFINITY, days: 455},
] as const;

/** Metrics of a minute are usually complete two minutes after its end. */
const defaultDelayMs = 2 * minuteMs;

/** Share of a minute that is known until the delay after its end is over. */
const partialShare = 0.6;

/** The metrics of the account as known at `nowMs`. */
export function lookAt(
	served: ServedMinutes,
	{background = [], metrics}: Scenario,
	seed: number,
	nowMs: number,
): MetricSource {
	const delayMs = metrics?.delayMs ?? defaultDelayMs;
	const byDimension = Map.groupBy(background, ({modelId}) => dimensionOf(modelId));
	const byPlace = new Map<string, readonly BackgroundTraffic[]>();
	const trafficOf = (region: string, modelId: string): readonly BackgroundTraffic[] => {
		const place = `${region} ${modelId}`;
		const known =
			byPlace.get(place) ?? (byDimension.get(modelId) ?? []).filter((traffic) => isIn(traffic, region));
		byPlace.set(place, known);
		return known;
	};

	/** 0: nothing of the minute is known, 1: all of it. */
	const knownPart = (minute: number): number => {
		const ageMs = nowMs - minute - minuteMs;
		return ageMs >= delayMs ? 1 : ageMs >= delayMs - minuteMs ? partialShare : 0;
	};

	const minuteAt: MetricSource['minute'] = (region, modelId, minute) => {
		const part = knownPart(minute);
		if (part === 0) {
			return undefined;
		}
		const own = served.minutes(region, modelId).get(minute);
		const others = trafficOf(region, modelId);
		const [first] = others;
		if (own === undefined && others.length === 1 && first !== undefined && part === 1) {
			return backgroundMinute(first, region, seed, minute);
		}
		const parts = [
			...(own === undefined ? [] : [own]),
			...others.map((traffic) => backgroundMinute(traffic, region, seed, minute)),
		];
		const [only] = parts;
		return parts.length === 1 && part === 1 ? only : only && summed(parts, part);
	};

	const servedMetrics = (region: string, modelId: string, sinceMs: number): readonly MetricName[] =>
		[...served.minutes(region, modelId).keys()]
			.filter((minute) => minute >= sinceMs)
			.flatMap((minute) => {
				const sums = minuteAt(region, modelId, minute);
				return sums === undefined ? [] : metricNames.filter((metric) => hasValue(sums, metric));
			});

	return {
		minute: minuteAt,
		counter(region, modelId) {
			const own = served.minutes(region, modelId);
			const others = trafficOf(region, modelId).map((traffic) => counterOf(traffic, region, seed));
			const wholeMs = nowMs - delayMs - minuteMs;
			return (metric, minute) => {
				if (minute > wholeMs || (own.size > 0 && own.has(minute))) {
					return minuteAt(region, modelId, minute)?.counts[metric] ?? 0;
				}
				let sum = 0;
				for (const count of others) {
					sum += count(metric, minute);
				}
				return sum;
			};
		},
		oldestMs: (periodMs) => nowMs - (keptFor.find(({belowMs}) => periodMs < belowMs)?.days ?? 0) * dayMs,
		activeSince(region, sinceMs) {
			const window = {fromMs: sinceMs, toMs: nowMs - delayMs};
			const found = new Map<string, ReadonlySet<MetricName>>();
			for (const modelId of new Set([...served.modelIds(region), ...byDimension.keys()])) {
				const active = trafficOf(region, modelId).filter((traffic) =>
					hasTraffic(traffic, region, seed, window),
				);
				const names = new Set([
					...servedMetrics(region, modelId, sinceMs),
					...active.flatMap((traffic) => metricsOf(traffic)),
				]);
				if (names.size > 0) {
					found.set(modelId, names);
				}
			}
			return found;
		},
	};
}

const summed = (parts: readonly MinuteSums[], part: number): MinuteSums => {
	const sum = createMinuteSums();
	for (const each of parts) {
		addSums(sum, each, part);
	}
	return sum;
};

const hasValue = (sums: MinuteSums, metric: MetricName): boolean =>
	isDuration(metric) ? sums.durations[metric].count > 0 : sums.counts[metric] > 0;

/** Whether a metric is published for a ModelId. */
export function isPublished(modelId: string, metric: MetricName): boolean {
	return metric !== 'EstimatedTPMQuotaUsage' || hasEstimate(modelId);
}

/** Models with a published `EstimatedTPMQuotaUsage`; for others the reader has to compute it. */
const hasEstimate = (modelId: string): boolean => !/titan|mistral|qwen|deepseek/.test(modelId);

/** Served requests per minute, kept for a day. */
export type ServedMinutes = {
	readonly record: (request: RequestRecord) => void;
	/** ModelIds that were called in a Region. */
	readonly modelIds: (region: string) => readonly string[];
	/** By the begin of the minute. */
	readonly minutes: (region: string, modelId: string) => ReadonlyMap<number, MinuteSums>;
	readonly clear: () => void;
};

/** Minutes kept per ModelId. */
const keptMinutes = 25 * 60;

/**
 * Value of the dimension `ModelId`: the name that the caller used, of an ARN the last part. AWS writes the ID of an
 * application profile and not its ARN.
 */
function dimensionOf(modelId: string): string {
	return modelId.startsWith('arn:') ? modelId.slice(modelId.lastIndexOf('/') + 1) : modelId;
}

/** Errors before the service accepted the request: AWS does not count them as invocations. */
const clientStatuses: ReadonlySet<number> = new Set([400, 403, 404]);

/** @param clockAheadMs How far the clock of the metrics is ahead of the requests'. */
export function createServedMinutes(clockAheadMs = 0): ServedMinutes {
	const regions = new Map<string, Map<string, Map<number, MinuteSums>>>();
	const nothing: ReadonlyMap<number, MinuteSums> = new Map();

	const sumsAt = (region: string, modelId: string, minute: number): MinuteSums => {
		const models = regions.get(region) ?? new Map<string, Map<number, MinuteSums>>();
		regions.set(region, models);
		const minutes = models.get(modelId) ?? new Map<number, MinuteSums>();
		models.set(modelId, minutes);
		const sums = minutes.get(minute) ?? createMinuteSums();
		minutes.set(minute, sums);
		for (const oldest of minutes.keys()) {
			if (oldest > minute - keptMinutes * minuteMs) {
				break;
			}
			minutes.delete(oldest);
		}
		return sums;
	};

	return {
		record(request) {
			const at = minuteOf(request.endedAt + clockAheadMs);
			if (request.isOfMantle === true) {
				if (request.modelId !== '' && request.throttle === undefined) {
					count(sumsAt(request.region, `${mantlePrefix}${request.modelId}`, at), request);
				}
				return;
			}
			// Requests without any model appear nowhere in CloudWatch.
			if (request.baseModel !== undefined) {
				count(sumsAt(request.region, dimensionOf(request.modelId), at), request);
			}
		},
		modelIds: (region) => [...(regions.get(region)?.keys() ?? [])],
		minutes: (region, modelId) => regions.get(region)?.get(modelId) ?? nothing,
		clear: () => regions.clear(),
	};
}

const count = (sums: MinuteSums, request: RequestRecord): void => {
	const {counts, durations} = sums;
	if (request.throttle !== undefined) {
		counts.InvocationThrottles++;
		return;
	}
	const isRefused = clientStatuses.has(request.status);
	if (request.error !== undefined) {
		counts[isRefused ? 'InvocationClientErrors' : 'InvocationServerErrors']++;
	}
	if (isRefused) {
		return;
	}
	counts.Invocations++;
	addSample(sums, 'InputTokenCount', request.inputTokens);
	addSample(sums, 'OutputTokenCount', request.outputTokens);
	addSample(sums, 'CacheReadInputTokenCount', request.cacheReadTokens);
	addSample(sums, 'CacheWriteInputTokenCount', request.cacheWriteTokens);
	if (request.error === undefined) {
		// Emitted for successful requests only (user guide).
		addSample(sums, 'EstimatedTPMQuotaUsage', request.quotaTokens);
		addDuration(durations.InvocationLatency, request.endedAt - request.startedAt);
	}
	if (request.firstTokenAt !== undefined && request.operation.toLowerCase().includes('stream')) {
		addDuration(durations.TimeToFirstToken, request.firstTokenAt - request.startedAt);
	}
};

/** Series of metrics. Each ModelId has the same traffic under several sets of dimensions. */

export const namespace = 'AWS/Bedrock';
export const mantleNamespace = 'AWS/BedrockMantle';

type Dimensions = ReadonlyArray<readonly [name: string, value: string]>;

/** Sets of dimensions under which the traffic of a ModelId appears: adding them up would count it twice. */
export function dimensionSets(modelId: string): readonly Dimensions[] {
	if (modelId.startsWith(mantlePrefix)) {
		const model = modelId.slice(mantlePrefix.length);
		return [
			[['Model', model]],
			[
				['Project', 'default'],
				['Model', model],
			],
		];
	}
	return [
		[['ModelId', modelId]],
		[
			['ModelId', modelId],
			['ServiceTier', 'default'],
			['ResolvedServiceTier', 'default'],
		],
	];
}

export type Series = {
	readonly namespace: string;
	readonly metric: string;
	readonly dimensions: Dimensions;
};

/** The series under which a metric of a ModelId is listed. */
export function seriesOf(modelId: string, metric: MetricName): readonly Series[] {
	const isOfMantle = modelId.startsWith(mantlePrefix);
	const names = isOfMantle
		? Object.entries(mantleMetrics).flatMap(([name, counted]) => (counted === metric ? [name] : []))
		: isPublished(modelId, metric)
			? [metric]
			: [];
	return names.flatMap((name) =>
		dimensionSets(modelId).map((dimensions) => ({
			namespace: isOfMantle ? mantleNamespace : namespace,
			metric: name,
			dimensions,
		})),
	);
}
