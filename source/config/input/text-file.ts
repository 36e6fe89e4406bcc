import {closeSync, constants, openSync, readFileSync, readSync, type Stats, statSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {UserError} from '../../domain/user-error.ts';
import {type TextFault, textFault, textOfBytes} from '../../text/utf8.ts';
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
