import {writeSync} from 'node:fs';
import {systemWords} from '../domain/user-error.ts';
import {cleanLines, cleanText} from '../text/width.ts';

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
