import type {SeriesName, SeriesQuery, UsageFailure, UsageSource} from '../domain/usage-source.ts';
import {
	type PastCall,
	type PastCost,
	type PastWindow,
	type PastWindows,
	pastCalls,
	pastCost,
	pastSeries,
	pastWindows,
} from './past-plan.ts';
import type {PastStore} from './past-store.ts';
import {minuteMs} from './usage-history.ts';

/** Reads the past use of one Region: what is not kept yet, in few calls. */

/** Which models there are, and what is missing of them. */
export type PastPlan = {
	readonly windows: PastWindows;
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
	/** Undefined where CloudWatch does not list its metrics. */
	readonly listed: ReadonlyMap<string, ReadonlySet<SeriesName>> | undefined;
};

/** Finds out what has to be asked for. */
export function planPast({nowMs, sinceMs, modelIds, listed}: Wanted, store: PastStore): PastPlan {
	const windows = pastWindows(nowMs, sinceMs);
	const wanted = pastSeries(modelIds, listed, windows);
	const asked = new Map<string, Set<SeriesName>>(modelIds.map((modelId) => [modelId, new Set()]));
	for (const {query} of wanted) {
		asked.get(query.modelId)?.add(query.series);
	}
	const missing = missingOf(wanted, store);
	const calls = pastCalls(missing);
	const missed = new Set(missing.map(({query, window}) => keyOf(query, window)));
	return {
		windows,
		asked,
		calls,
		cost: pastCost(calls),
		keptSeries: wanted.filter(({query, window}) => !missed.has(keyOf(query, window))).length,
		settledMs: nowMs - settleMs,
	};
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
	/** Metrics asked for. */
	readonly metrics: number;
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
	let made = 0;
	let metrics = 0;
	const work = async (): Promise<void> => {
		for (let call = waiting.shift(); call !== undefined && !signal.aborted; call = waiting.shift()) {
			const {queries, window} = call;
			const reading = await source.read(queries, window, window.periodMs, signal);
			made += reading.cost.calls;
			metrics += queries.length;
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
			if (reading.failure !== undefined) {
				failure ??= reading.failure;
				waiting.length = 0;
			}
			onCall(++done);
		}
	};
	await Promise.all(Array.from({length: callsAtOnce}, work));
	return {failure, calls: made, metrics};
}
