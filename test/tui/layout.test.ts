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
	verdictLines: fc.nat(12),
	isOver: fc.boolean(),
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
				verdictLines: 4,
				isOver: true,
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

const dashboardOf = (columns: number, rows: number, overrides: Partial<LayoutInput>) =>
	computeLayout({
		columns,
		rows,
		view: 'dashboard',
		rowCount: 4,
		noticeLines: 0,
		verdictLines: 4,
		isOver: true,
		isDetailOpen: false,
		gaugeCount: 2,
		isShortRun: false,
		...overrides,
	}).regions.map(({name, rect}) => `${name} ${rect.height}`);

it('at 80x24 a running dashboard has gauges, a line of the verdict, a chart and all four variants', () => {
	expect(dashboardOf(80, 24, {verdictLines: 1, isOver: false})).toEqual([
		'header 3',
		'gauges 4',
		'verdict 3',
		'nearer-chart 6',
		'table 7',
		'footer 1',
	]);
});

it('at 80x24 the rows of all variants come before a chart', () => {
	expect(dashboardOf(80, 24, {verdictLines: 1, isOver: false, rowCount: 6})).toEqual([
		'header 3',
		'gauges 4',
		'verdict 3',
		'table 9',
		'notes 4',
		'footer 1',
	]);
});

it('at 80x24 an ended one has the whole verdict and advice instead of the chart', () => {
	expect(dashboardOf(80, 24, {})).toEqual([
		'header 3',
		'gauges 4',
		'verdict 6',
		'table 7',
		'notes 3',
		'footer 1',
	]);
});

it('at 60x15 no row is without a panel that fills it', () => {
	expect(dashboardOf(60, 15, {verdictLines: 3})).toEqual([
		'header 2',
		'gauges 2',
		'verdict 3',
		'table 5',
		'notes 2',
		'footer 1',
	]);
});

it('at 200x60 the log and the bars have more rows than the charts', () => {
	expect(dashboardOf(200, 60, {})).toEqual([
		'header 3',
		'gauges 4',
		'verdict 6',
		'requests-chart 12',
		'tokens-chart 12',
		'table 7',
		'notes 27',
		'bars 27',
		'footer 1',
	]);
});

it('the verdict has a row at every size from 40x8 on, once something was sent', () => {
	fc.assert(
		fc.property(
			anyInput,
			fc.integer({min: 40, max: 300}),
			fc.integer({min: 8, max: 100}),
			(input, columns, rows) => {
				const {regions, tier} = computeLayout({
					...input,
					columns,
					rows,
					view: 'dashboard',
					isDetailOpen: false,
					verdictLines: Math.max(1, input.verdictLines),
				});
				const height = regions.find(({name}) => name === 'verdict')?.rect.height ?? 0;
				expect(height).toBeGreaterThanOrEqual(tier === 'narrow' ? 1 : 3);
			},
		),
		{numRuns: 1000},
	);
});

it.each([
	[120, 40, 4, ['bars', 'rate-chart']],
	[120, 40, 1, ['rate-chart', 'latency-chart']],
	[80, 24, 4, ['bars']],
	[80, 24, 1, ['rate-chart']],
])(
	'a run under a minute has no curves of a minute: %i x %i, %i variants',
	(columns, rows, rowCount, expected) => {
		const names = dashboardOf(columns, rows, {
			rowCount,
			isShortRun: true,
			isOver: false,
			verdictLines: 1,
		}).map((region) => region.split(' ')[0] ?? '');
		expect(names.filter((name) => name === 'bars' || name.endsWith('-chart'))).toEqual(expected);
	},
);
