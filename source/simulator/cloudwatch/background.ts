import {createRandom, hashText} from '../answers/random.ts';
import {type Model, medianPace, type Scope} from '../catalog/model.ts';
import {findModel} from '../catalog/models.ts';
import {findProfile, type Profile} from '../catalog/profiles.ts';
import {
	addDuration,
	createCounts,
	createDurations,
	durationMetrics,
	type MetricName,
	type MinuteSums,
	minuteMs,
	minuteOf,
} from './minute-sums.ts';

/** How traffic varies: constant, in waves of about an hour, in bursts, or ended some time ago. */
export const trafficShapes = ['steady', 'waves', 'bursts', 'ended'] as const;

/** Traffic of another application in the simulated account. Counts are means per request. */
export type BackgroundTraffic = {
	/** Base model, system profile or the ID of an application profile. */
	readonly modelId: string;
	/** Where `modelId` is an application profile of this scenario: the system profile it was copied from. */
	readonly copiedFrom?: string | undefined;
	/** Regions; everywhere without it. */
	readonly regions?: readonly string[] | undefined;
	readonly shape?: (typeof trafficShapes)[number] | undefined;
	/** At its peak. */
	readonly requestsPerMinute: number;
	readonly inputTokens: number;
	readonly outputTokens: number;
	readonly cacheReadTokens?: number | undefined;
	readonly cacheWriteTokens?: number | undefined;
	/** Throttled requests on top, as a share of the others. */
	readonly throttledShare?: number | undefined;
	/** Failed requests, as a share of all. */
	readonly errorShare?: number | undefined;
};

const waveMinutes = 53;
const burstMinutes = 7;

const levelAt = (shape: BackgroundTraffic['shape'], minute: number, key: number): number => {
	switch (shape) {
		case 'waves':
			return 0.65 + 0.35 * Math.sin((2 * Math.PI * (minute + (key % waveMinutes))) / waveMinutes);
		case 'bursts':
			return createRandom(key ^ Math.floor(minute / burstMinutes))() < 0.4 ? 1 : 0;
		case 'ended':
			return minute % 240 < 150 ? 1 : 0;
		default:
			return 1;
	}
};

/** Midpoints of ten equal parts of a normal distribution: they stand for the durations of a minute. */
const deviates = [-1.64, -1.04, -0.67, -0.39, -0.13, 0.13, 0.39, 0.67, 1.04, 1.64];
const sigma = 0.3;

const durationsOf = (
	traffic: BackgroundTraffic,
	invocations: number,
	drift: number,
): MinuteSums['durations'] => {
	const durations = {InvocationLatency: createDurations(), TimeToFirstToken: createDurations()};
	const model = bucketBehind(traffic)?.model;
	if (model !== undefined && invocations > 0) {
		const pace = medianPace(model, traffic.inputTokens, traffic.outputTokens);
		for (const deviate of deviates) {
			const factor = drift * Math.exp(sigma * deviate);
			addDuration(durations.TimeToFirstToken, pace.firstTokenMs * factor, invocations / deviates.length);
			addDuration(durations.InvocationLatency, pace.totalMs * factor, invocations / deviates.length);
		}
	}
	return durations;
};

const keys = new WeakMap<BackgroundTraffic, Map<string, number>>();

/** The bucket that the traffic draws from; undefined where its ModelId is unknown. */
export function bucketBehind(
	traffic: BackgroundTraffic,
): {readonly model: Model; readonly scope: Scope} | undefined {
	const id = traffic.copiedFrom ?? traffic.modelId;
	const model = findModel(id);
	return model === undefined ? findProfile(id) : {model, scope: 'on-demand'};
}

/** Whether the traffic exists in a Region. */
export function isIn({regions}: BackgroundTraffic, region: string): boolean {
	return regions === undefined || regions.includes(region);
}

/**
 * Traffic of an application in a minute: always the same for a seed, so that nothing is stored.
 * @param minute Begin, in milliseconds since 1970.
 */
