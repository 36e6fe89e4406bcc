import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {gaugeBar, gaugeFraction, gaugeLevel, histogramLines, intervalBar} from '../../source/text/bars.ts';
import {lineText, lineWidth} from '../../source/text/segment.ts';

const bar = (used: number, reserved: number, limit: number | null, width = 10) =>
	lineText(gaugeBar({used, reserved, limit}, width));

it('used, reserved and free are apart by glyph', () => {
	expect(bar(30, 20, 100)).toBe('███▒▒·····');
	expect(bar(0, 0, 100)).toBe('··········');
	expect(bar(0, 50, 100)).toBe('▒▒▒▒▒·····');
	expect(bar(140, 0, 100)).toBe('██████████');
});

it('a little shows, and a little left shows', () => {
	expect(bar(1, 0, 10_000)).toBe('█·········');
	expect(bar(9_999, 0, 10_000)).toBe('█████████·');
});

it('no limit has no bar; a limit of 0 is taken whole', () => {
	expect(bar(50, 5, null)).toBe('··········');
	expect(bar(0, 0, 0)).toBe('██████████');
	expect(gaugeFraction({used: 1, reserved: 1, limit: null})).toBeNull();
	expect(gaugeFraction({used: 0, reserved: 0, limit: 0})).toBe(1);
});

it('the bar is as wide as asked for any figures', () => {
	const figure = fc.double({min: -10, max: 1e9, noNaN: true});
	fc.assert(
		fc.property(
			figure,
			figure,
			fc.option(figure),
			fc.integer({min: 0, max: 80}),
			(used, reserved, limit, width) => {
				expect(bar(used, reserved, limit, width)).toHaveLength(width);
			},
		),
	);
});

describe('levels', () => {
	it.each([
		[null, 'ok'],
		[0.699, 'ok'],
		[0.7, 'near'],
		[0.899, 'near'],
		[0.9, 'full'],
		[2, 'full'],
	] as const)('%s is %s', (fraction, level) => {
		expect(gaugeLevel(fraction)).toBe(level);
	});
});

describe('a bar with its interval', () => {
	const drawn = (value: number | null, low: number | null, high: number | null, width = 20, maximum = 100) =>
		lineText(intervalBar({value, low, high}, maximum, width));

	it.each([
		[50, 40, 60, '████████├─┼┤        '],
		[50, 49, 51, '██████████┤         '],
		[50, null, null, '██████████          '],
		[90, 50, 150, '██████████├───────┼→'],
		[null, null, null, '                    '],
		[0, 0, 10, '├┤                  '],
	])('%s of %s to %s', (value, low, high, expected) => {
		expect(drawn(value, low, high)).toBe(expected);
	});

	it('is as wide as asked for any figures', () => {
		const figure = fc.option(fc.double({min: -10, max: 1e9, noNaN: true}));
		fc.assert(
			fc.property(
				figure,
				figure,
				figure,
				fc.integer({min: 0, max: 80}),
				fc.nat(1e6),
				(value, low, high, width, maximum) => {
					expect(drawn(value, low, high, width, maximum)).toHaveLength(width);
				},
			),
		);
	});
});

describe('a histogram', () => {
	it('has buckets of one width on a logarithmic scale, and says where p50 and p90 are', () => {
		const bins = [1.24, 1.25, 1.46, 1.5, 1.6, 1.9, 2.6, 5.1].map(
			(seconds, index) => [seconds * 1000, index < 4 ? 6 : 1] as const,
		);
		const marks = [
			{label: 'p50', value: 1460},
			{label: 'p90', value: 1900},
			{label: 'p99', value: null},
		];
		expect(histogramLines(bins, 60, 8, marks).map((line) => lineText(line))).toMatchInlineSnapshot(`
			[
			  "   1.57s █████████████████████████████████ 24 p50",
			  "   1.99s ███ 2 p90",
			  "   2.51s 0",
			  "   3.18s █ 1",
			  "   4.03s 0",
			  "   5.10s █ 1",
			]
		`);
	});

	it('counts every value once, in lines that fit', () => {
		const bin = fc.tuple(fc.double({min: 0, max: 1e7, noNaN: true}), fc.nat(1000));
		fc.assert(
			fc.property(
				fc.array(bin, {maxLength: 60}),
				fc.integer({min: 0, max: 100}),
				fc.integer({min: 0, max: 12}),
				(unsorted, width, height) => {
					const bins = unsorted.toSorted(([one], [other]) => one - other);
					const lines = histogramLines(bins, width, height, [{label: 'p50', value: bins[0]?.[0] ?? null}]);
					expect(lines.length).toBeLessThanOrEqual(height);
					expect(lines.every((line) => lineWidth(line) <= width)).toBe(true);
					const counted = lines.reduce(
						(sum, line) => sum + Number((line[2]?.text ?? '').replaceAll(',', '')),
						0,
					);
					expect(counted).toBe(lines.length === 0 ? 0 : bins.reduce((sum, [, count]) => sum + count, 0));
				},
			),
		);
	});
});
