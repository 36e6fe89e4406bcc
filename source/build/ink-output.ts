import {readFile} from 'node:fs/promises';
import type {Plugin} from 'esbuild';
import {changedFiles, patchedInk, patchedWidth} from '../tui/ink-output/ink-patch.ts';

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
