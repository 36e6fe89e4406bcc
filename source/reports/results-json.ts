import {mkdir} from 'node:fs/promises';
import path from 'node:path';
import {privateFolderMode, writeAtomically} from '../text/private-file.ts';
import {escapeUnseen} from '../text/width.ts';
import type {Results} from './results-schema.ts';

/**
 * `results.json` as text: indented for people, but with one element per line in the long lists of numbers (histogram
 * bins, timeline points), so that the file stays small and a diff stays readable.
 */
export function resultsText(results: Results): string {
	return `${escapeUnseen(render(results, 0))}\n`;
}

/** Writes `results.json` into a folder, which it makes. @returns Its path. */
export async function writeResults(folder: string, results: Results): Promise<string> {
	const file = path.join(folder, 'results.json');
	await mkdir(folder, {recursive: true, mode: privateFolderMode});
	await writeAtomically(file, resultsText(results));
	return file;
}

function render(value: unknown, depth: number): string {
	if (typeof value !== 'object' || value === null || isLeaf(value)) {
		return JSON.stringify(value);
	}
	const indent = '\t'.repeat(depth + 1);
	const parts = Array.isArray(value)
		? value.map((element) => render(element, depth + 1))
		: Object.entries(value)
				.filter(([, element]) => element !== undefined)
				.map(([key, element]) => `${JSON.stringify(key)}: ${render(element, depth + 1)}`);
	const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
	return parts.length === 0
		? open + close
		: `${open}\n${indent}${parts.join(`,\n${indent}`)}\n${'\t'.repeat(depth)}${close}`;
}

/** A list or record of plain values, or a list of pairs: one line is enough for it. */
function isLeaf(value: object): boolean {
	const elements = Object.values(value);
	return elements.every(isPlain) || (Array.isArray(value) && elements.every(isPair));
}

const isPlain = (value: unknown): boolean => typeof value !== 'object' || value === null;
const isPair = (value: unknown): boolean => Array.isArray(value) && value.every(isPlain);
