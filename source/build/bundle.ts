import {chmod, rm, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {build} from 'esbuild';
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
	// Flat, because a worker is started by a path relative to whichever chunk its handle ended up in.
	chunkNames: '[name]-[hash]',
	bundle: true,
	splitting: true,
	minify: true,
	// Names stay, because error classes are told apart by them.
	keepNames: true,
	metafile: true,
	format: 'esm',
	platform: 'node',
	target: 'node22',
	// The ECMAScript builds: only what is used of them stays in the bundle.
	mainFields: ['module', 'main'],
	jsx: 'automatic',
	legalComments: 'none',
	define: {'process.env.NODE_ENV': '"production"', 'process.env.DEV': '"false"'},
	// Optional parts of Ink and Vega that a terminal never needs.
	external: ['canvas', 'react-devtools-core'],
	banner: {
		// Some dependencies are CommonJS and ask for Node's own modules with require.
		js: "import {createRequire as __createRequire} from 'node:module';const require=__createRequire(import.meta.url);",
	},
	// cli.ts sets NODE_ENV for what is not bundled; here it is a constant already.
	logOverride: {'assign-to-define': 'silent'},
	logLevel: 'warning',
});
await writeFile(
	path.join(dist, 'THIRD-PARTY-NOTICES.txt'),
	await thirdPartyNotices(root, Object.keys(result.metafile.inputs)),
);
await chmod(path.join(dist, 'cli.js'), 0o755);
