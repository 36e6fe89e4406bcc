import {type ChildProcess, spawn} from 'node:child_process';
import {constants} from 'node:os';
import {UserError} from '../../domain/user-error.ts';

/** A program that runs behind a tap: its terminal, its signals and its exit code are its own. */

/** Signals that are passed on where they came to the tap alone. */
const passedOn = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;
/** Signals that a terminal sends to the program as well: passed on only where there is no terminal. */
const ofTerminal = ['SIGINT', 'SIGQUIT'] as const;

/** Signals in which a program may end, by their number. */
const numberOf = (signal: NodeJS.Signals): number => constants.signals[signal];

/** A program that has been started. */
type Child = {
	/** Exit code; 128 + n where a signal killed it. Rejects with a UserError where it could not be started. */
	readonly ended: Promise<number>;
};

type Options = {
	readonly program: readonly string[];
	readonly environment: NodeJS.ProcessEnv;
	/** Where its output goes; undefined: where this program's goes. */
	readonly output?: number | undefined;
	/** The terminal sends signals to the whole group. */
	readonly hasTerminal: boolean;
};

const startFault = (program: string, error: NodeJS.ErrnoException): UserError =>
	new UserError(
		error.code === 'ENOENT'
			? `"${program}" was not found.`
			: error.code === 'EACCES'
				? `"${program}" may not be executed.`
				: `"${program}" could not be started: ${error.code ?? error.message}.`,
		{exitCode: 1, hint: 'Write the command behind --, as in a shell.', cause: error},
	);

const passSignals = (child: ChildProcess, hasTerminal: boolean): (() => void) => {
	const releases = [...passedOn, ...ofTerminal].map((name) => {
		const isLeft = hasTerminal && (ofTerminal as readonly string[]).includes(name);
		const handler = (): void => {
			if (!isLeft) {
				child.kill(name);
			}
		};
		process.on(name, handler);
		return () => process.off(name, handler);
	});
	return () => {
		for (const release of releases) {
			release();
		}
	};
};

/** Starts the program. From now on the signals of this process are its own: take them before. */
export function startChild({program, environment, output, hasTerminal}: Options): Child {
	const [name = '', ...words] = program;
	const child = spawn(name, words, {
		env: environment,
		stdio: output === undefined ? 'inherit' : ['inherit', output, output],
	});
	const release = passSignals(child, hasTerminal);
	const {promise, resolve, reject} = Promise.withResolvers<number>();
	child.once('error', (error) => reject(startFault(name, error)));
	child.once('exit', (code, signal) => resolve(code ?? (signal === null ? 1 : 128 + numberOf(signal))));
	return {ended: promise.finally(release)};
}
