import {describe, expect, it} from 'vitest';
import {resultsOf} from '../../../source/reports/results.ts';
import {variantLabels} from '../../../source/reports/specs/chart.ts';
import {chartsOf} from '../../../source/reports/specs/charts.ts';
import {rollingMinute} from '../../../source/reports/specs/throughput-vs-quota.ts';
import {environment, snapshot, variant} from '../../helpers/results-fixture.ts';

const short = snapshot({
	variants: [variant({name: 'concise', output: 90}), variant({name: 'minimal', input: 220, count: 4})],
	seconds: 3,
});
const latencyMs = {
	intervalSeconds: 1,
	cells: [
		[1200, 1350.5, null],
		[null, 2100],
	],
};
const points = short.timeline.points.map((point, index) =>
	index === 1 ? {...point, held: 1, throttled: 2} : point,
);
const small = resultsOf({...short, timeline: {...short.timeline, points, latencyMs}}, environment);

describe('golden specs', () => {
	it.each(chartsOf(small).map(({chart}) => chart))('$name', async (chart) => {
		// Lists and objects of plain values take one line each, so that a difference stays readable.
		const text = JSON.stringify(chart, null, '\t').replaceAll(/[[{]\s[^[\]{}]*[\]}]/g, (leaf) =>
			leaf.replaceAll(/\s*\n\s*/g, ' '),
		);
		await expect(`${text}\n`).toMatchFileSnapshot(`golden/${chart.name}.spec`);
	});

	it('are plain data: the same results give the same specs', () => {
		expect(chartsOf(small)).toEqual(chartsOf(structuredClone(small)));
		expect(JSON.parse(JSON.stringify(chartsOf(small)))).toEqual(chartsOf(small));
	});
});

it('a model that neither answered nor throttled has none', () => {
	expect(chartsOf({...small, variants: []})).toEqual([]);
	const throttled = {requests: 0, tokens: 0, day: 0, overloaded: 0};
	const nothing = small.variants.map((each) => ({
		...each,
		requests: {...each.requests, succeeded: 0, throttled},
	}));
	expect(chartsOf({...small, variants: nothing})).toEqual([]);
});

describe('throughput-comparison', () => {
	const textsOf = (run: typeof small) =>
		chartsOf(run).find(({chart}) => chart.name === 'throughput-comparison')?.chart;

	it('shows what the quota sustains where no rate was measured', () => {
		const chart = textsOf(small);
		expect(chart?.title).toBe('Throughput that the quota sustains');
		// minimal: 340 quota tokens a request, so 100,000 a minute carry 294 of them.
		expect(chart?.description).toContain('minimal: 294 requests and 100,000 quota tokens per minute');
	});

	it('shows the measured rates where there are any', () => {
		const chart = textsOf(
			resultsOf(snapshot({variants: [variant({isMeasured: true, input: 500, output: 500})]}), environment),
		);
		expect(chart?.title).toBe('Throughput by variant');
		expect(chart?.description).toContain('minimal: 93 requests and 93,000 quota tokens per minute');
	});
});

describe('variantLabels', () => {
	const labelsOf = (names: readonly string[]) =>
		variantLabels(resultsOf(snapshot({variants: names.map((name) => variant({name}))}), environment));

	it('are short, clean and unlike each other', () => {
		const long = 'x'.repeat(200);
		const labels = labelsOf([`${long}a`, `${long}b`, 'same', 'same', 'same', '\u0007\u202E', 'a\nb']);
		expect(new Set(labels)).toHaveLength(7);
		expect(labels.every((label) => label.length <= 34)).toBe(true);
		expect(labels.slice(2)).toEqual(['same', 'same #2', 'same #3', '(no name)', 'a b']);
		expect(labels[0]).toMatch(/^x+…x+a$/);
	});

	it('say lane and estimate', () => {
		const {tokens} = variant();
		const run = snapshot({
			variants: [
				variant({name: 'chat', patch: {lane: 'high', tokens: {...tokens, estimated: true}}}),
				variant({name: 'bulk'}),
			],
		});
		expect(variantLabels(resultsOf(run, environment))).toEqual(['~ chat (high)', 'bulk (normal)']);
	});
});

describe('rollingMinute', () => {
	const point = (second: number, requests: number) => ({
		second,
		target: 0,
		requests,
		quotaTokens: requests * 10,
		reserved: 5,
		throttled: 0,
		inFlight: 0,
	});

	it('is the sum of the last 60 s at every second', () => {
		const points = Array.from({length: 130}, (_, second) => point(second, second % 7));
		const rolling = rollingMinute({intervalSeconds: 1, points});
		for (const [index, {requests, quotaTokens}] of rolling.entries()) {
			const sum = points
				.filter(({second}) => second > index - 60 && second <= index)
				.reduce((total, each) => total + each.requests, 0);
			expect(requests).toBe(sum);
			expect(quotaTokens).toBe(sum * 10);
		}
	});

	it('fills gaps and starts at the beginning', () => {
		const rolling = rollingMinute({intervalSeconds: 1, points: [point(2, 4), point(70, 1)]});
		expect(rolling).toHaveLength(71);
		expect(rolling[1]?.requests).toBe(0);
		expect(rolling[61]?.requests).toBe(4);
		expect(rolling[62]?.requests).toBe(0);
		expect(rolling[70]).toMatchObject({requests: 1, reserved: 5});
	});

	it('scales intervals longer than a minute to one', () => {
		const rolling = rollingMinute({intervalSeconds: 128, points: [point(0, 256), point(128, 128)]});
		expect(rolling.map(({requests}) => requests)).toEqual([120, 60]);
	});

	it('of nothing is nothing', () => {
		expect(rollingMinute({intervalSeconds: 1, points: []})).toEqual([]);
	});
});
