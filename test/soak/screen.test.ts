import {readdirSync, rmSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import {describe, expect, it} from 'vitest';
import {isBuilt, newFolder, plainEnvironment, program} from '../helpers/built-program.ts';
import {openPseudoTerminal} from '../helpers/pseudo-terminal.ts';

/*
 * The screen for an hour under load (`npm run soak`): its heap after a forced collection and its descriptors stay as they
 * are. Linux only. BEDROCK_TOP_SOAK_MINUTES makes it shorter.
 */

const minutes = Number(process.env.BEDROCK_TOP_SOAK_MINUTES ?? 60);
const mostGrowthBytes = 5e6;

const median = (values: readonly number[]): number =>
	values.toSorted((first, second) => first - second)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Speaks to the inspector of a process, which collects the heap of its main thread and measures it. */
const openInspector = async (url: string) => {
	const socket = new WebSocket(url);
	const answers = new Map<number, (result: Record<string, number>) => void>();
	socket.addEventListener('message', ({data}) => {
		const {id, result} = JSON.parse(String(data)) as {id?: number; result?: Record<string, number>};
		if (id !== undefined) {
			answers.get(id)?.(result ?? {});
			answers.delete(id);
		}
	});
	await new Promise((resolve, reject) => {
		socket.addEventListener('open', resolve, {once: true});
		socket.addEventListener('error', reject, {once: true});
	});
	let calls = 0;
	const call = async (method: string): Promise<Record<string, number>> => {
		const id = ++calls;
		const answer = new Promise<Record<string, number>>((resolve) => {
			answers.set(id, resolve);
		});
		socket.send(JSON.stringify({id, method}));
		return answer;
	};
	return {
		async heapBytes(): Promise<number> {
			await call('HeapProfiler.collectGarbage');
			const {usedSize = Number.NaN} = await call('Runtime.getHeapUsage');
			return usedSize;
		},
		close: () => socket.close(),
	};
};

const descriptorsOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

/** Values between two parts of the whole time. */
const between = (values: readonly number[], from: number, to: number): readonly number[] =>
	values.slice(Math.floor(values.length * from), Math.ceil(values.length * to));

const isAsked = process.env.BEDROCK_TOP_SOAK !== undefined && process.platform === 'linux' && isBuilt;

describe.runIf(isAsked)('the screen under load', () => {
	it(
		`keeps its memory and its descriptors for ${minutes} minutes`,
		async () => {
			const cwd = newFolder();
			const terminal = openPseudoTerminal(
				process.execPath,
				[
					program,
					'summarize',
					'--demo',
					'--load',
					'concurrency',
					'--concurrency',
					'8',
					'--duration',
					`${minutes + 5}m`,
					'--rpm',
					'6000',
					'--tpm',
					'10000000',
				],
				{cwd, environment: {...plainEnvironment(), NODE_OPTIONS: '--inspect=127.0.0.1:0'}},
			);
			const url = (): string | undefined => /ws:\/\/127\.0\.0\.1:\d+\/[\w-]+/.exec(terminal.raw())?.[0];
			await terminal.waitFor(() => url() !== undefined, 'its inspector');
			await terminal.waitFor((lines) => lines.some((line) => line.includes('RUNNING')), 'the run');
			const inspector = await openInspector(url() ?? '');
			const heaps: number[] = [];
			const descriptors: number[] = [];
			const end = Date.now() + minutes * 60_000;
			while (Date.now() < end) {
				await sleep((minutes * 60_000) / 60);
				heaps.push(await inspector.heapBytes());
				descriptors.push(descriptorsOf(terminal.pid));
			}
			inspector.close();
			terminal.write('q');
			await sleep(500);
			terminal.write('q');
			await terminal.exited;
			rmSync(cwd, {recursive: true, force: true});
			const growth = median(between(heaps, 5 / 6, 1)) - median(between(heaps, 1 / 3, 1 / 2));
			expect(growth).toBeLessThan(mostGrowthBytes);
			expect(median(between(descriptors, 5 / 6, 1))).toBeLessThanOrEqual(
				Math.max(...between(descriptors, 1 / 3, 1 / 2)),
			);
		},
		(minutes + 10) * 60_000,
	);
});
