import {closeSync, writeFileSync} from 'node:fs';
import type {LogEvent} from '../domain/snapshot.ts';
import {reasonOf, UserError} from '../domain/user-error.ts';
import {openPrivate} from '../text/private-file.ts';
import {cleanText} from '../text/width.ts';
import type {EngineHandle, TapHandle} from '../threads/engine-handle.ts';
import type {EngineReport, TapReport} from '../threads/messages.ts';

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

/** Appends until it fails. The failure is reported once and ends nothing. */
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
			warn(`Writing the log to ${file} stopped: ${reasonOf(error)}.`);
		}
	};
};

const lineOf = ({at, kind, text}: LogEvent): string => cleanText(`${at} ${kind} ${text}`);

/** New events of a snapshot. The list is bounded, so they are found by the newest known one. */
const freshEvents = (events: readonly LogEvent[], newest: LogEvent | undefined): readonly LogEvent[] => {
	const index = newest === undefined ? -1 : events.findLastIndex((event) => lineOf(event) === lineOf(newest));
	return events.slice(index + 1);
};

/**
 * Writes the events of the run and the messages of the engine's thread to a file as they come.
 * @param file Undefined for no log.
 * @param warn Called once, with a sentence, when writing fails.
 * @returns A function that adds an event which the engine does not know.
 * @throws UserError (exit 1) at once when the file cannot be written.
 */
export function keepLog(
	engine: Pick<EngineHandle, 'onReport'> | Pick<TapHandle, 'onReport'>,
	file: string | undefined,
	warn: (text: string) => void,
): (kind: string, text: string) => void {
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
	const listen: (listener: (report: EngineReport | TapReport) => void) => void = engine.onReport;
	listen((report) => {
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
}
