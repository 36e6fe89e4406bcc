import {readFile} from 'node:fs/promises';
import path from 'node:path';
import type {AnswerRecord} from '../../../source/engine/attempts/request-records.ts';
import {newFolder} from '../../helpers/built-program.ts';
import type {BenchCase} from '../helpers/bench-case.ts';
import {runChild} from '../helpers/child.ts';
import {milliseconds, signed} from '../helpers/format.ts';
import {openProgram, shows, withTerminal} from '../helpers/screen-program.ts';
import {environmentFor, type Server, withServer} from '../helpers/simulated.ts';
import {alternate, median, quantile} from '../helpers/statistics.ts';
import {loadFlags, plainModel, requestFlags, sixteenTokensTask} from '../helpers/workload.ts';

const mostAboveBareMs = 1;
const perSecond = 100;
/** What is compiled in the first seconds is not the cost of a request. */
const warmUpSeconds = 3;

/** p99 of what a client adds to the time that the server took; both in the order of their beginnings. */
const addedP99 = async (server: Server, timesMs: readonly number[]): Promise<number> => {
	const {log} = await server.stats();
	const serverMs = [...log]
		.sort((first, second) => first.receivedAt - second.receivedAt)
		.map(({receivedAt, endedAt}) => endedAt - receivedAt);
	if (serverMs.length !== timesMs.length) {
		throw new Error(`${timesMs.length} answers, but the server kept ${serverMs.length}.`);
	}
	const added = timesMs.map((timeMs, index) => timeMs - (serverMs[index] ?? 0));
	return quantile(added.slice(warmUpSeconds * perSecond), 0.99);
};

/** The built program with its screen on, at 120 columns. */
const ours = async (server: Server, seconds: number): Promise<number> => {
	const folder = path.join(newFolder(), 'reports');
	const durationMs = seconds * 1000;
	const flags = [
		...requestFlags({model: plainModel, task: sixteenTokensTask, maxTokens: 50}),
		...loadFlags({shape: 'rate', durationMs, ratePerMinute: perSecond * 60}),
		...['--answers', '--out', folder],
	];
	const terminal = openProgram(flags, {
		columns: 120,
		rows: 40,
		environment: environmentFor(server.url),
		patienceMs: (seconds + 30) * 1000,
	});
	await withTerminal(terminal, async () => {
		await terminal.waitFor(shows(/READY/), 'the plan');
		await server.reset();
		terminal.write('r');
		await terminal.waitFor(shows(/COMPLETED/), 'the end of the run');
		terminal.write('q');
		await terminal.exited;
	});
	const answers = (await readFile(path.join(folder, 'answers.jsonl'), 'utf8'))
		.trim()
		.split('\n')
		.map((line) => JSON.parse(line) as AnswerRecord)
		.map(({at, latencyMs}) => ({...latencyMs, intendedAt: Date.parse(at) - latencyMs.total}));
	const inOrder = answers.sort((first, second) => first.intendedAt - second.intendedAt);
	return addedP99(
		server,
		inOrder.map(({service}) => service),
	);
};

const bare = async (server: Server, seconds: number): Promise<number> => {
	await server.reset();
	const argv = ['--url', server.url, '--rate', String(perSecond), '--seconds', String(seconds)];
	return addedP99(server, await runChild<readonly number[]>('bare-rate', argv));
};

export const addedLatencyCase: BenchCase = {
	name: 'added-latency',
	group: 'engine',
	about: 'what the client adds to a latency at 100 requests a second with the screen on',
	run: async ({isQuick}) =>
		withServer({latencyMs: 20}, async (server) => {
			const seconds = warmUpSeconds + (isQuick ? 6 : 20);
			const pairs = await alternate(
				5,
				async () => ours(server, seconds),
				async () => bare(server, seconds),
			);
			const differenceMs = median(pairs.first.map((value, pair) => value - (pairs.second[pair] ?? 0)));
			return [
				{
					name: `p99 of our latency less the server's, ${perSecond} a second, screen on`,
					ours: milliseconds(median(pairs.first), 2),
					comparison: `bare SDK, no screen ${milliseconds(median(pairs.second), 2)}`,
					relation: signed(milliseconds(differenceMs, 2), differenceMs),
					bound: `<= +${milliseconds(mostAboveBareMs)}`,
					isMet: differenceMs <= mostAboveBareMs,
					figures: {oursMs: median(pairs.first), bareMs: median(pairs.second), differenceMs},
				},
			];
		}),
};
