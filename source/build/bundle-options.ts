import {readFile} from 'node:fs/promises';
import path from 'node:path';
import {isDeepStrictEqual} from 'node:util';
import {type BuildOptions, type BuildResult, build, type Plugin} from 'esbuild';
import {generalHelp} from '../config/help.ts';
import {changedFiles, patchedInk, patchedWidth} from '../tui/ink-output/ink-patch.ts';

const name = 'lean-http';

/**
 * Importing `node:http` as a module asks for all that it exports, WebSocket among it, for which Node loads a second HTTP
 * client in every thread. Requiring it does not: on Node 24 the first frame takes 50 ms
 * of the main thread's processor time less (250 to 300 ms).
 */
const leanHttp: Plugin = {
	name,
	setup({onResolve, onLoad}) {
		onResolve({filter: /^(?:node:)?http$/}, ({namespace}) =>
			namespace === name ? {path: 'node:http', external: true} : {path: 'node:http', namespace: name},
		);
		onLoad({filter: /.*/, namespace: name}, () => ({
			contents: "module.exports = require('node:http');",
			loader: 'js',
		}));
	},
};

/** The provider whose prices are asked for. */
const provider = 'aws';

type Provider = {readonly id: string; readonly fallback_model_providers?: readonly string[]};

/** The list of providers at the head of the module, with the name that it is bound to. */
const dataPattern = /^const (\w+) = (\[\n[\s\S]*?\n\]), /;

const changed = (what: string): Error => new Error(`@pydantic/genai-prices has changed: ${what}.`);

/**
 * Prices of one provider, and of those that it falls back to.
 * @param text The module with the prices of all providers.
 * @throws Error where another version is built differently: better no build than prices that are lost unnoticed.
 */
export function leanPricesOf(text: string): string {
	const match = dataPattern.exec(text);
	if (match === null) {
		throw changed('its data is not where it was');
	}
	const [whole, name = '', literal = ''] = match;
	// The list is our own dependency's code, run while building.
	const all = new Function(`return ${literal};`)() as readonly Provider[];
	const own = all.find(({id}) => id === provider);
	if (own === undefined) {
		throw changed(`it has no provider "${provider}"`);
	}
	const kept = all.filter(({id}) => id === provider || own.fallback_model_providers?.includes(id));
	const data = JSON.stringify(kept);
	if (!isDeepStrictEqual(JSON.parse(data), kept)) {
		throw changed('its data is more than JSON');
	}
	return `const ${name} = ${data}, ${text.slice(whole.length)}`;
}

/** Leaves the prices of other providers out of the bundle: nine tenths of it. */
const leanPrices: Plugin = {
	name: 'lean-prices',
	setup({onLoad}) {
		onLoad({filter: /[\\/]@pydantic[\\/]genai-prices[\\/]dist[\\/]index\.js$/}, async ({path}) => ({
			contents: leanPricesOf(await readFile(path, 'utf8')),
			loader: 'js',
		}));
	},
};

/** Leaves zod's messages in forty languages out of the bundle: its English ones are imported by themselves. */
const leanZod: Plugin = {
	name: 'lean-zod',
	setup({onLoad}) {
		onLoad({filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/}, () => ({
			contents: "export {default as en} from './en.js';",
			loader: 'js',
		}));
	},
};

const changedClient = (what: string): Error => new Error(`@redis/client has changed: ${what}.`);

/** Commands that the client of Redis sends by itself where the connection of a ledger asks for it (threads/ledger-connection). */
const sentByClient = ['AUTH', 'CLIENT_SETNAME', 'READONLY'];

/**
 * The list of commands of the client, with those alone that it sends by itself: a ledger sends words.
 * @param client The module that uses the list.
 * @throws Error where another version sends others.
 */
