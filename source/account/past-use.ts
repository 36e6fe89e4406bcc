import type {AccountMap, KnownBucket, MeasuredCeiling} from '../domain/account-snapshot.ts';
import {costOf, settledTokens} from '../domain/accounting.ts';
import type {Burndown, Limit, Quota, Scope} from '../domain/target.ts';
import type {SeriesName, TimeWindow, UsageMetric} from '../domain/usage-source.ts';
import {measureCeiling} from '../metrics/figures/measured-ceiling.ts';
import {busiestDay} from './account-day.ts';
import type {PastCost, PastWindows, QuietModel} from './past-plan.ts';
import type {PastStore, PastWindow} from './past-store.ts';
import {minuteMs} from './usage-history.ts';

/** The use of each bucket over a past time, against the quota of now: peaks, percentiles, throttles, by hour and weekday. */

/** A figure per minute over the minutes in which the bucket was used; null where it was not. */
export type PerMinute = {
	readonly p50: number | null;
	readonly p90: number | null;
	readonly p99: number | null;
	readonly peak: number | null;
};

/** One hour of one weekday, UTC. */
export type PastCell = {
	/** 0: Monday. */
	readonly weekday: number;
	readonly hour: number;
	/** Minutes that were read of it, and of those the ones with a request. */
	readonly minutes: number;
	readonly activeMinutes: number;
	readonly requests: PerMinute;
	readonly quotaTokens: PerMinute;
	readonly throttles: number;
	/** Greatest minute as a share of the nearer quota; null where none is known. */
	readonly ofQuota: number | null;
};

type Total = PerMinute & {
	readonly total: number;
	/** Begin of the greatest minute, in milliseconds since 1970. */
	readonly peakAt: number | null;
	/** The limit of now; null where none is known. */
	readonly limit: number | null;
	/** Peak as a share of it. */
	readonly ofQuota: number | null;
	/** Minutes above nine tenths of it. */
	readonly nearMinutes: number | null;
};

export type PastBucket = {
	readonly key: string;
	readonly model: string;
	readonly scope: Scope;
	readonly modelIds: readonly string[];
	readonly quota: Quota;
	readonly burndown: Burndown;
	/** Quota tokens as the service estimates them, by the formula where it does not, or some of both. */
	readonly countedBy: 'service' | 'formula' | 'both';
	readonly minutes: number;
	readonly activeMinutes: number;
	readonly requests: Total;
	readonly quotaTokens: Total;
	/** Where output has a quota of its own; else null. */
	readonly outputTokens: Total | null;
	/** Null of bedrock-mantle, which counts none. */
	readonly throttles: {readonly total: number; readonly minutes: number; readonly peak: number} | null;
	readonly tokens: Readonly<Record<(typeof tokenMetrics)[number], number>>;
	readonly errors: {readonly client: number; readonly server: number | null};
	/** At list price; null where it is not known. */
	readonly costUsd: number | null;
	/** The day with the most quota tokens, against a quota per day. */
	readonly busiestDay: {readonly at: number; readonly quotaTokens: number; readonly ofQuota: number | null};
	/** Greatest minute as a share of the nearer quota; null where none is known. */
	readonly ofQuota: number | null;
	/** The limit as throttled minutes show it, of the last 15 days alone: older time has no minutes. */
	readonly measured: MeasuredCeiling | null;
	/** 168 of them, Monday 0 h first. */
	readonly cells: readonly PastCell[];
};

/** What could be made of everything that was read. */
type PastUse = {
	/** Nearest to their quotas first. */
	readonly buckets: readonly PastBucket[];
	/** ModelIds of which something could not be read: their buckets are left out. */
	readonly unread: readonly string[];
};

type Place = {
	readonly profile: string | undefined;
	readonly region: string;
	/** Its number; null where unknown, undefined of a simulator. */
	readonly account: string | null | undefined;
	readonly simulated: boolean;
};

/** The report of one source: a profile in a Region. */
export type PastReport = Place & {
	readonly type: 'read';
	/** URL of an endpoint that is not AWS's. */
	readonly endpoint: string | null;
	readonly windows: PastWindows;
	readonly use: PastUse;
	/** Models that CloudWatch no longer lists. */
	readonly quiet: readonly QuietModel[];
	/** A sentence each. */
	readonly remarks: readonly string[];
	/** What this reading cost. */
	readonly cost: PastCost;
};

