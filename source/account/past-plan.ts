import {mantlePrefix} from '../bedrock/identify/identify.ts';
import type {SeriesName, SeriesQuery, UsageFailure, UsageSource} from '../domain/usage-source.ts';
import {newestWholeMinute} from './account-bucket.ts';
import type {PastStore, PastWindow} from './past-store.ts';
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

/** CloudWatch lists a metric for two weeks after its last value. */
const listedForMs = 14 * dayMs;

/** Bounds of one call of GetMetricData. */
const maxQueries = 500;
const maxDatapoints = 100_800;

export type PastWindows = {
	/** Of what quotas limit: requests, quota tokens, throttles. The newest first. */
	readonly fine: readonly PastWindow[];
	/** Of the rest: five minutes at the finest. */
	readonly coarse: readonly PastWindow[];
};

/** One call of GetMetricData, whose answer fits on one page: so each metric is asked for once. */
type PastCall = {readonly queries: readonly SeriesQuery[]; readonly window: PastWindow};

const floorTo = (atMs: number, periodMs: number): number => Math.floor(atMs / periodMs) * periodMs;
const ceilTo = (atMs: number, periodMs: number): number => Math.ceil(atMs / periodMs) * periodMs;

/**
 * The time from `sinceMs` ago to the newest whole minutes, in windows of the finest period that is still kept.
 * @param nowMs By the service's clock.
 */
