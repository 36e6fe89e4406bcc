import type {Distribution, LimitedBy, VariantFigures} from '../../domain/figures-schema.ts';
import type {Goal} from '../../domain/run-config.ts';
import {percentileBounds} from '../../metrics/statistics/intervals.ts';
import {
	formatCount,
	formatDurationMs,
	formatNumber,
	formatPercent,
	formatTokens,
	formatUsd,
} from '../../text/numbers.ts';
import type {Tone} from '../../text/segment.ts';
import type {Column} from '../../text/table.ts';
import {chosenColumns, furtherColumns} from '../../view/columns/columns.ts';
import type {ViewName} from '../../view/keymap.ts';
import type {OwnColumns} from '../../view/state.ts';
import {passedWords, throttledTotal, type VariantRow} from '../../view/variant-rows.ts';

/** The columns of a table of variants. */

/** A row of the table with its selection and model. */
export type TableRow = VariantRow & {readonly isSelected: boolean; readonly model: string};

/** A value that is compared down its column, with its 95% interval where it has one. */
type Compared = {readonly mean: number | null; readonly low?: number | null; readonly high?: number | null};

type Figure = {
	readonly key: string;
	/** Short header, then the one for wide screens. */
	readonly headers: readonly [string, string];
	/** Columns with a higher one stay longest where the width is short. */
	readonly priority: number;
	readonly minWidth: number;
	readonly format: (figures: VariantFigures, isWide: boolean) => string;
	readonly tone?: (figures: VariantFigures) => Tone;
	/** What the best and the worst of the column are found by; absent where no end is better. */
	readonly compared?: {readonly best: 'low' | 'high'; readonly of: (figures: VariantFigures) => Compared};
};

const limitWordsByCause: Readonly<Record<LimitedBy, string>> = {
	requests: 'requests',
	tokens: 'tokens',
	output: 'output',
	day: 'day',
	concurrency: 'in flight',
	none: '–',
};

function failedTotal({requests}: VariantFigures): number {
	return Object.values(requests.failed).reduce((sum, count) => sum + count, 0);
}

/** A percentile with its interval; too few answers for an interval are too few to be compared. */
function percentileOf({histogram, ...known}: Distribution, name: 'p50' | 'p99'): Compared {
	const bounds = percentileBounds(histogram, name === 'p50' ? 0.5 : 0.99);
	return bounds === undefined ? {mean: null} : {mean: known[name], ...bounds};
}

const toneOf = (isRaised: boolean, tone: Tone): Tone => (isRaised ? tone : 'plain');

