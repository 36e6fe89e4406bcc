import {EventEmitter} from 'node:events';
import {setImmediate as nextTurn, setTimeout as wait} from 'node:timers/promises';
import xterm from '@xterm/headless';
import {render} from 'ink';
import type {ReactNode} from 'react';

/** A terminal that Ink draws on: what a test reads are the cells that a person would see, not the bytes sent. */
export type Terminal = {
	readonly stdin: NodeJS.ReadStream;
	readonly stdout: NodeJS.WriteStream;
	/** The screen as text, a line a row, without blanks at the ends. */
	readonly text: () => string;
	readonly isAlternate: () => boolean;
	readonly isRaw: () => boolean;
	/** Writes so far, and their bytes. */
	readonly writes: () => {readonly count: number; readonly bytes: number};
	/** Everything written so far, as sent. */
	readonly raw: () => string;
	/** Sends what a key sends. */
	readonly press: (...sequences: readonly string[]) => Promise<void>;
	readonly resize: (columns: number, rows: number) => void;
	/** Resolves with the screen as soon as it is as wanted; fails with the screen when it does not become so. */
	readonly until: (wanted: string | RegExp | ((text: string) => boolean)) => Promise<string>;
	/** Lets everything that was sent arrive on the screen. */
	readonly drained: () => Promise<void>;
};

/** What special keys send. */
export const keySequences = {
	up: '\u001B[A',
	down: '\u001B[B',
	right: '\u001B[C',
	left: '\u001B[D',
	home: '\u001B[H',
	end: '\u001B[F',
	enter: '\r',
	escape: '\u001B',
	tab: '\t',
	shiftTab: '\u001B[Z',
	control: (letter: string) => String.fromCodePoint(letter.toUpperCase().charCodeAt(0) - 64),
} as const;

/** How long a test waits for the screen before it says what it saw instead. */
const patienceMs = 45_000;

/** A terminal of that size; without keys its input is not a terminal. */
export function createTerminal(columns: number, rows: number, hasKeys = true): Terminal {
	const emulator = new xterm.Terminal({cols: columns, rows, allowProposedApi: true, convertEol: true});
	const output = createOutput(emulator, columns, rows);
	const input = createInput(hasKeys);
	const text = () => {
		const {active} = emulator.buffer;
		return Array.from({length: emulator.rows}, (_, row) =>
			(active.getLine(active.baseY + row)?.translateToString(true) ?? '').trimEnd(),
		).join('\n');
	};
	return {
		stdin: input.stream,
		stdout: output.stream,
		text,
		isAlternate: () => emulator.buffer.active.type === 'alternate',
		isRaw: input.isRaw,
		writes: output.writes,
		raw: output.raw,
		async press(...sequences) {
			for (const sequence of sequences) {
				await input.send(sequence);
				await nextTurn();
				if (sequence === keySequences.escape) {
					// Ink waits 20 ms for what may follow an Esc, from when it has read it; a person takes longer to the next key.
					await wait(40);
				}
			}
		},
		resize(nextColumns, nextRows) {
			emulator.resize(nextColumns, nextRows);
			Object.assign(output.stream, {columns: nextColumns, rows: nextRows});
			output.stream.emit('resize');
		},
		async until(wanted) {
			const isReached = (shown: string) =>
				typeof wanted === 'function'
					? wanted(shown)
					: typeof wanted === 'string'
						? shown.includes(wanted)
						: wanted.test(shown);
			const startedMs = performance.now();
			while (!isReached(text())) {
				if (performance.now() - startedMs > patienceMs) {
					throw new Error(`The screen did not show ${String(wanted)}, but:\n${text()}`);
				}
				await output.changed();
			}
			return text();
		},
		async drained() {
			await nextTurn();
			const {promise, resolve} = Promise.withResolvers<void>();
			emulator.write('', resolve);
			await promise;
		},
	};
}

function createOutput(emulator: InstanceType<typeof xterm.Terminal>, columns: number, rows: number) {
	let count = 0;
	let raw = '';
	const events = new EventEmitter();
	events.setMaxListeners(0);
	const stream = Object.assign(new EventEmitter(), {
		isTTY: true,
		columns,
		rows,
		writable: true,
		write(data: string, encodingOrCallback?: unknown, callback?: () => void) {
			count += 1;
			raw += data;
			const done = typeof encodingOrCallback === 'function' ? (encodingOrCallback as () => void) : callback;
			emulator.write(data, () => {
				done?.();
				events.emit('change');
			});
			return true;
		},
	});
	return {
		stream: stream as unknown as NodeJS.WriteStream,
		writes: () => ({count, bytes: Buffer.byteLength(raw)}),
		raw: () => raw,
		/** Resolves at the next change of the screen, or a little later without one. */
		async changed() {
			const {promise, resolve} = Promise.withResolvers<void>();
			const timer = setTimeout(resolve, 20);
			events.once('change', resolve);
			await promise;
			clearTimeout(timer);
			events.off('change', resolve);
		},
	};
}

/** Turns of the event loop in which somebody reads a key, if anybody does. */
const maxTurns = 500;

function createInput(isTTY: boolean) {
	const queue: string[] = [];
	let isRaw = false;
	const stream = Object.assign(new EventEmitter(), {
		isTTY,
		setRawMode(value: boolean) {
			isRaw = value;
		},
		setEncoding() {},
		ref() {},
		unref() {},
		read: () => queue.shift() ?? null,
	});
	return {
		stream: stream as unknown as NodeJS.ReadStream,
		isRaw: () => isRaw,
		/** Resolves when it was read: while nobody listens it stays in the stream, and is announced again, as real streams do. */
		async send(sequence: string) {
			queue.push(sequence);
			stream.emit('readable');
			// Nobody may listen any more: the screen was left.
			for (let turn = 0; queue.length > 0 && turn < maxTurns; turn++) {
				await nextTurn();
				stream.emit('readable');
			}
		},
	};
}

/**
 * Draws a node on a terminal the way the program does, and waits until it is there.
 * @returns the terminal, `flush` to wait again, and `unmount`.
 */
export async function drawOn(terminal: Terminal, node: ReactNode) {
	const instance = render(node, {
		stdin: terminal.stdin,
		stdout: terminal.stdout,
		interactive: true,
		alternateScreen: true,
		incrementalRendering: true,
		exitOnCtrlC: false,
		patchConsole: false,
	});
	const flush = async () => {
		// Without a turn before it, a half-painted frame of the old size is seen after a resize.
		await nextTurn();
		await instance.waitUntilRenderFlush();
		await terminal.drained();
		return terminal.text();
	};
	await flush();
	return {flush, unmount: instance.unmount, rerender: instance.rerender};
}
