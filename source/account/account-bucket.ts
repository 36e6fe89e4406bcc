import {calledAs} from '../bedrock/identify/identify.ts';
import {
	type AccountBucket,
	type Activity,
	type DayPace,
	type Disagreement,
	incompleteMinutes,
	type KnownBucket,
	type MinuteUse,
	type ModelDurations,
	seriesMinutes,
} from '../domain/account-snapshot.ts';
import {costOf, settledTokens} from '../domain/accounting.ts';
import type {TimeWindow, UsageMetric} from '../domain/usage-source.ts';
import {type CeilingMinute, measureCeiling} from '../metrics/figures/measured-ceiling.ts';
import {type DayInput, dayOf, foldAccountDay} from './account-day.ts';
import type {OwnUse} from './own-traffic-registry.ts';
import {
	keptMinutes,
	lacksTokens,
	minuteMs,
	minuteOf,
	minuteWindow,
	othersMinutes,
	quotaTokensAt,
	sumOf,
	tokensAt,
	type UsageHistory,
} from './usage-history.ts';

type BucketInput = {
	readonly history: UsageHistory;
	/** ModelIds that draw from it. */
	readonly modelIds: readonly string[];
	/** Whether it is known which ModelIds had traffic: a bucket without any is then idle. */
	readonly isListKnown: boolean;
	/** Whether anything could be read: where nothing could, the list alone makes no figures. */
	readonly isReadable: boolean;
	/** Newest minute that CloudWatch has in full. */
	readonly minute: number;
	readonly own: OwnUse;
	readonly dayTokens: number | null;
	readonly dayPace: DayPace | undefined;
	readonly durations: ReadonlyMap<string, ModelDurations>;
	readonly projects: ReadonlyMap<string, ReadonlySet<string>>;
};

/** Minutes without traffic after which a bucket is called quiet. */
const quietMinutes = 15;
const hourMinutes = 60;

/**
 * One bucket of the account at the newest minute of which everything is known. Runs of the user are left out of its use:
 * the view adds them from their ledgers (`withOwnUse`).
 */
