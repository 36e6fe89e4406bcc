import {describe, expect, it} from 'vitest';
import {againLines} from '../../source/batch/job-runner.ts';
import type {BatchTask} from '../../source/batch/records.ts';
import type {BatchState} from '../../source/batch/state.ts';
import {parseArguments} from '../../source/config/parse-arguments.ts';
import {resolveRun} from '../../source/config/resolve-run.ts';

/** Tests source/batch/job-runner.ts: the commands that are printed to continue with. */

const {task, variants} = await resolveRun(
	'classify',
	parseArguments(['run', 'classify']).flags,
	async () => '',
);

/** The command that is offered where two records had no answer. */
const offered = (own: number | undefined): string => {
	const state = {
		failed: [0, 1],
		source: 'classify',
		target: {model: 'amazon.nova-lite-v1:0', region: 'us-east-1'},
		maxTokens: 1000,
		subset: null,
		jobs: [{arn: 'arn:aws:bedrock:us-east-1:1:model-invocation-job/a'}],
	} as unknown as BatchState;
	const batch: BatchTask = {task, variants: variants.map((each) => ({...each, maxTokens: own}))};
	return againLines(state, batch, {minRecords: 100}, 'folder', {profile: undefined}).join('\n');
};

describe('againLines', () => {
	it('leaves max tokens to variants that have their own: typed they would be replaced', () => {
		expect(offered(10)).toContain('bedrock-top run classify');
		expect(offered(10)).not.toContain('--max-tokens');
		expect(offered(undefined)).toContain('--max-tokens 1000');
	});
});
