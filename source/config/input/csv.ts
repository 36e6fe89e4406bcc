import {UserError} from '../../domain/user-error.ts';

/** Values separated by commas, semicolons or tabs (RFC 4180), as written: a space is part of its value. */

const delimiters = {',': 'commas', ';': 'semicolons', '\t': 'tabs'} as const;
type Delimiter = keyof typeof delimiters;

const isDelimiter = (character: string): character is Delimiter => character in delimiters;

/** The name of a delimiter, for people. */
export function delimiterName(delimiter: Delimiter): string {
	return delimiters[delimiter];
}

/** One record, which spans several lines where a quoted value does. */
type CsvRecord = {
	readonly cells: readonly string[];
	/** Its first line, from 1. */
	readonly line: number;
};

export type CsvHead = {readonly delimiter: Delimiter; readonly columns: readonly string[]};

const hint = 'The first line of a .csv file names the columns; every other line has as many values.';

const doubled = 'Write a quote within a quoted value twice ("").';

const fault = (file: string, line: number, reason: string, way = hint): UserError =>
	new UserError(`"${file}": line ${line}: ${reason}.`, {exitCode: 2, hint: way});

/** Maximum of one record: an unclosed quote would take the rest of the file as its value. */
const maxRecordCharacters = 10_000_000;

const unquoted = (line: string): string => line.replace(/"[^"]*"/g, '');

/** The most frequent delimiter outside quotes in the first line; a comma where there is none. */
const delimiterOf = (line: string): Delimiter => {
	const bare = unquoted(line);
	const counts = (Object.keys(delimiters) as Delimiter[]).map(
		(delimiter) => [delimiter, bare.split(delimiter).length] as const,
	);
	return counts.reduce((best, each) => (each[1] > best[1] ? each : best))[0];
};

const endOfLine = /\r\n|\n|\r/y;

/** A cell without quotes. */
const bareCells: Readonly<Record<Delimiter, RegExp>> = {
	',': /[^,\r\n]*/y,
	';': /[^;\r\n]*/y,
	'\t': /[^\t\r\n]*/y,
};
const firstLine = /[^\r\n]*/y;
const openingQuote = / *"/y;
const closingBlank = /[ ]*/y;

const lengthAt = (pattern: RegExp, text: string, at: number): number => {
	pattern.lastIndex = at;
	return pattern.exec(text)?.[0].length ?? 0;
};

type Cell = {readonly value: string; readonly next: number} | 'open';

/** @returns `open` where the text ends within quotes. */
const cellAt = (text: string, at: number, delimiter: Delimiter): Cell => {
	const opening = lengthAt(openingQuote, text, at);
	if (opening === 0) {
		const length = lengthAt(bareCells[delimiter], text, at);
		return {value: text.slice(at, at + length), next: at + length};
	}
	const start = at + opening;
	let end = text.indexOf('"', start);
	while (end !== -1 && text[end + 1] === '"') {
		end = text.indexOf('"', end + 2);
	}
	if (end === -1) {
		return 'open';
	}
	return {
		value: text.slice(start, end).replaceAll('""', '"'),
		next: end + 1 + lengthAt(closingBlank, text, end + 1),
	};
};

const countLines = (text: string): number => text.split(/\r\n|\n|\r/).length - 1;

/** The values of a record and where it ends; undefined where its quotes are still open. */
const recordAt = (
	text: string,
	from: number,
	delimiter: Delimiter,
	refuse: (reason: string, way: string) => Error,
): {readonly cells: readonly string[]; readonly next: number} | undefined => {
	const cells: string[] = [];
	let at = from;
	for (;;) {
		const cell = cellAt(text, at, delimiter);
		if (cell === 'open') {
			return undefined;
		}
		cells.push(cell.value);
		at = cell.next;
		if (text[at] !== delimiter) {
			break;
		}
		at += 1;
	}
	const end = lengthAt(endOfLine, text, at);
	if (end === 0 && at < text.length) {
		const value = text.slice(at).split(/[\r\n]/, 1)[0] ?? '';
		throw refuse(`"${value.slice(0, 40)}" follows a closing quote`, doubled);
	}
	return {cells, next: at + end};
};

const columnsOf = (
	cells: readonly string[],
	refuse: (reason: string, way: string) => Error,
): readonly string[] => {
	const columns = cells.map((cell) => cell.trim());
	const twice = columns.find((name, index) => columns.indexOf(name) !== index);
	if (twice !== undefined) {
		const reason = twice === '' ? 'two columns have no name' : `two columns are called "${twice}"`;
		throw refuse(reason, 'Give each column a different name.');
	}
	return columns;
};

const firstLineOf = (text: string, at: number): string => {
	firstLine.lastIndex = at;
	return firstLine.exec(text)?.[0] ?? '';
};

/** The delimiter of a first line `sep=;`, which Excel writes and reads. */
const namedIn = (line: string): Delimiter | undefined => {
	const named = /^sep=(.)$/i.exec(line)?.[1];
	return named !== undefined && isDelimiter(named) ? named : undefined;
};

/**
 * The records of a file after its head: the first line, with `sep=;` before it.
 * @param pieces Of whole lines.
 * @param onHead Called once, before the first record.
 * @throws UserError (exit 2) with file and line.
 */
export function* csvRecords(
	file: string,
	pieces: Iterable<string>,
	onHead: (head: CsvHead) => void,
): Generator<CsvRecord> {
	let rest = '';
	let line = 1;
	let named: Delimiter | undefined;
	let head: CsvHead | undefined;

	const refuse = (reason: string, way: string): UserError => fault(file, line, reason, way);

	/** Takes the lines before the first record. */
	const takeHead = (start: string, cells: readonly string[], delimiter: Delimiter): void => {
		const separator = named === undefined ? namedIn(start) : undefined;
		if (separator !== undefined) {
			named = separator;
		} else if (cells.some((cell) => cell.trim() !== '')) {
			head = {delimiter, columns: columnsOf(cells, refuse)};
			onHead(head);
		}
	};

	function* recordsOf(text: string): Generator<CsvRecord> {
		let at = 0;
		rest = '';
		while (at < text.length) {
			const start = head === undefined ? firstLineOf(text, at) : '';
			const delimiter = head?.delimiter ?? named ?? delimiterOf(start);
			const record = recordAt(text, at, delimiter, refuse);
			if (record === undefined) {
				rest = text.slice(at);
				return;
			}
			if (head === undefined) {
				takeHead(start, record.cells, delimiter);
			} else {
				yield {cells: record.cells, line};
			}
			line += countLines(text.slice(at, record.next));
			at = record.next;
		}
	}

	const assertClosed = (max: number): void => {
		if (rest.length > max) {
			throw fault(
				file,
				line,
				`a quote is opened here and ${max === 0 ? 'never closed' : `not closed within ${max / 1_000_000} million characters`}`,
				`Close it. ${doubled}`,
			);
		}
	};

	for (const piece of pieces) {
		yield* recordsOf(rest + piece);
		assertClosed(maxRecordCharacters);
	}
	assertClosed(0);
}

/** Why a record does not fit the head. */
export function unevenRecord(
	file: string,
	{line, cells}: CsvRecord,
	{columns, delimiter}: CsvHead,
): UserError {
	return fault(
		file,
		line,
		`it has ${cells.length} ${cells.length === 1 ? 'value' : 'values'}, and the first line names ${columns.length} ${columns.length === 1 ? 'column' : 'columns'} (separated by ${delimiterName(delimiter)})`,
	);
}
