import {spawn} from 'node:child_process';
import path from 'node:path';
import {createInterface} from 'node:readline';
import {newFolder, plainEnvironment, runProgram} from '../../helpers/built-program.ts';
import {ceilingAccuracy} from '../../helpers/throttled-account.ts';
import type {BenchCase} from '../helpers/bench-case.ts';
import {runBundledChild} from '../helpers/bundled-child.ts';
import {runChild} from '../helpers/child.ts';
import {count, megabytes, milliseconds, seconds, signed} from '../helpers/format.ts';
import {median} from '../helpers/statistics.ts';

const mostTableMs = 3000;
const mostDataCalls = 16;
const mostRefreshMs = 100;
const mostGrowthBytes = 5e6;
const modelIds = 500;

const childOf = (name: string): string => path.resolve(import.meta.dirname, `../children/${name}.ts`);

type FirstTable = {
	readonly elapsedMs: number;
	readonly cpuMs: number;
	readonly models: number;
	readonly isComplete: boolean;
};

/** The first look against a simulated account in another process, and what it was asked for. */
const firstTable = async (): Promise<FirstTable & {readonly dataCalls: number}> => {
	const server = spawn(process.execPath, [childOf('metrics-server'), String(modelIds)], {
		stdio: ['pipe', 'pipe', 'inherit'],
	});
	try {
		const url = await new Promise<string>((resolve, reject) => {
			createInterface({input: server.stdout}).once('line', resolve);
			server.once('exit', () => reject(new Error('The server ended before it was ready.')));
		});
		const table = await runBundledChild<FirstTable>('account-table', [], {
			...plainEnvironment(),
			HOME: newFolder(),
			AWS_ENDPOINT_URL: url,
			AWS_ACCESS_KEY_ID: 'simulated',
			AWS_SECRET_ACCESS_KEY: 'simulated',
		});
		const operations = (await (await fetch(`${url}/__operations`)).json()) as Record<string, number>;
		const [dataCalls = 0] = Object.entries(operations).flatMap(([name, calls]) =>
			name.endsWith('GetMetricData') ? [calls] : [],
		);
		return {...table, dataCalls};
	} finally {
		server.stdin.end();
	}
};

const mostPastMs = 10_000;
const mostPastCalls = 60;
const pastModels = 50;

/** Two weeks of a simulated account in another process, read by the built program; and the same once more. */
const pastReports = async (): Promise<{
	readonly firstMs: number;
	readonly againMs: number;
	readonly calls: number;
	readonly againCalls: number;
}> => {
	const server = spawn(process.execPath, [childOf('metrics-server'), String(pastModels)], {
		stdio: ['pipe', 'pipe', 'inherit'],
	});
	try {
		const url = await new Promise<string>((resolve, reject) => {
			createInterface({input: server.stdout}).once('line', resolve);
			server.once('exit', () => reject(new Error('The server ended before it was ready.')));
		});
		const environment = {
			HOME: newFolder(),
			AWS_ENDPOINT_URL: url,
			AWS_REGION: 'us-east-1',
			AWS_ACCESS_KEY_ID: 'simulated',
			AWS_SECRET_ACCESS_KEY: 'simulated',
		};
		const callsSoFar = async (): Promise<number> => {
			const operations = (await (await fetch(`${url}/__operations`)).json()) as Record<string, number>;
			return Object.entries(operations).reduce(
				(sum, [name, calls]) => sum + (name.endsWith('GetMetricData') ? calls : 0),
				0,
			);
		};
		const read = async (): Promise<number> => {
			const startedAt = performance.now();
			const {code, stderr} = await runProgram(['watch', '--since', '14d', '--json'], {environment});
			if (code !== 0) {
				throw new Error(stderr);
			}
			return performance.now() - startedAt;
		};
		const firstMs = await read();
		const calls = await callsSoFar();
		const againMs = await read();
		return {firstMs, againMs, calls, againCalls: (await callsSoFar()) - calls};
	} finally {
		server.stdin.end();
	}
};

