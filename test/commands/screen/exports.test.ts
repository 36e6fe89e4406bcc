import {mkdtempSync, readFileSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {createExports} from '../../../source/commands/screen.ts';
import {parseArguments} from '../../../source/config/parse-arguments.ts';
import {resolveRun} from '../../../source/config/resolve-run.ts';
import {snapshot, variant} from '../../helpers/results-fixture.ts';

/** Tests source/commands/screen.ts: what its keys write. */

const newFolder = (): string => mkdtempSync(path.join(tmpdir(), 'bedrock-top-'));

const configOf = async () =>
	resolveRun('summarize', parseArguments(['run', 'summarize']).flags, async () => '');

describe('createExports', () => {
	it('writes into the folder of the run, over what an earlier moment of it said', async () => {
		const folder = path.join(newFolder(), 'run');
		const {exportIncrease} = createExports(() => ({folder}));
		const [first = ''] = await exportIncrease(snapshot());
		writeFileSync(first, 'earlier');
		expect(await exportIncrease(snapshot())).toEqual([first]);
		expect(first).toBe(path.join(folder, 'quota-increase.md'));
		expect(readFileSync(first, 'utf8')).toContain('quota increase');
	});

	it('writes the winning request', async () => {
		const config = await configOf();
		const run = snapshot({variants: [variant({name: 'minimal'})]});
		const spec = {...run.spec, task: config.task.task};
		const {exportWinningRequest} = createExports(() => ({folder: newFolder()}));
		const [file = ''] = await exportWinningRequest({...run, spec}, config);
		const {requests, recipe} = JSON.parse(readFileSync(file, 'utf8'));
		expect(requests.map(({goal}: {goal: string}) => goal)).toContain('throughput');
		expect(requests[0].body.inferenceConfig.maxTokens).toBe(600);
		expect(recipe.variants.map(({name}: {name: string}) => name)).toContain('minimal');
	});

	it('has no winning request before a useful answer, nor from another configuration', async () => {
		const {exportWinningRequest} = createExports(() => ({folder: newFolder()}));
		const config = await configOf();
		const run = snapshot({variants: [variant({count: 0})]});
		const unlike = [{...run, spec: {...run.spec, task: config.task.task}}, snapshot()];
		for (const each of unlike) {
			await expect(exportWinningRequest(each, config)).rejects.toMatchObject({exitCode: 1});
		}
	});

	it('says what to do without a folder', async () => {
		const {exportIncrease} = createExports(() => ({folder: undefined}));
		await expect(exportIncrease(snapshot())).rejects.toMatchObject({hint: expect.stringContaining('--out')});
	});
});