export function backgroundMinute(
	traffic: BackgroundTraffic,
	region: string,
	seed: number,
	minute: number,
): MinuteSums {
	const key = keyOf(traffic, region) ^ Math.imul(seed, 0x85ebca6b);
	const number = minute / minuteMs;
	const random = createRandom(key ^ Math.imul(number, 0x9e3779b1));
	const jitter = () => 0.92 + 0.16 * random();
	const counts = createCounts();
	const requests = Math.round(traffic.requestsPerMinute * levelAt(traffic.shape, number, key) * jitter());
	const answered = requests - Math.round(requests * (traffic.errorShare ?? 0));
	counts.Invocations = requests;
	counts.InvocationServerErrors = requests - answered;
	counts.InvocationThrottles = Math.round(requests * (traffic.throttledShare ?? 0) * 2 * random());
	counts.InputTokenCount = Math.round(answered * traffic.inputTokens * jitter());
	counts.OutputTokenCount = Math.round(answered * traffic.outputTokens * jitter());
	counts.CacheReadInputTokenCount = Math.round(answered * (traffic.cacheReadTokens ?? 0));
	counts.CacheWriteInputTokenCount = Math.round(answered * (traffic.cacheWriteTokens ?? 0));
	counts.EstimatedTPMQuotaUsage =
		counts.InputTokenCount +
		counts.CacheWriteInputTokenCount +
		counts.OutputTokenCount * (bucketBehind(traffic)?.model.burndown ?? 1);
	const drift = 0.9 + 0.2 * random();
	let durations: MinuteSums['durations'] | undefined;
	return {
		counts,
		// Hundreds of minutes are read for their counts alone.
		get durations() {
			durations ??= durationsOf(traffic, requests, drift);
			return durations;
		},
	};
}

/** Hash of an application; computed once. */
const keyOf = (traffic: BackgroundTraffic, region: string): number => {
	const byRegion = keys.get(traffic) ?? new Map<string, number>();
	keys.set(traffic, byRegion);
	const key = byRegion.get(region) ?? hashText(`${region} ${traffic.modelId}`);
	byRegion.set(region, key);
	return key;
};

/** The metrics that an application's traffic appears in. */
export function metricsOf(traffic: BackgroundTraffic): readonly MetricName[] {
	const wants: ReadonlyArray<readonly [MetricName, number | undefined]> = [
		['InvocationThrottles', traffic.throttledShare],
		['InvocationServerErrors', traffic.errorShare],
		['CacheReadInputTokenCount', traffic.cacheReadTokens],
		['CacheWriteInputTokenCount', traffic.cacheWriteTokens],
	];
	return [
		'Invocations',
		'InputTokenCount',
		'OutputTokenCount',
		'EstimatedTPMQuotaUsage',
		...durationMetrics,
		...wants.filter(([, amount]) => amount !== undefined && amount > 0).map(([name]) => name),
	];
}

/** Whether the application sent anything between two moments. */
export function hasTraffic(
	traffic: BackgroundTraffic,
	region: string,
	seed: number,
	{fromMs, toMs}: {readonly fromMs: number; readonly toMs: number},
): boolean {
	for (let minute = minuteOf(toMs); minute >= fromMs; minute -= minuteMs) {
		if (backgroundMinute(traffic, region, seed, minute).counts.Invocations > 0) {
			return true;
		}
	}
	return false;
}

/** The application profiles of a scenario. They are listed; calls go to the system profile. */
export function scenarioProfiles(background: readonly BackgroundTraffic[]): readonly Profile[] {
	return background.flatMap(({modelId, copiedFrom}) => {
		const origin = copiedFrom === undefined ? undefined : findProfile(copiedFrom);
		return origin === undefined
			? []
			: [{...origin, id: modelId, name: modelId, type: 'APPLICATION' as const}];
	});
}
