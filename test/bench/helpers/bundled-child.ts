import {execFile} from 'node:child_process';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {promisify} from 'node:util';
import {build} from 'esbuild';
import {bundleOptions, shortcuts} from '../../../source/build/bundle-options.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const run = promisify(execFile);

/** Runs a script of `children/` that holds JSX, which Node does not read: it is bundled like the program. */
export const runBundledChild = async <T>(
	name: string,
	argv: readonly string[],
	env: NodeJS.ProcessEnv = process.env,
): Promise<T> => {
	const folder = await mkdtemp(path.join(tmpdir(), 'bedrock-top-bench-'));
	try {
		await build({
			...bundleOptions,
			plugins: shortcuts,
			absWorkingDir: root,
			entryPoints: [path.join(root, `test/bench/children/${name}.ts`)],
			outdir: folder,
			outExtension: {'.js': '.mjs'},
		});
		const script = path.join(folder, `${name}.mjs`);
		const {stdout} = await run(process.execPath, ['--expose-gc', script, ...argv], {
			env,
			maxBuffer: 100_000_000,
		});
		return JSON.parse(stdout) as T;
	} finally {
		await rm(folder, {recursive: true, force: true});
	}
};