/** A source, or why there is nothing of it: one that fails leaves the others. */
export type PastSource = PastReport | (Place & {readonly type: 'failed'; readonly reason: string});

/** The time that a report covers. */
export function pastSpan({windows}: Pick<PastReport, 'windows'>): TimeWindow {
	return {fromMs: windows.fine.at(-1)?.fromMs ?? 0, toMs: windows.fine[0]?.toMs ?? 0};
}

/** By the number in a cell. */
export const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;

const tokenMetrics = ['inputTokens', 'outputTokens', 'cacheReadTokens', 'cacheWriteTokens'] as const;
const hourMs = 60 * minuteMs;
const nearShare = 0.9;

/** One period of a bucket; figures are per minute. */
type Slot = {
	readonly at: number;
	readonly minutes: number;
	readonly requests: number;
	readonly quotaTokens: number;
	readonly outputTokens: number;
	readonly throttles: number;
};

type Reading = {
	readonly store: PastStore;
	readonly windows: PastWindows;
	/** Series that were asked for of each ModelId. */
	readonly asked: ReadonlyMap<string, ReadonlySet<SeriesName>>;
};

/** Makes the report of all ModelIds. */
export function pastUse(map: AccountMap, reading: Reading): PastUse {
	const {asked} = reading;
	const isWhole = (modelId: string): boolean =>
		[...(asked.get(modelId) ?? [])].every((series) =>
			windowsOf(series, modelId, reading).every(
				(window) => reading.store.values({modelId, series, periodMs: window.periodMs}, window) !== undefined,
			),
		);
	const unread = [...asked.keys()].filter((modelId) => !isWhole(modelId));
	const lost = new Set(unread.map((modelId) => map.owners.get(modelId)));
	const byBucket = Map.groupBy(asked.keys(), (modelId) => map.owners.get(modelId) ?? '');
	const buckets = [...byBucket].flatMap(([key, modelIds]): readonly PastBucket[] => {
		const bucket = map.buckets.get(key);
		return bucket === undefined || lost.has(key) ? [] : bucketOf(bucket, modelIds, reading);
	});
	return {buckets: buckets.toSorted(byPressure), unread};
}

const byPressure = (one: PastBucket, other: PastBucket): number =>
	(other.ofQuota ?? -1) - (one.ofQuota ?? -1) || other.requests.total - one.requests.total;

const fineMetrics: ReadonlySet<SeriesName> = new Set(['requests', 'throttles', 'estimatedQuotaTokens']);

/** The windows that a series was read in: tokens are fine where quota tokens are made of them. */
const windowsOf = (series: SeriesName, modelId: string, {asked, windows}: Reading): readonly PastWindow[] => {
	const isFormula = asked.get(modelId)?.has('estimatedQuotaTokens') !== true;
	const isCharged = series === 'inputTokens' || series === 'outputTokens' || series === 'cacheWriteTokens';
	return fineMetrics.has(series) || (isFormula && isCharged) ? windows.fine : windows.coarse;
};

const valuesOf = (modelId: string, series: SeriesName, window: PastWindow, {store, asked}: Reading) =>
	asked.get(modelId)?.has(series)
		? store.values({modelId, series, periodMs: window.periodMs}, window)
		: undefined;

const sumOver = (modelIds: readonly string[], series: UsageMetric, reading: Reading): number =>
	modelIds.reduce(
		(sum, modelId) =>
			windowsOf(series, modelId, reading).reduce(
				(inner, window) =>
					inner +
					(valuesOf(modelId, series, window, reading)?.reduce((total, value) => total + value, 0) ?? 0),
				sum,
			),
		0,
	);

/** Quota tokens of a ModelId in the periods of a window. */
const quotaTokensOf = (modelId: string, window: PastWindow, burndown: number, reading: Reading) => {
	const estimated = valuesOf(modelId, 'estimatedQuotaTokens', window, reading);
	if (estimated !== undefined) {
		return estimated;
	}
	const [input, output, cacheWrite] = (['inputTokens', 'outputTokens', 'cacheWriteTokens'] as const).map(
		(series) => valuesOf(modelId, series, window, reading),
	);
	return Float64Array.from({length: (window.toMs - window.fromMs) / window.periodMs}, (_, index) =>
		settledTokens(
			{
				inputTokens: input?.[index] ?? 0,
				outputTokens: output?.[index] ?? 0,
				cacheWriteTokens: cacheWrite?.[index] ?? 0,
			},
			burndown,
		),
	);
};

