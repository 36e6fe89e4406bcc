import type {ModelDurations, WatchCost} from '../domain/account-snapshot.ts';
import {
	type DurationStatistic,
	durationStatistics,
	type SeriesName,
	type SeriesQuery,
	type SeriesValues,
	type TimeWindow,
	type UsageCost,
	type UsageMetric,
	usageMetrics,
} from '../domain/usage-source.ts';
import {formatCount, formatUsd} from '../text/numbers.ts';
import {newestWholeMinute} from './account-bucket.ts';
import {listedMs, minuteMs, minuteOf, type UsageHistory} from './usage-history.ts';

/** What a poll reads. A metric is billed per query, however many minutes it covers: few ModelIds and long windows are read. */

/** Window of later polls: late values are counted then. */
const againWindowMs = 25 * minuteMs;
const lateMs = 10 * minuteMs;

/** After this time without traffic, a ModelId that is not on screen is polled rarely. */
const activeMs = 15 * minuteMs;
const rareMs = 10 * minuteMs;

/** Metrics that are read although they are not listed (yet): a first throttle must not wait for the list. */
const always: readonly UsageMetric[] = ['requests', 'throttles', 'inputTokens', 'outputTokens'];

/** ModelIds that are read together over one window. */
export type PollPart = {readonly modelIds: readonly string[]; readonly window: TimeWindow};

/** The parts of a poll: first those that were never read, then those that are due again. */
export function planPoll(
	history: UsageHistory,
	modelIds: readonly string[],
	onScreen: ReadonlySet<string>,
	nowMs: number,
): readonly PollPart[] {
	// The current minute has no data yet.
	const toMs = minuteOf(nowMs);
	const fresh = modelIds.filter((modelId) => !history.isRead(modelId));
	const again = modelIds.filter(
		(modelId) => history.isRead(modelId) && isDue(history, modelId, onScreen, nowMs),
	);
	const oldest = Math.min(...again.map((modelId) => history.coveredToMs(modelId)));
	const fromMs = Math.max(toMs - listedMs, Math.min(toMs - againWindowMs, oldest - lateMs));
	const parts: readonly PollPart[] = [
		{modelIds: fresh, window: {fromMs: toMs - listedMs, toMs}},
		{modelIds: again, window: {fromMs: minuteOf(fromMs), toMs}},
	];
	return parts.filter((part) => part.modelIds.length > 0);
}

const isDue = (
	history: UsageHistory,
	modelId: string,
	onScreen: ReadonlySet<string>,
	nowMs: number,
): boolean =>
	onScreen.has(modelId) ||
	history.lastActiveMs(modelId) > nowMs - activeMs ||
	history.coveredToMs(modelId) <= newestWholeMinute(nowMs) - rareMs;

/** Up to where a poll at that moment is complete. */
export function coveredBy(nowMs: number): number {
	return newestWholeMinute(nowMs) + minuteMs;
}

/** The sums to ask for. @param listed Series of each ModelId; undefined where they could not be listed: then all. */
export function sumQueries(
	modelIds: readonly string[],
	listed: ReadonlyMap<string, ReadonlySet<SeriesName>> | undefined,
	isFirst: boolean,
): readonly SeriesQuery[] {
	return modelIds.flatMap((modelId) => {
		const series = listed?.get(modelId);
		const asked = usageMetrics.filter(
			(metric) => series === undefined || series.has(metric) || (!isFirst && always.includes(metric)),
		);
		return asked.map((metric) => ({modelId, series: metric}));
	});
}

/** Queries for the quota tokens of whole hours, with the fewest metrics. */
export function dayQueries(
	modelIds: readonly string[],
	listed: ReadonlyMap<string, ReadonlySet<SeriesName>> | undefined,
): readonly SeriesQuery[] {
	return modelIds.flatMap((modelId) => {
		const series = listed?.get(modelId);
		const asked: readonly UsageMetric[] = series?.has('estimatedQuotaTokens')
			? ['estimatedQuotaTokens']
			: (['inputTokens', 'outputTokens', 'cacheWriteTokens'] as const).filter(
					(metric) => series === undefined || series.has(metric),
				);
		return asked.map((metric) => ({modelId, series: metric}));
	});
}

