import type {Json} from '../families/prompt.ts';
import {MetricError, momentOf, numberOf, textOf, textsOf, validationFault} from './metric-answer.ts';
import {readSeries} from './metric-query.ts';
import type {MetricSource} from './metric-source.ts';
import {isDuration, metricNames} from './minute-sums.ts';
import {remembering, valuesOf} from './period-values.ts';

/** GetMetricStatistics: several statistics of one metric, in one answer that has no pages. */

const mostDatapoints = 1440;
const plainStatistics: readonly string[] = ['SampleCount', 'Average', 'Sum', 'Minimum', 'Maximum'];

const combinationFault = (message: string): MetricError =>
	new MetricError('InvalidParameterCombinationException', message, {
		queryName: 'InvalidParameterCombination',
	});

const requiredText = (input: Json, key: string): string => {
	const text = textOf(input, key);
	if (text === undefined || text === '') {
		throw new MetricError('MissingRequiredParameterException', `The parameter ${key} is required.`, {
			queryName: 'MissingParameter',
		});
	}
	return text;
};

/** Statistics that a request names, of both kinds. */
const statisticsOf = (input: Json): {plain: readonly string[]; extended: readonly string[]} => {
	const [plain, extended] = [textsOf(input, 'Statistics'), textsOf(input, 'ExtendedStatistics')];
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

const windowOf = (input: Json, periodMs: number): readonly [fromMs: number, toMs: number] => {
	const [fromMs, toMs] = [momentOf(input, 'StartTime'), momentOf(input, 'EndTime')];
	if (toMs <= fromMs) {
		throw combinationFault('The parameter StartTime must be less than the parameter EndTime.');
	}
	const datapoints = Math.floor((toMs - fromMs) / periodMs);
	if (datapoints > mostDatapoints) {
		const [asked, most] = [datapoints, mostDatapoints].map((count) => count.toLocaleString('en-US'));
		throw combinationFault(
			`You have requested up to ${asked} datapoints, which exceeds the limit of ${most}. You may reduce the datapoints requested by increasing Period, or decreasing the time range.`,
		);
	}
	return [fromMs, toMs];
};

/** Answers GetMetricStatistics. @throws MetricError for what the service refuses. */
export const getMetricStatistics = (source: MetricSource, region: string, input: Json): Json => {
	const label = requiredText(input, 'MetricName');
	requiredText(input, 'Namespace');
	const {plain, extended} = statisticsOf(input);
	const period = numberOf(input, 'Period');
	const read = (statistic: string) => readSeries(input, period, statistic);
	const [fromMs, toMs] = windowOf(input, read('Sum').periodMs);
	const minuteAt = remembering(source, region);
	const metric = metricNames.find((name) => name === label);
	const unit = metric !== undefined && isDuration(metric) ? 'Milliseconds' : 'Count';
	const found = new Map<number, {plain: Json; extended: Json}>();
	for (const statistic of textOf(input, 'Unit') === unit || input.Unit === undefined
		? [...plain, ...extended]
		: []) {
		const {atSeconds, values} = valuesOf(read(statistic), minuteAt, fromMs, toMs);
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
};