const slotsOf = (modelIds: readonly string[], burndown: number, reading: Reading): readonly Slot[] =>
	reading.windows.fine.flatMap((window): readonly Slot[] => {
		const count = Math.ceil((window.toMs - window.fromMs) / window.periodMs);
		const minutes = window.periodMs / minuteMs;
		const [requests, quotaTokens, outputTokens, throttles] = [0, 1, 2, 3].map(() => new Float64Array(count));
		const add = (sum: Float64Array | undefined, values: Float64Array | undefined): void => {
			if (sum !== undefined && values !== undefined) {
				for (let index = 0; index < count; index++) {
					sum[index] = (sum[index] ?? 0) + (values[index] ?? 0);
				}
			}
		};
		for (const modelId of modelIds) {
			add(requests, valuesOf(modelId, 'requests', window, reading));
			add(throttles, valuesOf(modelId, 'throttles', window, reading));
			add(quotaTokens, quotaTokensOf(modelId, window, burndown, reading));
			add(outputTokens, valuesOf(modelId, 'outputTokens', window, reading));
		}
		return Array.from({length: count}, (_, index) => ({
			at: window.fromMs + index * window.periodMs,
			minutes,
			requests: (requests?.[index] ?? 0) / minutes,
			quotaTokens: (quotaTokens?.[index] ?? 0) / minutes,
			outputTokens: (outputTokens?.[index] ?? 0) / minutes,
			throttles: throttles?.[index] ?? 0,
		}));
	});

/** Value of a limit that is known, or blocked. */
const limitOf = (limit: Limit | undefined): number | null => (limit?.state === 'known' ? limit.value : null);

const bucketOf = (
	{key, target, price}: KnownBucket,
	modelIds: readonly string[],
	reading: Reading,
): readonly PastBucket[] => {
	const {quota, burndown} = target;
	const isMantle = target.scope === 'mantle';
	const slots = slotsOf(modelIds, burndown.value, reading);
	const used = slots.filter(({requests, throttles}) => requests > 0 || throttles > 0);
	if (used.length === 0) {
		return [];
	}
	const limits = {
		requests: limitOf(quota.requestsPerMinute),
		quotaTokens: limitOf(quota.tokensPerMinute),
		outputTokens: limitOf(quota.outputTokensPerMinute),
	};
	const requests = totalOf(used, 'requests', limits.requests);
	const quotaTokens = totalOf(used, 'quotaTokens', limits.quotaTokens);
	const output = quota.outputTokensPerMinute && totalOf(used, 'outputTokens', limits.outputTokens);
	const tokens = Object.fromEntries(
		tokenMetrics.map((metric) => [metric, sumOver(modelIds, metric, reading)]),
	) as PastBucket['tokens'];
	return [
		{
			key,
			model: target.baseModel,
			scope: target.scope,
			modelIds: modelIds.toSorted(
				(one, other) => sumOver([other], 'requests', reading) - sumOver([one], 'requests', reading),
			),
			quota,
			burndown,
			countedBy: countedBy(modelIds, reading),
			minutes: minutesOf(slots),
			activeMinutes: minutesOf(used.filter((slot) => slot.requests > 0)),
			requests,
			quotaTokens,
			outputTokens: output ?? null,
			throttles: isMantle
				? null
				: {
						total: used.reduce((sum, slot) => sum + slot.throttles, 0),
						minutes: minutesOf(used.filter(({throttles}) => throttles > 0)),
						peak: used.reduce((most, slot) => Math.max(most, slot.throttles / slot.minutes), 0),
					},
			tokens,
			errors: {
				client: sumOver(modelIds, 'clientErrors', reading),
				server: isMantle ? null : sumOver(modelIds, 'serverErrors', reading),
			},
			costUsd: price === null ? null : costOf(tokens, price),
			busiestDay: busiestDay(used, limitOf(quota.tokensPerDay)),
			ofQuota: nearest([requests, quotaTokens, output].map((total) => total?.ofQuota ?? null)),
			measured: ceilingOf(slots, modelIds, quota, reading),
			cells: cellsOf(slots, limits),
		},
	];
};

