import {open, rename, rm} from 'node:fs/promises';
import {privateMode} from './private-file.ts';

let serial = 0;

/**
 * Replaces a file as a whole: whoever reads it, also after the process was killed in the middle, finds the old content
 * or the new one, never a part. It is its owner's alone, and a link of that name is replaced, not followed.
 */
export async function writeAtomically(file: string, text: string): Promise<void> {
	serial += 1;
	const temporary = `${file}.${process.pid}-${serial}.tmp`;
	try {
		const handle = await open(temporary, 'wx', privateMode);
		try {
			await handle.writeFile(text);
			await handle.sync();
		} finally {
			await handle.close();
		}

		await rename(temporary, file);
	} catch (error) {
		await rm(temporary, {force: true});
		throw error;
	}
}
