import type {Json} from '../families/prompt.ts';
import {addDurations, createDurations, quantile} from './durations.ts';
import {dimensionsOf, structuresOf, textOf, validationFault} from './metric-answer.ts';
import {isPublished} from './metric-source.ts';
import {
	type CountMetric,
	type DurationMetric,
	isDuration,
	type MetricName,
	type MinuteSums,
	metricNames,
	minuteMs,
} from './minute-sums.ts';
import {dimensionSets, namespace} from './series.ts';

/** One query of GetMetricData, understood. */
export type MetricQuery = {
	readonly id: string;
	readonly label: string;
	/** Undefined where no such metric exists: CloudWatch then answers with no values. */
	readonly modelId: string | undefined;
	readonly metric: MetricName | undefined;
	readonly periodMs: number;
	readonly statistic: string;
};

const mostQueries = 500;
const statistics = /^(?:Sum|Average|SampleCount|p\d{1,2}(?:\.\d+)?)$/;

/** The ModelId whose series has exactly these dimensions. */
const modelIdOf = (metric: Json): string | undefined => {
	const asked = dimensionsOf(metric);
	const modelId = asked.find(([name]) => name === 'ModelId')?.[1];
	const isKnown =
		modelId !== undefined &&
		dimensionSets(modelId).some(
			(set) =>
				set.length === asked.length &&
				set.every(([name, value]) => asked.some(([key, text]) => key === name && text === value)),
		);
	return isKnown ? modelId : undefined;
};

const readQuery = (query: Json): MetricQuery => {
	const id = textOf(query, 'Id') ?? '';
	if (!/^[a-z]\w*$/.test(id)) {
		throw validationFault(`The value '${id}' for parameter MetricDataQueries.member.Id is not matching.`);
	}
	const stat = query.MetricStat as Json | undefined;
	const metric = stat?.Metric as Json | undefined;
	if (stat === undefined || metric === undefined) {
		throw validationFault('The simulator has no metric math: give a MetricStat.');
	}
	const period = Number(stat.Period);
	const statistic = textOf(stat, 'Stat') ?? '';
	if (!(period > 0) || period % 60 !== 0) {
		throw validationFault(`Invalid period ${String(stat.Period)}: it has to be a multiple of 60.`);
	}
	if (!statistics.test(statistic)) {
		throw validationFault(`The statistic '${statistic}' is not supported.`);
	}
	const name = textOf(metric, 'MetricName') ?? '';
	const known = metricNames.find((each) => each === name);
	const modelId = textOf(metric, 'Namespace') === namespace ? modelIdOf(metric) : undefined;
	const exists = known !== undefined && modelId !== undefined && isPublished(modelId, known);
	return {
		id,
		label: name,
		modelId: exists ? modelId : undefined,
		metric: known,
		periodMs: period * 1000,
		statistic,
	};
};

/** The queries of a request. @throws MetricError for more than 500 and for what the service refuses. */
export const readQueries = (input: Json): readonly MetricQuery[] => {
	const queries = structuresOf(input, 'MetricDataQueries').map((query) => readQuery(query));
	if (queries.length === 0 || queries.length > mostQueries) {
		throw validationFault(
			`The collection MetricDataQueries must have a size between 1 and ${mostQueries}; it has ${queries.length}.`,
		);
	}
	if (new Set(queries.map(({id}) => id)).size < queries.length) {
		throw validationFault('The values for parameter Id in MetricDataQueries are not unique.');
	}
	return queries;
};

type MinuteAt = (modelId: string, minute: number) => MinuteSums | undefined;

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
	const total = (name: CountMetric): number => minutes.reduce((sum, {counts}) => sum + counts[name], 0);
	const sum = total(metric);
	const samples = statistic === 'Sum' ? 1 : total('Invocations');
	return sum === 0 || samples === 0 ? undefined : statistic === 'SampleCount' ? samples : sum / samples;
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
		default:
			return quantile(durations, Number(statistic.slice(1)) / 100);
	}
};

/** Begin of each period in seconds since 1970, as it goes over the wire, and its value. */
export type PeriodValues = {readonly atSeconds: readonly number[]; readonly values: readonly number[]};

/** Values of a query from a moment (included) to another (not included), oldest first: periods without traffic have none. */
export const valuesOf = (
	{modelId, metric, periodMs, statistic}: MetricQuery,
	minuteAt: MinuteAt,
	fromMs: number,
	toMs: number,
): PeriodValues => {
	const atSeconds: number[] = [];
	const values: number[] = [];
	if (modelId === undefined || metric === undefined) {
		return {atSeconds, values};
	}
	for (let at = Math.floor(fromMs / periodMs) * periodMs; at < toMs; at += periodMs) {
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
};
