import {existsSync} from 'node:fs';
import {copyFile, mkdir} from 'node:fs/promises';
import path from 'node:path';
import {isMap, parseDocument} from 'yaml';
import {findPreset} from '../config/preset-files.ts';
import {builtInVariantNames} from '../config/preset-variants.ts';
import type {Variant} from '../domain/task.ts';
import {privateFolderMode, writeAtomically} from '../text/private-file.ts';

/** The preset with a proven variant: a copy beside the results; the preset itself stays as it is. */

/** A variant as a preset has it: only what it sets. */
const entryOf = (
	{name, instruction, system, maxTokens, stop, parameters, itemsPerRequest, cache, compress}: Variant,
	hasSystem: boolean,
): Readonly<Record<string, unknown>> => ({
	name,
	instruction,
	// An empty one keeps that of the preset away.
	...(system === undefined ? (hasSystem ? {system: ''} : {}) : {system}),
	...(maxTokens === undefined ? {} : {maxTokens}),
	...(stop.length === 0 ? {} : {stop}),
	...(Object.keys(parameters).length === 0 ? {} : {parameters}),
	...(itemsPerRequest === 1 ? {} : {itemsPerRequest}),
	...(cache ? {cache} : {}),
	...(compress.length === 0 ? {} : {compress}),
});

/** The text of a preset with one more variant; comments and order stay. */
export function withVariant(text: string, variant: Variant): string {
	const document = parseDocument(text);
	if (document.get('variants') === undefined) {
		// Without variants of its own a preset has the built-in ones, which one of its own would replace.
		document.set('variants', document.createNode([...builtInVariantNames]));
	}
	document.addIn(['variants'], document.createNode(entryOf(variant, document.has('system'))));
	return document.toString({lineWidth: 0});
}

/** The first name that no file has. */
const freeFile = (folder: string, name: string, extension: string): string => {
	for (let number = 1; ; number++) {
		const file = path.join(folder, `${name}${number === 1 ? '' : `-${number}`}${extension}`);
		if (!existsSync(file)) {
			return file;
		}
	}
};

/**
 * Writes the preset with the variant into a folder, and the file of its items beside it.
 * @param nameOrPath Of the preset.
 * @returns The files.
 */
export async function writeOptimizedPreset(
	nameOrPath: string,
	folder: string,
	variant: Variant,
): Promise<readonly string[]> {
	const source = findPreset(nameOrPath);
	const document = parseDocument(source.text);
	const items = document.get('items');
	const itemsFile = isMap(items) ? items.get('file') : undefined;
	const name = path.basename(source.file).replace(/\.ya?ml$/, '');
	await mkdir(folder, {recursive: true, mode: privateFolderMode});
	const file = freeFile(folder, `${name}-optimized`, '.yaml');
	await writeAtomically(file, withVariant(source.text, variant));
	if (typeof itemsFile !== 'string') {
		return [file];
	}
	const copy = path.join(folder, itemsFile);
	if (!existsSync(copy)) {
		await mkdir(path.dirname(copy), {recursive: true, mode: privateFolderMode});
		await copyFile(path.join(source.folder, itemsFile), copy);
	}
	return [file, copy];
}

/** Two versions of a variant, line by line, as people read it. */

/** Lines in common, longest first (the usual table; prompts are short). */
const commonOf = (one: readonly string[], other: readonly string[]): readonly (readonly number[])[] => {
	const table = Array.from({length: one.length + 1}, () => new Array<number>(other.length + 1).fill(0));
	for (let row = one.length - 1; row >= 0; row--) {
		for (let column = other.length - 1; column >= 0; column--) {
			const [here = [], below = []] = [table[row], table[row + 1]];
			here[column] =
				one[row] === other[column]
					? (below[column + 1] ?? 0) + 1
					: Math.max(below[column] ?? 0, here[column + 1] ?? 0);
		}
	}
	return table;
};

/** Removed lines begin with `-`, added ones with `+`, kept ones with a blank. */
const diffLines = (one: readonly string[], other: readonly string[]): readonly string[] => {
	const table = commonOf(one, other);
	const lines: string[] = [];
	let [row, column] = [0, 0];
	while (row < one.length || column < other.length) {
		if (row < one.length && column < other.length && one[row] === other[column]) {
			lines.push(`  ${one[row]}`);
			row++;
			column++;
		} else if (
			column >= other.length ||
			(row < one.length && (table[row + 1]?.[column] ?? 0) >= (table[row]?.[column + 1] ?? 0))
		) {
			lines.push(`- ${one[row]}`);
			row++;
		} else {
			lines.push(`+ ${other[column]}`);
			column++;
		}
	}
	return lines;
};

const linesOf = (text: string | undefined): readonly string[] => (text === undefined ? [] : text.split('\n'));

/** What a variant sets beside its texts. */
const settingsOf = ({maxTokens, stop, itemsPerRequest, cache, compress}: Variant): readonly string[] => [
	`max tokens: ${maxTokens ?? 'of the run'}`,
	`stop sequences: ${stop.length === 0 ? 'none' : stop.map((each) => JSON.stringify(each)).join(', ')}`,
	`items per request: ${itemsPerRequest}`,
	`cache: ${cache ? 'on' : 'off'}`,
	`compress: ${compress.length === 0 ? 'none' : compress.join(', ')}`,
];

const section = (title: string, one: readonly string[], other: readonly string[]): readonly string[] => {
	const lines = diffLines(one, other);
	return lines.every((line) => line.startsWith(' ')) ? [] : [title, ...lines];
};

/** What changed from a variant to another: template, system prompt, settings; empty where nothing did. */
export function variantDiff(from: Variant, to: Variant): string {
	return [
		...section('template', linesOf(from.instruction), linesOf(to.instruction)),
		...section('system prompt', linesOf(from.system), linesOf(to.system)),
		...section('settings', settingsOf(from), settingsOf(to)),
	].join('\n');
}
