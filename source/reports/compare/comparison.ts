import {
	formatDurationMs,
	formatNumber,
	formatPercent,
	formatUsd,
	formatUsdWithin,
} from '../../text/numbers.ts';
import {cleanText} from '../../text/width.ts';
import type {Results, VariantResults} from '../results-schema.ts';
import {type Difference, differenceOf, type Figure, medianOf, shareOf} from './difference.ts';

/** A run with what it is called beside others. */
export type NamedRun = {readonly name: string; readonly results: Results};

/** One figure of one variant in every run; the first run is the one that the others are compared with. */
export type ComparedFigure = {
	readonly variant: string;
	readonly figure: string;
	readonly format: (value: number | null) => string;
	/** One for each run; null values where the run has no such variant. */
	readonly values: readonly Figure[];
	/** One for each run but the first. */
	readonly differences: ReadonlyArray<Difference | undefined>;
};

type Measure = {
	readonly figure: string;
	readonly isLessBetter: boolean;
	readonly of: (variant: VariantResults) => Figure;
	readonly format: (value: number | null) => string;
};

/** The figures that runs are compared by, in the order in which they are shown. */
const measures: readonly Measure[] = [
	{
		figure: 'sustainable useful items a minute',
		isLessBetter: false,
		of: ({sustainable: {usefulPerMinute, low, high}}) => ({value: usefulPerMinute, low, high}),
		format: formatNumber,
	},
	{
		figure: 'useful items',
		isLessBetter: false,
		of: ({items}) => shareOf(items.useful, items.sent),
		format: formatPercent,
	},
	{
		// What sets a batch, which has no quota of a minute, against on-demand.
		figure: 'useful items an hour as run',
		isLessBetter: false,
		of: ({rate: {usefulPerMinute}}) => ({
			value: usefulPerMinute === null ? null : usefulPerMinute * 60,
			low: null,
			high: null,
		}),
		format: formatNumber,
	},
	{
		figure: 'tokens a request',
		isLessBetter: true,
		of: ({perRequest: {totalTokens}}) => ({
			value: totalTokens.mean,
			low: totalTokens.low,
			high: totalTokens.high,
		}),
		format: formatNumber,
	},
	{
		figure: 'quota tokens a request',
		isLessBetter: true,
		of: ({perRequest: {quotaTokens}}) => ({
			value: quotaTokens.mean,
			low: quotaTokens.low,
			high: quotaTokens.high,
		}),
		format: formatNumber,
	},
	{
		figure: 'cost a request',
		isLessBetter: true,
		of: ({perRequest: {costUsd}, costUsdWithin}) => costOfRequest(costUsd, costUsdWithin),
		format: formatUsd,
	},
	{
		// Of all attempts, cut ones too; two runs need not have sent the same number of them.
		figure: 'cost as run',
		isLessBetter: true,
		of: ({costUsd, costUsdWithin}) => ({
			value: costUsd,
			low: null,
			high: null,
			...(costUsdWithin === undefined ? {} : {within: costUsdWithin}),
		}),
		format: formatUsd,
	},
	{
		figure: 'time to first token p50',
		isLessBetter: true,
		of: ({latencyMs: {timeToFirstToken}}) => medianOf(timeToFirstToken.p50, timeToFirstToken.histogram),
		format: formatDurationMs,
	},
	{
		figure: 'total p50',
		isLessBetter: true,
		of: ({latencyMs: {total}}) => medianOf(total.p50, total.histogram),
		format: formatDurationMs,
	},
];

/** Answers of a dearer tier, whose price is not known, make the mean a least, which no interval goes with. */
function costOfRequest(
	{mean, low, high}: VariantResults['perRequest']['costUsd'],
	within: VariantResults['costUsdWithin'],
): Figure {
	const isOpen = within !== undefined && within.high === null && mean !== null;
	return isOpen
		? {value: mean, low: null, high: null, within: {low: mean, high: null}}
		: {value: mean, low, high};
}