function pastWindows(nowMs: number, sinceMs: number): PastWindows {
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
function pastSeries(
	modelIds: readonly string[],
	listed: ReadonlyMap<string, ReadonlySet<SeriesName>> | undefined,
	windows: PastWindows,
): ReadonlyArray<{readonly query: SeriesQuery; readonly window: PastWindow}> {
	const oldestMs = windows.fine.at(-1)?.fromMs ?? 0;
	const toMs = windows.fine[0]?.toMs ?? 0;
	const isWithinList = toMs - oldestMs <= listedForMs;
	return modelIds.flatMap((modelId) => {
		// AWS/BedrockMantle has few metrics: what it does not list, it never has.
		const isListWhole = isWithinList || modelId.startsWith(mantlePrefix);
		const {fine, coarse} = seriesOf(listed?.get(modelId), isListWhole);
		const at = (names: readonly SeriesName[], of: readonly PastWindow[]) =>
			names.flatMap((series) => of.map((window) => ({query: {modelId, series}, window})));
		return [...at(fine, windows.fine), ...at(coarse, windows.coarse)];
	});
}

/** Puts what is missing into calls: those of one window together, as many as fit on a page. */
function pastCalls(
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

function pastCost(calls: readonly PastCall[]): PastCost {
	const metrics = calls.reduce((sum, {queries}) => sum + queries.length, 0);
	return {calls: calls.length, metrics, usd: metrics * metricPrice.metricUsd};
}

/** Reads the past use of one Region: what is not kept yet, in few calls. */

/** Which models there are, and what is missing of them. */
export type PastPlan = {
	readonly windows: PastWindows;
	/** ModelIds that CloudWatch no longer lists: their requests by the hour, in the time before. */
	readonly unlisted: {readonly modelIds: readonly string[]; readonly window: PastWindow} | undefined;
	/** Series of each ModelId that the report needs. */
	readonly asked: ReadonlyMap<string, ReadonlySet<SeriesName>>;
	readonly calls: readonly PastCall[];
	readonly cost: PastCost;
	/** Series that are kept in full already. */
	readonly keptSeries: number;
	/** Values from before this moment no longer change. */
	readonly settledMs: number;
};

/** Metrics of AWS arrive minutes late: values older than this are taken as final. */
const settleMs = 30 * minuteMs;
/** Calls in flight together: the service limits datapoints per second too. */
const callsAtOnce = 3;

type Wanted = {
	/** By the service's clock. */
	readonly nowMs: number;
	readonly sinceMs: number;
	readonly modelIds: readonly string[];
	/** ModelIds that may have been used before. */
	readonly candidates?: readonly string[];
	/** Undefined where CloudWatch does not list its metrics. */
	readonly listed: ReadonlyMap<string, ReadonlySet<SeriesName>> | undefined;
};

/** Finds out what has to be asked for. */
export function planPast(
	{nowMs, sinceMs, modelIds, candidates = [], listed}: Wanted,
	store: PastStore,
): PastPlan {
	const windows = pastWindows(nowMs, sinceMs);
	const known = new Set(modelIds);
	const unlisted =
		listed === undefined
			? []
			: [...new Set([...candidates, ...store.modelIds])].filter((id) => !known.has(id));
	const before = unlistedWindow(windows);
	const wanted = [
		...pastSeries(modelIds, listed, windows),
		...(before === undefined
			? []
			: unlisted.map((modelId) => ({query: {modelId, series: 'requests' as const}, window: before}))),
	];
	const asked = new Map<string, Set<SeriesName>>(modelIds.map((modelId) => [modelId, new Set()]));
	for (const {query} of wanted) {
		asked.get(query.modelId)?.add(query.series);
	}
	const missing = missingOf(wanted, store);
	const calls = pastCalls(missing);
	const missed = new Set(missing.map(({query, window}) => keyOf(query, window)));
	return {
		windows,
		unlisted:
			before === undefined || unlisted.length === 0 ? undefined : {modelIds: unlisted, window: before},
		asked,
		calls,
		cost: pastCost(calls),
		keptSeries: wanted.filter(({query, window}) => !missed.has(keyOf(query, window))).length,
		settledMs: nowMs - settleMs,
	};
}

/** The hours before those of which CloudWatch lists all models; undefined where the report is of less. */
const unlistedWindow = ({fine}: PastWindows): PastWindow | undefined => {
	const fromMs = ceilTo(fine.at(-1)?.fromMs ?? 0, hourMs);
	const toMs = floorTo((fine[0]?.toMs ?? 0) - listedForMs, hourMs) + hourMs;
	return toMs - hourMs > fromMs ? {fromMs, toMs, periodMs: hourMs} : undefined;
};

/** A model that was not used for two weeks: CloudWatch does not list it any more. */
export type QuietModel = {
	readonly modelId: string;
	/** In the time that was asked for. */
	readonly requests: number;
	/** Begin of the last hour with one, in milliseconds since 1970. */
	readonly lastAt: number;
};

/** Models that were used in the time that was asked for, and not since; the last used first. */
export function quietModels({unlisted}: PastPlan, store: PastStore): readonly QuietModel[] {
	if (unlisted === undefined) {
		return [];
	}
	const {modelIds, window} = unlisted;
	return modelIds
		.flatMap((modelId): readonly QuietModel[] => {
			const values = store.values({modelId, series: 'requests', periodMs: window.periodMs}, window);
			const last = values?.findLastIndex((value) => value > 0) ?? -1;
			const requests = values?.reduce((sum, value) => sum + value, 0) ?? 0;
			return last < 0 ? [] : [{modelId, requests, lastAt: window.fromMs + last * window.periodMs}];
		})
		.toSorted((one, other) => other.lastAt - one.lastAt);
}

const keyOf = ({modelId, series}: SeriesQuery, {periodMs}: PastWindow): string =>
	`${periodMs} ${series} ${modelId}`;

const missingOf = (
	wanted: ReadonlyArray<{readonly query: SeriesQuery; readonly window: PastWindow}>,
	store: PastStore,
) =>
	wanted.flatMap(({query, window}) =>
		store.missing({...query, periodMs: window.periodMs}, window).map((part) => ({query, window: part})),
	);

/** How the reading ended. */
export type PastReading = {
	/** Why it ended early; undefined where it did not. */
	readonly failure: UsageFailure | undefined;
	/** Calls made, with retries and pages. */
	readonly calls: number;
	/** Of the planned ones, those that were answered. */
	readonly answered: number;
};

/**
 * Makes the calls of a plan, and records each answer as soon as it is there. Never rejects.
 * @param onCall Called after each.
 */
export async function readPast(
	{calls, settledMs}: PastPlan,
	store: PastStore,
	{
		source,
		signal,
		onCall,
	}: {
		readonly source: UsageSource;
		readonly signal: AbortSignal;
		readonly onCall: (done: number) => void;
	},
): Promise<PastReading> {
	const waiting = [...calls];
	let failure: UsageFailure | undefined;
	let done = 0;
	let answered = 0;
	let made = 0;
	const work = async (): Promise<void> => {
		for (let call = waiting.shift(); call !== undefined && !signal.aborted; call = waiting.shift()) {
			const {queries, window} = call;
			const reading = await source.read(queries, window, window.periodMs, signal);
			made += reading.cost.calls;
			store.record(
				reading.series
					.filter(({isPartial}) => !isPartial)
					.map(({modelId, series, at, values}) => ({
						series: {modelId, series, periodMs: window.periodMs},
						at,
						values,
					})),
				window,
				settledMs,
			);
			if (reading.failure === undefined) {
				answered++;
			} else {
				failure ??= reading.failure;
				waiting.length = 0;
			}
			onCall(++done);
		}
	};
	await Promise.all(Array.from({length: callsAtOnce}, work));
	return {failure, calls: made, answered};
}