export function leanCommandsFor(client: string): string {
	const used = new Set([...client.matchAll(/\bcommands_1\.default\.(\w+)/g)].map(([, name]) => name));
	const unknown = [...used].filter((each) => !sentByClient.includes(each ?? ''));
	if (used.size === 0 || unknown.length > 0) {
		throw changedClient(used.size === 0 ? 'its commands are elsewhere' : `it sends ${unknown.join(', ')}`);
	}
	const list = sentByClient.map((each) => `${each}: require('./${each}').default`);
	return `exports.__esModule = true;\nexports.default = {${list.join(', ')}};\nexports.NON_STICKY_COMMANDS = {};`;
}

/** Leaves out of the client of Redis what a ledger does not use: 400 commands, what is known of them, clusters, sentinels. */
const leanRedis: Plugin = {
	name: 'lean-redis',
	setup({onLoad}) {
		onLoad({filter: /[\\/]@redis[\\/]client[\\/]dist[\\/]index\.js$/}, () => ({
			// As a module: a chunk of another kind has no names for those that import it lazily.
			contents: "import client from './lib/client';\nexport const createClient = client.create;",
			loader: 'js',
		}));
		onLoad(
			{filter: /[\\/]@redis[\\/]client[\\/]dist[\\/]lib[\\/]commands[\\/]index\.js$/},
			async ({path: file}) => ({
				contents: leanCommandsFor(
					await readFile(path.resolve(path.dirname(file), '../client/index.js'), 'utf8'),
				),
				loader: 'js',
			}),
		);
		onLoad({filter: /[\\/]@redis[\\/]client[\\/]dist[\\/]lib[\\/]command-metadata[\\/]index\.js$/}, () => ({
			contents: 'exports.defaultCommandMetadata = {lookup() {}};\nexports.isCacheable = () => false;',
			loader: 'js',
		}));
	},
};

/** What `string-width` makes as it is loaded, and where it uses it. */
const eager = [
	{made: 'new Intl.Segmenter()', name: 'segmenter', used: 'segmenter.segment('},
	{made: String.raw`/^\p{RGI_Emoji}$/v`, name: 'rgiEmojiRegex', used: 'rgiEmojiRegex.test('},
] as const;

const once = (text: string, part: string): string => {
	if (text.split(part).length !== 2) {
		throw new Error(`string-width has changed: ${part} is not there once.`);
	}
	return part;
};

/**
 * `string-width`, which makes its tables of emoji and grapheme clusters when it first meets text that needs them.
 * @throws Error where another version of it is built differently.
 */
export function withLazyTables(text: string): string {
	return eager.reduce((lazy, {made, name, used}) => {
		const declared = once(lazy, `const ${name} = ${made};`);
		const use = once(lazy, used);
		return lazy
			.replace(declared, () => `let made_${name};\nconst ${name} = () => (made_${name} ??= ${made});`)
			.replace(use, () => used.replace(name, `${name}()`));
	}, text);
}

/** Most programs never show text that needs the tables; making them is 20 ms of the 270 to the first frame. */
export const lazyWidth: Plugin = {
	name: 'lazy-width',
	setup({onLoad}) {
		onLoad({filter: /[\\/]string-width[\\/]index\.js$/}, async ({path}) => ({
			contents: withLazyTables(await readFile(path, 'utf8')),
			loader: 'js',
		}));
	},
};

/**
 * Yoga, which lays out what Ink draws, reads its own bytes with `fetch` where there is one, and for that Node loads its
 * whole HTTP client before the first frame. Without one it decodes them: on Node 24 the first frame takes
 * 40 ms of the main thread's processor time less (250 to 290 ms).
 */
const leanYoga: Plugin = {
	name: 'lean-yoga',
	setup({onLoad}) {
		onLoad({filter: /[\\/]yoga-wasm-base64-esm\.js$/}, async ({path}) => ({
			contents: `const fetch = undefined;\n${await readFile(path, 'utf8')}`,
			loader: 'js',
		}));
	},
};

