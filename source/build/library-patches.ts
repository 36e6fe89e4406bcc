import {readFile} from 'node:fs/promises';
import {isDeepStrictEqual} from 'node:util';
import type {Plugin} from 'esbuild';

const name = 'lean-http';

/**
 * Importing `node:http` as a module asks for all that it exports, WebSocket among it, for which Node loads a second HTTP
 * client in every thread. Requiring it does not.
 */
export const leanHttp: Plugin = {
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

/**
 * Set-up of meow for a package.json that it reads itself: checks of licence names, and code frames for broken JSON. It gets
 * an empty one here, so neither is ever called.
 */
const unused = ['var libExports = requireLib$1();', 'var normalizeExports = requireNormalize();'];

const emptied = (statement: string): string => statement.replace(/= .*;$/, '= {};');

/**
 * Leaves out of the bundle what meow never needs here.
 * @throws Error where another version of meow is built differently: better no build than a slow one unnoticed.
 */
export const leanMeow: Plugin = {
	name: 'lean-meow',
	setup({onLoad}) {
		onLoad({filter: /[\\/]meow[\\/]build[\\/]dependencies\.js$/}, async ({path}) => {
			const text = await readFile(path, 'utf8');
			const missing = unused.filter((statement) => text.split(statement).length !== 2);
			if (missing.length > 0) {
				throw new Error(`meow has changed: ${missing.join(' ')} is not there once.`);
			}
			const contents = unused.reduce((lean, statement) => lean.replace(statement, emptied(statement)), text);
			return {contents, loader: 'js'};
		});
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
export const leanPrices: Plugin = {
	name: 'lean-prices',
	setup({onLoad}) {
		onLoad({filter: /[\\/]@pydantic[\\/]genai-prices[\\/]dist[\\/]index\.js$/}, async ({path}) => ({
			contents: leanPricesOf(await readFile(path, 'utf8')),
			loader: 'js',
		}));
	},
};

/** Leaves zod's messages in forty languages out of the bundle: its English ones are imported by themselves. */
export const leanZod: Plugin = {
	name: 'lean-zod',
	setup({onLoad}) {
		onLoad({filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/}, () => ({
			contents: "export {default as en} from './en.js';",
			loader: 'js',
		}));
	},
};
