import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {
	compareRuns,
	differenceOf,
	medianOf,
	mismatchesOf,
	runNames,
	shareOf,
} from '../../../source/reports/compare/comparison.ts';
import {comparisonChart} from '../../../source/reports/compare/comparison-chart.ts';
import {comparisonLines, comparisonMarkdown} from '../../../source/reports/compare/comparison-table.ts';
import {drawChart} from '../../../source/reports/draw.ts';
import {resultsOf} from '../../../source/reports/results.ts';
import {displayWidth} from '../../../source/text/width.ts';
import {parseXml} from '../../helpers/parse-xml.ts';
import {environment, snapshot, target, variant} from '../../helpers/results-fixture.ts';
import {overlaps, textBoxes} from '../../helpers/svg-text.ts';

/** Tests source/reports/compare. */

const before = {
	name: 'before',
	results: resultsOf(snapshot({variants: [variant({output: 300}), variant({name: 'gone'})]}), environment),
};
const after = {
	name: 'after',
	results: resultsOf(snapshot({variants: [variant({output: 100}), variant({name: 'new'})]}), environment),
};

describe('differenceOf', () => {
	const figure = (value: number, half: number) => ({value, low: value - half, high: value + half});

	it('is clear only when its interval does not hold 0', () => {
		expect(differenceOf(figure(100, 3), figure(90, 4), true)).toEqual({
			absolute: -10,
			relative: -0.1,
			low: -15,
			high: -5,
			verdict: 'better',
		});
		expect(differenceOf(figure(100, 3), figure(90, 4), false)?.verdict).toBe('worse');
		expect(differenceOf(figure(100, 9), figure(95, 9), true)?.verdict).toBe('unclear');
		expect(differenceOf(figure(100, 1), figure(100, 1), true)?.verdict).toBe('same');
	});

	it('without an interval nothing is clear, without a figure nothing is said', () => {
		const bare = {value: 5, low: null, high: null};
		expect(differenceOf(bare, figure(9, 1), true)).toMatchObject({
			absolute: 4,
			low: null,
			verdict: 'unclear',
		});
		expect(differenceOf({...bare, value: null}, figure(9, 1), true)).toBeUndefined();
		expect(differenceOf(figure(0, 1), figure(9, 1), true)?.relative).toBeNull();
	});

	it('turned round it is the opposite', () => {
		const any = fc
			.tuple(fc.double({min: 1, max: 1e6, noNaN: true}), fc.double({min: 0, max: 100, noNaN: true}))
			.map(([value, half]) => figure(value, half));
		fc.assert(
			fc.property(any, any, (first, second) => {
				const one = differenceOf(first, second, true);
				const other = differenceOf(second, first, false);
				expect(one?.absolute).toBe(-(other?.absolute ?? Number.NaN) + 0);
				expect(one?.verdict).toBe(other?.verdict);
			}),
		);
	});
});

it('shareOf stays between 0 and 1 and is wide with few samples', () => {
	expect(shareOf(0, 0).value).toBeNull();
	expect(shareOf(4, 4)).toMatchObject({value: 1, high: 1});
	expect(shareOf(4, 4).low).toBeCloseTo(0.51, 2);
});

it('medianOf reads the ranks around the middle off the histogram', () => {
	const histogram = Array.from({length: 100}, (_, index): readonly [number, number] => [index + 1, 1]);
	expect(medianOf(50, histogram)).toEqual({value: 50, low: 40, high: 61});
	expect(medianOf(50, [[50, 3]])).toEqual({value: 50, low: null, high: null});
	expect(medianOf(null, [])).toEqual({value: null, low: null, high: null});
});

describe('compareRuns', () => {
	it('puts variants of the same name side by side and keeps those of one run', () => {
		const rows = compareRuns([before, after]).filter(({figure}) => figure === 'quota tokens per request');
		expect(rows.map(({variant, values}) => [variant, ...values.map(({value}) => value)])).toEqual([
			['minimal', 600, 400],
			['gone', 420, null],
			['new', null, 420],
		]);
		expect(rows[0]?.differences[0]?.verdict).toBe('better');
		expect(rows[1]?.differences).toEqual([undefined]);
	});

	it('tells models apart', () => {
		const other = resultsOf(
			snapshot({targets: [{...target, model: 'other'}], variants: [variant()]}),
			environment,
		);
		const names = compareRuns([before, {name: 'b', results: other}]).map(({variant}) => variant);
		expect(new Set(names)).toEqual(
			new Set([
				'minimal on us.amazon.nova-lite-v1:0',
				'gone on us.amazon.nova-lite-v1:0',
				'minimal on other',
			]),
		);
	});

	it('says what else differs', () => {
		expect(mismatchesOf([before, after])).toEqual([]);
		const simulated = {name: 'c', results: {...after.results, simulated: true}};
		expect(mismatchesOf([before, simulated])[0]).toContain('simulated and real answers');
	});
});

it('a table fits every width and says what is better', () => {
	for (const width of [40, 80, 120, 200]) {
		for (const line of comparisonLines([before, after], width)) {
			expect(displayWidth(line)).toBeLessThanOrEqual(Math.max(width, 40));
		}
	}

	const wide = comparisonLines([before, after], 160).join('\n');
	expect(wide).toMatch(/quota tokens per request +600 +400 +-33%, -200 \(-\d+ to -\d+\): better/);
});

it('Markdown has the table, every run, and the mark of a simulator', () => {
	const page = comparisonMarkdown([
		before,
		after,
		{name: 'de|mo', results: {...after.results, simulated: true}},
	]);
	expect(page).toContain('SIMULATED');
	expect(page).toContain(String.raw`de\|mo`);
	const rows = page.split('\n').filter((line) => line.startsWith('|'));
	const cells = rows.map((row) => row.replaceAll(String.raw`\|`, '').split('|').length);
	expect(new Set(cells)).toHaveLength(1);
});

it.each([2, 3, 6])('the chart of %i runs is whole', async (count) => {
	const runs = Array.from({length: count}, (_, index) => ({
		...(index % 2 ? after : before),
		name: `a run with a long name that goes on ${index}`,
	}));
	const root = parseXml(await drawChart(comparisonChart(runs)));
	const boxes = textBoxes(root);
	expect(overlaps(boxes)).toEqual([]);
	const [, , width = 0, height = 0] = (root.attributes.viewBox ?? '').split(' ').map(Number);
	expect(boxes.filter((box) => box.left < 0 || box.right > width || box.bottom > height)).toEqual([]);
});

it('runs are named by their folder, else by what was typed', () => {
	expect(runNames(['a/results.json', 'b/results.json'])).toEqual(['a', 'b']);
	expect(runNames(['before.json', 'after.json'])).toEqual(['before', 'after']);
	expect(runNames(['x/a/results.json', 'y/a/results.json'])).toEqual([
		'x/a/results.json',
		'y/a/results.json',
	]);
	expect(runNames(['a.json', 'a.json'])).toEqual(['a.json', 'a.json (2)']);
});
