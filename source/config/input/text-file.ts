import {closeSync, constants, openSync, readFileSync, readSync, type Stats, statSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {UserError} from '../../domain/user-error.ts';
import {type TextFault, textFault, textOfBytes} from '../../text/as-written.ts';
import {bounds} from '../defaults.ts';

/** Text files that a user names: regular files of limited size, in UTF-8. */

/** The error for a file that cannot be read. */
export function unreadable(file: string, error: unknown): UserError {
	const code = (error as NodeJS.ErrnoException).code;
	const reason =
		code === 'ENOENT'
			? 'it does not exist'
			: code === 'EISDIR'
				? 'it is a folder'
				: `it cannot be read (${code})`;
	return new UserError(`"${file}": ${reason}.`, {exitCode: 2, hint: 'Check the path and its permissions.'});
}

/** @param name Of a file or a flag, quoted where it is a file's. */
const notText = (name: string, {reason, hint}: TextFault): UserError =>
	new UserError(`${name}: it is ${reason}.`, {exitCode: 2, hint});

/** A maximum size, and what to do instead. */
export type SizeBound = {readonly bytes: number; readonly hint: string};

const tooLarge = (name: string, {bytes, hint}: SizeBound): UserError =>
	new UserError(`${name}: it is larger than the maximum of ${bytes / 1_000_000} MB.`, {
		exitCode: 2,
		hint,
	});

/**
 * Checks that a file is regular, for a pipe or a device may never end, and not too large.
 * @throws UserError (exit 2) that names the file and why it cannot be read.
 */
export function assertRegular(file: string, bound: SizeBound): void {
	let stats: Stats;
	try {
		stats = statSync(file);
	} catch (error) {
		throw unreadable(file, error);
	}
	if (stats.isDirectory()) {
		throw unreadable(file, {code: 'EISDIR'});
	}
	if (!stats.isFile()) {
		throw new UserError(`"${file}": it is a pipe or a device, not a regular file.`, {
			exitCode: 2,
			hint: 'Save its output as a file and name that; --content and --task read stdin for "-".',
		});
	}
	if (stats.size > bound.bytes) {
		throw tooLarge(`"${file}"`, bound);
	}
}

const textBound: SizeBound = {
	bytes: bounds.bytes.text,
	hint: 'No model accepts a text of this size; name a shorter one.',
};

/** @throws UserError (exit 2) that names the file and why it cannot be read. */
export function readText(file: string, bound: SizeBound = textBound): string {
	assertRegular(file, bound);
	let bytes: Buffer;
	try {
		bytes = readFileSync(file);
	} catch (error) {
		throw unreadable(file, error);
	}
	const fault = textFault(bytes);
	if (fault !== undefined) {
		throw notText(`"${file}"`, fault);
	}
	return textOfBytes(bytes);
}

/** A file that this program wrote, as text. @throws UserError (exit 2) where it is not text, and errors of the file system. */
export async function readUtf8(file: string): Promise<string> {
	const bytes = await readFile(file);
	const fault = textFault(bytes);
	if (fault !== undefined) {
		throw notText(`"${file}"`, fault);
	}
	return textOfBytes(bytes);
}

/** @throws UserError (exit 2) where standard input is not text, or too long. */
export async function readStdinText(stream: AsyncIterable<Uint8Array | string>): Promise<string> {
	const chunks: Buffer[] = [];
	let length = 0;
	for await (const chunk of stream) {
		const bytes = Buffer.from(chunk as Uint8Array);
		length += bytes.length;
		if (length > textBound.bytes) {
			throw tooLarge('standard input', textBound);
		}
		chunks.push(bytes);
	}
	const bytes = Buffer.concat(chunks);
	const fault = textFault(bytes);
	if (fault !== undefined) {
		throw notText('standard input', fault);
	}
	return textOfBytes(bytes);
}

const pieceBytes = 64 * 1024;
const lineEnd = 10;

/**
 * A file in pieces of whole lines; the last line may lack its end. The file may be larger than memory.
 * @throws UserError (exit 2) that names the file and, where it is not text, the line.
 */
export function* linePieces(file: string, bound: SizeBound): Generator<string> {
	assertRegular(file, bound);
	let descriptor: number;
	try {
		descriptor = openSync(file, constants.O_RDONLY);
	} catch (error) {
		throw unreadable(file, error);
	}
	let waiting: Buffer[] = [];
	let linesBefore = 0;
	const take = (bytes: Buffer): string => {
		const fault = textFault(bytes, linesBefore);
		if (fault !== undefined) {
			throw notText(`"${file}"`, fault);
		}
		const text = linesBefore === 0 ? textOfBytes(bytes) : bytes.toString('utf8');
		for (let at = bytes.indexOf(lineEnd); at !== -1; at = bytes.indexOf(lineEnd, at + 1)) {
			linesBefore += 1;
		}
		return text;
	};
	try {
		for (;;) {
			const piece = Buffer.allocUnsafe(pieceBytes);
			const count = readSync(descriptor, piece, 0, pieceBytes, null);
			const end = piece.subarray(0, count).lastIndexOf(lineEnd) + 1;
			if (count === 0 || end > 0) {
				const whole = Buffer.concat([...waiting, piece.subarray(0, end)]);
				waiting = [];
				if (whole.length > 0) {
					yield take(whole);
				}
			}
			if (count === 0) {
				return;
			}
			waiting.push(piece.subarray(end, count));
		}
	} finally {
		closeSync(descriptor);
	}
}

/** Drops the end of the last line of a file. */
const withoutLastEnd = (text: string): string => text.replace(/\r?\n$/, '');

/**
 * A text from the command line: the text itself, the content of a file for `@FILE`, stdin for `-`.
 * @throws UserError (exit 2) for a file that cannot be read.
 */
export async function textArgument(
	value: string | undefined,
	readStdin: () => Promise<string>,
): Promise<string | undefined> {
	if (value === undefined) {
		return undefined;
	}
	if (value === '-') {
		return withoutLastEnd(await readStdin());
	}
	return value.startsWith('@') ? withoutLastEnd(readText(value.slice(1))) : value;
}

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
