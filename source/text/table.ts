import {type Line, lineText, segment, type Tone} from './segment.ts';
import {type Cut, displayWidth, fitText} from './width.ts';

/** A column as data: its content, and its priority when the width is short. */
export type Column<Row> = {
	readonly key: string;
	readonly header: string;
	readonly align: 'left' | 'right';
	/** Minimum of cells: a column whose text may be cut shrinks down to it. */
	readonly minWidth?: number;
	/** Columns with the lowest priority are dropped first. */
	readonly priority: number;
	/** Clean text of one cell. */
	readonly format: (row: Row) => string;
	/** Where text is cut; a column without it never shrinks below its widest text. */
	readonly cut?: Cut;
	readonly tone?: (row: Row) => Tone;
};

/** A chosen column, with its width in cells. */
type FittedColumn<Row> = {
	readonly column: Column<Row>;
	readonly width: number;
	/** Blanks in front of it. */
	readonly gap: number;
};

const usualGap = 2;

/**
 * Chooses the columns that fit into `width` cells, in their order: the lowest priority is dropped until the rest fits,
 * then columns that may be cut get what is left over.
 * @param gap Blanks between two columns.
 */
export function fitColumns<Row>(
	columns: ReadonlyArray<Column<Row>>,
	rows: readonly Row[],
	width: number,
	gap = usualGap,
): ReadonlyArray<FittedColumn<Row>> {
	let candidates = columns.map((column) => measure(column, rows));
	const needed = () => candidates.reduce((cells, {least}) => cells + least, gap * (candidates.length - 1));
	while (candidates.length > 1 && needed() > width) {
		const lowest = Math.min(...candidates.map(({column}) => column.priority));
		const dropped = candidates.findLastIndex(({column}) => column.priority === lowest);
		candidates = candidates.toSpliced(dropped, 1);
	}
	let spare = width - needed();
	return candidates.map(({column, least, natural}, index) => {
		const extra = Math.min(Math.max(0, spare), natural - least);
		spare -= extra;
		return {column, width: Math.max(0, Math.min(width, least + extra)), gap: index === 0 ? 0 : gap};
	});
}

function measure<Row>(column: Column<Row>, rows: readonly Row[]) {
	const minWidth = column.minWidth ?? 0;
	const natural = Math.max(
		displayWidth(column.header),
		minWidth,
		...rows.map((row) => displayWidth(column.format(row))),
	);
	const least =
		column.cut === undefined || column.minWidth === undefined ? natural : Math.min(natural, minWidth);
	return {column, natural, least};
}

/** The header, exactly as wide as every row. */
export function formatHeader<Row>(fitted: ReadonlyArray<FittedColumn<Row>>): string {
	return fitted
		.map(({column, width, gap}) => ' '.repeat(gap) + fitText(column.header, width, column.align))
		.join('');
}

/** One row with the meaning of each cell. */
export function rowLine<Row>(fitted: ReadonlyArray<FittedColumn<Row>>, row: Row): Line {
	return fitted.flatMap(({column, width, gap}) => {
		const cell = segment(
			fitText(column.format(row), width, column.align, column.cut),
			column.tone?.(row) ?? 'plain',
		);
		return gap === 0 ? [cell] : [segment(' '.repeat(gap)), cell];
	});
}

/** One row as text, exactly as wide as the header. */
export function formatRow<Row>(fitted: ReadonlyArray<FittedColumn<Row>>, row: Row): string {
	return lineText(rowLine(fitted, row));
}

/**
 * A whole table as text: header, then one line per row.
 * @returns lines of at most `width` cells, without blanks at their ends.
 */
export function renderTable<Row>(
	columns: ReadonlyArray<Column<Row>>,
	rows: readonly Row[],
	width: number,
): string[] {
	const fitted = fitColumns(columns, rows, width);
	return [formatHeader(fitted), ...rows.map((row) => formatRow(fitted, row))].map((line) => line.trimEnd());
}
