import {closeSync, constants, writeFileSync} from 'node:fs';
import {access, realpath, rm, stat, writeFile} from 'node:fs/promises';
import path from 'node:path';
import type {LogEvent} from '../domain/snapshot.ts';
import {reasonOf, UserError} from '../domain/user-error.ts';
import {openPrivate, writeAtomically} from '../text/private-file.ts';
import {cleanText, escapeUnseen} from '../text/width.ts';
import type {EngineHandle, TapHandle} from '../threads/engine-handle.ts';
import type {EngineReport, TapReport} from '../threads/messages.ts';

/** The files that flags name: `--json=FILE`, `--markdown=FILE`, `--junit FILE` and `--log-file FILE`. */

/** Flags whose file is checked before anything is sent, and replaced atomically. */
type FileFlag = 'json' | 'junit' | 'markdown';

/** A missing file can be created, so ENOENT means its folder. */
const writeReason = (error: unknown): string =>
	(error as NodeJS.ErrnoException).code === 'ENOENT' ? 'its folder does not exist' : reasonOf(error);

const unwritable = (flag: FileFlag, file: string, reason: string, cause?: unknown): UserError =>
	new UserError(`--${flag}: "${file}" cannot be written: ${reason}.`, {
		exitCode: 1,
		hint: `Name a file in a folder that you may write to${flag === 'junit' ? '' : `, or write --${flag} > FILE`}.`,
		cause,
	});

/** The path with links in its folder resolved, so that the file itself is replaced, even if it is a link. */
const realPathOf = async (file: string): Promise<string> => {
	// Links of the system, such as /dev/stdout, are followed.
	const isOfSystem = /^\/(?:dev|proc)\//.test(path.resolve(file));
	return isOfSystem
		? realpath(file).catch(() => path.resolve(file))
		: realpath(path.dirname(file)).then(
				(folder) => path.join(folder, path.basename(file)),
				() => path.resolve(file),
			);
};

/** A regular or missing file is replaced atomically; pipes and devices are written to. */
const isReplaceable = async (file: string): Promise<boolean> =>
	stat(file).then(
		(status) => status.isFile(),
		() => true,
	);

/**
 * Checks that the file can be written, and leaves no trace.
 * @throws UserError (exit 1) with the reason.
 */
export async function assertWritable(file: string, flag: FileFlag = 'json'): Promise<void> {
	const real = await realPathOf(file);
	try {
		if ((await stat(real).catch(() => undefined))?.isDirectory()) {
			throw Object.assign(new Error(), {code: 'EISDIR'});
		}
		if (await isReplaceable(real)) {
			// Permission bits do not show read-only and special file systems.
			const probe = `${real}.${process.pid}.tmp`;
			await writeFile(probe, '', {flag: 'wx'});
			await rm(probe);
		} else {
			await access(real, constants.W_OK);
		}
	} catch (error) {
		throw unwritable(flag, file, writeReason(error), error);
	}
}

/** Writes a value as JSON. @throws UserError (exit 1) with the reason. */
export async function writeJsonFile(file: string, value: unknown): Promise<void> {
	await writeFlagFile(file, `${escapeUnseen(JSON.stringify(value, null, 2))}\n`, 'json');
}

/**
 * Writes a text. Readers of a regular file find the old content or the new one.
 * @throws UserError (exit 1) with the reason.
 */
export async function writeFlagFile(file: string, text: string, flag: FileFlag): Promise<void> {
	const real = await realPathOf(file);
	try {
		await ((await isReplaceable(real)) ? writeAtomically(real, text) : writeFile(real, text));
	} catch (error) {
		throw unwritable(flag, file, writeReason(error), error);
	}
}

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
