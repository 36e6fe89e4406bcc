import {closeSync, writeFileSync} from 'node:fs';
import type {LogEvent} from '../domain/snapshot.ts';
import {reasonOf} from '../domain/system-words.ts';
import {UserError} from '../domain/user-error.ts';
import {openPrivate} from '../text/private-file.ts';
import {cleanText} from '../text/width.ts';
import type {EngineHandle} from '../threads/engine-handle.ts';

const append = (file: string, lines: readonly string[]): void => {
	if (lines.length === 0) {
		return;
	}
	const descriptor = openPrivate(file, 'continue');
	try {
		writeFileSync(descriptor, `${lines.join('\n')}\n`);
	} finally {
		closeSync(descriptor);
	}
};

/** Writes as long as it can be; that it no longer can is said once, and ends nothing. */
const appendWhilePossible = (
	file: string,
	warn: (text: string) => void,
): ((lines: readonly string[]) => void) => {
	let hasFailed = false;
	return (lines) => {
		try {
			if (!hasFailed) {
				append(file, lines);
			}
		} catch (error) {
			hasFailed = true;
			warn(`The log is no longer written to ${file}: ${reasonOf(error)}.`);
		}
	};
};

const lineOf = ({at, kind, text}: LogEvent): string => cleanText(`${at} ${kind} ${text}`);

/** Events of a snapshot that were not in the one before: the list is bounded, so it is compared by its newest entry. */
const freshEvents = (events: readonly LogEvent[], newest: LogEvent | undefined): readonly LogEvent[] => {
	const index = newest === undefined ? -1 : events.findLastIndex((event) => lineOf(event) === lineOf(newest));
	return events.slice(index + 1);
};

/**
 * Writes the run's events, and what the engine's thread prints, to a file as they come.
 * @param file Undefined: no log is kept.
 * @param warn Called once, in words, when the file can no longer be written.
 * @returns Notes what the engine does not know of.
 * @throws UserError (exit 1) at once when the file cannot be written.
 */
export const keepLog = (
	engine: EngineHandle,
	file: string | undefined,
	warn: (text: string) => void,
): ((kind: string, text: string) => void) => {
	if (file === undefined) {
		return () => {};
	}
	try {
		append(file, [`${new Date().toISOString()} start bedrock-top`]);
	} catch (error) {
		throw new UserError(`--log-file: "${file}" cannot be written: ${reasonOf(error)}.`, {
			exitCode: 1,
			hint: 'Name a file in a folder that you may write to.',
		});
	}
	const add = appendWhilePossible(file, warn);
	const note = (kind: string, text: string): void =>
		add([`${new Date().toISOString()} ${kind} ${cleanText(text)}`]);
	let newest: LogEvent | undefined;
	engine.onReport((report) => {
		if (report.type === 'log' || report.type === 'warning') {
			note(report.type, report.text);
		} else if (report.type === 'failed') {
			note('failed', report.fault.message);
		} else if (report.type === 'snapshot' || report.type === 'ended') {
			const fresh = freshEvents(report.snapshot.events, newest);
			add(fresh.map(lineOf));
			newest = fresh.at(-1) ?? newest;
		}
	});
	return note;
};
