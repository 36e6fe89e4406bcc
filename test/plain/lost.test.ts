import {expect, it} from 'vitest';
import {summaryLines} from '../../source/plain/summary.ts';
import {resultsOf} from '../../source/reports/results.ts';
import {summaryMarkdown} from '../../source/reports/run-sections.ts';
import {environment, snapshot} from '../helpers/results-fixture.ts';

/** Tests source/plain/summary.ts: requests that were lost. */

const at = '2026-11-22T10:00:00.000Z';
const lost = '2 requests got no answer: timeout 2.';
const mixed = 'model-a: its figures mix answers of more than one service tier: default, flex.';

it.each([
	['lost', lost],
	['tier', mixed],
	['unsent', '100 requests that were due were never sent.'],
])('what was lost and what was mixed stands in every summary (%s)', (kind, text) => {
	const told = {...snapshot(), events: [{at, kind, text}]};
	const summaries = (run: typeof told): readonly string[] => [
		summaryLines(run, {width: 200, theme: undefined, ascii: false}).join('\n'),
		summaryMarkdown(resultsOf(run, environment), []),
	];
	for (const summary of summaries(told)) {
		expect(summary).toContain(text);
	}
	for (const summary of summaries({...snapshot(), events: []})) {
		expect(summary).not.toContain(text);
	}
});