/** Percentiles of the newest minute that has some: an older one says nothing about now. */
const windowMs = 15 * minuteMs;

/** Percentiles to ask for: each is billed, so only for ModelIds on screen. */
export function durationQueries(
	modelIds: readonly string[],
	listed: ReadonlyMap<string, ReadonlySet<SeriesName>> | undefined,
): readonly SeriesQuery[] {
	return modelIds.flatMap((modelId) =>
		durationStatistics
			.filter((series) => listed?.get(modelId)?.has(series) ?? true)
			.map((series) => ({modelId, series})),
	);
}

/** @param wholeToMs End of the newest whole minute. */
export function durationWindow(wholeToMs: number): TimeWindow {
	return {
		fromMs: wholeToMs - windowMs,
		toMs: wholeToMs,
	};
}

const newest = ({at, values}: SeriesValues): number | null => {
	const last = Math.max(...at);
	return values[at.indexOf(last)] ?? null;
};

/** Puts the percentiles that were read together by ModelId. */
export function durationsOf(
	modelIds: readonly string[],
	series: readonly SeriesValues[],
): ReadonlyMap<string, ModelDurations> {
	const byName = new Map(series.map((each) => [`${each.modelId} ${each.series}`, each]));
	const percentile = (modelId: string, statistic: DurationStatistic): number | null => {
		const found = byName.get(`${modelId} ${statistic}`);
		return found === undefined ? null : newest(found);
	};
	return new Map(
		modelIds.map((modelId) => [
			modelId,
			{
				modelId,
				firstTokenP50: percentile(modelId, 'firstTokenP50'),
				firstTokenP90: percentile(modelId, 'firstTokenP90'),
				latencyP50: percentile(modelId, 'latencyP50'),
				latencyP90: percentile(modelId, 'latencyP90'),
			},
		]),
	);
}

/**
 * Cost of polling CloudWatch: USD for a metric in GetMetricData, and for a call of ListMetrics. The list price as it
 * is commonly quoted for the large Regions; it was not verified, and the screen says so.
 */
export const metricPrice = {metricUsd: 0.01 / 1000, listCallUsd: 0.01 / 1000} as const;

/** The cost of polling in words. */
export function watchCostWords(costs: readonly WatchCost[]): string {
	const sum = (of: (cost: WatchCost) => number): number => costs.reduce((total, cost) => total + of(cost), 0);
	return `about ${formatUsd(sum(({usdPerHour}) => usdPerHour))} per hour at list price (not verified); ${formatCount(sum(({metrics}) => metrics))} metrics, ${formatUsd(sum(({usd}) => usd))} so far`;
}

const hourMs = 3_600_000;
/** Polls that the pace is taken from. */
const rememberedPolls = 10;

/** Adds up calls and metrics. */
export class CostMeter {
	#calls = 0;
	#metrics = 0;
	#usd = 0;
	/** The polls after the first, which reads hours and does not show the later pace. */
	#recent: Array<{readonly at: number; readonly usd: number}> = [];

	add({calls, metrics}: UsageCost, atMs: number): void {
		// A call that asks for no metric is one of ListMetrics.
		const usd = metrics === 0 ? calls * metricPrice.listCallUsd : metrics * metricPrice.metricUsd;
		this.#calls += calls;
		this.#metrics += metrics;
		this.#usd += usd;
		this.#recent = [...this.#recent, {at: atMs, usd}].slice(-rememberedPolls);
	}

	/** @param pollMs Time between two polls as it is planned. */
	read(pollMs: number): WatchCost {
		const [first] = this.#recent;
		const last = this.#recent.at(-1);
		const spanMs = first === undefined || last === undefined ? 0 : last.at - first.at + pollMs;
		const spent = this.#recent.reduce((sum, {usd}) => sum + usd, 0);
		return {
			calls: this.#calls,
			metrics: this.#metrics,
			usd: this.#usd,
			usdPerHour: spanMs === 0 ? 0 : (spent / spanMs) * hourMs,
		};
	}
}
