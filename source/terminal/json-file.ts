import {constants} from 'node:fs';
import {access, realpath, rm, stat, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {reasonOf as systemReason, UserError} from '../domain/user-error.ts';
import {writeAtomically} from '../text/private-file.ts';
import {escapeUnseen} from '../text/width.ts';

/** A file that a flag names, such as `--json=FILE`: checked before anything is sent, replaced atomically. */

/** Flags that name a file to write. */
type FileFlag = 'json' | 'junit' | 'markdown';

/** A missing file can be created, so ENOENT means its folder. */
const reasonOf = (error: unknown): string =>
	(error as NodeJS.ErrnoException).code === 'ENOENT' ? 'its folder does not exist' : systemReason(error);

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
		throw unwritable(flag, file, reasonOf(error), error);
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
		throw unwritable(flag, file, reasonOf(error), error);
	}
}
