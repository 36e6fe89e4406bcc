import type {PseudoTerminal} from '../../helpers/pseudo-terminal.ts';
import type {BenchCase, Row} from '../helpers/bench-case.ts';
import {count, percent} from '../helpers/format.ts';
import {mainThreadCpuMs, processCpuMs} from '../helpers/processor-time.ts';
import {openProgram, pause, shows, withTerminal} from '../helpers/screen-program.ts';

const mostWhileRunning = 0.1;
const mostWhenEnded = 0.01;
const idleMs = 10_000;

/** Part of a core that something uses over a time. */
const partOfCore = async (readMs: () => number, forMs: number): Promise<number> => {
	const startedAt = performance.now();
	const beforeMs = readMs();
	await pause(forMs);
	return (readMs() - beforeMs) / (performance.now() - startedAt);
};

const runningRow = async (terminal: PseudoTerminal, forMs: number): Promise<Row> => {
	await terminal.waitFor(shows(/RUNNING/), 'the run');
	// What is compiled once at the start is not the cost of a steady screen.
	await pause(3000);
	const bytesBefore = terminal.raw().length;
	const part = await partOfCore(() => mainThreadCpuMs(terminal.pid), forMs);
	const bytesPerSecond = ((terminal.raw().length - bytesBefore) / forMs) * 1000;
	return {
		name: 'main thread in a saturating demo, 4 updates a second',
		ours: `${percent(part)} of a core`,
		comparison: `${count(bytesPerSecond)} characters a second written`,
		relation: '',
		bound: `<= ${percent(mostWhileRunning, 0)}`,
		isMet: part <= mostWhileRunning,
		figures: {part, bytesPerSecond},
	};
};

const endedRows = async (terminal: PseudoTerminal): Promise<readonly Row[]> => {
	await terminal.waitFor(shows(/COMPLETED|STOPPED/), 'the end of the run');
	// The last drawing and the connections that are closed.
	await pause(2000);
	const bytesBefore = terminal.raw().length;
	const part = await partOfCore(() => processCpuMs(terminal.pid), idleMs);
	const bytes = terminal.raw().length - bytesBefore;
	return [
		{
			name: 'whole program after a run, no key pressed, 10 s',
			ours: `${percent(part, 2)} of a core`,
			comparison: '',
			relation: '',
			bound: `< ${percent(mostWhenEnded, 0)}`,
			isMet: part < mostWhenEnded,
			figures: {part},
		},
		{
			name: 'written to the terminal in these 10 s',
			ours: `${bytes} bytes`,
			comparison: '',
			relation: '',
			bound: '0',
			isMet: bytes === 0,
			figures: {bytes},
		},
	];
};

export const screenCostCase: BenchCase = {
	name: 'screen-cost',
	group: 'screen',
	about: 'processor time of the screen while a demo runs and after it has ended',
	async run({isQuick}) {
		const forMs = isQuick ? 10_000 : 30_000;
		const argv = ['summarize', '--demo', '--load', 'saturate', '--duration', `${forMs / 1000 + 6}s`];
		return withTerminal(openProgram(argv, {columns: 120, rows: 40, patienceMs: 60_000}), async (terminal) => [
			await runningRow(terminal, forMs),
			...(await endedRows(terminal)),
		]);
	},
};
