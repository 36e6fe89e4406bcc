import {writeSync} from 'node:fs';
import {constants} from 'node:os';
import {systemWords} from '../domain/user-error.ts';
import {cleanLines, cleanText} from '../text/width.ts';

/** How the program ends: in an orderly way by a signal, and at once, with what is then still done. */

/** Signals that end the program in an orderly way, where the system has them. */
const endings = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGALRM', 'SIGXCPU'] as const;

/** A closed terminal and a stopped service send any of these, often several. */
const equivalent: ReadonlySet<string> = new Set(['SIGHUP', 'SIGTERM']);

/** A repetition within these milliseconds is a forwarded signal (shells, process groups, supervisors), not a second request. */
const repetitionMs = 1000;

type SignalPorts = {
	readonly process: Pick<NodeJS.Process, 'on' | 'off'>;
	readonly now: () => number;
	/** Ends the program at once. */
	readonly exit: (exitCode: number) => void;
};

const isRepetition = (first: string, again: string): boolean =>
	first === again || (equivalent.has(first) && equivalent.has(again));

/**
 * Turns signals into an AbortSignal whose reason is the exit code (128 plus the signal's number). A second request ends the
 * program at once.
 * @returns The signal, a function that aborts it with another exit code, and one that removes the handlers.
 */
export function watchSignals({process, now, exit}: SignalPorts): {
	readonly signal: AbortSignal;
	readonly end: (exitCode: number) => void;
	readonly release: () => void;
} {
	const controller = new AbortController();
	let first: {readonly name: string; readonly at: number} | undefined;
	const handlers = endings.flatMap((name) => {
		const number = constants.signals[name];
		if (number === undefined) {
			return [];
		}
		const handler = (): void => {
			if (first === undefined) {
				first = {name, at: now()};
				controller.abort(128 + number);
			} else if (!isRepetition(first.name, name) || now() - first.at >= repetitionMs) {
				exit(128 + number);
			}
		};
		process.on(name, handler);
		return () => {
			process.off(name, handler);
		};
	});
	return {
		signal: controller.signal,
		end(exitCode) {
			controller.abort(exitCode);
		},
		release() {
			for (const release of handlers) {
				release();
			}
		},
	};
}

/** Exit code of an aborted signal. */
export function signalExitCode(signal: AbortSignal): number {
	return signal.reason as number;
}

/** A signal interrupted a command. */
export class Interrupted extends Error {
	readonly exitCode: number;

	constructor(signal: AbortSignal) {
		super('interrupted by a signal');
		this.exitCode = signalExitCode(signal);
	}
}

/**
 * Waits for some work, unless a signal comes first: then the work is abandoned.
 * @param graceMs Milliseconds that the work has to end by itself after the signal.
 * @throws Interrupted
 */
export async function untilSignal<Value>(
	signal: AbortSignal,
	work: Promise<Value>,
	graceMs = 0,
): Promise<Value> {
	const {promise: interrupted, reject} = Promise.withResolvers<never>();
	let timer: NodeJS.Timeout | undefined;
	const interrupt = (): void => {
		timer = setTimeout(() => reject(new Interrupted(signal)), graceMs);
	};
	if (signal.aborted) {
		interrupt();
	} else {
		signal.addEventListener('abort', interrupt);
	}
	try {
		return await Promise.race([work, interrupted]);
	} finally {
		clearTimeout(timer);
		signal.removeEventListener('abort', interrupt);
	}
}

/**
 * Last work for the user when the program has to end at once, by its own fault or a second signal. It must not wait for
 * anything.
 * @returns Lines that say what was written where.
 */
type Will = () => readonly string[];

const wills = new Set<Will>();

/** Leaves a will. @returns A function that revokes it. */
export function leaveWill(will: Will): () => void {
	wills.add(will);
	return () => {
		wills.delete(will);
	};
}

/** The will of a screen: it closes first, so that messages go to the normal terminal. */
export function leaveClosing(close: () => void): () => void {
	return leaveWill(() => {
		close();
		return [];
	});
}

/** Executes every will once; a failing one does not stop the others. */
export function executeWills(): readonly string[] {
	const all = [...wills];
	wills.clear();
	return all.flatMap((will) => {
		try {
			return will();
		} catch (error) {
			return [`The results could not be kept: ${error instanceof Error ? error.message : error}`];
		}
	});
}

/** Whether stack traces are wanted. It reads the words themselves, which may not parse. */
function isDebug(argv: readonly string[]): boolean {
	const end = argv.indexOf('--');
	return (end === -1 ? argv : argv.slice(0, end)).includes('--debug');
}

/** Stack traces of an error and of what caused it; nothing unless they are wanted. */
export function stackLines(error: unknown, argv: readonly string[]): readonly string[] {
	if (!isDebug(argv) || !(error instanceof Error)) {
		return [];
	}
	const cause = error.cause === undefined ? [] : stackLines(error.cause, argv);
	return [...(error.stack ?? error.message).split('\n').map((line) => cleanText(line)), ...cause];
}

/** An unexpected fault, for stderr: a sentence, what was kept, what to do. */
export function crashLines(
	error: unknown,
	argv: readonly string[],
	kept: readonly string[],
): readonly string[] {
	const known = systemWords(error);
	const message = error instanceof Error ? error.message : String(error);
	const path = known !== undefined && error instanceof Error && 'path' in error ? `${error.path}: ` : '';
	const reason = cleanText(
		known === undefined ? `a fault of the program: ${message.split('\n')[0]}` : `${path}${known.reason}`,
	).replace(/[.\s]+$/, '');
	const hint = known === undefined ? 'Please report it; --debug shows where it happened.' : known.hint;
	return [
		`bedrock-top ended by ${known === undefined ? '' : 'an error of the system: '}${reason}.`,
		...kept,
		...(hint === undefined ? [] : [hint]),
		...stackLines(error, argv),
	];
}

/** Writes to stderr without waiting. Without a reader nothing is written. */
const say = (lines: readonly string[]): void => {
	try {
		writeSync(2, `${lines.map(cleanLines).join('\n')}\n`);
	} catch {
		// Nothing more can be done.
	}
};

/**
 * Handles uncaught errors: measured results are kept, the terminal is restored, and a sentence says why.
 * @returns A function that removes the handlers.
 */
export function catchCrashes(argv: readonly string[]): () => void {
	const crash = (error: unknown): void => {
		say(crashLines(error, argv, executeWills()));
		process.exit(1);
	};
	process.on('uncaughtException', crash);
	process.on('unhandledRejection', crash);
	return () => {
		process.off('uncaughtException', crash);
		process.off('unhandledRejection', crash);
	};
}
