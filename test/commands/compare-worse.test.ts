import {describe, expect, it} from 'vitest';
import {judgeWorse, readWorse} from '../../source/commands/compare.ts';
import {compareRuns, differenceOf, differenceText} from '../../source/reports/compare/comparison.ts';
import {resultsOf} from '../../source/reports/results.ts';
import {environment, snapshot, variant} from '../helpers/results-fixture.ts';

/** Tests source/commands/compare.ts: conditions of `--fail-if`. */

const run = (name: string, output: number, useful = 20) => {
	const plain = variant({output});
	const items = {...plain.items, sent: 20, useful};
	return {name, results: resultsOf(snapshot({variants: [{...plain, items}]}), environment)};
};

const reasonOf = (text: string, ...runs: ReadonlyArray<ReturnType<typeof run>>): string | undefined =>
	judgeWorse([readWorse(text)], runs)[0]?.reason;

describe('worse', () => {
	it('is true where the interval of a difference is on the bad side, and says from what to what', () => {
		expect(reasonOf('worse:quota-tokens', run('a', 100), run('b', 300))).toMatch(
			/^quota tokens per request of minimal went from 400 to 600 in b \(\+50%, \+200 \(\+\d+ to \+\d+\)\)$/,
		);
		expect(reasonOf('worse', run('a', 100), run('b', 300))).toContain('quota tokens per request');
		expect(reasonOf('worse:quota-tokens', run('a', 300), run('b', 100))).toBeUndefined();
		expect(reasonOf('worse', run('a', 100), run('b', 100))).toBeUndefined();
	});

	it('is not true for a difference that chance may have made', () => {
		expect(reasonOf('worse:useful', run('a', 100, 19), run('b', 100, 17))).toBeUndefined();
		expect(reasonOf('worse:useful', run('a', 100, 20), run('b', 100, 4))).toContain('points');
	});

	it('is true for a figure that is not known, and refuses one that does not exist', () => {
		const bare = run('a', 100);
		const [first] = bare.results.variants;
		const unpriced = {
			...bare,
			results: {
				...bare.results,
				variants: first === undefined ? [] : [{...first, rate: {...first.rate, requestsPerMinute: null}}],
			},
		};
		expect(reasonOf('worse:rate', unpriced, unpriced)).toBe('rate is not known in both runs');
		expect(() => readWorse('worse:costs')).toThrow('"costs" is not a figure');
		expect(() => readWorse('quality.low<1')).toThrow('compare takes worse or worse:FIGURE');
	});
});

describe('a comparison', () => {
	const rowOf = (key: string, ...runs: ReadonlyArray<ReturnType<typeof run>>) =>
		compareRuns(runs).find((row) => row.key === key);

	it('gives differences of shares in points', () => {
		const row = rowOf('useful', run('a', 100, 16), run('b', 100, 18));
		expect(row && differenceText(row.differences[0], row)).toMatch(
			/^\+10 points \(-\d+ to \+\d+\): not clear$/,
		);
	});

	it('takes what arithmetic leaves for no difference, and says of small ones that they are', () => {
		const bare = (value: number) => ({value, low: value - 0.1, high: value + 0.1});
		const format = (value: number | null) => String(value);
		const noisy = differenceOf(bare(0.3), bare(0.1 + 0.2), true);
		expect(noisy?.verdict).toBe('same');
		const small = differenceOf(bare(100), bare(100.05), true);
		expect(differenceText(small, {format, isShare: false})).toMatch(/^under 1%, \+0\.0[45].* not clear$/);
		// Without an interval it may be one all the same.
		const open = differenceOf({value: 1, low: null, high: null}, {value: 1, low: null, high: null}, true);
		expect(differenceText(open, {format, isShare: false})).toBe('+0: not clear');
	});

	it('gives costs per 1,000 requests', () => {
		const row = rowOf('cost', run('a', 100), run('b', 300));
		const [first] = run('a', 100).results.variants;
		expect(row?.figure).toBe('cost per 1,000 requests');
		expect(row?.values[0]?.value).toBeCloseTo((first?.perRequest.costUsd.mean ?? 0) * 1000, 9);
	});
});