/** Ink with the faster output of the screen (source/tui/ink-output), as the tests run it too. */
export const inkOutput: Plugin = {
	name: 'ink-output',
	setup({onLoad, onResolve}) {
		onLoad({filter: changedFiles}, async ({path}) => {
			const contents = patchedInk(path, await readFile(path, 'utf8'));
			return contents === undefined ? undefined : {contents, loader: 'js'};
		});
		onResolve({filter: /^string-width$/}, ({path, importer}) => {
			const own = patchedWidth(path, importer);
			return own === undefined ? undefined : {path: own};
		});
	},
};

/**
 * Bundles the validator of JSON Schema as a separate CommonJS file. Few presets need it, and those need it synchronously,
 * which only CommonJS allows.
 */

const fileName = 'json-schema-library.cjs';

/** The parts of the packages that source/prompts/json-schema.ts uses. */
const contents = `
	import formats from 'ajv-formats';
	export {Ajv} from 'ajv';
	export {Ajv2019} from 'ajv/dist/2019.js';
	export {Ajv2020} from 'ajv/dist/2020.js';
	export default formats.default;
`;

/** Makes the program load the validator from that file, instead of bundling it with each thread that checks answers. */
const apartJsonSchema: Plugin = {
	name: 'apart-json-schema',
	setup({onResolve}) {
		onResolve({filter: /^ajv(?:-formats|\/|$)/}, ({kind}) =>
			kind === 'require-call' ? {path: `./${fileName}`, external: true} : undefined,
		);
	},
};

/** @param root Folder of package.json. */
export async function buildJsonSchemaLibrary(
	root: string,
	folder: string,
): Promise<BuildResult<{metafile: true}>> {
	return build({
		absWorkingDir: root,
		stdin: {contents, resolveDir: root},
		outfile: path.join(folder, fileName),
		bundle: true,
		minify: true,
		format: 'cjs',
		platform: 'node',
		target: 'node22',
		legalComments: 'none',
		logLevel: 'warning',
		metafile: true,
	});
}

/** The program, its threads, and what the library shares with it. */
export const entryPoints = {
	cli: 'source/cli.ts',
	'engine-worker': 'source/threads/engine-worker.ts',
	'tap-worker': 'source/threads/tap-worker.ts',
	'checks-worker': 'source/threads/checks-worker.ts',
	'simulator-worker': 'source/threads/simulator-worker.ts',
	'reports-worker': 'source/threads/reports-worker.ts',
	'limiter-detect': 'source/limiter/detect.ts',
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
	// Optional parts of Ink, Vega and the client of Redis that are never needed here.
	external: ['canvas', 'react-devtools-core', '@opentelemetry/api', '@node-rs/xxhash'],
	banner: {
		// Some dependencies are CommonJS and ask for Node's own modules with require.
		js: "import {createRequire as __createRequire} from 'node:module';const require=__createRequire(import.meta.url);",
	},
	// cli.ts sets NODE_ENV for what is not bundled; here it is a constant already.
	logOverride: {'assign-to-define': 'silent'},
	logLevel: 'warning',
} satisfies BuildOptions;

/**
 * The first page of the help as it is printed: the tables of flags and commands, from which it is made, take 6 ms to load.
 * `dispatch` alone asks for it in this way; `help` makes it again.
 */
const readyHelp: Plugin = {
	name: 'ready-help',
	setup({onResolve, onLoad}) {
		onResolve({filter: /^\.\/help\.ts$/}, ({importer}) =>
			path.basename(importer) === 'dispatch.ts'
				? {path: 'general-help', namespace: 'ready-help', sideEffects: false}
				: undefined,
		);
		onLoad({filter: /.*/, namespace: 'ready-help'}, () => ({
			contents: `export const generalHelpLines = async () => ${JSON.stringify(generalHelp())};`,
			loader: 'js',
		}));
	},
};

/** Patches that remove start-up work of libraries which this program never needs. */
export const shortcuts: Plugin[] = [
	inkOutput,
	lazyWidth,
	leanHttp,
	leanPrices,
	leanRedis,
	leanYoga,
	leanZod,
	readyHelp,
	apartJsonSchema,
];
