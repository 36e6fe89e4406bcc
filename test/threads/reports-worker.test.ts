import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {environmentOf} from '../../source/reports/environment.ts';
import {resultsOf} from '../../source/reports/results.ts';
import {readResults} from '../../source/reports/results-schema.ts';
import {writeReports} from '../../source/threads/reports-handle.ts';
import {parseXml} from '../helpers/parse-xml.ts';
import {charts, twoVariants as run} from '../helpers/results-fixture.ts';

/** Tests source/threads/reports-worker.ts and source/commands/report-compare.ts. */

let root = '';
beforeEach(async () => {
	root = await mkdtemp(path.join(tmpdir(), 'bedrock-top-'));
});
afterEach(async () => {
	await rm(root, {recursive: true});
});

const namesOf = (files: readonly string[]) => files.map((file) => path.basename(file));

describe('writeReports', () => {
	it('writes results, summary and charts in its own thread', async () => {
		const folder = path.join(root, 'a', 'b');
		const files = await writeReports({
			type: 'write',
			results: resultsOf(run, environmentOf()),
			folder,
			answersFile: undefined,
		});
		expect(namesOf(files)).toEqual(['results.json', 'summary.md', ...charts, 'report.html']);
		for (const file of files.filter((name) => name.endsWith('.svg'))) {
			expect(parseXml(await readFile(file, 'utf8')).name).toBe('svg');
		}

		const results = readResults(await readFile(files[0] ?? '', 'utf8'), 'results.json');
		expect(results.environment.node).toBe(process.version);
		expect(results.tool.version).toMatch(/^\d+\.\d+\.\d+/);
	});

	it('an export while the run goes on has pictures alone', async () => {
		const going = {...run, phase: 'running' as const, outcome: null, endedAt: null};
		const files = await writeReports({
			type: 'write',
			results: resultsOf(going, environmentOf()),
			folder: root,
			answersFile: undefined,
			isExport: true,
		});
		expect(namesOf(files)).toEqual(charts);
	});

	it('what cannot be written is a fault in words', async () => {
		await writeFile(path.join(root, 'file'), '');
		const folder = path.join(root, 'file', 'reports');
		await expect(
			writeReports({type: 'write', results: resultsOf(run, environmentOf()), folder, answersFile: undefined}),
		).rejects.toMatchObject({name: 'UserError', exitCode: 1, message: expect.stringContaining('file')});
	});
});
