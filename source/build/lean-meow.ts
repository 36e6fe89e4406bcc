import {readFile} from 'node:fs/promises';
import type {Plugin} from 'esbuild';

/**
 * What meow would set up at every start for a package.json that it looks for by itself: checks of licence names, and
 * code frames for broken JSON. It is handed an empty one, so neither is ever called; together they are most of what
 * `--version` would take.
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
