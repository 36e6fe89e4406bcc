import {writeSync} from 'node:fs';
import {systemWords} from '../domain/user-error.ts';
import {cleanLines, cleanText} from '../text/width.ts';

/**
 * What is still to be done for the user where the program has to end at once: by a fault of its own, or by a second
 * signal. Nothing can be waited for any more, so it writes without waiting.
 * @returns Lines that say what was left where.
 */
type Will = () => readonly string[];

const wills = new Set<Will>();

/** Leaves a will. @returns Takes it back. */
export function leaveWill(will: Will): () => void {
	wills.add(will);
	return () => {
		wills.delete(will);
	};
}

/** The will of a screen: what is said is said on the terminal as it was before. */
export function leaveClosing(close: () => void): () => void {
	return leaveWill(() => {
		close();
		return [];
	});
}

/** Carries out every will once; one that fails keeps no other from being carried out. */
export function executeWills(): readonly string[] {
	const all = [...wills];
	wills.clear();
	return all.flatMap((will) => {
		try {
			return will();
		} catch (error) {
			return [`What was measured could not be kept: ${error instanceof Error ? error.message : error}`];
		}
	});
}

/** Whether stack traces are wanted: asked of the words themselves, as they may be what is wrong. */
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

/** A fault that nothing in the program expected, for a reader of stderr: a sentence, what was kept, the way out. */
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

/** Writes to stderr without waiting; where nobody reads, nothing is said. */
const say = (lines: readonly string[]): void => {
	try {
		writeSync(2, `${lines.map(cleanLines).join('\n')}\n`);
	} catch {
		// Nothing is left that could be done.
	}
};

/**
 * Catches what nothing else caught, wherever it came from: what was measured is kept, the terminal is given back as it
 * was, and a sentence says why.
 * @returns Takes the handlers away.
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
