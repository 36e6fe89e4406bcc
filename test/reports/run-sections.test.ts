import {describe, expect, it} from 'vitest';
import {resultsOf} from '../../source/reports/results.ts';
import type {Results} from '../../source/reports/results-schema.ts';
import {summaryMarkdown} from '../../source/reports/run-sections.ts';
import {environment, snapshot, variant} from '../helpers/results-fixture.ts';

/** Tests source/reports/run-sections.ts: summary.md. */

const run = resultsOf(snapshot(), environment);
describe('the end of a run', () => {
	const endOf = (change: Partial<Results>): string =>
		/^- \S+ to \S+, (.*)$/m.exec(summaryMarkdown({...run, ...change}, []))?.[1] ?? '';

	it.each([
		[{outcome: 'completed', stoppedBy: null}, 'completed'],
		[
			{outcome: 'stopped', stoppedBy: 'day', stopReason: 'daily token quota used up (35M of 2M)'},
			'stopped · daily token quota used up (35M of 2M)',
		],
		[
			{outcome: 'stopped', stoppedBy: 'cost', stopReason: 'at --max-cost $1.00'},
			'stopped at --max-cost $1.00',
		],
		// Results of 0.1.0 have no reason.
		[{outcome: 'stopped', stoppedBy: 'key'}, 'stopped by you'],
	] as const)('%j', (change, expected) => {
		expect(endOf(change)).toBe(expected);
	});
});

describe('read timeouts', () => {
	const slow = resultsOf(
		snapshot({variants: [variant({name: 'concise'}), variant({name: 'detailed', output: 5000})]}),
		environment,
	);

	it('stand beside p99 of total, with whose they are and their source', () => {
		const text = summaryMarkdown(slow, []);
		expect(text).toMatch(/## Read timeouts/);
		expect(text).toMatch(/\| 30 s \| AWS SDK for Java 2\.x \| detailed \| .*langchain4j.* \(2026-11-30\) \|/);
		expect(text).toMatch(/\| 60 s \| boto3, AWS CLI \| detailed \|/);
		expect(text).toMatch(/\| 100 s \| AWS SDK for \.NET \| none \|/);
		expect(text).toMatch(/^p99 of total: concise [\d.]+s, detailed 1m 3\ds\. Of a streamed/m);
		expect(slow.readTimeouts?.map(({seconds, cuts}) => [seconds, cuts])).toEqual([
			[30, [1]],
			[60, [1]],
			[100, []],
			[600, []],
		]);
	});
});
