import fc from 'fast-check';
import {expect, it} from 'vitest';
import {computeLayout, type LayoutInput, tierOf} from '../../source/tui/layout.ts';
import {views} from '../../source/view/keymap.ts';

const anyInput: fc.Arbitrary<LayoutInput> = fc.record({
	columns: fc.integer({min: 1, max: 300}),
	rows: fc.integer({min: 1, max: 100}),
	view: fc.constantFrom(...views.map(({name}) => name)),
	rowCount: fc.nat(40),
	noticeLines: fc.nat(30),
	isDetailOpen: fc.boolean(),
	gaugeCount: fc.integer({min: 2, max: 3}),
	isShortRun: fc.boolean(),
});

it('the regions tile the screen: every cell is in exactly one', () => {
	fc.assert(
		fc.property(anyInput, (input) => {
			const {columns, rows} = input;
			const cells = new Uint8Array(columns * rows);
			for (const {rect} of computeLayout(input).regions) {
				expect(rect.width).toBeGreaterThan(0);
				expect(rect.height).toBeGreaterThan(0);
				for (let row = rect.top; row < rect.top + rect.height; row++) {
					for (let column = rect.left; column < rect.left + rect.width; column++) {
						cells[row * columns + column] = (cells[row * columns + column] ?? 0) + 1;
					}
				}
			}
			expect(cells.every((count) => count === 1)).toBe(true);
		}),
		{numRuns: 2000},
	);
});

it('every size from 1x1 to 300x100 has a layout that tiles', () => {
	for (let columns = 1; columns <= 300; columns++) {
		for (let rows = 1; rows <= 100; rows++) {
			const {regions} = computeLayout({
				columns,
				rows,
				view: 'dashboard',
				rowCount: 4,
				noticeLines: 0,
				isDetailOpen: false,
				gaugeCount: 2,
				isShortRun: false,
			});
			const area = regions.reduce((sum, {rect}) => sum + rect.width * rect.height, 0);
			if (area !== columns * rows) {
				expect({columns, rows, area}).toEqual({columns, rows, area: columns * rows});
			}
		}
	}
});

it('a region is named once, so that it is drawn once', () => {
	fc.assert(
		fc.property(anyInput, (input) => {
			const names = computeLayout(input).regions.map(({name}) => name);
			expect(new Set(names).size).toBe(names.length);
		}),
	);
});

it.each([
	[120, 30, 'wide'],
	[119, 30, 'normal'],
	[120, 29, 'normal'],
	[80, 24, 'normal'],
	[79, 24, 'narrow'],
	[80, 23, 'narrow'],
	[40, 8, 'narrow'],
	[39, 50, 'tiny'],
	[200, 7, 'tiny'],
] as const)('%i columns and %i rows are %s', (columns, rows, tier) => {
	expect(tierOf(columns, rows)).toBe(tier);
});

it('at 80x24 the dashboard has gauges, a chart and all four variants', () => {
	const {regions} = computeLayout({
		columns: 80,
		rows: 24,
		view: 'dashboard',
		rowCount: 4,
		noticeLines: 0,
		isDetailOpen: false,
		gaugeCount: 2,
		isShortRun: false,
	});
	expect(regions.map(({name, rect}) => `${name} ${rect.height}`)).toEqual([
		'header 3',
		'gauges 4',
		'nearer-chart 9',
		'table 7',
		'footer 1',
	]);
});
