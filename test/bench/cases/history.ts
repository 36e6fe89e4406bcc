import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {resultsOf} from '../../../source/reports/results.ts';
import {writeResults} from '../../../source/reports/results-json.ts';
import {createHistory} from '../../../source/threads/reports-handle.ts';
import {environment, snapshot} from '../../helpers/results-fixture.ts';
import type {BenchCase} from '../helpers/bench-case.ts';
import {milliseconds} from '../helpers/format.ts';
import {median} from '../helpers/statistics.ts';

const runs = 1000;
/** Until the list of earlier runs is on the screen, in milliseconds. */
const mostMs = 300;

export const historyCase: BenchCase = {
	name: 'history',
	group: 'reports',
	about: 'a thousand kept runs, listed from their index in the reports thread, its start included',
	async run({isQuick}) {
		const root = await mkdtemp(path.join(tmpdir(), 'bedrock-top-bench-'));
		try {
			const results = resultsOf(snapshot(), environment);
			for (let run = 0; run < runs; run++) {
				await writeResults(path.join(root, `run-${run}`), results);
			}
			const {list} = createHistory(root);
			const startedAt = performance.now();
			await list();
			const scanMs = performance.now() - startedAt;
			const timesMs: number[] = [];
			for (let round = 0; round < (isQuick ? 5 : 11); round++) {
				const before = performance.now();
				await list();
				timesMs.push(performance.now() - before);
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
