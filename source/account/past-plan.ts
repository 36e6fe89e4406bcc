import type {SeriesName, SeriesQuery, TimeWindow} from '../domain/usage-source.ts';
import {newestWholeMinute} from './account-bucket.ts';
import {metricPrice} from './poll-plan.ts';
import {minuteMs} from './usage-history.ts';

/** What `watch --since` asks CloudWatch for: which series at which period, and in how few calls. Pure. */

const fiveMinutesMs = 5 * minuteMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** How long CloudWatch keeps values of a period; then they are there at the next one only. */
const keptFor = [
	{periodMs: minuteMs, days: 15},
	{periodMs: fiveMinutesMs, days: 63},
	{periodMs: hourMs, days: 455},
] as const;

/** Longest time that there is anything to read of. */
export const maxSinceMs = 455 * dayMs;
/** CloudWatch lists a metric for two weeks after its last value. */
export const listedForMs = 14 * dayMs;

/** Bounds of one call of GetMetricData. */
const maxQueries = 500;
const maxDatapoints = 100_800;

/** A stretch of time, and the period of its values. */
export type PastWindow = TimeWindow & {readonly periodMs: number};

/** One series as it is read and kept: a metric of a ModelId at one period. */
export type PastSeries = SeriesQuery & {readonly periodMs: number};

export type PastWindows = {
	/** Of what quotas limit: requests, quota tokens, throttles. The newest first. */
	readonly fine: readonly PastWindow[];
	/** Of the rest: five minutes at the finest. */
	readonly coarse: readonly PastWindow[];
};

/** One call of GetMetricData, whose answer fits on one page: so each metric is asked for once. */
export type PastCall = {readonly queries: readonly SeriesQuery[]; readonly window: PastWindow};

const floorTo = (atMs: number, periodMs: number): number => Math.floor(atMs / periodMs) * periodMs;
const ceilTo = (atMs: number, periodMs: number): number => Math.ceil(atMs / periodMs) * periodMs;

/**
 * The time from `sinceMs` ago to the newest whole minutes, in windows of the finest period that is still kept.
 * @param nowMs By the service's clock.
 */
export function pastWindows(nowMs: number, sinceMs: number): PastWindows {
	const toMs = floorTo(newestWholeMinute(nowMs) + minuteMs, fiveMinutesMs);
	const wantedMs = floorTo(toMs - sinceMs, fiveMinutesMs);
	let endMs = toMs;
	const fine = keptFor.flatMap(({periodMs, days}): readonly PastWindow[] => {
		if (endMs <= wantedMs) {
			return [];
		}
		// Whole hours, so that each window begins with a period of the next one.
		const oldestMs = ceilTo(nowMs - days * dayMs, hourMs);
		const window = {fromMs: Math.max(floorTo(wantedMs, periodMs), oldestMs), toMs: endMs, periodMs};
		endMs = Math.min(endMs, window.fromMs);
		return window.fromMs < window.toMs ? [window] : [];
	});
	const [newest, ...older] = fine;
	return {fine, coarse: newest === undefined ? [] : withoutMinutes(newest, older)};
}

/** The same time at five minutes and above. */
const withoutMinutes = (newest: PastWindow, older: readonly PastWindow[]): readonly PastWindow[] => {
	if (newest.periodMs !== minuteMs) {
		return [newest, ...older];
	}
	const [next, ...rest] = older;
	return next?.periodMs === fiveMinutesMs
		? [{...next, toMs: newest.toMs}, ...rest]
		: [{...newest, periodMs: fiveMinutesMs}, ...older];
};

const tokenSeries = ['inputTokens', 'outputTokens', 'cacheWriteTokens'] as const;
const restSeries = [...tokenSeries, 'cacheReadTokens', 'clientErrors', 'serverErrors'] as const;

/**
 * The series of a ModelId. Where the service publishes no estimate of its quota tokens, they follow from its tokens.
 * @param listed What it has; undefined: everything has to be asked for.
 */
const seriesOf = (
	listed: ReadonlySet<SeriesName> | undefined,
	isListWhole: boolean,
): {readonly fine: readonly SeriesName[]; readonly coarse: readonly SeriesName[]} => {
	const has = (series: SeriesName): boolean => !isListWhole || (listed?.has(series) ?? true);
	const isEstimated = listed?.has('estimatedQuotaTokens') ?? true;
	const quotaTokens = isEstimated ? (['estimatedQuotaTokens'] as const) : tokenSeries.filter(has);
	const fine = ['requests' as const, ...(has('throttles') ? ['throttles' as const] : []), ...quotaTokens];
	const taken = new Set<SeriesName>(fine);
	return {fine, coarse: restSeries.filter((series) => has(series) && !taken.has(series))};
};

/** Everything that the report of some ModelIds is made of. */
export function pastSeries(
	modelIds: readonly string[],
	listed: ReadonlyMap<string, ReadonlySet<SeriesName>> | undefined,
	windows: PastWindows,
): ReadonlyArray<{readonly query: SeriesQuery; readonly window: PastWindow}> {
	const oldestMs = windows.fine.at(-1)?.fromMs ?? 0;
	const toMs = windows.fine[0]?.toMs ?? 0;
	const isListWhole = toMs - oldestMs <= listedForMs;
	return modelIds.flatMap((modelId) => {
		const {fine, coarse} = seriesOf(listed?.get(modelId), isListWhole);
		const at = (names: readonly SeriesName[], of: readonly PastWindow[]) =>
			names.flatMap((series) => of.map((window) => ({query: {modelId, series}, window})));
		return [...at(fine, windows.fine), ...at(coarse, windows.coarse)];
	});
}

/** Puts what is missing into calls: those of one window together, as many as fit on a page. */
export function pastCalls(
	missing: ReadonlyArray<{readonly query: SeriesQuery; readonly window: PastWindow}>,
): readonly PastCall[] {
	const byWindow = Map.groupBy(
		missing,
		({window: {fromMs, toMs, periodMs}}) => `${periodMs} ${fromMs} ${toMs}`,
	);
	return [...byWindow.values()].flatMap((together): readonly PastCall[] => {
		const [first] = together;
		if (first === undefined) {
			return [];
		}
		const {window} = first;
		const datapoints = Math.ceil((window.toMs - window.fromMs) / window.periodMs);
		const room = Math.max(1, Math.min(maxQueries, Math.floor(maxDatapoints / datapoints)));
		return Array.from({length: Math.ceil(together.length / room)}, (_, index) => ({
			queries: together.slice(index * room, (index + 1) * room).map(({query}) => query),
			window,
		}));
	});
}

/** What reading costs: the metrics asked for, which are billed, and the calls. */
export type PastCost = {readonly calls: number; readonly metrics: number; readonly usd: number};

export function pastCost(calls: readonly PastCall[]): PastCost {
	const metrics = calls.reduce((sum, {queries}) => sum + queries.length, 0);
	return {calls: calls.length, metrics, usd: metrics * metricPrice.metricUsd};
}
