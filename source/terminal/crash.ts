import {writeSync} from 'node:fs';
import {systemWords} from '../domain/system-words.ts';
import {cleanLines, cleanText} from '../text/width.ts';
import {executeWills} from './last-will.ts';

/** Whether stack traces are wanted: asked of the words themselves, as they may be what is wrong. */
export const isDebug = (argv: readonly string[]): boolean => {
	const end = argv.indexOf('--');
	return (end === -1 ? argv : argv.slice(0, end)).includes('--debug');
};

/** Stack traces of an error and of what caused it; nothing unless they are wanted. */
export const stackLines = (error: unknown, argv: readonly string[]): readonly string[] => {
	if (!isDebug(argv) || !(error instanceof Error)) {
		return [];
	}
	const cause = error.cause === undefined ? [] : stackLines(error.cause, argv);
	return [...(error.stack ?? error.message).split('\n').map((line) => cleanText(line)), ...cause];
};

/** A fault that nothing in the program expected, for a reader of stderr: a sentence, what was kept, the way out. */
export const crashLines = (
	error: unknown,
	argv: readonly string[],
	kept: readonly string[],
): readonly string[] => {
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
};

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
export const catchCrashes = (argv: readonly string[]): (() => void) => {
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
};
