import {EventEmitter} from 'node:events';
import {setTimeout as wait} from 'node:timers/promises';
import {systemClock} from '../../../source/domain/clock.ts';
import type {Snapshot} from '../../../source/domain/snapshot.ts';
import {openDashboard} from '../../../source/tui/dashboard.tsx';
import {createFakeEngine} from '../../helpers/fake-engine.ts';
import {
	bucketFixture,
	configFixture,
	planFixture,
	presetsFixture,
	readySnapshotFixture,
	snapshotFixture,
	variantFixture,
} from '../../helpers/snapshot-fixture.ts';
import {createTerminal} from '../../helpers/terminal.tsx';

/**
 * The screen with an engine that reports what changes in a steady run of eight variants, on a terminal of 120x40 that
 * only counts. Arguments: how many updates are timed one by one, and at which numbers of updates, sent at speed, the
 * heap is measured. Prints milliseconds, those on a processor, and bytes of each timed update, and the heaps in bytes.
 * Needs --expose-gc.
 */

const [timedUpdates = 0, ...marks] = process.argv.slice(2).map(Number);
const columns = 120;
const rows = 40;

const endOfFrame = '\u001B[?2026l';
const counted = {count: 0, bytes: 0, frameAt: 0, frameCpuMs: 0, frameBytes: 0};

/** Processor time of this thread: the same on a busy machine. */
const cpuMs = (): number => {
	const {user, system} = process.threadCpuUsage();
	return (user + system) / 1000;
};

const stdout = Object.assign(new EventEmitter(), {
	isTTY: true,
	columns,
	rows,
	writable: true,
	write(data: string, encodingOrCallback?: unknown, callback?: () => void) {
		counted.count += 1;
		counted.bytes += Buffer.byteLength(data);
		// What comes after the first frame is of the clock in the header.
		if (counted.frameAt === 0 && data.includes(endOfFrame)) {
			Object.assign(counted, {frameAt: performance.now(), frameCpuMs: cpuMs(), frameBytes: counted.bytes});
		}
		const done = typeof encodingOrCallback === 'function' ? encodingOrCallback : callback;
		done?.();
		return true;
	},
}) as unknown as NodeJS.WriteStream;

/** The run at its `index`th report: everything that a second changes has changed. */
const snapshotAt = (index: number): Snapshot => {
	const sent = 40 + index * 3;
	const {timeline} = snapshotFixture();
	const start = index % timeline.points.length;
	const turned = [...timeline.points.slice(start), ...timeline.points.slice(0, start)];
	return snapshotFixture({
		elapsedMs: 90_000 + index * 250,
		progress: {done: sent * 8, total: null, inFlight: 8 + (index % 7), remainingMs: null, waitingFor: null},
		buckets: [
			bucketFixture({
				requests: {used: 100 + ((index * 7) % 90), reserved: index % 10, limit: 200},
				tokens: {used: 100_000 + ((index * 7919) % 80_000), reserved: (index * 131) % 20_000, limit: 200_000},
			}),
		],
		variants: Array.from({length: 8}, (_, each) =>
			variantFixture({
				name: `variant-${each + 1}`,
				sent: sent + each,
				inputTokens: 700 + each * 10 + (index % 5),
				outputTokens: 100 + each * 60 + (index % 11),
				firstTokenMs: 300 + ((index + each) % 40),
				totalMs: 2000 + ((index * 13 + each) % 400),
				usefulPerMinute: 100 + ((index + each) % 9),
			}),
		),
		events: Array.from({length: Math.min(index, 200)}, (_, each) => ({
			at: '2026-03-01T10:00:36.000Z',
			kind: 'throttled' as const,
			text: `tokens limit: share shrunk, event ${index - each}`,
		})),
		timeline: {
			intervalSeconds: 1,
			points: turned.map((point, second) => ({...point, second: second + index})),
		},
	});
};

const engine = createFakeEngine();
const aborter = new AbortController();
const {stdin} = createTerminal(columns, rows);
const end = openDashboard({
	config: configFixture(),
	isDemo: true,
	startsAtOnce: true,
	beginRun: () => undefined,
	engine,
	presets: presetsFixture(),
	exportReports: async () => [],
	exportIncrease: async () => [],
	exportWinningRequest: async () => [],
	appearance: {colors: 256, ascii: false, theme: 'auto'},
	stdin,
	stdout,
	clock: systemClock,
	signal: aborter.signal,
});
engine.report({type: 'prepared', plan: planFixture(), snapshot: readySnapshotFixture()});

let index = 0;
const report = () => {
	engine.report({type: 'snapshot', snapshot: snapshotAt(index++)});
};

type Update = readonly [ms: number, cpuMs: number, bytes: number];

/** Time from a report to the frame that shows it, that on a processor, and the bytes of that frame. */
const timeUpdate = async (): Promise<Update> => {
	// The store lets data through twice a second; after that pause a report is shown at once.
	await wait(510);
	Object.assign(counted, {bytes: 0, frameAt: 0});
	const [startedAt, startCpuMs] = [performance.now(), cpuMs()];
	report();
	await wait(60);
	return [counted.frameAt - startedAt, counted.frameCpuMs - startCpuMs, counted.frameBytes];
};

const heapBytes = async (): Promise<number> => {
	// What is scheduled is shown before it is measured.
	await wait(700);
	globalThis.gc?.();
	return process.memoryUsage().heapUsed;
};

for (let warm = 0; warm < 60; warm++) {
	await timeUpdate();
}
const updates: Update[] = [];
for (let each = 0; each < timedUpdates; each++) {
	updates.push(await timeUpdate());
}
const heaps: number[] = [];
let reported = 0;
for (const mark of marks) {
	for (; reported < mark; reported++) {
		report();
		if (reported % 20 === 0) {
			await wait(0);
		}
	}
	heaps.push(await heapBytes());
}
const painted = counted.count;
aborter.abort();
engine.report({type: 'ended', snapshot: snapshotFixture({phase: 'ended', outcome: 'stopped'})});
await end;
process.stdout.write(JSON.stringify({updates, heaps, painted}));
process.exit(0);
