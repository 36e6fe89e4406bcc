import type {Json} from '../families/prompt.ts';
import type {MetricSettings} from '../options.ts';
import {createMetricMath} from './metric-math.ts';
import {
	dimensionsOf,
	invalidParameter,
	MetricError,
	type MetricQuery,
	momentOf,
	numberOf,
	pagePositionOf,
	readQueries,
	readSeries,
	type SeriesQuery,
	textListOf,
	textOf,
	tokenOf,
	validationFault,
} from './metric-query.ts';
import {type MetricSource, type Series, seriesOf} from './metric-source.ts';
import {isDuration, metricNames} from './minute-sums.ts';
import {type Minutes, type PeriodValues, remembering, valuesOf} from './period-values.ts';

/** The actions of CloudWatch. ListMetrics lists existing metrics, in pages of 500. */

const pageLength = 500;
const hourMs = 3_600_000;

/** How long the service lists a metric after its last value. */
const listedMs = 14 * 24 * hourMs;
const recentMs = 3 * hourMs;

/** Answers ListMetrics. @throws MetricError for what the service refuses. */
export function listMetrics(source: MetricSource, region: string, nowMs: number, input: Json): Json {
	const recently = textOf(input, 'RecentlyActive');
	if (recently !== undefined && recently !== 'PT3H') {
		throw invalidParameter(`Invalid value for RecentlyActive: ${recently}`);
	}
	const [start = 0] = pagePositionOf(textOf(input, 'NextToken'));
	const sinceMs = nowMs - (recently === undefined ? listedMs : recentMs);
	const asked = textOf(input, 'Namespace');
	const found = listedSeries(source, region, sinceMs).filter(
		(series) => (asked === undefined || asked === series.namespace) && matchesSeries(series, input),
	);
	const end = start + pageLength;
	return {
		Metrics: found.slice(start, end).map(({namespace, metric, dimensions}) => ({
			Namespace: namespace,
			MetricName: metric,
			Dimensions: dimensions.map(([name, value]) => ({Name: name, Value: value})),
		})),
		...(end < found.length ? {NextToken: tokenOf([end])} : {}),
	};
}

const listedSeries = (source: MetricSource, region: string, sinceMs: number): readonly Series[] =>
	[...source.activeSince(region, sinceMs)].flatMap(([modelId, metrics]) =>
		[...metrics].flatMap((metric) => seriesOf(modelId, metric)),
	);

const matchesSeries = (series: Series, input: Json): boolean => {
	const metric = textOf(input, 'MetricName');
	return (
		(metric === undefined || metric === series.metric) &&
		dimensionsOf(input).every(([name, value]) =>
			series.dimensions.some(([key, text]) => key === name && (value === undefined || text === value)),
		)
	);
};

/** GetMetricData: values of up to 500 queries, in pages of at most 100,800 datapoints. */

const maxPageDatapoints = 100_800;

const maxDatapointsOf = (input: Json, settings: MetricSettings | undefined): number => {
	const asked = input.MaxDatapoints === undefined ? maxPageDatapoints : numberOf(input, 'MaxDatapoints');
	if (asked === undefined || asked < 1 || asked > maxPageDatapoints) {
		throw invalidParameter(`MaxDatapoints must be between 1 and ${maxPageDatapoints}.`);
	}
	return Math.min(asked, settings?.pageDatapoints ?? maxPageDatapoints);
};

/** A result of the answer; its values are computed when its page is asked for. */
type MetricResult = {readonly id: string; readonly label: string; readonly read: () => PeriodValues};

/**
 * Answers GetMetricData. A result that does not fit on a page continues on the next one under the same Id.
 * @param isPartial Return only part of each result and mark it PartialData.
 * @throws MetricError for what the service refuses.
 */
export function getMetricData(
	source: MetricSource,
	region: string,
	input: Json,
	settings: MetricSettings | undefined,
	isPartial: boolean,
): Json {
	const queries = readQueries(input);
	const [fromMs, toMs] = [momentOf(input, 'StartTime'), momentOf(input, 'EndTime')];
	if (toMs <= fromMs) {
		throw validationFault('The parameter StartTime must be less than the parameter EndTime.');
	}
	const [startResult = 0, startValue = 0] = pagePositionOf(textOf(input, 'NextToken'));
	const minutes = remembering(source, region);
	const isAscending = input.ScanBy === 'TimestampAscending';
	const results: Json[] = [];
	let room = maxDatapointsOf(input, settings);
	let next: string | undefined;
	let index = -1;
	for (const {id, label, read} of resultsOf(queries, minutes, fromMs, toMs)) {
		index++;
		if (index < startResult) {
			continue;
		}
		const skipped = index === startResult ? startValue : 0;
		const found = read();
		const known = isPartial ? Math.floor(found.values.length / 2) : found.values.length;
		const isWhole = known - skipped <= room;
		const count = Math.max(0, Math.min(room, known - skipped));
		const page = (all: readonly number[]): readonly number[] => {
			// Most answers need no copy: all values, the oldest first.
			const ordered = isAscending ? all : all.slice(0, known).toReversed();
			return skipped === 0 && count === ordered.length ? ordered : ordered.slice(skipped, skipped + count);
		};
		room -= count;
		results.push({
			Id: id,
			Label: label,
			Timestamps: page(found.atSeconds),
			Values: page(found.values),
			StatusCode: isWhole && !isPartial ? 'Complete' : 'PartialData',
		});
		if (!isWhole) {
			next = tokenOf([index, skipped + count]);
			break;
		}
	}
	return {MetricDataResults: results, Messages: [], ...(next === undefined ? {} : {NextToken: next})};
}

