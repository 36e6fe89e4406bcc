import {execFile} from 'node:child_process';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {promisify} from 'node:util';
import {build} from 'esbuild';
import {bundleOptions, shortcuts} from '../../../source/build/bundle-options.ts';
import type {BenchCase} from '../helpers/bench-case.ts';
import {count, megabytes, milliseconds, signed} from '../helpers/format.ts';
import {quantile} from '../helpers/statistics.ts';

const mostMs = 16;
const mostBytes = 4000;
const mostGrowthBytes = 5e6;
/** The engine reports at most four times a second. */
const reportsPerHour = 4 * 3600;

const root = path.resolve(import.meta.dirname, '../../..');
const run = promisify(execFile);

type Printed = {
	readonly updates: ReadonlyArray<readonly [ms: number, bytes: number]>;
	readonly heaps: readonly [number, number];
};

/** The child holds JSX, which Node does not read: it is bundled like the program. */
const measure = async (timedUpdates: number, marks: readonly number[]): Promise<Printed> => {
	const folder = await mkdtemp(path.join(tmpdir(), 'bedrock-top-bench-'));
	try {
		await build({
			...bundleOptions,
			plugins: shortcuts,
			absWorkingDir: root,
			entryPoints: [path.join(root, 'test/bench/children/screen-updates.ts')],
			outdir: folder,
			outExtension: {'.js': '.mjs'},
		});
		const script = path.join(folder, 'screen-updates.mjs');
		const argv = ['--expose-gc', script, String(timedUpdates), ...marks.map(String)];
		const {stdout} = await run(process.execPath, argv, {maxBuffer: 100_000_000});
		return JSON.parse(stdout) as Printed;
	} finally {
		await rm(folder, {recursive: true, force: true});
	}
};

export const screenUpdatesCase: BenchCase = {
	name: 'screen-updates',
	group: 'screen',
	about: 'time and bytes of a steady update at 120x40, and the heap after a day of them',
	async run({isQuick}) {
		const lateHours = isQuick ? 4 : 24;
		const {updates, heaps} = await measure(isQuick ? 40 : 120, [reportsPerHour, lateHours * reportsPerHour]);
		const p99Ms = quantile(
			updates.map(([ms]) => ms),
			0.99,
		);
		const p95Bytes = quantile(
			updates.map(([, bytes]) => bytes),
			0.95,
		);
		const [early, late] = heaps;
		const growth = late - early;
		return [
			{
				name: `steady update at 120x40, p99 of ${updates.length}`,
				ours: milliseconds(p99Ms, 1),
				comparison: '',
				relation: '',
				bound: `< ${milliseconds(mostMs)}`,
				isMet: p99Ms < mostMs,
				figures: {p99Ms},
			},
			{
				name: `bytes of a steady update, p95 of ${updates.length}`,
				ours: count(p95Bytes),
				comparison: '',
				relation: '',
				bound: `< ${count(mostBytes)}`,
				isMet: p95Bytes < mostBytes,
				figures: {p95Bytes},
			},
			{
				name: `heap of the screen after ${lateHours} h of reports, at speed`,
				ours: megabytes(late),
				comparison: `after 1 h: ${megabytes(early)}`,
				relation: signed(megabytes(growth), growth),
				bound: `<= +${megabytes(mostGrowthBytes)}`,
				isMet: growth <= mostGrowthBytes,
				figures: {early, late, growth},
			},
		];
	},
};
