import {plot} from 'asciichart';
import {formatElapsedMs, formatTokens} from './numbers.ts';
import {type Line, lineText, segment, type Tone} from './segment.ts';
import {toAscii} from './themes.ts';
import {fitText} from './width.ts';

type LineChart = {
	/** One value per column, oldest first; null is a gap. Of too many the newest are shown. */
	readonly values: ReadonlyArray<number | null>;
	/** Cells of the whole chart, axis included. */
	readonly width: number;
	/** Lines. */
	readonly height: number;
	/** Drawn as a dashed line; null: none. */
	readonly limit?: number | null;
	/** Text of a number on the axis. */
	readonly format?: (value: number) => string;
	/** Columns that fill up to their value instead of a line through the values. */
	readonly isFilled?: boolean;
	/** How often something happened within each column; where it did, `T` stands in a row of its own. */
	readonly marks?: ReadonlyArray<number | null> | undefined;
	/** Times of the first and the last column in seconds; the last row then says when. */
	readonly span?: TimeSpan | undefined;
	readonly isAscii?: boolean;
};

/** Seconds since the start of a run, or since 1970 where the times are of the day, in UTC. */
export type TimeSpan = {
	readonly fromSecond: number;
	readonly toSecond: number;
	readonly isTimeOfDay?: boolean;
};

const labelWidth = 6;
const symbols: [string, string, string, string, string, string, string, string, string, string] = [
	'┤',
	'┤',
	'╶',
	'╴',
	'─',
	'╰',
	'╭',
	'╮',
	'╯',
	'│',
];
const limitGlyph = '╌';
const levels = '▁▂▃▄▅▆▇█';

/** Columns left for values in a chart of `width` cells. */
export function chartColumns(width: number): number {
	const axisWidth = width > 2 * (labelWidth + 1) ? labelWidth + 1 : 0;
	return Math.max(0, Math.floor(width) - axisWidth);
}

/**
 * A line chart that always keeps its size, whatever the values.
 * @returns exactly `height` lines of exactly `width` cells.
 */
export function lineChartLines(chart: LineChart): readonly Line[] {
	const width = Math.max(0, Math.floor(chart.width));
	const height = Math.max(0, Math.floor(chart.height));
	const columns = chartColumns(width);
	if (height === 0 || columns === 0) {
		return Array.from({length: height}, () => []);
	}
	const marks = chart.marks?.some((mark) => mark !== null && mark > 0) === true ? chart.marks : undefined;
	const footer = footerRows({...chart, marks}, columns, width - columns, height);
	const lines = [...plotLines(chart, columns, width, height - footer.length), ...footer];
	return chart.isAscii === true
		? lines.map((line) => line.map((part) => ({...part, text: toAscii(part.text)})))
		: lines;
}

/** Below this height all rows are for the values. */
const minRowsWithFooter = 5;

/** What stands below the values: where something happened, and when. */
function footerRows(
	{marks, span}: Pick<LineChart, 'marks' | 'span'>,
	columns: number,
	axisWidth: number,
	height: number,
): readonly Line[] {
	if (height < minRowsWithFooter) {
		return [];
	}
	return [
		...(marks === undefined ? [] : [markLine(marks, columns, axisWidth)]),
		...(span === undefined ? [] : [timeLine(span, columns, axisWidth)]),
	];
}

/** A row with `T` in each column in which the service throttled. */
export function markLine(marks: ReadonlyArray<number | null>, columns: number, axisWidth: number): Line {
	const shown = lastColumns(marks, columns);
	return [
		segment(axisWidth > 1 ? `${fitText('429', axisWidth - 1, 'right')}┤` : ' '.repeat(axisWidth), 'muted'),
		segment(shown.map((mark) => (mark !== null && mark > 0 ? 'T' : ' ')).join(''), 'throttled'),
	];
}

/** From one time on the axis to the next. */
const timeSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400];
/** Cells for a time and the blanks around it. */
const minTimeCells = 10;

/** A row of times below columns, such as `00:30` since the start of a run; the middle of each stands below its column. */
export function timeLine(
	{fromSecond, toSecond, isTimeOfDay = false}: TimeSpan,
	columns: number,
	axisWidth: number,
): Line {
	const cells = Array.from({length: columns}, () => ' ');
	const perCell = (toSecond - fromSecond) / columns;
	const step = timeSteps.find((seconds) => seconds / perCell >= minTimeCells) ?? timeSteps.at(-1) ?? 1;
	for (let second = Math.max(0, Math.ceil(fromSecond / step) * step); second <= toSecond; second += step) {
		const text = isTimeOfDay
			? new Date(second * 1000).toISOString().slice(11, 16)
			: formatElapsedMs(second * 1000);
		const at = Math.round((second - fromSecond) / perCell) - Math.floor(text.length / 2);
		// A time that would be cut at an end is left out.
		if (at >= 0 && at + text.length <= columns) {
			cells.splice(at, text.length, ...text);
		}
	}
	return [segment(' '.repeat(axisWidth) + cells.join(''), 'muted')];
}

