import {constants} from 'node:fs';
import {access, realpath, rm, stat, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {reasonOf as systemReason} from '../domain/system-words.ts';
import {UserError} from '../domain/user-error.ts';
import {escapeUnseen} from '../text/width.ts';
import {writeAtomically} from '../text/write-atomically.ts';

/** The file of `--json=FILE`: proved to be writable before anything is sent, replaced as a whole. */

/** Of a file to be written, what is missing is its folder. */
const reasonOf = (error: unknown): string =>
	(error as NodeJS.ErrnoException).code === 'ENOENT' ? 'its folder does not exist' : systemReason(error);

const unwritable = (file: string, reason: string, cause?: unknown): UserError =>
	new UserError(`--json: "${file}" cannot be written: ${reason}.`, {
		exitCode: 1,
		hint: 'Name a file in a folder that you may write to, or write --json > FILE.',
		cause,
	});

/** Its folder without links, so that the file itself, be it a link, is what is replaced; where there is none, as it is. */
const placeOf = async (file: string): Promise<string> => {
	// The system's own links, such as /dev/stdout, lead where the shell said.
	const isOfSystem = /^\/(?:dev|proc)\//.test(path.resolve(file));
	return isOfSystem
		? realpath(file).catch(() => path.resolve(file))
		: realpath(path.dirname(file)).then(
				(folder) => path.join(folder, path.basename(file)),
				() => path.resolve(file),
			);
};

/** Pipes and devices are written to; a regular file, or none yet, is replaced as a whole. */
const isReplaceable = async (file: string): Promise<boolean> =>
	stat(file).then(
		(status) => status.isFile(),
		() => true,
	);

/**
 * Proves that the file can be written, and leaves nothing behind.
 * @throws UserError (exit 1) with the reason.
 */
export const assertWritable = async (file: string): Promise<void> => {
	const real = await placeOf(file);
	try {
		if ((await stat(real).catch(() => undefined))?.isDirectory()) {
			throw Object.assign(new Error(), {code: 'EISDIR'});
		}
		if (await isReplaceable(real)) {
			// Permission bits say nothing about read-only and special file systems.
			const probe = `${real}.${process.pid}.tmp`;
			await writeFile(probe, '', {flag: 'wx'});
			await rm(probe);
		} else {
			await access(real, constants.W_OK);
		}
	} catch (error) {
		throw unwritable(file, reasonOf(error), error);
	}
};

/**
 * Writes a value as JSON: whoever reads a regular file meanwhile finds the old content or the new one.
 * @throws UserError (exit 1) with the reason.
 */
export const writeJsonFile = async (file: string, value: unknown): Promise<void> => {
	const text = `${escapeUnseen(JSON.stringify(value, null, 2))}\n`;
	const real = await placeOf(file);
	try {
		await ((await isReplaceable(real)) ? writeAtomically(real, text) : writeFile(real, text));
	} catch (error) {
		throw unwritable(file, reasonOf(error), error);
	}
};