/** Errors of the service are read by five minutes: none of these minutes says anything then. */
const ceilingOf = (
	slots: readonly Slot[],
	modelIds: readonly string[],
	quota: Quota,
	reading: Reading,
): MeasuredCeiling | null => {
	const failing = modelIds.flatMap((modelId) =>
		reading.windows.coarse.flatMap((window) =>
			[...(valuesOf(modelId, 'serverErrors', window, reading) ?? [])].flatMap((errors, index) =>
				errors > 0 ? [window.fromMs + index * window.periodMs] : [],
			),
		),
	);
	const periods = new Set(failing);
	const minutes = slots
		.filter(({minutes: length}) => length === 1)
		.map((slot) => ({...slot, serverErrors: periods.has(slot.at - (slot.at % (5 * minuteMs))) ? 1 : 0}));
	return measureCeiling(minutes, quota) ?? null;
};

const countedBy = (modelIds: readonly string[], {asked}: Reading): PastBucket['countedBy'] => {
	const estimated = modelIds.filter((modelId) => asked.get(modelId)?.has('estimatedQuotaTokens')).length;
	return estimated === modelIds.length ? 'service' : estimated === 0 ? 'formula' : 'both';
};

const minutesOf = (slots: readonly Slot[]): number => slots.reduce((sum, {minutes}) => sum + minutes, 0);

/** The greatest share of a quota; null where none is known. */
const nearest = (shares: ReadonlyArray<number | null>): number | null => {
	const known = shares.filter((share) => share !== null);
	return known.length === 0 ? null : Math.max(...known);
};

type Figure = 'requests' | 'quotaTokens' | 'outputTokens';

/** Percentiles by nearest rank, each period with the weight of its minutes. */
const perMinute = (slots: readonly Slot[], figure: Figure): PerMinute => {
	const active = slots.filter(({requests}) => requests > 0);
	const sorted = active.toSorted((one, other) => one[figure] - other[figure]);
	const all = minutesOf(sorted);
	const at = (part: number): number | null => {
		let seen = 0;
		for (const slot of sorted) {
			seen += slot.minutes;
			if (seen >= part * all) {
				return slot[figure];
			}
		}
		return null;
	};
	return {p50: at(0.5), p90: at(0.9), p99: at(0.99), peak: sorted.at(-1)?.[figure] ?? null};
};

const totalOf = (used: readonly Slot[], figure: Figure, limit: number | null): Total => {
	const spread = perMinute(used, figure);
	const at = used.find((slot) => slot.requests > 0 && slot[figure] === spread.peak)?.at ?? null;
	return {
		total: used.reduce((sum, slot) => sum + slot[figure] * slot.minutes, 0),
		...spread,
		peakAt: at,
		limit,
		ofQuota: limit === null || limit === 0 || spread.peak === null ? null : spread.peak / limit,
		nearMinutes: limit === null ? null : minutesOf(used.filter((slot) => slot[figure] > nearShare * limit)),
	};
};

/** The first of January 1970 was a Thursday. */
const weekdayOf = (atMs: number): number => (Math.floor(atMs / (24 * hourMs)) + 3) % 7;

const cellsOf = (
	slots: readonly Slot[],
	limits: Readonly<Record<Figure, number | null>>,
): readonly PastCell[] => {
	const byCell = Array.from({length: 7 * 24}, (): Slot[] => []);
	for (const slot of slots) {
		byCell[weekdayOf(slot.at) * 24 + (Math.floor(slot.at / hourMs) % 24)]?.push(slot);
	}
	return byCell.map((members, index): PastCell => {
		const requests = perMinute(members, 'requests');
		const quotaTokens = perMinute(members, 'quotaTokens');
		const share = (peak: number | null, limit: number | null): number | null =>
			limit === null || limit === 0 || members.length === 0 ? null : (peak ?? 0) / limit;
		return {
			weekday: Math.floor(index / 24),
			hour: index % 24,
			minutes: minutesOf(members),
			activeMinutes: minutesOf(members.filter((slot) => slot.requests > 0)),
			requests,
			quotaTokens,
			throttles: members.reduce((sum, {throttles}) => sum + throttles, 0),
			ofQuota: nearest([
				share(requests.peak, limits.requests),
				share(quotaTokens.peak, limits.quotaTokens),
				share(perMinute(members, 'outputTokens').peak, limits.outputTokens),
			]),
		};
	});
};
