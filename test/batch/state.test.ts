import {mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {createBatchStore} from '../../source/batch/store.ts';
import {batchAccount, batchModel, batchPlace, callBatch, listJobs} from './batch-harness.ts';

const damages: ReadonlyArray<readonly [words: string, damage: (text: string) => string, reason: RegExp]> = [
	['cut off', (text) => text.slice(0, text.length / 2), /JSON/],
	['empty', () => '', /JSON/],
	['of zeros', (text) => '\0'.repeat(text.length), /JSON/],
	['another thing', () => '[]', /"schema" is missing/],
	['without its jobs', (text) => JSON.stringify({...JSON.parse(text), jobs: undefined}), /"jobs" is missing/],
	['with a broken job', (text) => JSON.stringify({...JSON.parse(text), jobs: [{}]}), /"jobs" is missing/],
];

/** A batch that is over, and the file of its state. */
const finished = async () => {
	const account = await batchAccount();
	const preset = account.preset(120);
	const submit = async (out: string) => callBatch(preset, ...batchModel, ...batchPlace, ...account.out(out));
	await submit('1');
	const folder = path.join(account.home, 'data/bedrock-top/batches');
	const [id = ''] = readdirSync(folder);
	return {account, folder, submit, file: path.join(folder, id, 'state.json')};
};

/** Tests source/batch/state.ts and store.ts. */

describe('a state that is damaged', () => {
	it('is named and left out, whatever happened to it', async () => {
		const {account, file} = await finished();
		const [{arn} = {arn: ''}] = await listJobs();
		const whole = readFileSync(file, 'utf8');
		for (const [words, damage, reason] of damages) {
			writeFileSync(file, damage(whole));
			const listed = await callBatch('--list');
			expect(listed, words).toMatchObject({exitCode: 0, stdout: expect.stringContaining(arn)});
			expect(listed.stdout, words).not.toContain('from here');
			expect(listed.stderr.split('\n'), words).toHaveLength(2);
			expect(listed.stderr, words).toContain(file);
			expect(listed.stderr, words).toMatch(reason);
		}
		await expect(callBatch('--watch', arn, ...account.out('2'))).rejects.toMatchObject({
			message: expect.stringContaining('was not submitted from here'),
		});
	}, 60_000);

	it('is created again by the command that began it, which finds its job again', async () => {
		const {submit, file} = await finished();
		writeFileSync(file, '{');
		const {exitCode, stderr, stdout} = await submit('2');
		expect(exitCode).toBe(0);
		expect(stderr).toContain('is damaged and ignored');
		expect(stdout).toContain('120 of 120 records answered');
		expect(await listJobs()).toHaveLength(1);
		expect((await callBatch('--list')).stderr).toBe('');
	}, 60_000);

	it('stands in the way of no other batch', async () => {
		const {account, folder, submit} = await finished();
		mkdirSync(path.join(folder, 'other'));
		writeFileSync(path.join(folder, 'other/state.json'), '{');
		writeFileSync(path.join(folder, 'a file'), '');
		const [{arn} = {arn: ''}] = await listJobs();
		const watched = await callBatch('--watch', arn, ...account.out('2'));
		expect(watched.stdout).toContain('120 of 120 records answered');
		expect(watched.stderr.match(/is damaged/g)).toHaveLength(1);
		expect((await submit('3')).exitCode).toBe(0);
	}, 60_000);
});

describe('the folder of the batches', () => {
	it.each(['data', 'data/bedrock-top', 'data/bedrock-top/batches'])(
		'is refused in a sentence where "%s" is a file',
		async (name) => {
			const account = await batchAccount();
			const file = path.join(account.home, name);
			mkdirSync(path.dirname(file), {recursive: true});
			writeFileSync(file, '');
			const refusal = {
				name: 'UserError',
				exitCode: 1,
				message: expect.stringContaining('Batches cannot be kept in'),
				hint: expect.any(String),
			};
			const submitted = callBatch(account.preset(120), ...batchModel, ...batchPlace, ...account.out('1'));
			await expect(submitted).rejects.toMatchObject(refusal);
			await expect(callBatch('--list')).rejects.toMatchObject(refusal);
		},
	);

	it('may be absent', async () => {
		const account = await batchAccount();
		expect(await createBatchStore(path.join(account.home, 'nothing/here')).all()).toEqual([]);
		expect(await callBatch('--list')).toMatchObject({exitCode: 0, stdout: '', stderr: ''});
		expect(readdirSync(account.home)).not.toContain('data');
	});
});
