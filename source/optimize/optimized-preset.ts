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
