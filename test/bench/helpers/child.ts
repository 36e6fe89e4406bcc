import {execFile} from 'node:child_process';
import path from 'node:path';
import {promisify} from 'node:util';

const run = promisify(execFile);

/** Runs a script of `children/` in a process of its own and reads the JSON that it prints. */
export const runChild = async <T>(
	name: string,
	argv: readonly string[],
	nodeFlags: readonly string[] = [],
): Promise<T> => {
	const script = path.resolve(import.meta.dirname, `../children/${name}.ts`);
	const {stdout} = await run(process.execPath, [...nodeFlags, script, ...argv], {maxBuffer: 100_000_000});
	return JSON.parse(stdout) as T;
};
