import {plot} from 'asciichart';
import {toAscii} from './glyphs.ts';
import {formatTokens} from './numbers.ts';
import {type Line, lineText, segment, type Tone} from './segment.ts';
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
	readonly isAscii?: boolean;
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
	const values = lastColumns(chart.values, columns);
	const limit = drawable(chart.limit);
	const maximum = niceMaximum(Math.max(limit ?? 0, ...values.map((value) => value ?? 0)));
	const limitRow = limit === null ? undefined : height - 1 - Math.round((limit / maximum) * (height - 1));
	const format = chart.format ?? formatTokens;
	const grid = plotted(values, height, maximum);
	return grid.map((cells, row) => {
		const drawn = cells.map((cell, column) =>
			values[column] === null || cell === ' ' ? (row === limitRow ? limitGlyph : ' ') : cell,
		);
		const label = axisLabel(row, height, maximum, limitRow === row ? limit : null, format);
		const axis = columns < width ? `${fitText(label, labelWidth, 'right')}┤` : '';
		const line = [segment(axis, row === limitRow ? 'warning' : 'muted'), ...toneRuns(drawn)];
		return chart.isAscii === true ? line.map((part) => ({...part, text: toAscii(part.text)})) : line;
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

function axisLabel(
	row: number,
	height: number,
	maximum: number,
	limit: number | null,
	format: (value: number) => string,
): string {
	if (limit !== null) {
		return format(limit);
	}
	const isLabelled = row === 0 || row === height - 1 || (height >= 7 && row * 2 === height - 1);
	return isLabelled && height > 1 ? format((maximum * (height - 1 - row)) / (height - 1)) : '';
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