function foldBucket(bucket: KnownBucket, input: BucketInput): AccountBucket {
	const {history, own} = input;
	const {target} = bucket;
	const burndown = target.burndown.value;
	const modelIds = busiestFirst(input);
	const named = modelIds.flatMap((modelId) => [...(input.projects.get(modelId) ?? [])]);
	const projects = [...new Set(named)].toSorted();
	const minute = wholeMinute(bucket, input);
	const at = minute ?? input.minute;
	const hour = {fromMs: at - (hourMinutes - 1) * minuteMs, toMs: at + minuteMs};
	const sum = (metric: UsageMetric, window = minuteWindow(at)) => sumOf(history, modelIds, metric, window);
	// AWS/BedrockMantle has neither.
	const ofService = (metric: 'throttles' | 'serverErrors', window?: TimeWindow): number | null =>
		target.scope === 'mantle' ? null : sum(metric, window);
	const usageAt = (each: number): MinuteUse => ({
		requests: sum('requests', minuteWindow(each)),
		quotaTokens: modelIds.reduce(
			(tokens, modelId) => tokens + quotaTokensAt(history, modelId, each, burndown),
			0,
		),
	});
	const withoutOwn = (each: number): MinuteUse => {
		const all = usageAt(each);
		const ours = own.at(bucket.key, each);
		return {requests: all.requests - ours.requests, quotaTokens: all.quotaTokens - ours.tokens};
	};
	const reported = usageAt(at);
	const lastMinute = at + incompleteMinutes * minuteMs;
	const minutes = Array.from(
		{length: seriesMinutes},
		(_, index) => lastMinute - (seriesMinutes - 1 - index) * minuteMs,
	);
	const series = minutes.map(usageAt);
	const whole = series.slice(0, -incompleteMinutes);
	return {
		key: bucket.key,
		region: target.region,
		model: target.baseModel,
		scope: target.scope,
		modelIds,
		callable: bucket.isCallable ? calledAs(target) : null,
		quota: target.quota,
		burndown: target.burndown,
		levers: bucket.levers,
		activity: activityOf(input),
		minute,
		reported: {
			...reported,
			inputTokens: sum('inputTokens'),
			outputTokens: sum('outputTokens'),
			cacheReadTokens: sum('cacheReadTokens'),
			cacheWriteTokens: sum('cacheWriteTokens'),
			throttles: ofService('throttles'),
			clientErrors: sum('clientErrors'),
			serverErrors: ofService('serverErrors'),
		},
		own: nothing,
		use: notNegative(withoutOwn(at)),
		// CloudWatch may count a request in the next minute: only the mean is held above 0.
		others: notNegative(
			meanOf(Array.from({length: othersMinutes}, (_, index) => withoutOwn(at - index * minuteMs))),
		),
		peak: {
			requests: Math.max(...whole.map(({requests}) => requests)),
			quotaTokens: Math.max(...whole.map(({quotaTokens}) => quotaTokens)),
		},
		hourThrottles: ofService('throttles', hour),
		hourErrors: sum('clientErrors', hour) + (ofService('serverErrors', hour) ?? 0),
		dayTokens: input.dayTokens,
		...(input.dayPace === undefined ? {} : {dayPace: input.dayPace}),
		costPerHourUsd: minute === null ? null : costOfSums(bucket, (metric) => sum(metric, hour)),
		...(bucket.price?.ofRegion === undefined ? {} : {priceRegion: bucket.price.ofRegion}),
		disagreement: disagreementOf(history, modelIds, burndown, hour),
		measured:
			minute === null ? null : (measureCeiling(ceilingMinutes(bucket, input, minute), target.quota) ?? null),
		durations: modelIds.flatMap((modelId) => input.durations.get(modelId) ?? []),
		series: {
			requests: series.map(({requests}) => requests),
			quotaTokens: series.map(({quotaTokens}) => quotaTokens),
			...(target.quota.outputTokensPerMinute === undefined
				? {}
				: {outputTokens: minutes.map((each) => sum('outputTokens', minuteWindow(each)))}),
		},
		...(projects.length === 0 ? {} : {projects}),
		notes: bucket.notes,
	};
}

/** All whole minutes that are kept, for what throttled ones say of the limit. */
const ceilingMinutes = (
	{target}: KnownBucket,
	{history, modelIds}: BucketInput,
	newest: number,
): readonly CeilingMinute[] => {
	const hour = {fromMs: newest - (hourMinutes - 1) * minuteMs, toMs: newest + minuteMs};
	const facts = {hour, isTokenLimited: target.quota.tokensPerMinute.state === 'known'};
	return Array.from({length: keptMinutes}, (_, index): CeilingMinute => {
		const at = newest - index * minuteMs;
		const sum = (metric: UsageMetric) => sumOf(history, modelIds, metric, minuteWindow(at));
		const isCounted = !modelIds.some((modelId) => lacksTokens(history, modelId, at, facts));
		return {
			at,
			requests: sum('requests'),
			throttles: sum('throttles'),
			serverErrors: sum('serverErrors'),
			quotaTokens: isCounted
				? modelIds.reduce(
						(tokens, modelId) => tokens + quotaTokensAt(history, modelId, at, target.burndown.value),
						0,
					)
				: null,
		};
	});
};

/** ModelIds by what they sent in the last hour. */
const busiestFirst = ({history, modelIds, minute}: BucketInput): readonly string[] => {
	const window = {fromMs: minute - hourMinutes * minuteMs, toMs: minute + minuteMs};
	const requests = new Map(modelIds.map((modelId) => [modelId, history.sum(modelId, 'requests', window)]));
	return modelIds.toSorted((one, other) => (requests.get(other) ?? 0) - (requests.get(one) ?? 0));
};

