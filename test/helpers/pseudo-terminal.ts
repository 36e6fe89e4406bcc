import {spawn} from '@lydell/node-pty';
import headless from '@xterm/headless';

/** A program in a real pseudo-terminal, with an emulator behind it that knows what is on the screen. */
export type PseudoTerminal = {
	readonly pid: number;
	/** For pictures of the screen. */
	readonly emulator: headless.Terminal;
	/** Lines of the screen as a person sees them, without trailing blanks. */
	readonly screen: () => readonly string[];
	/** All bytes so far, as text. */
	readonly raw: () => string;
	readonly isAlternate: () => boolean;
	readonly isCursorHidden: () => boolean;
	readonly write: (keys: string) => void;
	readonly resize: (columns: number, rows: number) => void;
	readonly kill: (signal: string) => void;
	/** Resolves when the screen meets the condition; rejects with the screen when it does not in time. */
	readonly waitFor: (condition: (lines: readonly string[]) => boolean, what: string) => Promise<void>;
	readonly exited: Promise<{readonly exitCode: number; readonly signal: number | undefined}>;
};

type Options = {
	readonly columns?: number;
	readonly rows?: number;
	readonly cwd: string;
	readonly environment?: Readonly<Record<string, string>>;
	/** Milliseconds that `waitFor` is patient. */
	readonly patienceMs?: number;
};

const bufferLines = (terminal: headless.Terminal): readonly string[] => {
	const buffer = terminal.buffer.active;
	return Array.from({length: terminal.rows}, (_unused, row) =>
		(buffer.getLine(buffer.viewportY + row)?.translateToString(true) ?? '').trimEnd(),
	);
};

/** Starts a program; the caller waits for `exited` or kills it. */
export const openPseudoTerminal = (
	file: string,
	argv: readonly string[],
	{columns = 100, rows = 30, cwd, environment = {}, patienceMs = 45_000}: Options,
): PseudoTerminal => {
	const terminal = new headless.Terminal({cols: columns, rows, allowProposedApi: true, scrollback: 2000});
	const {PATH = '', HOME = ''} = process.env;
	const pty = spawn(file, [...argv], {
		cols: columns,
		rows,
		cwd,
		env: {PATH, HOME, TERM: 'xterm-256color', ...environment},
	});
	const watchers = new Set<() => void>();
	let raw = '';
	pty.onData((data) => {
		raw += data;
		terminal.write(data, () => {
			for (const watcher of watchers) {
				watcher();
			}
		});
	});
	const lastMode = (on: string, off: string): boolean => raw.lastIndexOf(on) > raw.lastIndexOf(off);
	return {
		pid: pty.pid,
		emulator: terminal,
		screen: () => bufferLines(terminal),
		raw: () => raw,
		isAlternate: () => terminal.buffer.active.type === 'alternate',
		isCursorHidden: () => lastMode('\u001B[?25l', '\u001B[?25h'),
		write(keys) {
			pty.write(keys);
		},
		resize(newColumns, newRows) {
			terminal.resize(newColumns, newRows);
			pty.resize(newColumns, newRows);
		},
		kill(signal) {
			pty.kill(signal);
		},
		async waitFor(condition, what) {
			await new Promise<void>((resolve, reject) => {
				const settle = (action: () => void): void => {
					clearTimeout(timer);
					watchers.delete(check);
					action();
				};
				const check = (): void => {
					if (condition(bufferLines(terminal))) {
						settle(resolve);
					}
				};
				const timer = setTimeout(() => {
					settle(() => reject(new Error(`${what} did not come:\n${bufferLines(terminal).join('\n')}`)));
				}, patienceMs);
				watchers.add(check);
				check();
			});
		},
		exited: new Promise((resolve) => {
			pty.onExit(({exitCode, signal}) => {
				// The emulator reads in a turn of its own: whoever looks at the screen now sees all of it.
				terminal.write('', () => resolve({exitCode, signal}));
			});
		}),
	};
};
