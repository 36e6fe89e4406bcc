import {setTimeout as wait} from 'node:timers/promises';
import {openDashboard, type ScreenEnd, type ScreenPorts} from '../../source/tui/dashboard.tsx';
import {FakeClock} from './fake-clock.ts';
import {createFakeEngine, type FakeEngine} from './fake-engine.ts';
import {
	configFixture,
	endedSnapshotFixture,
	planFixture,
	presetsFixture,
	readySnapshotFixture,
	snapshotFixture,
} from './snapshot-fixture.ts';
import {createTerminal, type Terminal} from './terminal.tsx';

/** A whole screen on an emulated terminal, with an engine that reports what a test tells it to. */
export type OpenScreen = {
	readonly terminal: Terminal;
	readonly engine: FakeEngine;
	readonly clock: FakeClock;
	readonly end: Promise<ScreenEnd>;
	/** What a signal from outside does. */
	readonly abort: () => void;
	/** Lets everything that is under way be painted; the screen as text. */
	readonly settled: () => Promise<string>;
	/** The run is prepared. */
	readonly prepare: (snapshot?: ReturnType<typeof readySnapshotFixture>) => Promise<void>;
	/** The run has come to its middle. */
	readonly progress: (overrides?: Parameters<typeof snapshotFixture>[0]) => Promise<void>;
	/** The run is over. */
	readonly finish: (overrides?: Parameters<typeof endedSnapshotFixture>[0]) => Promise<void>;
};

/** Paints are not put off for longer than this: a test waits for the screen, not for the time between two frames. */
const framesPerSecond = 500;
/** Several times the time between two frames. Timers of one thread fire in order, however busy the machine is. */
const paintMs = 12;

/** Opens a screen; the caller closes it by a key or a signal. */
export function openScreen(
	size: {readonly columns: number; readonly rows: number; readonly hasKeys?: boolean},
	overrides: Partial<ScreenPorts> = {},
): OpenScreen {
	const terminal = createTerminal(size.columns, size.rows, size.hasKeys);
	const engine = createFakeEngine();
	const clock = new FakeClock();
	const aborter = new AbortController();
	const end = openDashboard({
		config: configFixture(),
		isDemo: true,
		startsAtOnce: overrides.isDemo ?? true,
		beginRun: () => undefined,
		engine,
		presets: presetsFixture(),
		exportReports: async () => ['reports/token-usage.svg', 'reports/latency.svg'],
		exportIncrease: async () => ['reports/quota-increase.md'],
		exportWinningRequest: async () => ['reports/best-request.json'],
		appearance: {colors: 0, ascii: false, theme: 'auto'},
		stdin: terminal.stdin,
		stdout: terminal.stdout,
		clock,
		framesPerSecond,
		signal: aborter.signal,
		...overrides,
	});
	const settled = async () => {
		let before = terminal.writes().count;
		// One paint may bring the next: the screen has settled once two intervals in a row bring none. An interval in
		// which this thread was busy elsewhere (sessions run side by side) left no time for a paint, and says nothing.
		for (let quiet = 0; quiet < 2; ) {
			const startedMs = performance.now();
			await wait(paintMs);
			await terminal.drained();
			const {count} = terminal.writes();
			const hadTime = performance.now() - startedMs < 2 * paintMs;
			quiet = count !== before ? 0 : hadTime ? quiet + 1 : quiet;
			before = count;
		}
		return terminal.text();
	};
	return {
		terminal,
		engine,
		clock,
		end,
		abort: () => {
			aborter.abort();
		},
		settled,
		async prepare(snapshot = readySnapshotFixture()) {
			engine.report({type: 'prepared', plan: planFixture(), snapshot});
			await settled();
		},
		async progress(snapshotOverrides) {
			clock.skip(500);
			engine.report({type: 'snapshot', snapshot: snapshotFixture(snapshotOverrides)});
			await settled();
		},
		async finish(snapshotOverrides) {
			engine.report({type: 'ended', snapshot: endedSnapshotFixture(snapshotOverrides)});
			await settled();
		},
	};
}

/** Presses keys, lets them be painted and keeps the frame under a name. */
export function createCamera({terminal, settled}: Pick<OpenScreen, 'terminal' | 'settled'>) {
	const frames: Array<readonly [name: string, frame: string]> = [];
	return {
		frames,
		async shoot(name: string, ...keys: readonly string[]) {
			for (const key of keys) {
				await terminal.press(key);
				// On a busy machine Esc and the key after it would arrive as one, which is Alt and that key.
				if (key === '\u001B') {
					await settled();
				}
			}
			const frame = await settled();
			frames.push([name, frame]);
			return frame;
		},
	};
}

/** Frames with their names, as one golden text. */
export function joinFrames(frames: ReadonlyArray<readonly [name: string, frame: string]>): string {
	return `${frames.map(([name, frame]) => `--- ${name}\n${frame}`).join('\n')}\n`;
}