function plotLines(chart: LineChart, columns: number, width: number, height: number): readonly Line[] {
	const values = lastColumns(chart.values, columns);
	const limit = drawable(chart.limit);
	const maximum = niceMaximum(Math.max(limit ?? 0, ...values.map((value) => value ?? 0)));
	const limitRow = limit === null ? undefined : height - 1 - Math.round((limit / maximum) * (height - 1));
	const format = chart.format ?? formatTokens;
	const grid = (chart.isFilled === true ? filledColumns : plotted)(values, height, maximum);
	const labels = axisLabels(height, maximum, format);
	return grid.map((cells, row) => {
		const drawn = cells.map((cell, column) =>
			values[column] === null || cell === ' ' ? (row === limitRow ? limitGlyph : ' ') : cell,
		);
		const label = limit !== null && row === limitRow ? format(limit) : (labels.get(row) ?? '');
		const axis = columns < width ? `${fitText(label, labelWidth, 'right')}┤` : '';
		return [segment(axis, row === limitRow ? 'warning' : 'muted'), ...toneRuns(drawn)];
	});
}

/** The chart as text: exactly `height` lines, each of exactly `width` cells; it never throws. */
export function renderLineChart(chart: LineChart): string[] {
	return lineChartLines(chart).map((line) => lineText(line));
}

/** A number that can be drawn, or null: no rate or limit comes near these bounds, beyond which asciichart fails. */
function drawable(value: number | null | undefined): number | null {
	if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
		return null;
	}
	return value < 1e-9 ? 0 : Math.min(value, 1e15);
}

function lastColumns(values: ReadonlyArray<number | null>, columns: number): ReadonlyArray<number | null> {
	const shown = values.slice(-columns).map((value) => drawable(value));
	return [...Array.from({length: columns - shown.length}, () => null), ...shown];
}

/** The smallest of 1, 2, 2.5, 4, 5, 8 times a power of ten that is not below the value. */
export function niceMaximum(value: number): number {
	if (!(value > 0)) {
		return 1;
	}
	const power = 10 ** Math.floor(Math.log10(value));
	const factor = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((each) => each * power >= value);
	return (factor ?? 10) * power;
}

/** The drawing itself, one character per cell. Gaps keep the last value here; the caller blanks their columns. */
function plotted(values: ReadonlyArray<number | null>, height: number, maximum: number): string[][] {
	let last = values.find((value) => value !== null) ?? 0;
	const filled = values.map((value) => {
		last = value ?? last;
		return last;
	});
	// The first value is given twice: asciichart draws steps between values, so column n is the step to value n.
	const series = [filled[0] ?? 0, ...filled];
	const text = plot(series, {
		height: height - 1,
		min: 0,
		max: maximum,
		offset: 2,
		symbols,
		format: () => ' ',
	});
	// asciichart puts two cells of axis before the values and leaves one blank behind them.
	return text.split('\n').map((line) => [...line].slice(2, -1));
}

/** Rows from one number on the axis to the next, at least. */
const minLabelRows = 2.5;

/** Round numbers by the row that they stand beside: the more rows, the more numbers. */
function axisLabels(
	height: number,
	maximum: number,
	format: (value: number) => string,
): ReadonlyMap<number, string> {
	const labels = new Map<number, string>();
	if (height < 2) {
		return labels;
	}
	const step = roundStep(maximum / Math.max(1, Math.floor((height - 1) / minLabelRows)), maximum);
	for (let value = 0; value <= maximum * (1 + 1e-9); value += step) {
		labels.set(height - 1 - Math.round((value / maximum) * (height - 1)), format(value));
	}
	return labels;
}

/** The smallest of 1, 2, 2.5, 5 times a power of ten that is not below the value; of small axes a whole number. */
function roundStep(value: number, maximum: number): number {
	if (value >= maximum) {
		return maximum;
	}
	const power = 10 ** Math.floor(Math.log10(value));
	const step = ([1, 2, 2.5, 5].find((each) => each * power >= value * (1 - 1e-9)) ?? 10) * power;
	return maximum > 1 ? Math.min(maximum, Math.max(1, maximum < 25 ? Math.ceil(step) : step)) : maximum;
}

/** Columns filled from the bottom, in eighths of a cell. Whatever is above 0 shows. */
export function filledColumns(
	values: ReadonlyArray<number | null>,
	height: number,
	maximum: number,
): string[][] {
	const eighths = values.map((value) =>
		value === null || value <= 0
			? 0
			: Math.max(1, Math.round((Math.min(value, maximum) / maximum) * height * 8)),
	);
	return Array.from({length: height}, (_, row) => {
		const below = (height - 1 - row) * 8;
		return eighths.map((each) => (each <= below ? ' ' : (levels[Math.min(8, each - below) - 1] ?? ' ')));
	});
}

/** Neighbouring cells of one meaning joined, so that a line has few segments. */
function toneRuns(cells: readonly string[]): Line {
	const runs: Array<{text: string; tone: Tone}> = [];
	for (const cell of cells) {
		const tone: Tone = cell === limitGlyph ? 'warning' : 'accent';
		const run = runs.at(-1);
		if (run !== undefined && (run.tone === tone || cell === ' ')) {
			run.text += cell;
		} else {
			runs.push({text: cell, tone});
		}
	}
	return runs;
}
