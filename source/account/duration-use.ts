import type {ModelDurations} from '../domain/account-snapshot.ts';
import {
	type DurationStatistic,
	durationStatistics,
	type SeriesName,
	type SeriesQuery,
	type SeriesValues,
	type TimeWindow,
} from '../domain/usage-source.ts';
import {minuteMs} from './minute-ring.ts';

/** Percentiles of the newest minute that has some: an older one than this says nothing about now. */
const windowMs = 15 * minuteMs;

/** Percentiles to ask for: a metric for each, so only for ModelIds that somebody looks at. */
export const durationQueries = (
	modelIds: readonly string[],
	listed: ReadonlyMap<string, ReadonlySet<SeriesName>> | undefined,
): readonly SeriesQuery[] =>
	modelIds.flatMap((modelId) =>
		durationStatistics
			.filter((series) => listed?.get(modelId)?.has(series) ?? true)
			.map((series) => ({modelId, series})),
	);

/** @param wholeToMs End of the newest whole minute. */
export const durationWindow = (wholeToMs: number): TimeWindow => ({
	fromMs: wholeToMs - windowMs,
	toMs: wholeToMs,
});

const newest = ({at, values}: SeriesValues): number | null => {
	const last = Math.max(...at);
	return values[at.indexOf(last)] ?? null;
};

/** Puts the percentiles that were read together by ModelId. */
export const durationsOf = (
	modelIds: readonly string[],
	series: readonly SeriesValues[],
): ReadonlyMap<string, ModelDurations> => {
	const told = new Map(series.map((each) => [`${each.modelId} ${each.series}`, each]));
	const percentile = (modelId: string, statistic: DurationStatistic): number | null => {
		const found = told.get(`${modelId} ${statistic}`);
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
};
