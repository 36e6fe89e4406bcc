import {existsSync} from 'node:fs';
import {mkdtemp, readdir, rmdir, stat} from 'node:fs/promises';
import path from 'node:path';
import {reasonOf, UserError} from '../domain/user-error.ts';

/** What is asked of the file system, so that a test can stand in for it. */
export type FolderFileSystem = {
	readonly stat: (file: string) => Promise<{isDirectory: () => boolean}>;
	readonly readdir: (folder: string) => Promise<readonly string[]>;
	/** Makes an empty folder whose name begins with the prefix and returns its path. */
	readonly mkdtemp: (prefix: string) => Promise<string>;
	readonly rmdir: (folder: string) => Promise<void>;
};

/** Where the reports go, or why there will be none. */
export type FolderClaim =
	| {readonly folder: string; readonly warning?: undefined}
	| {readonly folder?: undefined; readonly warning: string};

/** Where runs are kept that name no other folder, below the current one. */
export const defaultFolder = 'bedrock-top-reports';

/** The name of a run's own folder. */
const nameAt = (now: Date): string => now.toISOString().replaceAll(':', '-');

/**
 * Decides where the reports of a run go, before anything is sent. Leaves nothing behind: the folder itself is made when
 * there is something to write.
 *
 * @param out What `--out` names; undefined for `bedrock-top-reports/<time>` under the current folder.
 * @param isForced `--force`: files in an existing folder may be replaced.
 * @param fileSystem For tests.
 * @param now For the name of the default folder.
 * @returns The absolute path of the folder, or, when the default one cannot be written, a warning.
 * @throws UserError exit 2 when `out` holds files and is not forced; exit 1 when it cannot be written.
 */
export async function claimFolder(
	out: string | undefined,
	isForced: boolean,
	fileSystem: FolderFileSystem = {stat, readdir, mkdtemp, rmdir},
	now: Date = new Date(),
): Promise<FolderClaim> {
	if (out === undefined) {
		const base = path.resolve(defaultFolder, nameAt(now));
		const fault = await faultOf(base, fileSystem);
		return fault === undefined
			? {folder: await firstFree(base, fileSystem)}
			: {warning: `No reports will be written: ${path.dirname(base)} is not writable (${fault}).`};
	}
	const folder = path.resolve(out);
	const fault = await faultOf(folder, fileSystem);
	if (fault !== undefined) {
		throw new UserError(`The report folder "${out}" is not writable (${fault}).`, {
			exitCode: 1,
			hint: 'Name another folder with --out, or run with --no-reports.',
		});
	}
	if (!isForced && !(await isEmpty(folder, fileSystem))) {
		throw new UserError(`The report folder "${out}" exists and is not empty.`, {
			exitCode: 2,
			hint: 'Name another folder with --out, or replace its reports with --force.',
		});
	}
	return {folder};
}

/**
 * The folder of a further run of the same program. It is asked for at once, between a key and the first request.
 *
 * @param first What `claimFolder` gave for the first run.
 * @param isNamed `--out` named it: the next ones are `DIR-2`, `DIR-3`; without it each is named by its own start.
 * @param now The start of the run.
 * @returns A path that does not exist.
 */
export function furtherFolder(first: string, isNamed: boolean, now: Date = new Date()): string {
	const base = isNamed ? first : path.join(path.dirname(first), nameAt(now));
	for (let number = 1; ; number += 1) {
		const folder = number === 1 ? base : `${base}-${number}`;
		if (!existsSync(folder)) {
			return folder;
		}
	}
}

/** Why a folder cannot be made or written to; undefined when it can. Proved by making and removing a folder. */
async function faultOf(folder: string, fileSystem: FolderFileSystem): Promise<string | undefined> {
	try {
		const existing = await nearestExisting(folder, fileSystem);
		if (!(await fileSystem.stat(existing)).isDirectory()) {
			return `${existing} is a file`;
		}
		await fileSystem.rmdir(await fileSystem.mkdtemp(path.join(existing, '.bedrock-top-')));
		return undefined;
	} catch (error) {
		return reasonOf(error);
	}
}

async function nearestExisting(folder: string, fileSystem: FolderFileSystem): Promise<string> {
	for (let current = folder; ; current = path.dirname(current)) {
		try {
			await fileSystem.stat(current);
			return current;
		} catch (error) {
			const isAbsent = codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';
			if (!isAbsent || path.dirname(current) === current) {
				throw error;
			}
		}
	}
}

async function firstFree(base: string, fileSystem: FolderFileSystem): Promise<string> {
	for (let number = 1; ; number += 1) {
		const folder = number === 1 ? base : `${base}-${number}`;
		if (!(await doesExist(folder, fileSystem))) {
			return folder;
		}
	}
}

async function isEmpty(folder: string, fileSystem: FolderFileSystem): Promise<boolean> {
	return !(await doesExist(folder, fileSystem)) || (await fileSystem.readdir(folder)).length === 0;
}

async function doesExist(folder: string, fileSystem: FolderFileSystem): Promise<boolean> {
	try {
		await fileSystem.stat(folder);
		return true;
	} catch (error) {
		if (codeOf(error) === 'ENOENT') {
			return false;
		}
		throw error;
	}
}

const codeOf = (error: unknown): string | undefined =>
	error instanceof Error && 'code' in error ? String(error.code) : undefined;
