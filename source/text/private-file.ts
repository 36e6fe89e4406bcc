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
} from 'node:fs';
import {pipeline} from 'node:stream/promises';

/**
 * Files with prompts and answers are their owner's alone, and links are not followed: where others can write too, a link
 * could lead to any file of the user's.
 */

/** Read and written by the owner, by nobody else. */
export const privateMode = 0o600;
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
 * @param how `replace`: whatever had the name is removed first; `continue`: text is added to a file of this user's.
 * @returns A descriptor; whoever opens it closes it.
 * @throws Error with words for a link, a file of another user, or what the system says.
 */
export const openPrivate = (file: string, how: 'replace' | 'continue'): number => {
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
};

/** Copies a file; whatever had the name of the copy is removed first. */
export const copyPrivate = async (from: string, to: string): Promise<void> => {
	const descriptor = openPrivate(to, 'replace');
	await pipeline(createReadStream(from), createWriteStream(to, {fd: descriptor}));
};