/** The columns in the order of the Variants view; the dashboard has fewer where there is little room. */
const allFigures: readonly Figure[] = [
	{
		key: 'sent',
		headers: ['Sent', 'Sent'],
		priority: 60,
		minWidth: 4,
		format: ({requests}) => formatTokens(requests.sent),
	},
	{
		key: 'useful',
		headers: ['Useful', 'Useful'],
		priority: 90,
		minWidth: 6,
		format: ({items}) => formatTokens(items.useful),
	},
	{
		key: 'passed',
		headers: ['Pass', 'Passed'],
		priority: 92,
		minWidth: 4,
		format: (figures, isWide) => (isWide ? passedWords(figures) : formatPercent(figures.quality.score)),
		tone: ({quality: {gate}}) => (gate === 'failed' ? 'bad' : gate === 'unproven' ? 'warning' : 'plain'),
		compared: {best: 'high', of: ({quality: {score, low, high}}) => ({mean: score, low, high})},
	},
	{
		key: 'throttled',
		headers: ['Thr', 'Throttled'],
		priority: 80,
		minWidth: 3,
		format: ({requests}) => formatTokens(throttledTotal(requests.throttled)),
		tone: ({requests}) => toneOf(throttledTotal(requests.throttled) > 0, 'throttled'),
	},
	{
		key: 'failed',
		headers: ['Fail', 'Failed'],
		priority: 35,
		minWidth: 4,
		format: (figures) => formatTokens(failedTotal(figures)),
		tone: (figures) => toneOf(failedTotal(figures) > 0, 'bad'),
	},
	{
		key: 'input',
		headers: ['In', 'Input'],
		priority: 50,
		minWidth: 4,
		format: ({perRequest}) => formatTokens(perRequest.inputTokens.mean),
	},
	{
		key: 'output',
		headers: ['Out', 'Output'],
		priority: 55,
		minWidth: 4,
		format: ({perRequest}) => formatTokens(perRequest.outputTokens.mean),
	},
	{
		key: 'quota',
		headers: ['Quota', 'Quota/req'],
		priority: 75,
		minWidth: 5,
		format: ({perRequest, tokens}) =>
			`${tokens.estimated ? '~' : ''}${formatTokens(perRequest.quotaTokens.mean)}`,
		compared: {best: 'low', of: ({perRequest}) => perRequest.quotaTokens},
	},
	{
		key: 'first-token',
		headers: ['TTFT', 'TTFT p50'],
		priority: 65,
		minWidth: 5,
		format: ({latencyMs}) => formatDurationMs(latencyMs.timeToFirstToken.p50),
		compared: {best: 'low', of: ({latencyMs}) => percentileOf(latencyMs.timeToFirstToken, 'p50')},
	},
	{
		key: 'total',
		headers: ['Total', 'Total p50'],
		priority: 70,
		minWidth: 5,
		format: ({latencyMs}) => formatDurationMs(latencyMs.total.p50),
		compared: {best: 'low', of: ({latencyMs}) => percentileOf(latencyMs.total, 'p50')},
	},
	{
		key: 'sustainable',
		headers: ['Sust/m', 'Sustain/min'],
		priority: 95,
		minWidth: 6,
		// Beside other traffic: what that leaves, and what the whole quota would allow.
		format: ({sustainable: {usefulPerMinute, afterOthers}}) =>
			afterOthers === undefined || usefulPerMinute === null
				? formatNumber(usefulPerMinute)
				: `${formatNumber(afterOthers.usefulPerMinute)} of ${formatNumber(usefulPerMinute)}`,
		// Variants are compared, sorted and marked by the whole quota, as the verdict does: others come and go.
		// Its interval is that of one variant alone; between two of them most of it cancels out.
		compared: {best: 'high', of: ({sustainable}) => ({mean: sustainable.usefulPerMinute})},
	},
	{
		key: 'limit',
		headers: ['Limit', 'Limited by'],
		priority: 85,
		minWidth: 8,
		format: ({sustainable: {limitedBy, afterOthers}}) =>
			afterOthers === undefined || limitedBy === 'none'
				? limitWordsByCause[limitedBy]
				: `${limitWordsByCause[afterOthers.limitedBy ?? limitedBy]} + others`,
	},
	{
		key: 'p99',
		headers: ['p99', 'Total p99'],
		priority: 32,
		minWidth: 5,
		format: ({latencyMs}) => formatDurationMs(latencyMs.total.p99),
		compared: {best: 'low', of: ({latencyMs}) => percentileOf(latencyMs.total, 'p99')},
	},
	{
		key: 'truncated',
		headers: ['Cut', 'Truncated'],
		priority: 34,
		minWidth: 3,
		format: ({requests}) => formatTokens(requests.truncated),
		tone: ({requests}) => toneOf(requests.truncated > 0, 'warning'),
	},
	{
		key: 'reserved',
		headers: ['Resv', 'Reserved/req'],
		priority: 30,
		minWidth: 4,
		format: ({perRequest}) => formatTokens(perRequest.reservedTokens.mean),
	},
	{
		key: 'overruns',
		headers: ['Over', 'Overruns'],
		priority: 28,
		minWidth: 4,
		format: ({tokens}) => formatCount(tokens.overruns),
	},
	{
		key: 'cost',
		headers: ['$/req', 'Cost/req'],
		priority: 31,
		minWidth: 7,
		format: ({perRequest}) => formatUsd(perRequest.costUsd.mean),
		compared: {best: 'low', of: ({perRequest}) => perRequest.costUsd},
	},
];

/** The columns that a goal is decided by: they come first, and stay longest. */
const figuresOfGoal: Readonly<Record<Goal, readonly string[]>> = {
	throughput: ['sustainable', 'limit', 'quota'],
	efficiency: ['quota', 'sustainable', 'limit'],
	cost: ['cost', 'quota'],
	latency: ['total', 'first-token'],
};

type ColumnOptions = {
	readonly isWide: boolean;
	/** Several models are compared. */
	readonly hasModels: boolean;
	/** Variants run in more than one lane. */
	readonly hasLanes: boolean;
	/** Answers are checked. */
	readonly hasChecks: boolean;
	/** With the columns of the Variants view. */
	readonly isFull: boolean;
	readonly goal: Goal;
	/** Whose columns the user may have chosen. */
	readonly view: ViewName;
	readonly own: OwnColumns;
};

/** The columns of a variant table for these rows, those of the goal first. */
export function variantColumns(
	options: ColumnOptions,
	rows: readonly TableRow[],
): ReadonlyArray<Column<TableRow>> {
	const {view, own, isWide} = options;
	const isOwn = own[view] !== undefined;
	const all = [
		markColumn,
		nameColumn,
		...(options.hasModels ? [modelColumn] : []),
		...(options.hasLanes ? [laneColumn] : []),
		...figuresFor(isOwn ? {...options, isFull: true} : options).map((each) =>
			figureColumn(each, isWide, rows),
		),
	];
	return chosenColumns(all, view, own);
}

