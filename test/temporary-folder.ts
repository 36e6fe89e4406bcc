import {chmodSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';

/** Gives a run of the tests its own folder for temporary files, and takes it away at the end. */
export const setup = (): (() => void) => {
	const folder = mkdtempSync(path.join(tmpdir(), 'bedrock-top-tests-'));
	// Other users may pass through it: some tests play one.
	chmodSync(folder, 0o711);
	process.env.TMPDIR = folder;
	// Threads of the sources start again and again: each finds compiled what the one before has compiled.
	process.env.NODE_COMPILE_CACHE = path.join(folder, 'compiled');
	// A program that was killed may write for a moment longer.
	return () => rmSync(folder, {recursive: true, force: true, maxRetries: 5, retryDelay: 200});
};