export const accountCase: BenchCase = {
	name: 'account',
	group: 'account',
	about:
		'the account monitor: first table of 500 ModelIds, its calls, a refresh, the heap after a day; two weeks of 50 ModelIds',
	async run({isQuick}) {
		const tries = [];
		for (let each = 0; each < (isQuick ? 1 : 3); each++) {
			tries.push(await firstTable());
		}
		const elapsedMs = median(tries.map((each) => each.elapsedMs));
		const cpuMs = median(tries.map((each) => each.cpuMs));
		const dataCalls = Math.max(...tries.map((each) => each.dataCalls));
		const isFull = tries.every(({models, isComplete}) => models === modelIds && isComplete);
		const {cpuMs: refreshes} = await runBundledChild<{cpuMs: number[]}>('account-updates', [
			isQuick ? '8' : '25',
		]);
		const refreshMs = median(refreshes);
		const early = 300;
		const late = early + (isQuick ? 360 : 1440);
		const {heaps} = await runChild<{heaps: [number, number]}>(
			'account-day',
			[String(early), String(late)],
			['--expose-gc'],
		);
		const growth = heaps[1] - heaps[0];
		const past = await pastReports();
		const sets = Array.from({length: isQuick ? 2 : 10}, (_, set) => ceilingAccuracy(10_000 * set + 1, 200));
		const least = (of: keyof (typeof sets)[number]): number => Math.min(...sets.map((set) => set[of]));
		return [
			{
				name: 'measured limit within 10 % of what is enforced, least of the sets',
				ours: `${(100 * least('near')).toFixed(1)} %`,
				comparison: `${sets.length} sets of 200 accounts, stated for ${(100 * least('stated')).toFixed(0)} % and more`,
				relation: '',
				bound: '>= 95 %',
				isMet: least('near') >= 0.95,
				figures: {near: least('near'), covered: least('covered'), stated: least('stated')},
			},
			{
				name: `first full table of ${modelIds} ModelIds over 3 hours`,
				ours: isFull ? seconds(elapsedMs) : 'not full',
				comparison: `processor: ${seconds(cpuMs)}`,
				relation: '',
				bound: `< ${seconds(mostTableMs)}`,
				isMet: isFull && elapsedMs < mostTableMs,
				figures: {elapsedMs, cpuMs},
			},
			{
				name: 'calls of GetMetricData for it',
				ours: count(dataCalls),
				comparison: '',
				relation: '',
				bound: `<= ${mostDataCalls}`,
				isMet: dataCalls <= mostDataCalls,
				figures: {dataCalls},
			},
			{
				name: 'processor time of a refresh at 120x40',
				ours: milliseconds(refreshMs, 1),
				comparison: `most: ${milliseconds(Math.max(...refreshes), 1)}`,
				relation: '',
				bound: `< ${milliseconds(mostRefreshMs)}`,
				isMet: refreshMs < mostRefreshMs,
				figures: {refreshMs, mostMs: Math.max(...refreshes)},
			},
			{
				name: `heap of the monitor after ${count((late - early) / 60)} more hours, at speed`,
				ours: megabytes(heaps[1]),
				comparison: `before: ${megabytes(heaps[0])}`,
				relation: signed(megabytes(growth), growth),
				bound: `<= +${megabytes(mostGrowthBytes)}`,
				isMet: growth <= mostGrowthBytes,
				figures: {early: heaps[0], late: heaps[1], growth},
			},
			{
				name: `watch --since 14d of ${pastModels} ModelIds`,
				ours: seconds(past.firstMs),
				comparison: `once more: ${seconds(past.againMs)}`,
				relation: '',
				bound: `< ${seconds(mostPastMs)}`,
				isMet: past.firstMs < mostPastMs,
				figures: {firstMs: past.firstMs, againMs: past.againMs},
			},
			{
				name: 'calls of GetMetricData for it',
				ours: count(past.calls),
				comparison: `once more: ${count(past.againCalls)}`,
				relation: '',
				bound: `<= ${mostPastCalls}`,
				isMet: past.calls <= mostPastCalls,
				figures: {calls: past.calls, againCalls: past.againCalls},
			},
		];
	},
};
