import type {Json} from '../families/prompt.ts';
import type {MetricSettings} from '../scenario.ts';
import {invalidParameter, placeOf, textOf, tokenOf, validationFault} from './metric-answer.ts';
import {readQueries, valuesOf} from './metric-query.ts';
import type {MetricSource} from './metric-source.ts';
import type {MinuteSums} from './minute-sums.ts';

/** GetMetricData: values of up to 500 queries, in pages of at most 100,800 datapoints. */

const mostDatapoints = 100_800;

const momentOf = (input: Json, key: string): number => {
	const seconds = input[key];
	if (typeof seconds !== 'number') {
		throw validationFault(`The parameter ${key} is required.`);
	}
	return seconds * 1000;
};

const pageSize = (input: Json, settings: MetricSettings | undefined): number => {
	const asked = input.MaxDatapoints ?? mostDatapoints;
	if (typeof asked !== 'number' || asked < 1 || asked > mostDatapoints) {
		throw invalidParameter(`MaxDatapoints must be between 1 and ${mostDatapoints}.`);
	}
	return Math.min(asked, settings?.pageDatapoints ?? mostDatapoints);
};

/** A minute is asked for once a metric: found once it is kept for the length of the request. */
const remembering = (source: MetricSource, region: string) => {
	const known = new Map<string, Map<number, MinuteSums | null>>();
	return (modelId: string, minute: number): MinuteSums | undefined => {
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
};

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
	const [startQuery = 0, startValue = 0] = placeOf(textOf(input, 'NextToken'));
	const minuteAt = remembering(source, region);
	const isAscending = input.ScanBy === 'TimestampAscending';
	const results: Json[] = [];
	let room = pageSize(input, settings);
	let next: string | undefined;
	for (const [index, query] of queries.entries()) {
		if (index < startQuery) {
			continue;
		}
		const skipped = index === startQuery ? startValue : 0;
		const found = valuesOf(query, minuteAt, fromMs, toMs);
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
			Id: query.id,
			Label: query.label,
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
