import {once} from 'node:events';
import {createWriteStream, mkdirSync, statSync, type WriteStream} from 'node:fs';
import path from 'node:path';
import {reasonOf} from '../domain/system-words.ts';
import {openPrivate, privateFolderMode} from '../text/private-file.ts';

/** A file that grows by whole pieces of text while a run goes on, so that an interruption loses nothing. */
export type LineFile = {
	/** Appends text as it is; it brings its own end of line. */
	readonly write: (text: string) => void;
	/** Waits until everything is handed to the disk. */
	readonly close: () => Promise<void>;
};

export type LineFileOptions = {
	/** What the file holds, in the plural, for the message of a fault. */
	readonly what: string;
	/** Put before the first text of an empty file. */
	readonly head?: string;
	/** What the file held before is dropped at the first write; otherwise the file is continued. */
	readonly isReplacing?: boolean;
};

const isEmpty = (file: string): boolean => (statSync(file, {throwIfNoEntry: false})?.size ?? 0) === 0;

/**
 * Opens the file at the first write: a run without answers leaves nothing behind.
 * @param onFault Told once, in words, when the file can no longer be written; the run goes on.
 */
export const openLineFile = (
	file: string,
	{what, head = '', isReplacing = false}: LineFileOptions,
	onFault: (text: string) => void,
): LineFile => {
	let stream: WriteStream | undefined;
	let hasFailed = false;
	const fail = (error: unknown): void => {
		if (!hasFailed) {
			hasFailed = true;
			onFault(`${what} are no longer written to ${file}: ${reasonOf(error)}.`);
		}
	};
	const open = (): WriteStream => {
		mkdirSync(path.dirname(file), {recursive: true, mode: privateFolderMode});
		const needsHead = head !== '' && (isReplacing || isEmpty(file));
		const fd = openPrivate(file, isReplacing ? 'replace' : 'continue');
		const opened = createWriteStream(file, {fd}).on('error', fail);
		if (needsHead) {
			opened.write(head);
		}
		return opened;
	};
	return {
		write(text) {
			if (hasFailed) {
				return;
			}
			try {
				stream ??= open();
				stream.write(text);
			} catch (error) {
				fail(error);
			}
		},
		async close() {
			if (stream !== undefined && !hasFailed) {
				stream.end();
				await Promise.race([once(stream, 'close'), once(stream, 'error')]);
			}
		},
	};
};
