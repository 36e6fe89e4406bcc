import {chmod, rm, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {build} from 'esbuild';
import {bundleOptions} from './bundle-options.ts';
import {thirdPartyNotices} from './notices.ts';

/** Makes `dist/`: one code-split bundle that carries all its dependencies, flat, with their licences. */

const root = path.resolve(import.meta.dirname, '../..');
const dist = path.join(root, 'dist');

await rm(dist, {recursive: true, force: true});
const result = await build({
	absWorkingDir: root,
	entryPoints: {
		cli: 'source/cli.ts',
		'engine-worker': 'source/threads/engine-worker.ts',
		'simulator-worker': 'source/threads/simulator-worker.ts',
		'reports-worker': 'source/threads/reports-worker.ts',
	},
	outdir: dist,
	...bundleOptions,
	metafile: true,
});
await writeFile(
	path.join(dist, 'THIRD-PARTY-NOTICES.txt'),
	await thirdPartyNotices(root, Object.keys(result.metafile.inputs)),
);
await chmod(path.join(dist, 'cli.js'), 0o755);
