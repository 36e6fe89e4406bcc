import {createReadStream} from 'node:fs';
import {access, constants} from 'node:fs/promises';
import path from 'node:path';
import {pipeline} from 'node:stream';
import {parse as parseCsv} from 'csv-parse';
import type {Item} from '../domain/variant.ts';
import {linePagesOf} from '../prompts/batch/lines.ts';
import {
	csvError,
	csvOptions,
	type ItemsConfig,
	insideFolder,
	itemMaker,
	noItems,
	type Row,
	rowOf,
	rowOfJson,
	unknownKind,
} from './items.ts';
import {unreadable} from './preset-files.ts';

/** Items a page at a time, for files that are larger than memory should be. */

/** Rows of a page of a .csv file; elsewhere a page is a piece of the file. */
const pageLength = 500;
const pieceBytes = 64 * 1024;

const open = (file: string) => createReadStream(file, {highWaterMark: pieceBytes});

async function* csvPages(file: string): AsyncGenerator<readonly Row[]> {
	const parser = parseCsv(csvOptions);
	// Whatever ends the pipeline ends the iteration, with its reason.
	pipeline(open(file), parser, () => {});
	let page: Row[] = [];
	try {
		for await (const row of parser as AsyncIterable<Row>) {
			page.push(row);
			if (page.length === pageLength) {
				yield page;
				page = [];
			}
		}
	} catch (error) {
		throw csvError(file, error);
	}
	yield page;
}

async function* jsonPages(file: string): AsyncGenerator<readonly Row[]> {
	let number = 0;
	for await (const lines of linePagesOf(open(file))) {
		const before = number;
		number += lines.length;
		yield lines.flatMap((line, index) =>
			line.trim() === '' ? [] : [rowOfJson(file, line, before + index + 1)],
		);
	}
}

async function* textPages(file: string): AsyncGenerator<readonly Row[]> {
	for await (const lines of linePagesOf(open(file))) {
		yield lines.map((line) => line.trim()).filter((line) => line !== '');
	}
}

const readers: Readonly<Record<string, (file: string) => AsyncGenerator<readonly Row[]>>> = {
	'.csv': csvPages,
	'.jsonl': jsonPages,
	'.txt': textPages,
};

async function* pagesIn(file: string): AsyncGenerator<readonly Row[]> {
	const reader = readers[path.extname(file).toLowerCase()];
	try {
		await access(file, constants.R_OK);
	} catch (error) {
		throw unreadable(file, error);
	}
	if (reader === undefined) {
		throw unknownKind(file);
	}
	yield* reader(file);
}

/** What `loadItems` returns, page by page. @throws UserError (exit 2), as that does. */
export async function* streamItems(
	config: ItemsConfig,
	folder: string,
	expected: string | undefined,
): AsyncGenerator<readonly Item[]> {
	const make = itemMaker(expected);
	const pages = 'file' in config ? pagesIn(insideFolder(folder, config.file)) : [config.map(rowOf)];
	let count = 0;
	for await (const rows of pages) {
		const first = count;
		count += rows.length;
		yield rows.map((row, index) => make(row, first + index));
	}
	if (count === 0 && 'file' in config) {
		throw noItems(config.file);
	}
}
