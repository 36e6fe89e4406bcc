import type {BuildOptions, Plugin} from 'esbuild';
import {inkOutput} from './ink-output.ts';
import {apartJsonSchema} from './json-schema-library.ts';
import {lazyWidth} from './lazy-width.ts';
import {leanHttp} from './lean-http.ts';
import {leanPrices} from './lean-prices.ts';
import {leanYoga} from './lean-yoga.ts';
import {leanZod} from './lean-zod.ts';

/** How programs are bundled: one code-split bundle for Node that carries all its dependencies, flat. */
export const bundleOptions = {
	// Flat, because a worker is started by a path relative to whichever chunk its handle ended up in.
	chunkNames: '[name]-[hash]',
	bundle: true,
	splitting: true,
	// Keeping names would define each function's anew whenever it is made, at start and in every request; errors carry theirs.
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

/** Shortcuts of our own through what libraries do at the start of a program that never needs it. */
export const shortcuts: Plugin[] = [
	inkOutput,
	lazyWidth,
	leanHttp,
	leanPrices,
	leanYoga,
	leanZod,
	apartJsonSchema,
];
