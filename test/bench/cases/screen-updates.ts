import type {BenchCase} from '../helpers/bench-case.ts';
import {runBundledChild} from '../helpers/bundled-child.ts';
import {count, megabytes, milliseconds, signed} from '../helpers/format.ts';
import {quantile} from '../helpers/statistics.ts';

/** On a processor: what else the machine does is not the screen's cost. */
const mostMs = 12;
const mostBytes = 4000;
const mostGrowthBytes = 5e6;
/** The engine reports at most four times a second. */
const reportsPerHour = 4 * 3600;

type Printed = {
	readonly updates: ReadonlyArray<readonly [ms: number, cpuMs: number, bytes: number]>;
	readonly heaps: readonly [number, number];
};

export const screenUpdatesCase: BenchCase = {
	name: 'screen-updates',
	group: 'screen',
	about: 'time and bytes of a steady update at 120x40, and the heap after a day of them',
	async run({isQuick}) {
		const lateHours = isQuick ? 4 : 24;
		const {updates, heaps} = await runBundledChild<Printed>('screen-updates', [
			String(isQuick ? 40 : 120),
			String(reportsPerHour),
			String(lateHours * reportsPerHour),
		]);
		const wallMs = quantile(
			updates.map(([ms]) => ms),
			0.99,
		);
		const p99Ms = quantile(
			updates.map(([, ms]) => ms),
			0.99,
		);
		const p95Bytes = quantile(
			updates.map(([, , bytes]) => bytes),
			0.95,
		);
		const [early, late] = heaps;
		const growth = late - early;
		return [
			{
				name: `processor time of a steady update at 120x40, p99 of ${updates.length}`,
				ours: milliseconds(p99Ms, 1),
				comparison: `by the clock ${milliseconds(wallMs, 1)}`,
				relation: '',
				bound: `< ${milliseconds(mostMs)}`,
				isMet: p99Ms < mostMs,
				figures: {p99Ms, wallMs},
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
