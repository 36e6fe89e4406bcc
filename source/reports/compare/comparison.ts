import path from 'node:path';
import {wilsonInterval} from '../../metrics/statistics/intervals.ts';
import {
	formatDurationMs,
	formatNumber,
	formatPercent,
	formatUsd,
	formatUsdWithin,
	unknownMark,
} from '../../text/numbers.ts';
import {cleanText} from '../../text/width.ts';
import type {Results, VariantResults} from '../results-schema.ts';

/** A figure with its 95% interval; null where it is not known. */
type Figure = {
	readonly value: number | null;
	readonly low: number | null;
	readonly high: number | null;
	/** Of a cost: what it lies in for certain, where it is not known to the cent; `high` is null where nothing bounds it. */
	readonly within?: {readonly low: number; readonly high: number | null};
};

/** The difference of two figures. */
type Difference = {
	/** Second minus first. */
	readonly absolute: number;
	/** `absolute` as a part of the first; null where the first is 0. */
	readonly relative: number | null;
	/** 95% interval of `absolute`; null where an interval of either figure is not known. */
	readonly low: number | null;
	readonly high: number | null;
	readonly verdict: 'better' | 'worse' | 'same' | 'unclear';
};

/** Relative error of sums of floating-point numbers, by far. */
const noise = 1e-9;

/**
 * Difference of two independent figures. The interval takes each side's distance from its own estimate and adds them in
 * squares (MOVER, Zou and Donner 2008), which keeps intervals that are not symmetric.
 *
 * @param isLessBetter What counts as better.
 * @returns Undefined when either figure is not known; `unclear` when the interval holds 0 or is not known.
 */
export function differenceOf(first: Figure, second: Figure, isLessBetter: boolean): Difference | undefined {
	if (first.value === null || second.value === null) {
		return undefined;
	}
	const distance = second.value - first.value;
	// Sums in another order may differ by this much.
	const isNoise = Math.abs(distance) <= noise * Math.max(Math.abs(first.value), Math.abs(second.value));
	const absolute = isNoise ? 0 : distance;
	const interval = intervalOf(absolute, first as KnownFigure, second as KnownFigure);
	return {
		absolute,
		relative: first.value === 0 ? null : absolute / Math.abs(first.value),
		low: interval?.low ?? null,
		high: interval?.high ?? null,
		verdict: verdictOf(absolute, interval, isLessBetter),
	};
}

type KnownFigure = Figure & {readonly value: number};

function intervalOf(absolute: number, first: KnownFigure, second: KnownFigure) {
	if (first.low === null || first.high === null || second.low === null || second.high === null) {
		return undefined;
	}
	return {
		low: absolute - Math.hypot(second.value - second.low, first.high - first.value),
		high: absolute + Math.hypot(second.high - second.value, first.value - first.low),
	};
}

function verdictOf(
	absolute: number,
	interval: {readonly low: number; readonly high: number} | undefined,
	isLessBetter: boolean,
): Difference['verdict'] {
	if (interval === undefined || (interval.low <= 0 && interval.high >= 0)) {
		return absolute === 0 && interval !== undefined ? 'same' : 'unclear';
	}
	return absolute < 0 === isLessBetter ? 'better' : 'worse';
}

/** A share with its 95% interval. */
export function shareOf(part: number, whole: number): Figure {
	const interval = wilsonInterval(part, whole);
	return interval === undefined ? {value: null, low: null, high: null} : {value: part / whole, ...interval};
}

/**
 * Interval of a median from a histogram by order statistics (ranks n/2 ± 0.98 √n), as fine as its bins.
 *
 * @param histogram [upper bound, count], ascending.
 */
