import {accessSync, constants, realpathSync} from 'node:fs';
import path from 'node:path';
import {parse as parseCsv} from 'csv-parse/sync';
import {UserError} from '../domain/user-error.ts';
import type {Item} from '../domain/variant.ts';
import {itemValue} from '../prompts/compose.ts';
import {fillTemplate, placeholdersOf} from '../prompts/template.ts';
import {readText, unreadable} from './preset-files.ts';

/** A row of input before it is numbered. */
export type Row = string | Readonly<Record<string, string>>;
export type ItemsConfig = {readonly file: string} | ReadonlyArray<unknown>;

const cellText = (value: unknown): string =>
	typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? '');

export const rowOf = (value: unknown): Row =>
	typeof value === 'object' && value !== null
		? Object.fromEntries(Object.entries(value).map(([key, cell]) => [key, cellText(cell)]))
		: cellText(value);

export const csvOptions = {columns: true, bom: true, skip_empty_lines: true, trim: true} as const;

export const csvError = (file: string, error: unknown): UserError =>
	new UserError(`"${file}": ${(error as Error).message}.`, {
		exitCode: 2,
		hint: 'The first line of a .csv file names the columns; every other line has as many values.',
	});

const readCsv = (file: string, text: string): readonly Row[] => {
	try {
		return parseCsv(text, csvOptions);
	} catch (error) {
		throw csvError(file, error);
	}
};

/** @param number Of the line, from 1. */
export const rowOfJson = (file: string, line: string, number: number): Row => {
	try {
		return rowOf(JSON.parse(line));
	} catch {
		throw new UserError(`${file}:${number}: "${line.slice(0, 40)}" is not JSON.`, {
			exitCode: 2,
			hint: 'A .jsonl file holds one JSON value a line.',
		});
	}
};

const readJsonLines = (file: string, text: string): readonly Row[] =>
	text.split('\n').flatMap((line, index) => (line.trim() === '' ? [] : [rowOfJson(file, line, index + 1)]));

const kinds: readonly string[] = ['.csv', '.jsonl', '.txt'];

export const unknownKind = (file: string): UserError =>
	new UserError(`"${file}" is no file of items.`, {
		exitCode: 2,
		hint: 'Items come from .csv, .jsonl or .txt files.',
	});

/** A file that should hold items, and holds none. */
export const noItems = (file: string): UserError =>
	new UserError(`"${file}" holds no items.`, {exitCode: 2, hint: 'Put at least one row into it.'});

const readRows = (file: string): readonly Row[] => {
	const text = readText(file);
	switch (path.extname(file).toLowerCase()) {
		case '.csv':
			return readCsv(file, text);
		case '.jsonl':
			return readJsonLines(file, text);
		case '.txt':
			return text
				.split('\n')
				.map((line) => line.trim())
				.filter((line) => line !== '');
		default:
			throw unknownKind(file);
	}
};

/** Behind all links; the path itself where nothing is there, which reading it then says. */
const behindLinks = (file: string): string => {
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
 * A path of a preset must stay inside the preset's folder, links followed: a preset from the net must not read the
 * user's files.
 * @throws UserError (exit 2) that quotes the path.
 */
export const insideFolder = (folder: string, file: string): string => {
	const resolved = path.resolve(folder, file);
	if (
		path.isAbsolute(file) ||
		!isInside(folder, resolved) ||
		!isInside(behindLinks(folder), behindLinks(resolved))
	) {
		throw new UserError(`"${file}" lies outside the preset's folder.`, {
			exitCode: 2,
			hint: 'Put the file beside the preset, or name it on the command line (--content @FILE).',
		});
	}
	return resolved;
};

/** @throws UserError (exit 2) that quotes the path of a file that no items can be read from. */
export const assertItemsReadable = (file: string): void => {
	try {
		accessSync(file, constants.R_OK);
	} catch (error) {
		throw unreadable(file, error);
	}
	if (!kinds.includes(path.extname(file).toLowerCase())) {
		throw unknownKind(file);
	}
};

/** The whole item as text. Fields that hold the right answer are left out, so that it is never given away. */
const textOf = (row: Row, answerFields: readonly string[]): string => {
	if (typeof row === 'string') {
		return row;
	}
	const shown = Object.entries(row).filter(([name]) => !answerFields.includes(name));
	const [only] = shown;
	return shown.length === 1 && only !== undefined ? only[1] : JSON.stringify(Object.fromEntries(shown));
};

/**
 * Numbers rows and gives each its right answer.
 * @param expected Template of the right answer of an item.
 */
export const itemMaker = (expected: string | undefined): ((row: Row, index: number) => Item) => {
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

/**
 * The items of a preset, numbered from 0.
 * @param expected Template of the right answer of an item.
 * @throws UserError (exit 2) for a file that is missing, empty, of another kind, or outside the folder.
 */
export const loadItems = (
	config: ItemsConfig,
	folder: string,
	expected: string | undefined,
): readonly Item[] => {
	const rows = 'file' in config ? readRows(insideFolder(folder, config.file)) : config.map(rowOf);
	if (rows.length === 0 && 'file' in config) {
		throw noItems(config.file);
	}
	return rows.map(itemMaker(expected));
};
