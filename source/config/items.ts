import {accessSync, constants, realpathSync} from 'node:fs';
import path from 'node:path';
import type {Item} from '../domain/task.ts';
import {UserError} from '../domain/user-error.ts';
import {itemValue} from '../prompts/compose.ts';
import {fillTemplate, placeholdersOf} from '../prompts/template.ts';
import {bounds} from './defaults.ts';
import {assertItemsKind, countRows, type Row, type RowsSeen, rowPages} from './input/item-rows.ts';
import {assertRegular, type SizeBound, unreadable} from './input/text-file.ts';

type ItemsConfig = {readonly file: string} | ReadonlyArray<unknown>;

/** The path with all links resolved; a missing one stays as it is, and reading it fails later. */
const withoutLinks = (file: string): string => {
	try {
		return realpathSync(file);
	} catch {
		return file;
	}
};

const isInside = (folder: string, file: string): boolean => {
	const relative = path.relative(folder, file);
	return relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative);
};

/**
 * A path in a preset must stay inside the preset's folder, links resolved: a downloaded preset must not read the user's
 * other files.
 * @throws UserError (exit 2) that quotes the path.
 */
export function insideFolder(folder: string, file: string): string {
	const resolved = path.resolve(folder, file);
	if (
		path.isAbsolute(file) ||
		!isInside(folder, resolved) ||
		!isInside(withoutLinks(folder), withoutLinks(resolved))
	) {
		throw new UserError(`"${file}" is outside the preset's folder.`, {
			exitCode: 2,
			hint: 'Put the file beside the preset, or name it on the command line (--content @FILE).',
		});
	}
	return resolved;
}

/** Maximum sizes: a run keeps its items in memory, a batch does not. */
export const itemBounds = {
	run: {bytes: bounds.bytes.items, hint: 'Name a smaller file; bedrock-top batch takes larger ones.'},
	batch: {bytes: bounds.bytes.batchItems, hint: 'Split it into several files.'},
} as const;

/** Checks that items can be read from a file. @throws UserError (exit 2) that quotes its path. */
export function assertItemsReadable(file: string): void {
	assertRegular(file, itemBounds.batch);
	try {
		accessSync(file, constants.R_OK);
	} catch (error) {
		throw unreadable(file, error);
	}
	assertItemsKind(file);
}

/** The whole item as text, without the fields that hold the expected answer. */
const textOf = (row: Row, answerFields: readonly string[]): string => {
	if (typeof row === 'string') {
		return row;
	}
	const shown = Object.entries(row).filter(([name]) => !answerFields.includes(name));
	const [only] = shown;
	return shown.length === 1 && only !== undefined ? only[1] : JSON.stringify(Object.fromEntries(shown));
};

/**
 * Turns numbered rows into items.
 * @param expected Template of the expected answer of an item.
 */
const itemMaker = (expected: string | undefined): ((row: Row, index: number) => Item) => {
	const answerFields = placeholdersOf(expected ?? '').map((name) => name.replace(/^item\./, ''));
	return (row, index) => {
		const item = {
			index,
			text: textOf(row, answerFields),
			fields: typeof row === 'string' ? {} : row,
			expected: undefined,
		};
		return expected === undefined
			? item
			: {...item, expected: fillTemplate(expected, (placeholder) => itemValue(item, placeholder))};
	};
};

/** A row in the preset itself: null becomes an empty text. */
const rowOf = (value: unknown): Row =>
	typeof value === 'object' && value !== null
		? Object.fromEntries(Object.entries(value).map(([key, cell]) => [key, String(cell ?? '')]))
		: String(value ?? '');

/** Remarks for the plan about a source of items. */
function remarksOf(name: string, {empty, separatedBy}: RowsSeen): readonly string[] {
	return [
		...(separatedBy === undefined ? [] : [`${name}: its values are separated by ${separatedBy}.`]),
		...(empty === 0 ? [] : [`${name}: ${empty} empty ${empty === 1 ? 'row was' : 'rows were'} skipped.`]),
	];
}

/** Items page by page, numbered from 0, with remarks about those read so far. */
type ItemPages = {
	readonly pages: () => Generator<readonly Item[]>;
	readonly remarks: () => readonly string[];
};

/**
 * The items of a preset.
 * @param expected Template of the expected answer of an item.
 * @throws UserError (exit 2) for a file that is missing, empty, of another kind, or outside the folder.
 */
export function itemPages(
	config: ItemsConfig,
	folder: string,
	expected: string | undefined,
	bound: SizeBound,
): ItemPages {
	const make = itemMaker(expected);
	const name = 'file' in config ? config.file : 'items';
	const seen: RowsSeen = {rows: 0, empty: 0, separatedBy: undefined};
	const rows = function* (): Iterable<readonly Row[]> {
		if ('file' in config) {
			yield* rowPages(insideFolder(folder, config.file), bound, seen);
		} else {
			yield countRows(name, config.map(rowOf), seen);
		}
	};
	return {
		*pages() {
			let count = 0;
			for (const page of rows()) {
				const first = count;
				count += page.length;
				yield page.map((row, index) => make(row, first + index));
			}
			if (count === 0) {
				throw new UserError(`"${name}" holds no items.`, {
					exitCode: 2,
					hint: 'Put at least one row into it.',
				});
			}
		},
		remarks: () => remarksOf(name, seen),
	};
}
