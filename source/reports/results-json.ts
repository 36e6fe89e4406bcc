import {mkdir} from 'node:fs/promises';
import path from 'node:path';
import {UserError} from '../domain/user-error.ts';
import {privateFolderMode, writeAtomically} from '../text/private-file.ts';
import {withoutMark} from '../text/utf8.ts';
import {escapeUnseen} from '../text/width.ts';
import {type Results, resultsSchema, schemaVersion} from './results-schema.ts';

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

const hint = 'Name a results.json that this version of bedrock-top wrote.';

/**
 * Reads results back.
 *
 * @param text Content of the file.
 * @param fileName As the user typed it; quoted in the message.
 * @throws UserError (exit 2) with the reason, for text that is not JSON, of another program or schema, or damaged.
 */
export function readResults(text: string, fileName: string): Results {
	const refuse = (reason: string, cause?: unknown) =>
		new UserError(`${fileName} cannot be read as results: ${reason}.`, {exitCode: 2, hint, cause});
	let value: unknown;
	try {
		value = JSON.parse(withoutMark(text));
	} catch (error) {
		throw refuse(text.trim() === '' ? 'the file is empty' : 'it is not JSON', error);
	}
	if (typeof value !== 'object' || value === null || !('schema' in value)) {
		throw refuse('it is not from bedrock-top (no "schema")');
	}
	if (value.schema !== schemaVersion) {
		const schema = JSON.stringify(value.schema) ?? 'nothing';
		const isNewer = typeof value.schema === 'number' && value.schema > schemaVersion;
		throw refuse(
			`its schema is ${schema}, this version reads ${schemaVersion}${isNewer ? ' (a newer bedrock-top wrote it)' : ''}`,
		);
	}
	const parsed = resultsSchema.safeParse(value);
	if (!parsed.success) {
		const [issue] = parsed.error.issues;
		throw refuse(
			`${issue?.path.map(String).join('.') || 'the top level'}: ${issue?.message ?? 'does not fit the schema'}`,
			parsed.error,
		);
	}
	const missing = parsed.data.variants.find((variant) => parsed.data.targets[variant.target] === undefined);
	if (missing) {
		throw refuse(`variant "${missing.name}" names target ${missing.target}, which is not there`);
	}
	return parsed.data;
}
