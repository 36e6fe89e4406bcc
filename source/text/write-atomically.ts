import {randomUUID} from 'node:crypto';
import {open, rename, rm} from 'node:fs/promises';
import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {privateMode} from './private-file.ts';

/** Text, or pieces of it that are written as they come. */
export type FileText = string | Iterable<string> | AsyncIterable<string>;

export type WriteOptions = {
	/**
	 * Whether it has to outlast a crash of the machine: the disk has it before the promise resolves. What running programs
	 * exchange, or what a service lists again, needs no more than to be whole.
	 */
	readonly isLasting?: boolean;
};

/**
 * Replaces a file as a whole: whoever reads it, also after the process was killed in the middle, finds the old content
 * or the new one, never a part. It is its owner's alone, and a link of that name is replaced, not followed.
 *
 * `write-file-atomic` would follow the link, and give the file the rights of what it leads to.
 */
export async function writeAtomically(
	file: string,
	text: FileText,
	{isLasting = true}: WriteOptions = {},
): Promise<void> {
	const temporary = `${file}.${randomUUID()}.tmp`;
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
