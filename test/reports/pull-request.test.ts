import {describe, expect, it} from 'vitest';
import {conditionLines, pullRequestPage} from '../../source/reports/pull-request.ts';
import {resultsOf} from '../../source/reports/results.ts';
import {environment, snapshot, twoVariants, variant} from '../helpers/results-fixture.ts';

const results = resultsOf(twoVariants, environment);

describe('pullRequestPage', () => {
	it('says first what failed, then what to use, with the table; the rest is folded', () => {
		const judged = [
			{text: 'costUsd>1', reason: undefined},
			{text: 'quality.low<0.8', reason: 'quality.low of minimal is 0.7'},
		];
		const page = pullRequestPage(results, judged, []);
		expect(page).toMatch(/^<!-- bedrock-top -->\n### bedrock-top: summarize\n/);
		const order = ['❌ 1 of 2 conditions failed.', '- ✅ costUsd', '| Variant |', '<summary>Repeat it'];
		const places = order.map((text) => page.indexOf(text));
		expect(places.every((place) => place >= 0)).toBe(true);
		expect(places).toEqual(places.toSorted((one, other) => one - other));
		expect(page).toContain('| Cost per 1,000 |');
	});

	it('shows measured requests per minute where they were measured', () => {
		const rate = {
			requestsPerMinute: 87.5,
			tokensPerMinute: null,
			outputTokensPerSecond: null,
			usefulPerMinute: null,
			goodputPerMinute: null,
		};
		const timed = resultsOf(snapshot({variants: [{...variant(), rate}]}), environment);
		expect(pullRequestPage(timed, [], [])).toMatch(/Measured requests per minute .*\n.*\n.*\| 87\.5 \|/);
		const untimed = {...variant(), rate: {...rate, requestsPerMinute: null}};
		const page = pullRequestPage(resultsOf(snapshot({variants: [untimed]}), environment), [], []);
		expect(page).not.toContain('Measured requests');
	});

	it('shows failed answers as text: no markup, no mention, no endless table', () => {
		const hostile = {
			variant: 'minimal',
			item: 'a | b',
			expected: 'billing',
			answer: '</details><img src=x> @someone `x`\n# heading',
			why: 'wanted "billing"',
		};
		const page = pullRequestPage(
			results,
			[],
			Array.from({length: 30}, () => hostile),
		);
		expect(page).toContain('<summary>30 answers failed</summary>');
		expect(page).toContain('10 more are in answers.jsonl.');
		expect(page).not.toMatch(/(?<!\\)<img/);
		// The command is code: in it nothing is called, and nothing may change.
		expect(
			pullRequestPage({...results, plan: {...results.plan, preset: null, task: 'ask @FILE'}}, [], []),
		).toContain('ask @FILE');
		expect(page).not.toMatch(/@someone/);
		const rows = page.split('\n').filter((line) => line.includes('billing'));
		expect(rows).toHaveLength(20);
		expect(page.match(/<details>/g)).toHaveLength(page.match(/<\/details>/g)?.length ?? 0);
	});
});

it('conditions that hold are said, too', () => {
	expect(conditionLines([])).toEqual([]);
	expect(conditionLines([{text: 'costUsd>1', reason: undefined}])[0]).toBe(
		'✅ The condition does not hold: nothing fails.',
	);
});
