import path from 'node:path';
import {UserError} from '../../domain/user-error.ts';
import {membersOf, textOfSource} from '../../text/json-source.ts';
import {withoutMark} from '../../text/utf8.ts';
import {type CsvHead, csvRecords, delimiterName, unevenRecord} from './csv.ts';
import {linePieces, type SizeBound} from './text-file.ts';

/**
 * The one reader of files of items, page by page, for runs and batches alike. Values are kept as written: 1.10 stays 1.10,
 * and no digit of a long number is lost.
 */

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
export type Row = string | Readonly<Record<string, string>>;

/** Facts about a source of rows, for the plan. */
export type RowsSeen = {
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
export function assertItemsKind(file: string): void {
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
export function countRows(file: string, page: readonly Row[], seen: RowsSeen): readonly Row[] {
	const kept = page.filter((row) => !isEmptyRow(row));
	seen.empty += page.length - kept.length;
	for (const row of kept) {
		seen.rows += 1;
		assertWhole(file, row, seen.rows);
	}
	return kept;
}

/** Rows of a file, page by page. @throws UserError (exit 2) with file and line. */
export function* rowPages(file: string, bound: SizeBound, seen: RowsSeen): Generator<readonly Row[]> {
	for (const page of readerOf(file)(file, linePieces(file, bound), seen)) {
		yield countRows(file, page, seen);
	}
}
