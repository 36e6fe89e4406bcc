import {readFile} from 'node:fs/promises';
import type {Plugin} from 'esbuild';

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
export const withLazyTables = (text: string): string =>
	eager.reduce((lazy, {made, name, used}) => {
		const declared = once(lazy, `const ${name} = ${made};`);
		const use = once(lazy, used);
		return lazy
			.replace(declared, () => `let made_${name};\nconst ${name} = () => (made_${name} ??= ${made});`)
			.replace(use, () => used.replace(name, `${name}()`));
	}, text);

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