export function medianOf(
	value: number | null,
	histogram: ReadonlyArray<readonly [upper: number, count: number]>,
): Figure {
	const count = histogram.reduce((sum, [, each]) => sum + each, 0);
	const half = 0.98 * Math.sqrt(count);
	const lowRank = Math.floor(count / 2 - half);
	const highRank = Math.ceil(count / 2 + half) + 1;
	if (value === null || lowRank < 1 || highRank > count) {
		return {value, low: null, high: null};
	}
	return {
		value,
		low: Math.min(value, atRank(histogram, lowRank)),
		high: Math.max(value, atRank(histogram, highRank)),
	};
}

function atRank(histogram: ReadonlyArray<readonly [upper: number, count: number]>, rank: number): number {
	let seen = 0;
	for (const [upper, count] of histogram) {
		seen += count;
		if (seen >= rank) {
			return upper;
		}
	}
	return histogram.at(-1)?.[0] ?? 0;
}

/**
 * Short unique names for result files or their folders: the folder of a `results.json`, else the file's own name.
 *
 * @param files As the user typed them.
 */
export function runNames(files: readonly string[]): readonly string[] {
	const short = files.map((file) => {
		const {base, dir} = path.parse(file);
		const folder = path.basename(path.resolve(dir));
		return base === 'results.json' && folder !== '' ? folder : base.replace(/\.json$/, '');
	});
	const isClear = new Set(short).size === short.length;
	return isClear
		? short
		: files.map((file, index) => (files.indexOf(file) === index ? file : `${file} (${index + 1})`));
}

/** Short names of the figures, as `--fail-if worse:NAME` and JSON have them. */
export const figureKeys = [
	'sustainable',
	'useful',
	'quality',
	'per-hour',
	'rate',
	'tokens',
	'quota-tokens',
	'cost',
	'cost-as-run',
	'first-token',
	'total',
] as const;
export type FigureKey = (typeof figureKeys)[number];

/** A run with its name beside others. */
export type NamedRun = {readonly name: string; readonly results: Results};

/** One figure of one variant in every run; the first run is the one that the others are compared with. */
export type ComparedFigure = {
	readonly variant: string;
	readonly key: FigureKey;
	readonly figure: string;
	/** Of a share, a difference is in points. */
	readonly isShare: boolean;
	readonly format: (value: number | null) => string;
	/** One for each run; null values where the run has no such variant. */
	readonly values: readonly Figure[];
	/** One for each run but the first. */
	readonly differences: ReadonlyArray<Difference | undefined>;
};

type Measure = {
	readonly key: FigureKey;
	readonly figure: string;
	readonly isLessBetter: boolean;
	readonly isShare: boolean;
	readonly of: (variant: VariantResults) => Figure;
	readonly format: (value: number | null) => string;
};

function measure(
	key: FigureKey,
	figure: string,
	of: Measure['of'],
	format: Measure['format'],
	isLessBetter = true,
): Measure {
	return {key, figure, isLessBetter, isShare: format === formatPercent, of, format};
}

function meanOf({mean: value, low, high}: VariantResults['perRequest']['quotaTokens']): Figure {
	return {value, low, high};
}

/** What a batch, which has no quota per minute, is compared with on-demand by. */
function usefulPerHour({rate: {usefulPerMinute}}: VariantResults): Figure {
	return {value: usefulPerMinute === null ? null : usefulPerMinute * 60, low: null, high: null};
}

