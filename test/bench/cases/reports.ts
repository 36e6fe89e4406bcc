import {mkdir, mkdtemp, rm, stat, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {pathToFileURL} from 'node:url';
import {Worker} from 'node:worker_threads';
import {resultsOf} from '../../../source/reports/results.ts';
import type {ReportReport, ReportRequest} from '../../../source/threads/messages.ts';
import {program} from '../../helpers/built-program.ts';
import {environment, snapshot, variant} from '../../helpers/results-fixture.ts';
import type {BenchCase} from '../helpers/bench-case.ts';
import {count, milliseconds} from '../helpers/format.ts';
import {median} from '../helpers/statistics.ts';

const mostMs = 1500;
const variants = 8;
const items = 1000;
const seconds = 3600;

const run = snapshot({
	variants: Array.from({length: variants}, (_unused, index) =>
		variant({name: `variant ${index + 1}`, output: 60 + 40 * index, isMeasured: true}),
	),
	seconds,
	intervalSeconds: 8,
});

const results = resultsOf(run, environment);

/** The answers of each variant to each item, a fifth of them wrong. */
const answers = Array.from({length: items}, (_unused, item) =>
	results.variants.map(({name}, index) => {
		const hasFailed = (item + index) % 5 === 0;
		const text = `Ticket ${item}: the export of last month stopped after half of the rows, and the button is grey since.`;
		const answer = hasFailed ? 'I think that this is about billing, because rows are missing.' : 'technical';
		const failed = {check: 'expected', why: 'wanted "technical"'};
		const verdict = {
			item,
			text,
			expected: 'technical',
			kind: hasFailed ? 'check-failed' : 'useful',
			answer,
			...(hasFailed ? {failed} : {}),
		};
		const line = {run: 'bench', variant: name, model: results.targets[0]?.model, answer, verdicts: [verdict]};
		return `${JSON.stringify(line)}\n`;
	}),
)
	.flat()
	.join('');

/** Writes all reports in the built thread, from its start to its answer. */
const write = async (
	folder: string,
): Promise<{readonly elapsedMs: number; readonly files: readonly string[]}> => {
	await mkdir(folder, {recursive: true});
	const answersFile = path.join(folder, 'answers.jsonl');
	await writeFile(answersFile, answers);
	const request: ReportRequest = {type: 'write', results, folder, answersFile};
	const startedAt = performance.now();
	const worker = new Worker(pathToFileURL(path.join(path.dirname(program), 'reports-worker.js')), {
		workerData: request,
	});
	const report = await new Promise<ReportReport>((resolve, reject) => {
		worker.once('message', resolve);
		worker.once('error', reject);
	});
	const elapsedMs = performance.now() - startedAt;
	await worker.terminate();
	if (report.type !== 'written') {
		throw new Error(report.type === 'failed' ? report.fault.message : report.type);
	}
	return {elapsedMs, files: report.files};
};

export const reportsCase: BenchCase = {
	name: 'reports',
	group: 'reports',
	about: 'all reports of 8 variants, 1,000 items and an hour of timeline, in the built thread',
	async run({isQuick}) {
		const root = await mkdtemp(path.join(tmpdir(), 'bedrock-top-bench-'));
		try {
			const timesMs: number[] = [];
			let files: readonly string[] = [];
			for (let round = 0; round < (isQuick ? 5 : 11); round++) {
				const written = await write(path.join(root, String(round)));
				timesMs.push(written.elapsedMs);
				files = written.files;
			}
			const charts = files.filter((file) => file.endsWith('.svg'));
			const page = files.find((file) => file.endsWith('report.html')) ?? '';
			const pageBytes = (await stat(page)).size;
			const sizes = await Promise.all(charts.map(async (file) => (await stat(file)).size));
			const value = median(timesMs);
			return [
				{
					name: `report.html, ${charts.length} SVGs, ${variants} variants, ${count(items)} items`,
					ours: milliseconds(value),
					comparison: `page ${count(pageBytes / 1000)} kB, largest SVG ${count(Math.max(...sizes) / 1000)} kB`,
					relation: '',
					bound: `<= ${milliseconds(mostMs)}, page <= 1 MB, 7 charts`,
					isMet: value <= mostMs && pageBytes <= 1_000_000 && charts.length === 7,
					figures: {valueMs: value, charts: charts.length, largestBytes: Math.max(...sizes), pageBytes},
				},
			];
		} finally {
			await rm(root, {recursive: true, force: true});
		}
	},
};
