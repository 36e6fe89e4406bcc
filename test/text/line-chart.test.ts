import fc from 'fast-check';
import stringWidth from 'string-width';
import {expect, it} from 'vitest';
import {chartColumns, niceMaximum, renderLineChart} from '../../source/text/line-chart.ts';
import {isSoak} from '../helpers/random-cases.ts';

const anyValue = fc.oneof(
	fc.constantFrom(null, Number.NaN, Number.POSITIVE_INFINITY, -5, 0, Number.MAX_VALUE, Number.MIN_VALUE),
	fc.double({min: 0, max: 1e6, noNaN: true}),
);

it('always the given height and width, whatever the values', () => {
	fc.assert(
		fc.property(
			fc.array(anyValue, {maxLength: 150}),
			fc.integer({min: 0, max: 130}),
			fc.integer({min: 0, max: 30}),
			fc.option(anyValue),
			fc.boolean(),
			(values, width, height, limit, isAscii) => {
				const lines = renderLineChart({values, width, height, limit, isAscii});
				expect(lines).toHaveLength(height);
				for (const line of lines) {
					expect(stringWidth(line)).toBe(width);
					expect(!isAscii || /^[ -~]*$/.test(line)).toBe(true);
				}
			},
		),
		{numRuns: isSoak ? 5000 : 150},
	);
});

it('a line, its quota and a gap', () => {
	const values = [10, 20, 40, 40, null, null, 80, 80, 20, 20];
	expect(renderLineChart({values, width: 17, height: 5, limit: 100})).toMatchInlineSnapshot(`
		[
		  "   100┤╌╌╌╌╌╌╌╌╌╌",
		  "      ┤      ╭─╮ ",
		  "      ┤  ╭─  ╯ │ ",
		  "      ┤ ╭╯     ╰─",
		  "     0┤─╯        ",
		]
	`);
});

it('a flat line keeps the height; nothing yet draws the quota line alone', () => {
	expect(renderLineChart({values: [5, 5, 5], width: 20, height: 4, limit: null})).toMatchInlineSnapshot(`
		[
		  "     5┤          ───",
		  "      ┤             ",
		  "      ┤             ",
		  "     0┤             ",
		]
	`);
	expect(renderLineChart({values: [], width: 20, height: 3, limit: 60})).toMatchInlineSnapshot(`
		[
		  "    60┤╌╌╌╌╌╌╌╌╌╌╌╌╌",
		  "      ┤             ",
		  "     0┤             ",
		]
	`);
});

it('only the newest values are shown', () => {
	const values = Array.from({length: 500}, (_, index) => (index < 480 ? 100 : 0));
	const bottom = renderLineChart({values, width: 27, height: 4}).at(-1);
	expect(bottom).toBe(`     0┤${'─'.repeat(chartColumns(27))}`);
});

it('the axis ends at a round number that is not below the greatest value', () => {
	fc.assert(
		fc.property(fc.double({min: 1e-6, max: 1e12, noNaN: true}), (value) => {
			expect(niceMaximum(value)).toBeGreaterThanOrEqual(value);
			expect(niceMaximum(value)).toBeLessThanOrEqual(value * 1.5);
		}),
	);
	expect(niceMaximum(0)).toBe(1);
});

it('the more rows, the more numbers stand beside them; times and throttles below', () => {
	const values = Array.from({length: 40}, (_, index) => index);
	const chart = {
		values,
		width: 47,
		limit: 30,
		span: {fromSecond: -10, toSecond: 70},
		marks: [...values.map(() => 0), 2],
	};
	expect(renderLineChart({...chart, height: 12})).toMatchInlineSnapshot(`
		[
		  "    40┤                                      ╭─",
		  "      ┤                                  ╭───╯ ",
		  "    30┤╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╭────╯╌╌╌╌╌",
		  "      ┤                         ╭───╯          ",
		  "    20┤                    ╭────╯              ",
		  "      ┤                ╭───╯                   ",
		  "      ┤            ╭───╯                       ",
		  "      ┤       ╭────╯                           ",
		  "      ┤   ╭───╯                                ",
		  "     0┤───╯                                    ",
		  "   429┤                                       T",
		  "          00:00          00:30          01:00  ",
		]
	`);
	const labelled = (height: number) =>
		renderLineChart({...chart, height}).filter((line) => /^ *[\d.]+k?┤/.test(line)).length;
	expect([4, 8, 16, 32].map(labelled)).toMatchInlineSnapshot(`
		[
		  3,
		  5,
		  6,
		  10,
		]
	`);
});

it('filled columns reach up to their value in eighths, and whatever is above 0 shows', () => {
	expect(
		renderLineChart({values: [0, 0.01, 1, 2, null, 4], width: 20, height: 3, isFilled: true}),
	).toMatchInlineSnapshot(`
		[
		  "     4┤            █",
		  "      ┤          ▄ █",
		  "     0┤        ▁▆█ █",
		]
	`);
});
