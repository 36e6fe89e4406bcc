import {existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {createExports} from '../../../source/commands/screen/exports.ts';
import {parseArguments} from '../../../source/config/parse-arguments.ts';
import {resolveRun} from '../../../source/config/resolve-run.ts';
import {snapshot, variant} from '../../helpers/results-fixture.ts';

const newFolder = (): string => mkdtempSync(path.join(tmpdir(), 'bedrock-top-'));

const configOf = async () =>
	resolveRun('summarize', parseArguments(['run', 'summarize']).flags, async () => '');

describe('createExports', () => {
	it('writes the figures for a quota increase, never over an earlier export', async () => {
		const folder = newFolder();
		mkdirSync(path.join(folder, 'export-1'));
		writeFileSync(path.join(folder, 'export-1/quota-increase.md'), 'kept');
		const {exportIncrease} = createExports(folder);
		const [first] = await exportIncrease(snapshot());
		const [second] = await exportIncrease(snapshot());
		expect([first, second]).toEqual(
			['export-2', 'export-3'].map((name) => path.join(folder, name, 'quota-increase.md')),
		);
		expect(readFileSync(first ?? '', 'utf8')).toContain('quota increase');
		expect(readFileSync(path.join(folder, 'export-1/quota-increase.md'), 'utf8')).toBe('kept');
	});

	it('writes the winning request', async () => {
		const config = await configOf();
		const run = snapshot({variants: [variant({name: 'minimal'})]});
		const spec = {...run.spec, task: config.task.task};
		const {exportWinningRequest} = createExports(newFolder());
		const [file = ''] = await exportWinningRequest({...run, spec}, config);
		const {requests, recipe} = JSON.parse(readFileSync(file, 'utf8'));
		expect(requests.map(({goal}: {goal: string}) => goal)).toContain('throughput');
		expect(requests[0].body.inferenceConfig.maxTokens).toBe(600);
		expect(recipe.variants.map(({name}: {name: string}) => name)).toContain('minimal');
	});

	it('has no winning request before a useful answer, nor from another configuration', async () => {
		const {exportWinningRequest} = createExports(newFolder());
		const config = await configOf();
		const run = snapshot({variants: [variant({count: 0})]});
		const unlike = [{...run, spec: {...run.spec, task: config.task.task}}, snapshot()];
		for (const each of unlike) {
			await expect(exportWinningRequest(each, config)).rejects.toMatchObject({exitCode: 1});
		}
	});

	it('says what to do without a folder', async () => {
		const {exportIncrease} = createExports(undefined);
		await expect(exportIncrease(snapshot())).rejects.toMatchObject({hint: expect.stringContaining('--out')});
		expect(existsSync('export-1')).toBe(false);
	});
});
