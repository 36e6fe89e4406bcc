import fc from 'fast-check';
import stringWidth from 'string-width';
import {expect, it} from 'vitest';
import {type Column, fitColumns, formatHeader, formatRow, renderTable} from '../../source/text/table.ts';
import {cleanText} from '../../source/text/width.ts';

type Row = {readonly name: string; readonly count: number};
const columns: ReadonlyArray<Column<Row>> = [
	{
		key: 'name',
		header: 'Name',
		align: 'left',
		minWidth: 6,
		priority: 10,
		cut: 'middle',
		format: (row) => row.name,
	},
	{
		key: 'count',
		header: 'Count',
		align: 'right',
		minWidth: 5,
		priority: 8,
		format: (row) => String(row.count),
	},
	{key: 'double', header: 'Double', align: 'right', priority: 2, format: (row) => String(row.count * 2)},
	{key: 'triple', header: 'Triple', align: 'right', priority: 5, format: (row) => String(row.count * 3)},
];
const rows: readonly Row[] = [
	{name: 'a-rather-long-name', count: 7},
	{name: 'short', count: 12_345},
];

it('the least dear column goes first, then names are cut', () => {
	expect(renderTable(columns, rows, 60)).toEqual([
		'Name                Count  Double  Triple',
		'a-rather-long-name      7      14      21',
		'short               12345   24690   37035',
	]);
	expect(renderTable(columns, rows, 24)).toEqual([
		'Name       Count  Triple',
		'a-ra…name      7      21',
		'short      12345   37035',
	]);
	expect(renderTable(columns, rows, 4)).toEqual(['Name', 'a…me', 's…rt']);
});

it('every line has the same width, and none is wider than asked, for any text', () => {
	const anyRow = fc.record({
		name: fc.string({unit: 'grapheme'}).map((text) => cleanText(text)),
		count: fc.nat(),
	});
	fc.assert(
		fc.property(fc.array(anyRow, {maxLength: 8}), fc.integer({min: 0, max: 120}), (anyRows, width) => {
			const fitted = fitColumns(columns, anyRows, width);
			const lines = [formatHeader(fitted), ...anyRows.map((row) => formatRow(fitted, row))];
			const widths = new Set(lines.map((line) => stringWidth(line)));
			expect(widths.size).toBe(1);
			expect(Math.max(...widths)).toBeLessThanOrEqual(width);
			for (const line of renderTable(columns, anyRows, width)) {
				expect(stringWidth(line)).toBeLessThanOrEqual(width);
			}
		}),
	);
});

it('no number is ever cut while a column is left to drop', () => {
	fc.assert(
		fc.property(fc.integer({min: 20, max: 120}), (width) => {
			const fitted = fitColumns(columns, rows, width);
			for (const {column, width: cells} of fitted.filter(({column: each}) => each.align === 'right')) {
				expect(cells).toBeGreaterThanOrEqual(Math.max(...rows.map((row) => column.format(row).length)));
			}
		}),
	);
});
