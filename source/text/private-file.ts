import {
	closeSync,
	constants,
	createReadStream,
	createWriteStream,
	fchmodSync,
	fstatSync,
	lstatSync,
	openSync,
	rmSync,
	statSync,
	writeFileSync,
} from 'node:fs';
import {mkdir, open, rename, rm} from 'node:fs/promises';
import path from 'node:path';
import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import envPaths from 'env-paths';

/**
 * Files with prompts and answers are readable by their owner only, and links are not followed: where others can write,
 * a link could lead to any file of the user.
 */

/** Read and written by the owner, by nobody else. */
const privateMode = 0o600;
export const privateFolderMode = 0o700;

/** Windows has no such flag, and asks for a right to make links. */
const noFollow = constants.O_NOFOLLOW ?? 0;

const isLink = (file: string): boolean => lstatSync(file, {throwIfNoEntry: false})?.isSymbolicLink() ?? false;

/** Pipes and devices keep nothing, and `/dev/stderr` is a link. */
const isStream = (file: string): boolean => {
	const status = statSync(file, {throwIfNoEntry: false});
	return status !== undefined && !status.isFile() && !status.isDirectory();
};

const assertOwn = (descriptor: number): void => {
	const {uid, nlink} = fstatSync(descriptor);
	const userId = process.getuid?.();
	if (userId !== undefined && uid !== userId) {
		throw new Error('it belongs to another user');
	}
	if (nlink > 1) {
		throw new Error('another file name leads to it too');
	}
};

/**
 * Opens a file for writing.
 * @param how `replace`: whatever had the name is removed first; `continue`: text is added to a file of this user.
 * @returns A descriptor; the caller closes it.
 * @throws Error with words for a link, a file of another user, or what the system says.
 */
export function openPrivate(file: string, how: 'replace' | 'continue'): number {
	if (isStream(file)) {
		return openSync(file, constants.O_WRONLY | constants.O_APPEND);
	}
	if (how === 'replace') {
		rmSync(file, {force: true});
		return openSync(file, 'wx', privateMode);
	}
	if (isLink(file)) {
		throw new Error('it is a symbolic link, and links are not followed');
	}
	const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | noFollow;
	const descriptor = openSync(file, flags, privateMode);
	try {
		assertOwn(descriptor);
		fchmodSync(descriptor, privateMode);
	} catch (error) {
		closeSync(descriptor);
		throw error;
	}
	return descriptor;
}

/** Copies a file; whatever had the name of the copy is removed first. */
export async function copyPrivate(from: string, to: string): Promise<void> {
	const descriptor = openPrivate(to, 'replace');
	await pipeline(createReadStream(from), createWriteStream(to, {fd: descriptor}));
}

/** Text, or pieces of it that are written as they come. */
type FileText = string | Iterable<string> | AsyncIterable<string>;

type WriteOptions = {
	/**
	 * Whether it has to outlast a crash of the machine: the disk has it before the promise resolves. What running programs
	 * exchange, or what a service lists again, needs no more than to be whole.
	 */
	readonly isLasting?: boolean;
};

/**
 * Replaces a file as a whole: a reader finds the old content or the new, never a part, even after the process was killed.
 * Only its owner can read it, and a link of that name is replaced, not followed.
 */
export async function writeAtomically(
	file: string,
	text: FileText,
	{isLasting = true}: WriteOptions = {},
): Promise<void> {
	// Of the global object: importing node:crypto makes all of it, 5 ms of the start.
	const temporary = `${file}.${crypto.randomUUID()}.tmp`;
	try {
		const handle = await open(temporary, 'wx', privateMode);
		try {
			if (typeof text === 'string') {
				await handle.writeFile(text);
				if (isLasting) {
					await handle.sync();
				}
			} else {
				await pipeline(Readable.from(text), handle.createWriteStream({flush: isLasting}));
			}
		} finally {
			await handle.close();
		}
		await rename(temporary, file);
	} catch (error) {
		await rm(temporary, {force: true});
		throw error;
	}
}

/** Code of an error of the system. */
const codeOf = (error: unknown): unknown =>
	error instanceof Error && 'code' in error ? error.code : undefined;

/** Makes one folder; another program may make it at the same instant. */
const makeOne = async (folder: string): Promise<void> => {
	try {
		await mkdir(folder, {mode: privateFolderMode});
	} catch (error) {
		if (codeOf(error) !== 'EEXIST') {
			throw error;
		}
	}
};

/** Node's own recursive mkdir never ends below a parent that refuses folders as if it were absent (`/proc`). */
const makeFolder = async (folder: string): Promise<void> => {
	try {
		await makeOne(folder);
	} catch (error) {
		if (codeOf(error) !== 'ENOENT' || path.dirname(folder) === folder) {
			throw error;
		}
		await makeFolder(path.dirname(folder));
		await makeOne(folder);
	}
};

/** Files of the cache, and those that running programs share: after a crash of the machine they are not needed. */
export async function writeWithFolder(file: string, text: string): Promise<void> {
	await makeFolder(path.dirname(file));
	await writeAtomically(file, text, {isLasting: false});
}

/** Writes a large file line by line. Close it, whatever happens. */
type LineWriter = {
	/** Takes a line with its end. @returns Its bytes. */
	readonly add: (line: string) => number;
	readonly close: () => void;
};

/** Characters that are written at once. */
const maxWaiting = 64 * 1024;

/**
 * Lines are written at once, in pieces: handing each piece to another thread costs more than writing it, and pieces that
 * wait fill the memory.
 * @param onText Shown everything that is written.
 */
export function openLineWriter(file: string, onText: (text: string) => void = () => {}): LineWriter {
	const descriptor = openPrivate(file, 'replace');
	let waiting = '';
	const flush = (): void => {
		onText(waiting);
		writeFileSync(descriptor, waiting);
		waiting = '';
	};
	return {
		add(line) {
			waiting += line;
			if (waiting.length >= maxWaiting) {
				flush();
			}
			return Buffer.byteLength(line);
		},
		close() {
			try {
				flush();
			} finally {
				closeSync(descriptor);
			}
		},
	};
}

/** The user's cache folder for this program; undefined where there is none. */
export function cacheFolder(): string | undefined {
	try {
		return envPaths('bedrock-top', {suffix: ''}).cache;
	} catch {
		// No HOME and no entry in the user database.
		return undefined;
	}
}

/* What was read back from a file: another version or program may have written it. */

/** The fields that an object must have, and what each must be. */
export type Shape = Readonly<Record<string, (value: unknown) => boolean>>;

export function isText(value: unknown): value is string {
	return typeof value === 'string';
}

/** A number as JSON can hold it. */
export function isNumber(value: unknown): value is number {
	return Number.isFinite(value);
}

export function isFlag(value: unknown): value is boolean {
	return typeof value === 'boolean';
}

/** The same, or null. */
export function orNull(isValid: (value: unknown) => boolean): (value: unknown) => boolean {
	return (value) => value === null || isValid(value);
}

export function listOf(isValid: (value: unknown) => boolean): (value: unknown) => boolean {
	return (value) => Array.isArray(value) && value.every((each) => isValid(each));
}

/** An object with these fields; others do not matter. */
export function shapedAs(shape: Shape): (value: unknown) => boolean {
	return (value) =>
		typeof value === 'object' &&
		value !== null &&
		!Array.isArray(value) &&
		Object.entries(shape).every(([key, isValid]) => isValid((value as Record<string, unknown>)[key]));
}
