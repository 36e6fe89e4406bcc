import {hashText, randomAt} from '../answers/random.ts';
import {type Model, medianPace, type Scope} from '../catalog/model.ts';
import {findModel} from '../catalog/models.ts';
import {findProfile, type Profile} from '../catalog/profiles.ts';
import {
	addDuration,
	type CountMetric,
	countMetrics,
	createCounts,
	createDurations,
	durationMetrics,
	type MetricName,
	type MinuteSums,
	minuteMs,
	minuteOf,
} from './minute-sums.ts';

/** How traffic varies: constant, in waves of about an hour, in bursts, ended some time ago, or as people work (UTC). */
export const trafficShapes = ['steady', 'waves', 'bursts', 'ended', 'office'] as const;

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
	/** Throttled requests on top, as a share of the others; of an office when it is busiest. */
	readonly throttledShare?: number | undefined;
	/** Failed requests, as a share of all. */
	readonly errorShare?: number | undefined;
	/** When it was stopped for good, in milliseconds since 1970. */
	readonly stoppedAt?: number | undefined;
};

const waveMinutes = 53;
const burstMinutes = 7;

const levelAt = (shape: BackgroundTraffic['shape'], minute: number, key: number): number => {
	switch (shape) {
		case 'waves':
			return (
				0.65 + 0.35 * Math.sin((2 * Math.PI * ((minute + (key % waveMinutes)) % waveMinutes)) / waveMinutes)
			);
		case 'bursts':
			return randomAt(key ^ Math.floor(minute / burstMinutes), 0) < 0.4 ? 1 : 0;
		case 'ended':
			return minute % 240 < 150 ? 1 : 0;
		case 'office':
			return officeLevel(minute, key);
		default:
			return 1;
	}
};

const dayMinutes = 24 * 60;
/** Level above which an office meets its quota. */
const busyLevel = 0.85;

/** A working day from 7 to 19 h with its peak at 13 h, no two alike; little at night and at the weekend. */
const officeLevel = (minute: number, key: number): number => {
	const day = Math.floor(minute / dayMinutes);
	const hour = (minute % dayMinutes) / 60;
	// The first of January 1970 was a Thursday.
	const isWorkday = (day + 4) % 7 > 0 && (day + 4) % 7 < 6;
	const isOpen = isWorkday && hour > 7 && hour < 19;
	return isOpen ? 0.05 + (0.75 + 0.2 * randomAt(key ^ day, 0)) * Math.sin((Math.PI * (hour - 7)) / 12) : 0.05;
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
	const counts = createCounts();
	const count = counterOf(traffic, region, seed);
	for (const metric of countMetrics) {
		counts[metric] = count(metric, minute);
	}
	const requests = counts.Invocations;
	const drift = 0.9 + 0.2 * randomAt(minuteSeed(key, minute / minuteMs), draws.drift);
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

/** The random numbers of a minute, by what they vary. */
const draws = {requests: 0, throttles: 1, input: 2, output: 3, drift: 4} as const;

const minuteSeed = (key: number, number: number): number => key ^ Math.imul(number, 0x9e3779b1);

/**
 * One metric of an application, minute by minute: the same figures as `backgroundMinute`, with nothing made for each
 * minute, as weeks are read for a few metrics.
 */
export function counterOf(
	traffic: BackgroundTraffic,
	region: string,
	seed: number,
): (metric: CountMetric, minute: number) => number {
	const key = keyOf(traffic, region) ^ Math.imul(seed, 0x85ebca6b);
	const {shape, requestsPerMinute, inputTokens, outputTokens} = traffic;
	const {errorShare = 0, throttledShare = 0, cacheReadTokens = 0, cacheWriteTokens = 0} = traffic;
	const {stoppedAt = Number.POSITIVE_INFINITY} = traffic;
	const burndown = bucketBehind(traffic)?.model.burndown ?? 1;
	return (metric, minute) => {
		const number = minute / minuteMs;
		const random = minuteSeed(key, number);
		const level = minute < stoppedAt ? levelAt(shape, number, key) : 0;
		const requests = Math.round(requestsPerMinute * level * jitter(random, draws.requests));
		const failed = errorShare === 0 ? 0 : Math.round(requests * errorShare);
		const answered = requests - failed;
		switch (metric) {
			case 'Invocations':
				return requests;
			case 'InvocationServerErrors':
				return failed;
			case 'InvocationClientErrors':
				return 0;
			case 'InvocationThrottles':
				return throttledShare === 0 || (shape === 'office' && level < busyLevel)
					? 0
					: Math.round(requests * throttledShare * 2 * randomAt(random, draws.throttles));
			case 'InputTokenCount':
				return Math.round(answered * inputTokens * jitter(random, draws.input));
			case 'OutputTokenCount':
				return Math.round(answered * outputTokens * jitter(random, draws.output));
			case 'CacheReadInputTokenCount':
				return Math.round(answered * cacheReadTokens);
			case 'CacheWriteInputTokenCount':
				return Math.round(answered * cacheWriteTokens);
			case 'EstimatedTPMQuotaUsage':
				return (
					Math.round(answered * inputTokens * jitter(random, draws.input)) +
					Math.round(answered * cacheWriteTokens) +
					Math.round(answered * outputTokens * jitter(random, draws.output)) * burndown
				);
		}
	};
}

/** A factor near 1. A function of its own: nothing is made for each of millions of minutes. */
const jitter = (random: number, draw: number): number => 0.92 + 0.16 * randomAt(random, draw);

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
	const count = counterOf(traffic, region, seed);
	for (let minute = minuteOf(toMs); minute >= fromMs; minute -= minuteMs) {
		if (count('Invocations', minute) > 0) {
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
