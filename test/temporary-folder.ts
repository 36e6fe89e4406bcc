import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';

/** Gives a run of the tests its own folder for temporary files, and takes it away at the end. */
export const setup = (): (() => void) => {
	const folder = mkdtempSync(path.join(tmpdir(), 'bedrock-top-tests-'));
	process.env.TMPDIR = folder;
	return () => rmSync(folder, {recursive: true, force: true});
};
