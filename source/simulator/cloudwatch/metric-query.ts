import {isJson, type Json} from '../families/prompt.ts';
import {type Expression, parseExpression} from './math-expression.ts';
import {dimensionsOf, numberOf, structuresOf, textOf, validationFault} from './metric-answer.ts';
import {isPublished} from './metric-source.ts';
import {type MetricName, metricNames} from './minute-sums.ts';

/**
 * Series of metrics and the queries that name them. Each ModelId has the same traffic under several sets of
 * dimensions.
 */

export const namespace = 'AWS/Bedrock';

type Dimensions = ReadonlyArray<readonly [name: string, value: string]>;

/** Sets of dimensions under which the traffic of a ModelId appears: adding them up would count it twice. */
export function dimensionSets(modelId: string): readonly Dimensions[] {
	return [
		[['ModelId', modelId]],
		[
			['ModelId', modelId],
			['ServiceTier', 'default'],
			['ResolvedServiceTier', 'default'],
		],
	];
}

export type Series = {readonly metric: MetricName; readonly dimensions: Dimensions};

/** A query of one metric. */
export type SeriesQuery = {
	readonly kind: 'series';
	readonly id: string;
	readonly label: string;
	/** Whether its values are part of the answer, or used by expressions only. */
	readonly isReturned: boolean;
	/** Undefined where no such metric exists: CloudWatch then answers with no values. */
	readonly modelId: string | undefined;
	readonly metric: MetricName | undefined;
	readonly periodMs: number;
	readonly statistic: string;
};

/** An expression over other queries. */
export type MathQuery = {
	readonly kind: 'math';
	readonly id: string;
	readonly label: string;
	readonly isReturned: boolean;
	readonly expression: Expression;
};

/** One parsed query of GetMetricData. */
export type MetricQuery = SeriesQuery | MathQuery;

const maxQueries = 500;
const statistics = /^(?:Sum|Average|SampleCount|Minimum|Maximum|p(?:\d{1,2}(?:\.\d+)?|100))$/;

/** Reads the metric of a query. @param asked Name space, name and dimensions. */
export function readSeries(
	asked: Json,
	period: number | undefined,
	statistic: string,
): Pick<SeriesQuery, 'modelId' | 'metric' | 'periodMs' | 'statistic'> {
	if (period === undefined || !(period > 0) || period % 60 !== 0) {
		throw validationFault(`Invalid period ${String(period)}: it has to be a multiple of 60.`);
	}
	if (!statistics.test(statistic)) {
		throw validationFault(`The statistic '${statistic}' is not supported.`);
	}
	const known = metricNames.find((each) => each === textOf(asked, 'MetricName'));
	const modelId = textOf(asked, 'Namespace') === namespace ? modelIdOf(asked) : undefined;
	const exists = known !== undefined && modelId !== undefined && isPublished(modelId, known);
	return {modelId: exists ? modelId : undefined, metric: known, periodMs: period * 1000, statistic};
}

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

/** The queries of a request. @throws MetricError for more than 500 and for what the service refuses. */
export function readQueries(input: Json): readonly MetricQuery[] {
	const queries = structuresOf(input, 'MetricDataQueries').map((query) => readQuery(query));
	if (queries.length === 0 || queries.length > maxQueries) {
		throw validationFault(
			`The collection MetricDataQueries must have a size between 1 and ${maxQueries}; it has ${queries.length}.`,
		);
	}
	if (new Set(queries.map(({id}) => id)).size < queries.length) {
		throw validationFault('The values for parameter Id in MetricDataQueries are not unique.');
	}
	return queries;
}

const readQuery = (query: Json): MetricQuery => {
	const id = textOf(query, 'Id') ?? '';
	if (!/^[a-z]\w*$/.test(id)) {
		throw validationFault(`The value '${id}' for parameter MetricDataQueries.member.Id is not matching.`);
	}
	const isReturned = String(query.ReturnData ?? true) !== 'false';
	const stat = query.MetricStat;
	const expression = textOf(query, 'Expression');
	if (isJson(stat) === (expression !== undefined)) {
		throw validationFault(`The query '${id}' needs either a MetricStat or an Expression.`);
	}
	const label = textOf(query, 'Label');
	if (expression !== undefined) {
		return {kind: 'math', id, label: label ?? id, isReturned, expression: parseExpression(id, expression)};
	}
	const {Metric: metric} = stat as Json;
	if (!isJson(metric)) {
		throw validationFault(`The MetricStat of the query '${id}' has no Metric.`);
	}
	return {
		kind: 'series',
		id,
		label: label ?? textOf(metric, 'MetricName') ?? '',
		isReturned,
		...readSeries(metric, numberOf(stat as Json, 'Period'), textOf(stat as Json, 'Stat') ?? ''),
	};
};