/** One result of a metric, one or several of an expression. */
function* resultsOf(
	queries: readonly MetricQuery[],
	minutes: Minutes,
	fromMs: number,
	toMs: number,
): Generator<MetricResult> {
	const read = (query: SeriesQuery): PeriodValues => valuesOf(query, minutes, fromMs, toMs);
	const work = createMetricMath({queries, valuesOf: read, fromMs, toMs});
	for (const query of queries.filter(({isReturned}) => isReturned)) {
		const {id, label} = query;
		if (query.kind === 'series') {
			yield {id, label, read: () => read(query)};
		} else {
			yield* work(query).map((series): MetricResult => ({id, label, read: () => series}));
		}
	}
}

/** GetMetricStatistics: several statistics of one metric, in one answer without pages. */

const maxStatisticDatapoints = 1440;
const plainStatistics: readonly string[] = ['SampleCount', 'Average', 'Sum', 'Minimum', 'Maximum'];

/** Answers GetMetricStatistics. @throws MetricError for what the service refuses. */
export function getMetricStatistics(source: MetricSource, region: string, input: Json): Json {
	const label = requiredText(input, 'MetricName');
	requiredText(input, 'Namespace');
	const {plain, extended} = statisticsOf(input);
	const period = numberOf(input, 'Period');
	const read = (statistic: string) => readSeries(input, period, statistic);
	const [fromMs, toMs] = windowOf(input, read('Sum').periodMs);
	const minutes = remembering(source, region);
	const metric = metricNames.find((name) => name === label);
	const unit = metric !== undefined && isDuration(metric) ? 'Milliseconds' : 'Count';
	const found = new Map<number, {plain: Json; extended: Json}>();
	for (const statistic of textOf(input, 'Unit') === unit || input.Unit === undefined
		? [...plain, ...extended]
		: []) {
		const {atSeconds, values} = valuesOf(read(statistic), minutes, fromMs, toMs);
		const kind = plain.includes(statistic) ? 'plain' : 'extended';
		for (const [index, at] of atSeconds.entries()) {
			const known = found.get(at) ?? {plain: {}, extended: {}};
			found.set(at, {...known, [kind]: {...known[kind], [statistic]: values[index]}});
		}
	}
	return {
		Label: label,
		Datapoints: [...found].map(([at, values]) => ({
			Timestamp: at,
			...values.plain,
			Unit: unit,
			...(extended.length === 0 ? {} : {ExtendedStatistics: values.extended}),
		})),
	};
}

const requiredText = (input: Json, key: string): string => {
	const text = textOf(input, key);
	if (text === undefined || text === '') {
		throw new MetricError('MissingRequiredParameterException', `The parameter ${key} is required.`, {
			queryName: 'MissingParameter',
		});
	}
	return text;
};

/** Statistics that a request names, plain and extended. */
const statisticsOf = (input: Json): {plain: readonly string[]; extended: readonly string[]} => {
	const [plain, extended] = [textListOf(input, 'Statistics'), textListOf(input, 'ExtendedStatistics')];
	if (plain.length + extended.length === 0) {
		throw combinationFault('Must specify either Statistics or ExtendedStatistics.');
	}
	const unknown =
		plain.find((name) => !plainStatistics.includes(name)) ?? extended.find((name) => !name.startsWith('p'));
	if (unknown !== undefined) {
		throw validationFault(`The statistic '${unknown}' is not supported.`);
	}
	return {plain, extended};
};

const combinationFault = (message: string): MetricError =>
	new MetricError('InvalidParameterCombinationException', message, {
		queryName: 'InvalidParameterCombination',
	});

const windowOf = (input: Json, periodMs: number): readonly [fromMs: number, toMs: number] => {
	const [fromMs, toMs] = [momentOf(input, 'StartTime'), momentOf(input, 'EndTime')];
	if (toMs <= fromMs) {
		throw combinationFault('The parameter StartTime must be less than the parameter EndTime.');
	}
	const datapoints = Math.floor((toMs - fromMs) / periodMs);
	if (datapoints > maxStatisticDatapoints) {
		const [asked, most] = [datapoints, maxStatisticDatapoints].map((count) => count.toLocaleString('en-US'));
		throw combinationFault(
			`You have requested up to ${asked} datapoints, which exceeds the limit of ${most}. You may reduce the datapoints requested by increasing Period, or decreasing the time range.`,
		);
	}
	return [fromMs, toMs];
};
