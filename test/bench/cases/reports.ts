import {mkdtemp, rm, stat} from 'node:fs/promises';
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

const mostMs = 1000;
const variants = 8;
const seconds = 3600;

const run = snapshot({
	variants: Array.from({length: variants}, (_unused, index) =>
		variant({name: `variant ${index + 1}`, output: 60 + 40 * index, isMeasured: true}),
	),
	seconds,
	intervalSeconds: 8,
});

const results = resultsOf(run, environment);

/** Writes all reports in the built thread, from its start to its answer. */
const write = async (
	folder: string,
): Promise<{readonly elapsedMs: number; readonly files: readonly string[]}> => {
	const request: ReportRequest = {type: 'write', results, folder, answersFile: undefined};
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
	about: 'all charts of 8 variants and an hour of timeline, in the built thread',
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
			const sizes = await Promise.all(charts.map(async (file) => (await stat(file)).size));
			const value = median(timesMs);
			return [
				{
					name: `${charts.length} SVGs, ${variants} variants, an hour of timeline`,
					ours: milliseconds(value),
					comparison: `largest ${count(Math.max(...sizes) / 1000)} kB`,
					relation: '',
					bound: `<= ${milliseconds(mostMs)}, 5 charts`,
					isMet: value <= mostMs && charts.length === 5,
					figures: {valueMs: value, charts: charts.length, largestBytes: Math.max(...sizes)},
				},
			];
		} finally {
			await rm(root, {recursive: true, force: true});
		}
	},
};
