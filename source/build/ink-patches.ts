import {readFile} from 'node:fs/promises';
import path from 'node:path';
import type {Plugin} from 'esbuild';

/**
 * Ink measures every line at every paint with `string-width`, which is slow on the characters that boxes and gauges are
 * drawn with. This one returns the same widths (a property test checks it) in a quarter of the time.
 */
export const fastWidth: Plugin = {
	name: 'fast-width',
	setup(build) {
		const own = path.resolve(import.meta.dirname, '../text/fast-string-width.ts');
		build.onResolve({filter: /^string-width$/}, ({importer}) =>
			/[\\/]node_modules[\\/]/.test(importer) ? {path: own} : undefined,
		);
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

/** Most programs never show text that needs the tables; making them is a tenth of the time to the first frame. */
export const lazyWidth: Plugin = {
	name: 'lazy-width',
	setup({onLoad}) {
		onLoad({filter: /[\\/]string-width[\\/]index\.js$/}, async ({path}) => ({
			contents: withLazyTables(await readFile(path, 'utf8')),
			loader: 'js',
		}));
	},
};

/** Lines that are kept, several screens; then the cache starts again. Each takes some kilobytes. */
const maxLines = 600;

const lastingCaches = `
const lastingCaches = new OutputCaches();
const currentCaches = () => {
	if (lastingCaches.styledChars.size > ${maxLines}) {
		for (const cache of Object.values(lastingCaches)) {
			cache.clear();
		}
	}
	return lastingCaches;
};
`;

/** A part of a module of Ink, and its replacement. */
type Change = readonly [before: string, after: string];

const outputChanges: readonly Change[] = [
	// What Ink takes apart and measures at a paint, it forgets after it; nothing that is kept is ever written to.
	['caches = new OutputCaches();', 'caches = currentCaches();'],
	[
		'const output = [];',
		'const {rows: quick, rest} = quickRows(this.operations, this.height);\nconst output = [];',
	],
	['x < this.width;', 'x < this.width && quick[y] === undefined;'],
	// It leaves rows alone that are not there.
	['output.push(row);', 'output.push(quick[y] === undefined ? row : undefined);'],
	['of this.operations) {', 'of rest) {'],
	[
		'const generatedOutput = output\n            .map(line => {',
		'const generatedOutput = output.map((line, y) => {\nif (line === undefined) {\nreturn quick[y];\n}',
	],
];

const sanitizeChanges: readonly Change[] = [
	[
		'const sanitizeAnsi = (text) => {',
		'const sanitizeAnsi = (text) => {\nif (isSimplePainted(text)) {\nreturn text;\n}',
	],
];

/** @throws Error where another version of Ink is built differently. */
function changed(text: string, changes: readonly Change[]): string {
	return changes.reduce((whole, [before, after]) => {
		const parts = whole.split(before);
		if (parts.length !== 2) {
			throw new Error(`Ink has changed: ${before} is not there once.`);
		}
		return parts.join(after);
	}, text);
}

const importing = (name: string, file: string): string =>
	`import {${name}} from ${JSON.stringify(path.resolve(import.meta.dirname, '../text', file))};\n`;

/** Ink's output.js, which keeps what it found out about lines, and draws cell by cell only where it has to. */
export function withQuickRows(text: string): string {
	return importing('quickRows', 'quick-rows.ts') + changed(text, outputChanges) + lastingCaches;
}

/** Ink's sanitize-ansi.js, which takes text apart only where something may have to go. */
export function withQuickCheck(text: string): string {
	return importing('isSimplePainted', 'simple-text.ts') + changed(text, sanitizeChanges);
}

/** A screen of finished lines is put together from them: a steady update takes less than half of the time (test/bench). */
export const quickOutput: Plugin = {
	name: 'quick-output',
	setup({onLoad}) {
		const load = (filter: RegExp, change: (text: string) => string): void =>
			onLoad({filter}, async ({path: file}) => ({
				contents: change(await readFile(file, 'utf8')),
				loader: 'js',
			}));
		load(/[\\/]ink[\\/]build[\\/]output\.js$/, withQuickRows);
		load(/[\\/]ink[\\/]build[\\/]sanitize-ansi\.js$/, withQuickCheck);
	},
};

/**
 * Yoga, which lays out what Ink draws, reads its own bytes with `fetch` where there is one, and for that Node loads its
 * whole HTTP client before the first frame. Without one it decodes them.
 */
export const leanYoga: Plugin = {
	name: 'lean-yoga',
	setup({onLoad}) {
		onLoad({filter: /[\\/]yoga-wasm-base64-esm\.js$/}, async ({path}) => ({
			contents: `const fetch = undefined;\n${await readFile(path, 'utf8')}`,
			loader: 'js',
		}));
	},
};
