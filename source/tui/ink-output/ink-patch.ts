import path from 'node:path';

/**
 * Ink's output as it ships, and as the tests run it: the bundle and vitest change Ink's modules by the same functions. A
 * screen of finished lines is put together from them: a steady update takes less than half of the time (test/bench).
 */

/** Several screens full; then the cache starts again. Each takes some kilobytes. */
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

/** A piece of a module of Ink, and what stands in its place. */
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
	`import {${name}} from ${JSON.stringify(path.resolve(import.meta.dirname, file))};\n`;

/** Ink's output.js, which keeps what it found out about lines, and draws cell by cell only where it has to. */
export function withQuickRows(text: string): string {
	return importing('quickRows', 'quick-rows.ts') + changed(text, outputChanges) + lastingCaches;
}

/** Ink's sanitize-ansi.js, which takes text apart only where something may have to go. */
export function withQuickCheck(text: string): string {
	return importing('isSimplePainted', '../../text/simple-text.ts') + changed(text, sanitizeChanges);
}

const changes: ReadonlyArray<readonly [file: RegExp, change: (text: string) => string]> = [
	[/[\\/]ink[\\/]build[\\/]output\.js$/, withQuickRows],
	[/[\\/]ink[\\/]build[\\/]sanitize-ansi\.js$/, withQuickCheck],
];

/** Files of Ink that are changed. */
export const changedFiles = /[\\/]ink[\\/]build[\\/](?:output|sanitize-ansi)\.js$/;

/**
 * A module of Ink with its changes; undefined for one that stays as it is.
 * @throws Error where another version of Ink is built differently.
 */
export function patchedInk(file: string, text: string): string | undefined {
	return changes.find(([pattern]) => pattern.test(file))?.[1](text);
}

/**
 * The file that packages get for `string-width`: Ink measures every line at every paint with it, and it is slow on the
 * characters that boxes and gauges are drawn with. Ours gives the same widths and takes a quarter of the time.
 * @param importer The file that asks for it.
 */
export function patchedWidth(specifier: string, importer: string | undefined): string | undefined {
	return specifier === 'string-width' && /[\\/]node_modules[\\/]/.test(importer ?? '')
		? path.resolve(import.meta.dirname, 'fast-string-width.ts')
		: undefined;
}
