import {describe, expect, it} from 'vitest';
import {columnsFor, searchTableLines, summaryLines, turnColumns} from '../../source/plain/summary.ts';
import {comparisonLines} from '../../source/reports/compare/comparison-table.ts';
import {resultsOf} from '../../source/reports/results.ts';
import {resultsSchema} from '../../source/reports/results-schema.ts';
import {summaryMarkdown} from '../../source/reports/run-sections.ts';
import {lineText} from '../../source/text/segment.ts';
import {displayWidth} from '../../source/text/width.ts';
import {detailEntries} from '../../source/tui/panels/detail.ts';
import {accountColumns} from '../../source/view/account/account-columns.ts';
import {limitColumns} from '../../source/view/quotas.ts';
import {environment, snapshot} from '../helpers/results-fixture.ts';
import {distributionFixture, meanFixture} from '../helpers/snapshot-fixture.ts';

/** Tests source/plain/summary.ts: the tables of the summary. */

const turns = [1, 2, 3].map((turn) => ({
	turn,
	requests: 20,
	inputTokens: meanFixture(100 * turn),
	outputTokens: meanFixture(50),
	quotaTokens: meanFixture(100 * turn + 50),
	timeToFirstToken: distributionFixture(300 + turn, 20),
}));

const talked = () => {
	const base = snapshot();
	const [first, ...others] = base.variants;
	return {
		...base,
		spec: {...base.spec, chat: {turns: 3, thinkMs: 1500}},
		variants: first === undefined ? [] : [{...first, turns}, ...others],
	};
};

describe('the turns of a chat', () => {
	it('stand in a table of their own at the end of a run, which fits every width', () => {
		const text = summaryLines(talked(), {width: 100, theme: undefined, ascii: false}).join('\n');
		expect(text).toMatch(/Variant +Turn +Answers +Input +Output +Quota\/req +TTFT p50 +TTFT p90/);
		expect(text).toMatch(/ 3 +20 +300 +50 +350 +303ms/);
		for (const width of [30, 40, 80]) {
			for (const line of summaryLines(talked(), {width, theme: undefined, ascii: false})) {
				expect(displayWidth(line)).toBeLessThanOrEqual(width);
			}
		}
	});

	it('are in results.json, and only there where there is a chat', () => {
		const results = resultsOf(talked(), environment);
		expect(resultsSchema.parse(results)).toEqual(results);
		expect(results.plan.chat).toEqual({turns: 3, thinkSeconds: 1.5});
		expect(results.variants[0]?.turns?.[1]).toMatchObject({turn: 2, requests: 20});
		const without = resultsOf(snapshot(), environment);
		expect(without.plan).not.toHaveProperty('chat');
		expect(without.variants[0]).not.toHaveProperty('turns');
	});

	it('are in summary.md, with the time to think', () => {
		const text = summaryMarkdown(resultsOf(talked(), environment), []);
		expect(text).toContain('| Variant | Turn | Answers | Input | Output | Quota tokens | First token p50 |');
		expect(text).toContain('| 2 | 20 | 200 | 50 | 250 (240 to 260) | 302ms |');
		expect(text).toContain('- conversations of 3 turns, 1.50s to think between them');
		expect(summaryMarkdown(resultsOf(snapshot(), environment), [])).not.toContain('| Turn |');
	});

	it('are in the detail of a variant on screen', () => {
		const [figures] = talked().variants;
		const entries = figures === undefined ? [] : detailEntries(figures);
		expect(entries.filter(({label}) => label.startsWith('turn ')).map(({label}) => label)).toEqual([
			'turn 1',
			'turn 2',
			'turn 3',
		]);
		expect(entries.at(-1)?.text).toMatch(
			/^20 answers, 300 ±12 in, 50 ±2 out, 350 ±14 quota, first token p50 303ms/,
		);
	});
});

it('the headers of all printed tables are of one kind: a capital first, as on the screen', () => {
	const columns = [
		...columnsFor([]),
		...turnColumns,
		...limitColumns(),
		...accountColumns({hasRegions: true, hasAges: false}),
	].map(({header}) => header);
	// "47 of 50 94%" reads as one phrase.
	expect(columns.filter((header) => !/^(?:of|%|)$/.test(header) && !/^[A-Z$]/.test(header))).toEqual([]);
	const search = {budget: 1, requests: 1, combinations: 1, rungs: [], candidates: [], front: []};
	const comparison = comparisonLines([{name: 'one', results: resultsOf(snapshot(), environment)}], 80);
	const printed = [
		lineText(searchTableLines(search, 120)[1] ?? []),
		comparison.find((line) => /figure/i.test(line)),
	];
	expect(printed.map((line) => line?.slice(0, 9))).toEqual(['Candidate', 'Variant  ']);
});
