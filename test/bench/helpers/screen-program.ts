import {newFolder, plainEnvironment, program} from '../../helpers/built-program.ts';
import {openPseudoTerminal, type PseudoTerminal} from '../../helpers/pseudo-terminal.ts';

export type ScreenOptions = {
	readonly columns?: number;
	readonly rows?: number;
	readonly environment?: Readonly<Record<string, string>>;
	readonly patienceMs?: number;
};

/** Starts a script in a pseudo-terminal, in an empty folder. */
export const openScript = (
	file: string,
	argv: readonly string[],
	{environment, ...options}: ScreenOptions = {},
): PseudoTerminal =>
	openPseudoTerminal(process.execPath, [file, ...argv], {
		cwd: newFolder(),
		environment: {...plainEnvironment(), ...environment},
		patienceMs: 30_000,
		...options,
	});

/** Starts the built program in a pseudo-terminal. */
export const openProgram = (argv: readonly string[], options?: ScreenOptions): PseudoTerminal =>
	openScript(program, argv, options);

/** Does something with a program in a terminal, and ends it whatever happens. */
export const withTerminal = async <T>(
	terminal: PseudoTerminal,
	use: (terminal: PseudoTerminal) => Promise<T>,
): Promise<T> => {
	try {
		return await use(terminal);
	} finally {
		terminal.kill('SIGKILL');
		await terminal.exited;
	}
};

/** Whether a text is on the screen. */
export const shows =
	(text: RegExp) =>
	(lines: readonly string[]): boolean =>
		lines.some((line) => text.test(line));

export const pause = async (milliseconds: number): Promise<void> =>
	new Promise((resolve) => {
		setTimeout(resolve, milliseconds);
	});