/** The newest whole minute that was read of every ModelId; null where one of them was never read. */
const knownMinute = ({history, modelIds, minute, isListKnown, isReadable}: BucketInput): number | null => {
	const known = Math.min(minute, ...modelIds.map((modelId) => history.coveredToMs(modelId) - minuteMs));
	return Number.isFinite(known) && (modelIds.length > 0 || (isListKnown && isReadable)) ? known : null;
};

/** The newest of the known minutes that has no gap: requests whose tokens are still to come are not a use of 0%. */
const wholeMinute = ({target}: KnownBucket, input: BucketInput): number | null => {
	const {history, modelIds} = input;
	const known = knownMinute(input);
	if (known === null) {
		return null;
	}
	const facts = {
		hour: {fromMs: known - (hourMinutes - 1) * minuteMs, toMs: known + minuteMs},
		isTokenLimited: target.quota.tokensPerMinute.state === 'known',
	};
	const back = Array.from({length: quietMinutes}, (_, index) => known - index * minuteMs);
	return (
		back.find((minute) => !modelIds.some((modelId) => lacksTokens(history, modelId, minute, facts))) ?? null
	);
};

const activityOf = ({history, modelIds, minute, isListKnown}: BucketInput): Activity => {
	const last = Math.max(...modelIds.map((modelId) => history.lastActiveMs(modelId)));
	if (last > minute - quietMinutes * minuteMs) {
		return 'active';
	}
	if (Number.isFinite(last)) {
		return 'quiet';
	}
	const isKnown = modelIds.length === 0 ? isListKnown : modelIds.every((modelId) => history.isRead(modelId));
	return isKnown ? 'idle' : 'unknown';
};

const costOfSums = ({price}: KnownBucket, sum: (metric: UsageMetric) => number): number | null =>
	price === null
		? null
		: costOf(
				{
					inputTokens: sum('inputTokens'),
					outputTokens: sum('outputTokens'),
					cacheReadTokens: sum('cacheReadTokens'),
					cacheWriteTokens: sum('cacheWriteTokens'),
				},
				price,
			);

const nothing: MinuteUse = {requests: 0, quotaTokens: 0};

const add = (one: MinuteUse, other: MinuteUse): MinuteUse => ({
	requests: one.requests + other.requests,
	quotaTokens: one.quotaTokens + other.quotaTokens,
});

const notNegative = ({requests, quotaTokens}: MinuteUse): MinuteUse => ({
	requests: Math.max(0, requests),
	quotaTokens: Math.max(0, quotaTokens),
});

const meanOf = (uses: readonly MinuteUse[]): MinuteUse => {
	const sum = uses.reduce(add, nothing);
	return {requests: sum.requests / uses.length, quotaTokens: sum.quotaTokens / uses.length};
};

/** Minutes after their end for which CloudWatch may still add to a minute (no guarantee is documented). */
const delayMs = 2 * minuteMs;

/** Begin of the newest minute that CloudWatch has in full. @param nowMs By the service's clock. */
export function newestWholeMinute(nowMs: number): number {
	return minuteOf(nowMs - delayMs) - minuteMs;
}

type RegionInput = DayInput & {
	readonly own: OwnUse;
	/** By ModelId, as are the projects that called them. */
	readonly durations: ReadonlyMap<string, ModelDurations>;
	readonly projects: ReadonlyMap<string, ReadonlySet<string>>;
};

/** Every bucket of a Region that is active, has a known limit, or was used by a run of the user. */
export function foldBuckets(input: RegionInput): readonly AccountBucket[] {
	const {map, history, minute} = input;
	const byBucket = Map.groupBy(history.modelIds, (modelId) => map.owners.get(modelId) ?? '');
	const isReadable =
		history.modelIds.length === 0 || history.modelIds.some((modelId) => history.isRead(modelId));
	const shared = foldAccountDay(input);
	return [...map.buckets.values()].flatMap((bucket) => {
		const modelIds = byBucket.get(bucket.key) ?? [];
		if (modelIds.length === 0 && !hasLimit(bucket) && !input.own.has(bucket.key)) {
			return [];
		}
		return [
			foldBucket(bucket, {
				history,
				modelIds,
				isListKnown: input.isListKnown,
				isReadable,
				minute,
				own: input.own,
				...dayOf(bucket, modelIds, shared, {...input, isReadable}),
				durations: input.durations,
				projects: input.projects,
			}),
		];
	});
}

