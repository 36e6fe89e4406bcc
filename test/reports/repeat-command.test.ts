import {describe, expect, it} from 'vitest';
import {parseArguments} from '../../source/config/parse-arguments.ts';
import {repeatCommand} from '../../source/reports/repeat-command.ts';
import {resultsOf} from '../../source/reports/results.ts';
import type {Results} from '../../source/reports/results-schema.ts';
import {environment, snapshot, target} from '../helpers/results-fixture.ts';

const run = resultsOf(snapshot(), environment);
const batch: Results = {
	...run,
	plan: {...run.plan, preset: 'high-volume', method: 'batch', load: 'saturate', maxTokens: 200, seed: 7},
};

const commandOf = (results: Results): string => repeatCommand(results) ?? '';

/** What the program makes of a command line: it refuses flags that the command has not. */
const readBack = (command: string) => {
	const [program, ...argv] = command.split(' ');
	expect(program).toBe('bedrock-top');
	return parseArguments(argv);
};

describe('the command of results that do not keep its words', () => {
	it('repeats a run with its load', () => {
		const {command, flags, words} = readBack(commandOf({...run, plan: {...run.plan, preset: 'classify'}}));
		expect([command.name, ...words]).toEqual(['run', 'classify']);
		expect(flags.text('load')).toBe(run.plan.load);
		expect(flags.text('method')).toBe(run.plan.method);
	});

	it('repeats a batch as a batch, with words in place of bucket and role', () => {
		const {command, flags, words} = readBack(commandOf(batch));
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
		const {flags} = readBack(commandOf({...batch, simulated: true}));
		expect(flags.isSet('demo')).toBe(true);
		expect(flags.text('s3')).toBeUndefined();
		expect(flags.text('role-arn')).toBeUndefined();
	});

	it('leaves max tokens to the variants that have their own, which a typed number would replace', () => {
		for (const results of [run, batch]) {
			const plan = {...results.plan, maxTokens: 1000, hasOwnMaxTokens: true};
			expect(commandOf({...results, plan})).not.toContain('--max-tokens');
			expect(commandOf({...results, plan: {...plan, hasOwnMaxTokens: false}})).toContain('--max-tokens 1000');
		}
	});

	it('quotes a task as a shell reads it', () => {
		const command = commandOf({...batch, plan: {...batch.plan, preset: null, task: "Say what's new"}});
		expect(command).toContain(String.raw`bedrock-top batch --task 'Say what'\''s new' -m `);
	});
});
