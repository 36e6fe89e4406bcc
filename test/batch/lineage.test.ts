import {readFileSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {type BatchState, findUnanswered, lineageKey} from '../../source/batch/state.ts';
import {batchAccount, batchModel, batchPlace, callBatch, listJobs} from './batch-harness.ts';

/** Tests source/batch/state.ts: what is still without an answer. */

const stateOf = (
	id: string,
	startedAtMs: number,
	more: Partial<BatchState> & Pick<BatchState, 'failed'>,
): BatchState =>
	({
		id,
		key: id,
		startedAtMs,
		results: 'results.json',
		subset: null,
		jobs: [],
		...more,
	}) as unknown as BatchState;

describe('findUnanswered', () => {
	const first = stateOf('first', 1, {failed: [7, 3, 5]});
	const second = stateOf('second', 2, {before: 'first', subset: [3, 5, 7], failed: [5]});

	it('leaves out what was answered since, however far the line goes', () => {
		expect(findUnanswered(first, [first])).toMatchObject({last: first, failed: [3, 5, 7]});
		expect(findUnanswered(first, [second, first])).toMatchObject({last: second, failed: [5]});
		const third = stateOf('third', 3, {before: 'second', subset: [5], failed: []});
		const all = [third, second, first];
		for (const before of [first, second, third]) {
			expect(findUnanswered(before, all)).toMatchObject({last: third, failed: [], begun: undefined});
		}
	});

	it('finds the one that is not over, whose answers nobody knows yet', () => {
		const third = stateOf('third', 3, {before: 'second', subset: [5], failed: [], results: null});
		expect(findUnanswered(first, [third, second, first])).toMatchObject({begun: third, failed: [5]});
	});

	it('knows a state of an earlier version by its key, two of the same too', () => {
		const key = lineageKey({last: first, failed: first.failed});
		const olds = [4, 5].map((at) =>
			stateOf(`old-${at}`, at, {key, subset: first.failed, failed: at === 4 ? [3, 7] : [3]}),
		);
		expect(findUnanswered(first, [...olds, first])).toMatchObject({last: olds[1], failed: [3]});
	});
});

const answersIn = (folder: string): number =>
	readFileSync(path.join(folder, 'answers.jsonl'), 'utf8').split('\n').filter(Boolean).length;

describe('batch --resubmit, again and again', () => {
	it('asks nothing twice, and says when nothing is left', async () => {
		const account = await batchAccount({endsAs: 'PartiallyCompleted', endsAfterRecords: 150});
		const first = await callBatch(account.preset(400), ...batchModel, ...batchPlace, ...account.out('1'));
		const arn = /batch --resubmit (\S+)/.exec(first.stdout)?.[1] ?? '';
		expect(answersIn(path.join(account.home, '1'))).toBe(150);

		const second = await callBatch('--resubmit', arn, '--yes', ...account.out('2'));
		expect(second.stderr).toContain('250 of 400 records had no answer');
		expect(answersIn(path.join(account.home, '2'))).toBe(150);

		delete account.script.endsAs;
		const third = await callBatch('--resubmit', arn, '--yes', ...account.out('3'));
		expect(third.stderr).toContain('100 of 400 records still have no answer');
		expect(answersIn(path.join(account.home, '3'))).toBe(100);

		const fourth = await callBatch('--resubmit', arn, '--yes', ...account.out('4'));
		expect(fourth).toMatchObject({exitCode: 0, stdout: ''});
		expect(fourth.stderr).toContain('there is nothing to submit again');
		const {stdout} = await callBatch('--resubmit', arn, '--yes', '--json');
		expect(JSON.parse(stdout)).toMatchObject({jobArn: null, records: {total: 0}, results: null});
		expect(await listJobs()).toHaveLength(3);
	}, 60_000);

	it('says how the rest is asked where it is too little for a job', async () => {
		const account = await batchAccount({endsAs: 'PartiallyCompleted', endsAfterRecords: 150});
		await callBatch(account.preset(300), ...batchModel, ...batchPlace, ...account.out('1'));
		const [{arn} = {arn: ''}] = await listJobs();
		account.script.endsAfterRecords = 70;
		await callBatch('--resubmit', arn, '--yes', ...account.out('2'));
		await expect(callBatch('--resubmit', arn, '--yes', ...account.out('3'))).rejects.toMatchObject({
			exitCode: 2,
			message: '80 records have no answer, and a batch job needs at least 100.',
			hint: expect.stringContaining(path.join(account.home, '2/failed.jsonl')),
		});
		expect(await listJobs()).toHaveLength(2);
	}, 60_000);

	it('prints the command that asks on demand what one batch left', async () => {
		const account = await batchAccount({endsAs: 'PartiallyCompleted', endsAfterRecords: 110});
		await callBatch(account.preset(150), ...batchModel, ...batchPlace, ...account.out('1'));
		const [{arn} = {arn: ''}] = await listJobs();
		await expect(callBatch('--resubmit', arn, '--yes', ...account.out('2'))).rejects.toMatchObject({
			message: '40 records have no answer, and a batch job needs at least 100.',
			hint: expect.stringMatching(/bedrock-top run .* --resume \S+\/1 /),
		});
	}, 60_000);

	it('gives every job a name of its own, when the same command begins anew too', async () => {
		const account = await batchAccount();
		const preset = account.preset(120);
		for (const out of ['1', '2']) {
			await callBatch(preset, ...batchModel, ...batchPlace, ...account.out(out));
		}
		const names = (await listJobs()).map(({name}) => name);
		expect(new Set(names).size).toBe(2);
	}, 60_000);
});
