import {accessSync, constants, realpathSync} from 'node:fs';
import path from 'node:path';
import type {Item} from '../domain/task.ts';
import {UserError} from '../domain/user-error.ts';
import {fillTemplate, itemValue, placeholdersOf} from '../prompts/compose.ts';
import {membersOf, textOfSource, withoutMark} from '../text/as-written.ts';
import {bounds} from './defaults.ts';
import {
	assertRegular,
	type CsvHead,
	csvRecords,
	delimiterName,
	linePieces,
	type SizeBound,
	unevenRecord,
	unreadable,
} from './input/text-file.ts';

/**
 * The items of a preset: the one reader of them, page by page, for runs and batches alike. Values are kept as written: 1.10 stays 1.10,
 * and no digit of a long number is lost.
 */

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

/** Null is empty. */
const asText = (source: string): string => (source === 'null' ? '' : textOfSource(source));

/** @throws UserError (exit 2) with a key that is repeated. */
const fieldsOf = (text: string, place: string): Readonly<Record<string, string>> => {
	const fields = new Map<string, string>();
	for (const [key, source] of membersOf(text)) {
		if (fields.has(key)) {
			throw new UserError(`${place}: the key "${key}" is repeated.`, {
				exitCode: 2,
				hint: 'Give each value a different key.',
			});
		}
		fields.set(key, asText(source));
	}
	return Object.fromEntries(fields);
};

/**
 * @param place File and line, for errors.
 * @throws UserError (exit 2) where the line is not JSON, or has a key twice.
 */
function rowOfJsonLine(line: string, place: string): string | Readonly<Record<string, string>> {
	const text = line.trim();
	try {
		JSON.parse(text);
	} catch {
		throw new UserError(`${place}: "${line.slice(0, 40)}" is not JSON.`, {
			exitCode: 2,
			hint: 'A .jsonl file holds one JSON value per line.',
		});
	}
	return text.startsWith('{') ? fieldsOf(text, place) : asText(text);
}

/** A row of input before it is numbered. */
type Row = string | Readonly<Record<string, string>>;

/** Facts about a source of rows, for the plan. */
type RowsSeen = {
	rows: number;
	empty: number;
	/** Name of the delimiter, where it is not a comma. */
	separatedBy: string | undefined;
};

function isEmptyRow(row: Row): boolean {
	return typeof row === 'string' ? row.trim() === '' : Object.values(row).every((cell) => cell.trim() === '');
}

type PageReader = (file: string, pieces: Iterable<string>, seen: RowsSeen) => Iterable<readonly Row[]>;

/** Rows per page of a .csv file; elsewhere a page is a piece of the file. */
const pageLength = 500;

function* csvPages(file: string, pieces: Iterable<string>, seen: RowsSeen): Generator<readonly Row[]> {
	let head: CsvHead | undefined;
	let page: Row[] = [];
	const records = csvRecords(file, pieces, (found) => {
		head = found;
		seen.separatedBy = found.delimiter === ',' ? undefined : delimiterName(found.delimiter);
	});
	for (const record of records) {
		const {cells} = record;
		if (head === undefined || cells.every((cell) => cell.trim() === '')) {
			page.push('');
			continue;
		}
		if (cells.length !== head.columns.length) {
			throw unevenRecord(file, record, head);
		}
		page.push(Object.fromEntries(head.columns.map((name, index) => [name, cells[index] ?? ''])));
		if (page.length === pageLength) {
			yield page;
			page = [];
		}
	}
	yield page;
}

/** The lines of a piece, without their ends. A last line without an end counts too. */
const linesOf = (piece: string): readonly string[] => {
	const lines = piece.split(/\r?\n/);
	return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
};

function* textPages(_file: string, pieces: Iterable<string>): Generator<readonly Row[]> {
	for (const piece of pieces) {
		yield linesOf(piece);
	}
}

function* jsonPages(file: string, pieces: Iterable<string>): Generator<readonly Row[]> {
	let number = 0;
	for (const piece of pieces) {
		yield linesOf(piece).map((marked) => {
			const line = withoutMark(marked);
			number += 1;
			return line.trim() === '' ? '' : rowOfJsonLine(line, `${file}:${number}`);
		});
	}
}

const readers: Readonly<Record<string, PageReader>> = {
	'.csv': csvPages,
	'.tsv': csvPages,
	'.jsonl': jsonPages,
	'.txt': textPages,
};

const readerOf = (file: string): PageReader => {
	const reader = readers[path.extname(file).toLowerCase()];
	if (reader === undefined) {
		throw new UserError(`"${file}" is not a file of items.`, {
			exitCode: 2,
			hint: 'Items come from .csv, .tsv, .jsonl or .txt files.',
		});
	}
	return reader;
};

/** @throws UserError (exit 2) for a file of another kind. */
function assertItemsKind(file: string): void {
	readerOf(file);
}

/** Refuses half a character, which could not be sent as written. @throws UserError (exit 2). */
const assertWhole = (file: string, row: Row, number: number): void => {
	const broken = (typeof row === 'string' ? [row] : Object.values(row)).find((text) => !text.isWellFormed());
	if (broken !== undefined) {
		throw new UserError(
			`"${file}": row ${number} holds half a character (a lone surrogate such as \\ud800).`,
			{
				exitCode: 2,
				hint: 'Write the whole character, or remove it.',
			},
		);
	}
};

/** Drops empty rows, and counts both. */
function countRows(file: string, page: readonly Row[], seen: RowsSeen): readonly Row[] {
	const kept = page.filter((row) => !isEmptyRow(row));
	seen.empty += page.length - kept.length;
	for (const row of kept) {
		seen.rows += 1;
		assertWhole(file, row, seen.rows);
	}
	return kept;
}

/** Rows of a file, page by page. @throws UserError (exit 2) with file and line. */
function* rowPages(file: string, bound: SizeBound, seen: RowsSeen): Generator<readonly Row[]> {
	for (const page of readerOf(file)(file, linePieces(file, bound), seen)) {
		yield countRows(file, page, seen);
	}
}