/** What every goal needs, then the figures of the goal, then the others. */
function figuresFor({isFull, hasChecks, goal}: ColumnOptions): readonly Figure[] {
	const ofGoal = figuresOfGoal[goal];
	const known = allFigures.filter(({key}) => key !== 'passed' || hasChecks);
	const common = known.filter(({key}) => key === 'sent' || key === 'useful' || key === 'passed');
	const first = ofGoal.flatMap((key, index) =>
		known
			.filter((each) => each.key === key)
			.map((each) => ({...each, priority: index === 0 ? 97 : Math.max(each.priority, 82)})),
	);
	const others = known.filter(
		(each) =>
			!common.includes(each) && !ofGoal.includes(each.key) && (isFull || !furtherColumns.has(each.key)),
	);
	return [...common, ...first, ...others];
}

const markColumn: Column<TableRow> = {
	key: 'mark',
	header: '',
	align: 'left',
	minWidth: 2,
	priority: 100,
	format: ({isSelected, isBest}) => `${isSelected ? '›' : ' '}${isBest ? '★' : ' '}`,
	tone: ({isBest}) => (isBest ? 'good' : 'strong'),
};

const nameColumn: Column<TableRow> = {
	key: 'variant',
	header: 'Variant',
	align: 'left',
	minWidth: 10,
	priority: 99,
	cut: 'end',
	format: ({name, isOn}) => (isOn ? name : `off ${name}`),
	tone: ({isOn, isBest}) => (isOn ? (isBest ? 'good' : 'strong') : 'muted'),
};

const modelColumn: Column<TableRow> = {
	key: 'model',
	header: 'Model',
	align: 'left',
	minWidth: 12,
	// Above the figures: without it the rows of two models look the same.
	priority: 98,
	cut: 'middle',
	format: ({model}) => model,
};

const laneColumn: Column<TableRow> = {
	key: 'lane',
	header: 'Lane',
	align: 'left',
	priority: 98,
	format: ({figures}) => figures?.lane ?? '–',
};

type Extreme = 'best' | 'worst';

const extremes: Readonly<Record<Extreme, {readonly glyph: string; readonly tone: Tone}>> = {
	best: {glyph: '▲', tone: 'good'},
	worst: {glyph: '▼', tone: 'warning'},
};

/** What the marks in the columns mean. */
export const marksLegend = `${extremes.best.glyph} best ${extremes.worst.glyph} worst`;

function figureColumn(figure: Figure, isWide: boolean, rows: readonly TableRow[]): Column<TableRow> {
	const {key, headers, priority, minWidth, format, tone} = figure;
	const marks = extremesOf(figure, rows);
	const textOf = (figures: VariantFigures | undefined) =>
		figures === undefined ? '–' : format(figures, isWide);
	const glyphOf = (row: TableRow) => {
		const mark = marks.get(row.key);
		return mark === undefined ? '' : extremes[mark].glyph;
	};
	return {
		key,
		header: headers[isWide ? 1 : 0],
		align: key === 'limit' ? 'left' : 'right',
		minWidth,
		priority,
		format: (row) => `${glyphOf(row)}${textOf(row.figures)}`,
		tone: ({figures, isOn, key: rowKey}) => {
			if (figures === undefined || !isOn) {
				return 'muted';
			}
			const mark = marks.get(rowKey);
			const own = tone?.(figures) ?? 'plain';
			return own === 'plain' && mark !== undefined ? extremes[mark].tone : own;
		},
	};
}

/** Figures within this factor of each other are as good: the verdict calls them practically equal. */
const asGood = 1.1;

const isAsGood = (one: number, other: number): boolean =>
	Math.max(one, other) <= Math.min(one, other) * asGood;

/**
 * The best and the worst of a column, by the keys of their rows; what is as good as the best is marked with it, and what
 * is as bad as the worst. Nothing is marked where the ends are within 10% or their 95% intervals meet, nor across lanes:
 * they do different work.
 */
function extremesOf({compared}: Figure, rows: readonly TableRow[]): ReadonlyMap<string, Extreme> {
	const marks = new Map<string, Extreme>();
	if (compared === undefined) {
		return marks;
	}
	const sign = compared.best === 'high' ? -1 : 1;
	for (const lane of new Set(rows.map(({figures}) => figures?.lane))) {
		const known = rows.flatMap(({key, figures, isOn}) => {
			const value = isOn && figures !== undefined && figures.lane === lane ? compared.of(figures) : undefined;
			return value?.mean == null ? [] : [{...value, key, mean: value.mean}];
		});
		const ordered = known.toSorted((one, other) => sign * (one.mean - other.mean));
		const best = ordered[0];
		const worst = ordered.at(-1);
		if (best === undefined || worst === undefined || isAsGood(best.mean, worst.mean) || doMeet(best, worst)) {
			continue;
		}
		for (const {key, mean} of ordered) {
			if (isAsGood(mean, best.mean)) {
				marks.set(key, 'best');
			} else if (isAsGood(mean, worst.mean)) {
				marks.set(key, 'worst');
			}
		}
	}
	return marks;
}

/** Whether the intervals of two values have a part in common; false where one has none. */
function doMeet(one: Compared, other: Compared): boolean {
	return one.low == null || one.high == null || other.low == null || other.high == null
		? false
		: one.low <= other.high && other.low <= one.high;
}
