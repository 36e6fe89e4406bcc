import type {SeriesQuery} from './metric-query.ts';
import type {MetricSource} from './metric-source.ts';
import {
	addDurations,
	type CountMetric,
	createDurations,
	type DurationMetric,
	extremesOf,
	isDuration,
	type MinuteSums,
	minuteMs,
	quantile,
	samplesOf,
} from './minute-sums.ts';

/** Values of one metric per period. */

/** One minute of a ModelId; undefined where nothing is known of it. */
type MinuteAt = (modelId: string, minute: number) => MinuteSums | undefined;

/** What values are made of: minutes as a whole, or one count of them. */
export type Minutes = {
	readonly at: MinuteAt;
	readonly counter: (modelId: string) => (metric: CountMetric, minute: number) => number;
	readonly oldestMs: MetricSource['oldestMs'];
};

/** Remembers minutes for one request: each is asked for once per metric. */
export function remembering(source: MetricSource, region: string): Minutes {
	const known = new Map<string, Map<number, MinuteSums | null>>();
	const at: MinuteAt = (modelId, minute) => {
		let minutes = known.get(modelId);
		if (minutes === undefined) {
			minutes = new Map();
			known.set(modelId, minutes);
		}
		let sums = minutes.get(minute);
		if (sums === undefined) {
			sums = source.minute(region, modelId, minute) ?? null;
			minutes.set(minute, sums);
		}
		return sums ?? undefined;
	};
	return {at, counter: (modelId) => source.counter(region, modelId), oldestMs: source.oldestMs};
}

/** Minutes of one period. */
const minutesOf = (
	modelId: string,
	minuteAt: MinuteAt,
	fromMs: number,
	periodMs: number,
): readonly MinuteSums[] => {
	if (periodMs === minuteMs) {
		const sums = minuteAt(modelId, fromMs);
		return sums === undefined ? [] : [sums];
	}
	const minutes: MinuteSums[] = [];
	for (let minute = fromMs; minute < fromMs + periodMs; minute += minuteMs) {
		const sums = minuteAt(modelId, minute);
		if (sums !== undefined) {
			minutes.push(sums);
		}
	}
	return minutes;
};

const countOf = (
	minutes: readonly MinuteSums[],
	metric: CountMetric,
	statistic: string,
): number | undefined => {
	const [first] = minutes;
	if (minutes.length === 1 && first !== undefined && statistic === 'Sum') {
		return first.counts[metric] || undefined;
	}
	const known = minutes.filter(({counts}) => counts[metric] > 0);
	const sum = known.reduce((total, {counts}) => total + counts[metric], 0);
	const samples = minutes.reduce((total, minute) => total + samplesOf(minute, metric), 0);
	if (sum === 0 || (samples === 0 && statistic !== 'Sum')) {
		return undefined;
	}
	switch (statistic) {
		case 'Sum':
			return sum;
		case 'SampleCount':
			return samples;
		case 'Minimum':
			return Math.min(...known.map((minute) => extremesOf(minute, metric).least));
		case 'Maximum':
			return Math.max(...known.map((minute) => extremesOf(minute, metric).most));
		default:
			return sum / samples;
	}
};

const durationOf = (
	minutes: readonly MinuteSums[],
	metric: DurationMetric,
	statistic: string,
): number | undefined => {
	const durations = createDurations();
	for (const minute of minutes) {
		addDurations(durations, minute.durations[metric]);
	}
	if (durations.count === 0) {
		return undefined;
	}
	switch (statistic) {
		case 'Sum':
			return durations.sumMs;
		case 'SampleCount':
			return durations.count;
		case 'Average':
			return durations.sumMs / durations.count;
		case 'Minimum':
			return quantile(durations, 0);
		case 'Maximum':
			return quantile(durations, 1);
		default:
			return quantile(durations, Number(statistic.slice(1)) / 100);
	}
};

/** Begin of each period in seconds since 1970, as on the wire, and its value. */
export type PeriodValues = {readonly atSeconds: readonly number[]; readonly values: readonly number[]};

/**
 * Values of a query from a moment (included) to another (excluded), oldest first: periods without traffic have none.
 */
export function valuesOf(
	{modelId, metric, periodMs, statistic}: Pick<SeriesQuery, 'modelId' | 'metric' | 'periodMs' | 'statistic'>,
	{at: minuteAt, counter, oldestMs}: Minutes,
	fromMs: number,
	toMs: number,
): PeriodValues {
	const atSeconds: number[] = [];
	const values: number[] = [];
	if (modelId === undefined || metric === undefined) {
		return {atSeconds, values};
	}
	const firstMs = Math.floor(Math.max(fromMs, oldestMs(periodMs)) / periodMs) * periodMs;
	if (!isDuration(metric) && statistic === 'Sum') {
		const count = counter(modelId);
		for (let at = firstMs; at < toMs; at += periodMs) {
			let sum = 0;
			for (let minute = at; minute < at + periodMs; minute += minuteMs) {
				sum += count(metric, minute);
			}
			if (sum > 0) {
				atSeconds.push(at / 1000);
				values.push(sum);
			}
		}
		return {atSeconds, values};
	}
	for (let at = firstMs; at < toMs; at += periodMs) {
		const minutes = minutesOf(modelId, minuteAt, at, periodMs);
		const value = isDuration(metric)
			? durationOf(minutes, metric, statistic)
			: countOf(minutes, metric, statistic);
		if (value !== undefined) {
			atSeconds.push(at / 1000);
			values.push(value);
		}
	}
	return {atSeconds, values};
}
