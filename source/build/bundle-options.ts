import type {BuildOptions, Plugin} from 'esbuild';
import {
	apartJsonSchema,
	inkOutput,
	lazyWidth,
	leanHttp,
	leanPrices,
	leanYoga,
	leanZod,
} from './library-patches.ts';

/** The program and its threads. */
export const entryPoints = {
	cli: 'source/cli.ts',
	'engine-worker': 'source/threads/engine-worker.ts',
	'tap-worker': 'source/threads/tap-worker.ts',
	'checks-worker': 'source/threads/checks-worker.ts',
	'simulator-worker': 'source/threads/simulator-worker.ts',
	'reports-worker': 'source/threads/reports-worker.ts',
};

/** Options of the bundle: for Node, code-split, flat, with all dependencies. */
export const bundleOptions = {
	// Flat, because a worker is started by a path relative to whichever chunk its handle ended up in.
	chunkNames: '[name]-[hash]',
	bundle: true,
	splitting: true,
	// Without keepNames: it would define the name of a function each time one is made. Errors set their own.
	minify: true,
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
} satisfies BuildOptions;

/** Patches that remove start-up work of libraries which this program never needs. */
export const shortcuts: Plugin[] = [
	inkOutput,
	lazyWidth,
	leanHttp,
	leanPrices,
	leanYoga,
	leanZod,
	apartJsonSchema,
];