const hasLimit = ({target: {quota}}: KnownBucket): boolean =>
	[quota.requestsPerMinute, quota.tokensPerMinute, quota.outputTokensPerMinute].some(
		(limit) => limit?.state === 'known' || limit?.state === 'blocked',
	);

/** Measures a burndown from CloudWatch's figures of minutes in which a bucket was used. */

/** Sums of one minute of one bucket, from the namespace AWS/Bedrock. */
type CalibrationMinute = {
	/** EstimatedTPMQuotaUsage: quota tokens as the service settled them. */
	readonly quotaTokens: number;
	/** InputTokenCount. */
	readonly inputTokens: number;
	/** CacheWriteInputTokenCount. */
	readonly cacheWriteTokens: number;
	/** OutputTokenCount. */
	readonly outputTokens: number;
};

type Calibration = {
	/** Output multiplier over all minutes. */
	readonly value: number;
	/** Minutes that it rests on. */
	readonly minutes: number;
	readonly outputTokens: number;
};

/** Below this many output tokens, rounding and requests that straddle a minute decide the result. */
const minOutputTokens = 1000;

/**
 * burndown = (quota tokens - input - cache write) / output, over all given minutes (the settlement formula of the AWS user
 * guide, solved for the multiplier). Minutes with impossible numbers are left out.
 * @returns undefined when there is too little output, or the sums contradict the formula.
 */
export function calibrateBurndown(minutes: readonly CalibrationMinute[]): Calibration | undefined {
	const usable = minutes.filter(
		(minute) =>
			Object.values(minute).every((value) => Number.isFinite(value) && value >= 0) && minute.outputTokens > 0,
	);
	const outputTokens = usable.reduce((sum, minute) => sum + minute.outputTokens, 0);
	const outputQuotaTokens = usable.reduce(
		(sum, minute) => sum + minute.quotaTokens - minute.inputTokens - minute.cacheWriteTokens,
		0,
	);
	if (outputTokens < minOutputTokens || outputQuotaTokens <= 0) {
		return undefined;
	}
	return {
		value: Math.round((outputQuotaTokens / outputTokens) * 100) / 100,
		minutes: usable.length,
		outputTokens,
	};
}

/** Smallest relative difference that is reported: below it rounding and requests that straddle a minute decide. */
const tolerance = 0.05;

/**
 * Compares the service's own estimate of quota tokens with the formula, over the ModelIds that have one.
 * @returns null where they agree, or without an estimate.
 */
function disagreementOf(
	history: UsageHistory,
	modelIds: readonly string[],
	burndown: number,
	window: TimeWindow,
): Disagreement | null {
	const minutes: CalibrationMinute[] = [];
	for (const modelId of modelIds) {
		for (let minute = window.fromMs; minute < window.toMs; minute += minuteMs) {
			const quotaTokens = history.value(modelId, 'estimatedQuotaTokens', minute);
			if (quotaTokens > 0) {
				minutes.push({quotaTokens, ...tokensAt(history, modelId, minute)});
			}
		}
	}
	const estimated = minutes.reduce((sum, minute) => sum + minute.quotaTokens, 0);
	const computed = minutes.reduce((sum, minute) => sum + settledTokens(minute, burndown), 0);
	return Math.abs(estimated - computed) > tolerance * Math.max(estimated, computed)
		? {estimated, computed, burndown: calibrateBurndown(minutes)?.value ?? null}
		: null;
}