/** A value as it is shown: a cost that is not known to the cent as its range. */
export function valueText(figure: Figure | undefined, format: ComparedFigure['format']): string {
	return figure?.within === undefined
		? format(figure?.value ?? null)
		: formatUsdWithin(figure.value, figure.within);
}

const nothing: Figure = {value: null, low: null, high: null};

/**
 * Puts runs side by side: every variant of any run, by name and model, with every figure that some run knows.
 *
 * @param runs At least two; the first is the one that the others are compared with.
 */
export function compareRuns(runs: readonly NamedRun[]): readonly ComparedFigure[] {
	const keyed = runs.map(
		({results}) => new Map(results.variants.map((variant) => [keyOf(results, variant), variant])),
	);
	const keys = [...new Set(keyed.flatMap((variants) => [...variants.keys()]))];
	const models = new Set(runs.flatMap(({results}) => results.targets.map(({model}) => model)));
	return keys.flatMap((key) => {
		const variants = keyed.map((run) => run.get(key));
		const variant = variantName(key, models.size > 1);
		return measures
			.map(({figure, isLessBetter, of, format}): ComparedFigure => {
				const values = variants.map((each) => (each === undefined ? nothing : of(each)));
				const [first = nothing, ...rest] = values;
				return {
					variant,
					figure,
					format,
					values,
					differences: rest.map((value) => differenceOf(first, value, isLessBetter)),
				};
			})
			.filter(({values}) => values.some(({value}) => value !== null));
	});
}

/** Variants of the same name on the same model in the same lane are the same. */
function keyOf({targets}: Results, {name, target, lane}: VariantResults): string {
	return JSON.stringify([name, targets[target]?.model ?? '', lane]);
}

function variantName(key: string, hasModels: boolean): string {
	const [name = '', model = '', lane = ''] = JSON.parse(key) as string[];
	return cleanText(`${name}${lane === 'normal' ? '' : ` (${lane})`}${hasModels ? ` on ${model}` : ''}`);
}

/** `+12 % (+8 to +16 %), better`; what is not known is a dash. */
export function differenceText(
	difference: Difference | undefined,
	format: (value: number | null) => string,
): string {
	if (difference === undefined) {
		return '–';
	}

	const {absolute, relative, low, high, verdict} = difference;
	const words = {better: 'better', worse: 'worse', same: 'the same', unclear: 'not clear'}[verdict];
	const signed = (value: number) => `${value < 0 ? '-' : '+'}${format(Math.abs(value))}`;
	const percent =
		relative === null ? '' : `${relative < 0 ? '-' : '+'}${formatPercent(Math.abs(relative))}, `;
	const interval = low === null || high === null ? '' : ` (${signed(low)} to ${signed(high)})`;
	return verdict === 'same' ? 'the same' : `${percent}${signed(absolute)}${interval}: ${words}`;
}

/** Differences between the runs themselves that make a comparison questionable, one sentence each. */
export function mismatchesOf(runs: readonly NamedRun[]): readonly string[] {
	const aspects: ReadonlyArray<readonly [string, (results: Results) => string]> = [
		['simulated and real answers', ({simulated}) => String(simulated)],
		['models', ({targets}) => targets.map(({model}) => model).join(' ')],
		['Regions', ({targets}) => targets.map(({region}) => region).join(' ')],
		['tasks', ({plan}) => plan.task],
		['methods', ({plan}) => plan.method],
		['load shapes', ({plan}) => plan.load],
		['max tokens', ({plan}) => String(plan.maxTokens)],
		[
			'quotas',
			({targets}) =>
				targets.map(({quota}) => `${quota.requestsPerMinute.value} ${quota.tokensPerMinute.value}`).join(),
		],
	];
	const different = aspects.filter(([, of]) => new Set(runs.map(({results}) => of(results))).size > 1);
	return different.length === 0
		? []
		: [`The runs differ in more than the variants: ${different.map(([word]) => word).join(', ')}.`];
}
