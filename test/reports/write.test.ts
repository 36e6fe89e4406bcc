import {mkdir, mkdtemp, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {resultsOf} from '../../source/reports/results.ts';
import {readResults} from '../../source/reports/results-schema.ts';
import {writeReportFiles} from '../../source/reports/write.ts';
import {charts, environment, snapshot, target, variant} from '../helpers/results-fixture.ts';

let folder = '';
beforeEach(async () => {
	folder = await mkdtemp(path.join(tmpdir(), 'bedrock-top-'));
});
afterEach(async () => {
	await rm(folder, {recursive: true});
});

const results = resultsOf(snapshot(), environment);
const everything = {hasResults: true, hasSummary: true, answersFile: undefined};
const names = (files: readonly string[]) => files.map((file) => path.relative(folder, file));

describe('writeReportFiles', () => {
	it('writes everything in a fixed order and leaves nothing else', async () => {
		const files = await writeReportFiles(results, {...everything, folder, draw: async ({name}) => name});
		const wanted = ['results.json', 'summary.md', 'quota-increase.md', ...charts, 'report.html'];
		expect(names(files)).toEqual(wanted);
		expect((await readdir(folder)).sort()).toEqual(wanted.toSorted());
		expect(readResults(await readFile(path.join(folder, 'results.json'), 'utf8'), '')).toEqual(results);
	});

	it('has the results on disk before it draws', async () => {
		let seen: readonly string[] = [];
		const draw = async () => {
			seen = seen.length === 0 ? await readdir(folder) : seen;
			return '';
		};
		await writeReportFiles(results, {...everything, folder, draw});
		expect(seen).toContain('results.json');
	});

	it('a chart that cannot be drawn costs itself alone, and is named', async () => {
		const draw = async ({name}: {name: string}) => {
			if (name === 'latency') {
				throw new Error('out of ink');
			}

			return '';
		};
		await expect(writeReportFiles(results, {...everything, folder, draw})).rejects.toMatchObject({
			exitCode: 1,
			message: expect.stringMatching(/latency\.svg \(out of ink\)/),
		});
		const drawn = charts.filter((name) => name !== 'latency.svg');
		const expected = ['results.json', 'summary.md', 'quota-increase.md', ...drawn, 'report.html'];
		expect((await readdir(folder)).sort()).toEqual(expected.toSorted());
	});

	it('adds the model to the names when there are several, safe on every system and unlike each other', async () => {
		const models = ['us.amazon.nova-lite-v1:0', 'us.amazon.nova-lite-v1/0', '../../etc/passwd'];
		const several = resultsOf(
			snapshot({
				targets: models.map((model) => ({...target, model})),
				variants: models.map((_, index) => variant({target: index})),
			}),
			environment,
		);
		const files = await writeReportFiles(several, {...everything, folder, draw: async () => ''});
		expect(names(files).filter((name) => name.startsWith('latency-') && !name.includes('over-time'))).toEqual(
			[
				'latency-us.amazon.nova-lite-v1-0.svg',
				'latency-us.amazon.nova-lite-v1-0-2.svg',
				'latency-etc-passwd.svg',
			],
		);
		expect(files).toHaveLength(3 + 3 * charts.length + 1);
	});

	it('lists the answers where there are any, and moves them in from elsewhere', async () => {
		const draw = async () => '';
		await mkdir(path.join(folder, 'elsewhere'));
		const answersFile = path.join(folder, 'elsewhere', 'answers.jsonl');
		const into = path.join(folder, 'reports');
		await writeReportFiles(results, {...everything, folder: into, answersFile, draw});
		expect(await readdir(into)).not.toContain('answers.jsonl');
		await writeFile(answersFile, '{}\n');
		const files = await writeReportFiles(results, {...everything, folder: into, answersFile, draw});
		expect(names(files)[3]).toBe(path.join('reports', 'answers.jsonl'));
		expect(await readFile(path.join(into, 'answers.jsonl'), 'utf8')).toBe('{}\n');
		const there = path.join(into, 'answers.jsonl');
		expect(
			await writeReportFiles(results, {...everything, folder: into, answersFile: there, draw}),
		).toContain(there);
	});
});
