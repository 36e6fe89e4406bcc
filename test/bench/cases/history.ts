import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {pathToFileURL} from 'node:url';
import {Worker} from 'node:worker_threads';
import {resultsOf, writeResults} from '../../../source/reports/results.ts';
import type {HistoryRequest, ReportReport} from '../../../source/threads/messages.ts';
import {program} from '../../helpers/built-program.ts';
import {environment, snapshot} from '../../helpers/results-fixture.ts';
import type {BenchCase} from '../helpers/bench-case.ts';
import {milliseconds} from '../helpers/format.ts';
import {median} from '../helpers/statistics.ts';

const runs = 1000;
/** Until the list of earlier runs is on the screen, in milliseconds. */
const mostMs = 300;

/** Lists a folder in the built thread, from its start to its answer. */
const list = async (folder: string): Promise<number> => {
	const request: HistoryRequest = {type: 'list-runs', folder, underWay: undefined};
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
	if (report.type !== 'runs-listed' || report.runs.length !== runs) {
		throw new Error(`${report.type} is not a list of ${runs} runs`);
	}
	return elapsedMs;
};

export const historyCase: BenchCase = {
	name: 'history',
	group: 'reports',
	about: 'a thousand kept runs, listed from their index in the built thread, its start included',
	async run({isQuick}) {
		const root = await mkdtemp(path.join(tmpdir(), 'bedrock-top-bench-'));
		try {
			const results = resultsOf(snapshot(), environment);
			for (let run = 0; run < runs; run++) {
				await writeResults(path.join(root, `run-${run}`), results);
			}
			const scanMs = await list(root);
			const timesMs: number[] = [];
			for (let round = 0; round < (isQuick ? 5 : 11); round++) {
				timesMs.push(await list(root));
			}
			const value = median(timesMs);
			return [
				{
					name: `${runs} runs from their index`,
					ours: milliseconds(value),
					comparison: `without an index ${milliseconds(scanMs)}`,
					relation: '',
					bound: `<= ${milliseconds(mostMs)}`,
					isMet: value <= mostMs,
					figures: {valueMs: value, scanMs},
				},
			];
		} finally {
			await rm(root, {recursive: true, force: true});
		}
	},
};
