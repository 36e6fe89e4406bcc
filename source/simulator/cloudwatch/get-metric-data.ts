import type {Json} from '../families/prompt.ts';
import type {MetricSettings} from '../scenario.ts';
import {
	invalidParameter,
	momentOf,
	numberOf,
	placeOf,
	textOf,
	tokenOf,
	validationFault,
} from './metric-answer.ts';
import {createMetricMath} from './metric-math.ts';
import {type MetricQuery, readQueries, type SeriesQuery} from './metric-query.ts';
import type {MetricSource} from './metric-source.ts';
import {type MinuteAt, type PeriodValues, remembering, valuesOf} from './period-values.ts';

/** GetMetricData: values of up to 500 queries, in pages of at most 100,800 datapoints. */

const mostDatapoints = 100_800;

const pageSize = (input: Json, settings: MetricSettings | undefined): number => {
	const asked = input.MaxDatapoints === undefined ? mostDatapoints : numberOf(input, 'MaxDatapoints');
	if (asked === undefined || asked < 1 || asked > mostDatapoints) {
		throw invalidParameter(`MaxDatapoints must be between 1 and ${mostDatapoints}.`);
	}
	return Math.min(asked, settings?.pageDatapoints ?? mostDatapoints);
};

/** A result of the answer; its values are worked out when its page is asked for. */
type Result = {readonly id: string; readonly label: string; readonly read: () => PeriodValues};

/** One result of a metric, one or several of an expression. */
function* resultsOf(
	queries: readonly MetricQuery[],
	minuteAt: MinuteAt,
	fromMs: number,
	toMs: number,
): Generator<Result> {
	const read = (query: SeriesQuery): PeriodValues => valuesOf(query, minuteAt, fromMs, toMs);
	const work = createMetricMath({queries, valuesOf: read, fromMs, toMs});
	for (const query of queries.filter(({isReturned}) => isReturned)) {
		const {id, label} = query;
		if (query.kind === 'series') {
			yield {id, label, read: () => read(query)};
		} else {
			yield* work(query).map((series): Result => ({id, label, read: () => series}));
		}
	}
}

/**
 * Answers GetMetricData. A result that does not fit on a page goes on, under the same Id, on the next one.
 * @param isPartial Every result is told to be only a part, and a part it is.
 * @throws MetricError for what the service refuses.
 */
export const getMetricData = (
	source: MetricSource,
	region: string,
	input: Json,
	settings: MetricSettings | undefined,
	isPartial: boolean,
): Json => {
	const queries = readQueries(input);
	const [fromMs, toMs] = [momentOf(input, 'StartTime'), momentOf(input, 'EndTime')];
	if (toMs <= fromMs) {
		throw validationFault('The parameter StartTime must be less than the parameter EndTime.');
	}
	const [startResult = 0, startValue = 0] = placeOf(textOf(input, 'NextToken'));
	const minuteAt = remembering(source, region);
	const isAscending = input.ScanBy === 'TimestampAscending';
	const results: Json[] = [];
	let room = pageSize(input, settings);
	let next: string | undefined;
	let index = -1;
	for (const {id, label, read} of resultsOf(queries, minuteAt, fromMs, toMs)) {
		index++;
		if (index < startResult) {
			continue;
		}
		const skipped = index === startResult ? startValue : 0;
		const found = read();
		const known = isPartial ? Math.floor(found.values.length / 2) : found.values.length;
		const isWhole = known - skipped <= room;
		const told = Math.max(0, Math.min(room, known - skipped));
		const page = (all: readonly number[]): readonly number[] => {
			// Most answers need no copy: all that is known, the oldest first.
			const ordered = isAscending ? all : all.slice(0, known).toReversed();
			return skipped === 0 && told === ordered.length ? ordered : ordered.slice(skipped, skipped + told);
		};
		room -= told;
		results.push({
			Id: id,
			Label: label,
			Timestamps: page(found.atSeconds),
			Values: page(found.values),
			StatusCode: isWhole && !isPartial ? 'Complete' : 'PartialData',
		});
		if (!isWhole) {
			next = tokenOf([index, skipped + told]);
			break;
		}
	}
	return {MetricDataResults: results, Messages: [], ...(next === undefined ? {} : {NextToken: next})};
};
