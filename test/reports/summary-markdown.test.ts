import {describe, expect, it} from 'vitest';
import {parseArguments} from '../../source/config/parse-arguments.ts';
import {resultsOf} from '../../source/reports/results.ts';
import type {Results} from '../../source/reports/results-schema.ts';
import {repeatCommand, summaryMarkdown} from '../../source/reports/summary-markdown.ts';
import {environment, snapshot, target, variant} from '../helpers/results-fixture.ts';

const run = resultsOf(snapshot(), environment);
const batch: Results = {
	...run,
	plan: {...run.plan, preset: 'high-volume', method: 'batch', load: 'saturate', maxTokens: 200, seed: 7},
};

/** What the program makes of a command line: it refuses flags that the command has not. */
const readBack = (command: string) => {
	const [program, ...argv] = command.split(' ');
	expect(program).toBe('bedrock-top');
	return parseArguments(argv);
};

describe('repeatCommand', () => {
	it('repeats a run with its load', () => {
		const {command, flags, words} = readBack(
			repeatCommand({...run, plan: {...run.plan, preset: 'classify'}}),
		);
		expect([command.name, ...words]).toEqual(['run', 'classify']);
		expect(flags.text('load')).toBe(run.plan.load);
		expect(flags.text('method')).toBe(run.plan.method);
	});

	it('repeats a batch as a batch, with words in place of bucket and role', () => {
		const {command, flags, words} = readBack(repeatCommand(batch));
		expect([command.name, ...words]).toEqual(['batch', 'high-volume']);
		expect(flags.texts('model')).toEqual([target.model]);
		expect(flags.text('region')).toBe(target.region);
		expect(flags.text('s3')).toBe('s3://YOUR-BUCKET/YOUR-PREFIX');
		expect(flags.text('role-arn')).toBe('arn:aws:iam::YOUR-ACCOUNT:role/YOUR-ROLE');
		expect(flags.text('max-tokens')).toBe('200');
		expect(flags.text('seed')).toBe('7');
		expect(flags.text('method')).toBeUndefined();
		expect(flags.text('load')).toBeUndefined();
	});

	it('repeats a batch of the demo, which has bucket and role of its own', () => {
		const {flags} = readBack(repeatCommand({...batch, simulated: true}));
		expect(flags.isSet('demo')).toBe(true);
		expect(flags.text('s3')).toBeUndefined();
		expect(flags.text('role-arn')).toBeUndefined();
	});

	it('leaves max tokens to the variants that have their own, which a typed number would replace', () => {
		for (const results of [run, batch]) {
			const plan = {...results.plan, maxTokens: 1000, hasOwnMaxTokens: true};
			expect(repeatCommand({...results, plan})).not.toContain('--max-tokens');
			expect(repeatCommand({...results, plan: {...plan, hasOwnMaxTokens: false}})).toContain(
				'--max-tokens 1000',
			);
		}
	});

	it('quotes a task as a shell reads it', () => {
		const command = repeatCommand({...batch, plan: {...batch.plan, preset: null, task: "Say what's new"}});
		expect(command).toContain(String.raw`bedrock-top batch --task 'Say what'\''s new' -m `);
	});
});

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