/** The figures that runs are compared by, in the order in which they are shown. */
const measures: readonly Measure[] = [
	measure(
		'sustainable',
		'sustainable useful items per minute',
		({sustainable: {usefulPerMinute: value, low, high}}) => ({value, low, high}),
		formatNumber,
		false,
	),
	measure('useful', 'useful items', ({items}) => shareOf(items.useful, items.sent), formatPercent, false),
	measure(
		'quality',
		'items that passed their checks',
		({quality: {score: value, low, high}}) => ({value, low, high}),
		formatPercent,
		false,
	),
	measure('per-hour', 'useful items per hour as run', usefulPerHour, formatNumber, false),
	measure(
		'rate',
		'requests per minute as run',
		({rate: {requestsPerMinute: value}}) => ({value, low: null, high: null}),
		formatNumber,
		false,
	),
	measure('tokens', 'tokens per request', ({perRequest}) => meanOf(perRequest.totalTokens), formatNumber),
	measure(
		'quota-tokens',
		'quota tokens per request',
		({perRequest}) => meanOf(perRequest.quotaTokens),
		formatNumber,
	),
	measure(
		'cost',
		'cost per 1,000 requests',
		({perRequest: {costUsd}, costUsdWithin}) => costOfThousand(costUsd, costUsdWithin),
		formatUsd,
	),
	// Of all attempts, cut ones too; two runs need not have sent the same number of them.
	measure(
		'cost-as-run',
		'cost as run',
		({costUsd, costUsdWithin}) => costAsRun(costUsd, costUsdWithin),
		formatUsd,
	),
	measure(
		'first-token',
		'time to first token p50',
		({latencyMs: {timeToFirstToken}}) => medianOf(timeToFirstToken.p50, timeToFirstToken.histogram),
		formatDurationMs,
	),
	measure(
		'total',
		'total p50',
		({latencyMs: {total}}) => medianOf(total.p50, total.histogram),
		formatDurationMs,
	),
];

/**
 * The cost of a request is too small to be read. Answers of a dearer tier, whose price is not known, make the mean a
 * least, which no interval goes with.
 */
function costOfThousand(
	perRequest: VariantResults['perRequest']['costUsd'],
	within: VariantResults['costUsdWithin'],
): Figure {
	const thousand = (usd: number | null): number | null => (usd === null ? null : usd * 1000);
	const mean = thousand(perRequest.mean);
	const [low, high] = [thousand(perRequest.low), thousand(perRequest.high)];
	const isOpen = within !== undefined && within.high === null && mean !== null;
	return isOpen
		? {value: mean, low: null, high: null, within: {low: mean, high: null}}
		: {value: mean, low, high};
}

/** The cost of all that was sent, as a range where it is not known to the cent. */
function costAsRun(value: number | null, within: VariantResults['costUsdWithin']): Figure {
	return {value, low: null, high: null, ...(within === undefined ? {} : {within})};
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
			.map(({key: figureKey, figure, isLessBetter, isShare, of, format}): ComparedFigure => {
				const values = variants.map((each) => (each === undefined ? nothing : of(each)));
				const [first = nothing, ...rest] = values;
				return {
					variant,
					key: figureKey,
					figure,
					isShare,
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

/** A difference of shares without its sign: `4.2`, `24`. */
function formatPoints(difference: number | null): string {
	const points = (difference ?? 0) * 100;
	return String(points < 9.95 ? Number(points.toFixed(1)) : Math.round(points));
}

/** `+12%, +80 (+50 to +110): better`, of a share `+10 points (-4 to +24): not clear`; a dash where it is not known. */
export function differenceText(
	difference: Difference | undefined,
	{format, isShare}: Pick<ComparedFigure, 'format' | 'isShare'>,
): string {
	if (difference === undefined) {
		return unknownMark;
	}
	const {absolute, relative, low, high, verdict} = difference;
	const words = {better: 'better', worse: 'worse', same: 'the same', unclear: 'not clear'}[verdict];
	const sizeOf = isShare ? formatPoints : format;
	const signed = (value: number) => `${value < 0 ? '-' : '+'}${sizeOf(Math.abs(value))}`;
	const percent =
		relative === null || relative === 0 || isShare
			? ''
			: Math.abs(relative) < 0.01
				? 'under 1%, '
				: `${relative < 0 ? '-' : '+'}${formatPercent(Math.abs(relative))}, `;
	const unit = isShare ? ' points' : '';
	const interval = low === null || high === null ? '' : ` (${signed(low)} to ${signed(high)})`;
	return verdict === 'same' ? 'the same' : `${percent}${signed(absolute)}${unit}${interval}: ${words}`;
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
		: [`Note: the runs also differ in ${different.map(([word]) => word).join(', ')}.`];
}
