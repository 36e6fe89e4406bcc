import type {Results} from '../results-schema.ts';
import {type Chart, chartInput} from './chart.ts';
import {latency} from './latency.ts';
import {latencyOverTime} from './latency-over-time.ts';
import {optimizeFront} from './optimize-front.ts';
import {throttlesAndHolds} from './throttles-and-holds.ts';
import {throughputComparison} from './throughput-comparison.ts';
import {throughputVersusQuota} from './throughput-vs-quota.ts';
import {tokenUsage} from './token-usage.ts';
import {variantPerformance} from './variant-performance.ts';

const makers = [
	tokenUsage,
	throughputComparison,
	variantPerformance,
	throughputVersusQuota,
	latency,
	latencyOverTime,
	throttlesAndHolds,
] as const;

/** What a batch has no times for. */
const overTime: ReadonlySet<(typeof makers)[number]> = new Set([latencyOverTime, throttlesAndHolds]);

/** An optimisation has one more: the front of its candidates. */
const makersOf = ({plan, optimize}: Results): ReadonlyArray<(typeof makers)[number]> => [
	...(optimize === undefined ? [] : [optimizeFront]),
	...(plan.method === 'batch' ? makers.filter((make) => !overTime.has(make)) : makers),
];

/** A chart with the name of its file. */
export type ChartFile = {readonly fileName: string; readonly chart: Chart};

/**
 * Every chart of a run, in a stable order: seven for each model that answered or throttled; with several models the model
 * is part of the file name.
 */
export function chartsOf(results: Results): readonly ChartFile[] {
	const suffixes = modelSuffixes(results);
	return results.targets.flatMap((_, index) => {
		const input = chartInput(results, index);
		return input === undefined || !hasSomething(input.results)
			? []
			: makersOf(results).map((make) => {
					const chart = make(input);
					return {fileName: `${chart.name}${suffixes[index] ?? ''}.svg`, chart};
				});
	});
}

const hasSomething = ({variants}: Pick<Results, 'variants'>): boolean =>
	variants.some(({requests: {succeeded, throttled}}) =>
		[succeeded, ...Object.values(throttled)].some((count) => count > 0),
	);

/** `-<model>` for each target when there are several: safe in a file name on every system, and unlike each other. */
function modelSuffixes({targets}: Results): readonly string[] {
	if (targets.length < 2) {
		return targets.map(() => '');
	}
	const taken = new Set<string>();
	return targets.map(({model}) => {
		const safe = model
			.replaceAll(/[^\w.-]+/g, '-')
			.replaceAll(/^[-.]+|[-.]+$/g, '')
			.slice(-100);
		let suffix = `-${safe || 'model'}`;
		for (let number = 2; taken.has(suffix.toLowerCase()); number += 1) {
			suffix = `-${safe || 'model'}-${number}`;
		}
		taken.add(suffix.toLowerCase());
		return suffix;
	});
}
