import type {Json} from '../families/prompt.ts';
import {dimensionsOf, invalidParameter, placeOf, textOf, tokenOf} from './metric-answer.ts';
import {isPublished, type MetricSource} from './metric-source.ts';
import {dimensionSets, namespace, type Series} from './series.ts';

/** ListMetrics: what exists, in pages of 500. */

const pageLength = 500;
const hourMs = 3_600_000;

/** How long the service lists a metric after its last value. */
const listedMs = 14 * 24 * hourMs;
const recentMs = 3 * hourMs;

/** Looking further back than this would find nothing: a simulator is young. */
const longestLookMs = 24 * hourMs;

const matches = (series: Series, input: Json): boolean => {
	const metric = textOf(input, 'MetricName');
	return (
		(metric === undefined || metric === series.metric) &&
		dimensionsOf(input).every(([name, value]) =>
			series.dimensions.some(([key, text]) => key === name && (value === undefined || text === value)),
		)
	);
};

const listed = (source: MetricSource, region: string, sinceMs: number): readonly Series[] =>
	[...source.activeSince(region, sinceMs)].flatMap(([modelId, metrics]) =>
		[...metrics]
			.filter((metric) => isPublished(modelId, metric))
			.flatMap((metric) => dimensionSets(modelId).map((dimensions) => ({metric, dimensions}))),
	);

/** Answers ListMetrics. @throws MetricError for what the service refuses. */
export const listMetrics = (source: MetricSource, region: string, nowMs: number, input: Json): Json => {
	const recently = textOf(input, 'RecentlyActive');
	if (recently !== undefined && recently !== 'PT3H') {
		throw invalidParameter(`Invalid value for RecentlyActive: ${recently}`);
	}
	const [start = 0] = placeOf(textOf(input, 'NextToken'));
	const sinceMs = nowMs - Math.min(recently === undefined ? listedMs : recentMs, longestLookMs);
	const asked = textOf(input, 'Namespace');
	const all = asked === undefined || asked === namespace ? listed(source, region, sinceMs) : [];
	const found = all.filter((series) => matches(series, input));
	const end = start + pageLength;
	return {
		Metrics: found.slice(start, end).map(({metric, dimensions}) => ({
			Namespace: namespace,
			MetricName: metric,
			Dimensions: dimensions.map(([name, value]) => ({Name: name, Value: value})),
		})),
		...(end < found.length ? {NextToken: tokenOf([end])} : {}),
	};
};
