import {isUtf8} from 'node:buffer';

/** Texts of files as they were written: bytes as UTF-8 or not at all, values of JSON without any change. */

/** Bytes as text, or why they are not text: replaced characters would be sent and paid for unnoticed. */

/** Fault of bytes that should be text. */
export type TextFault = {
	/** What the file is, as the end of a sentence that begins with "it is". */
	readonly reason: string;
	readonly hint: string;
};

const saveAsUtf8 = 'Save it as UTF-8 (in Excel: "CSV UTF-8").';

/** Signatures of files that are not text. */
const signatures: ReadonlyArray<readonly [first: readonly number[], name: string, hint: string]> = [
	[[0xff, 0xfe], 'UTF-16', saveAsUtf8],
	[[0xfe, 0xff], 'UTF-16', saveAsUtf8],
	[[0x25, 0x50, 0x44, 0x46, 0x2d], 'a PDF, not text', 'Save its text as UTF-8.'],
	[
		[0x50, 0x4b, 0x03, 0x04],
		'a ZIP archive (such as .docx or .xlsx), not text',
		'Export its text or its sheet as UTF-8.',
	],
	[[0x1f, 0x8b], 'compressed (gzip), not text', 'Unpack it first.'],
];

const startsWith = (bytes: Uint8Array, first: readonly number[]): boolean =>
	first.every((byte, index) => bytes[index] === byte);

const lineEnd = 10;

const lineOf = (bytes: Uint8Array, at: number): number => {
	let line = 1;
	for (let next = bytes.indexOf(lineEnd); next !== -1 && next < at; next = bytes.indexOf(lineEnd, next + 1)) {
		line += 1;
	}
	return line;
};

/** The first line that is not UTF-8. */
const foreignLine = (bytes: Uint8Array): number => {
	let line = 1;
	let start = 0;
	for (;;) {
		const end = bytes.indexOf(lineEnd, start);
		if (end === -1 || !isUtf8(bytes.subarray(start, end))) {
			return line;
		}
		line += 1;
		start = end + 1;
	}
};

/**
 * Why bytes are not UTF-8 text; undefined where they are.
 * @param linesBefore Lines of the file before these bytes: 0 at its beginning, where signatures are.
 */
export function textFault(bytes: Uint8Array, linesBefore = 0): TextFault | undefined {
	const signature = linesBefore === 0 ? signatures.find(([first]) => startsWith(bytes, first)) : undefined;
	if (signature !== undefined) {
		return {reason: signature[1], hint: signature[2]};
	}
	const zero = bytes.indexOf(0);
	if (zero !== -1) {
		const isWide = linesBefore === 0 && zero < 2 && bytes.length > 1 && bytes[1 - zero] !== 0;
		return isWide
			? {reason: 'UTF-16', hint: saveAsUtf8}
			: {
					reason: `not text: line ${linesBefore + lineOf(bytes, zero)} holds a zero byte`,
					hint: 'Name a text file in UTF-8.',
				};
	}
	return isUtf8(bytes)
		? undefined
		: {reason: `not UTF-8 (line ${linesBefore + foreignLine(bytes)})`, hint: saveAsUtf8};
}

/** Text without the byte order mark that some programs put before it. */
export function withoutMark(text: string): string {
	return text.startsWith('\uFEFF') ? text.slice(1) : text;
}

/** Text of bytes that have no fault, without the mark before it. */
export function textOfBytes(bytes: Uint8Array): string {
	return withoutMark(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
}

/** JSON as written: 1.10 stays 1.10, and no digit of a long number is lost. For valid JSON only. */

const textPattern = /"[^"\\]*(?:\\.[^"\\]*)*"/y;
const barePattern = /[^\s,[\]{}"]+/y;
const blankPattern = /[\s]*/y;
const nestedPattern = /"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{}]/g;

const lengthAt = (pattern: RegExp, text: string, at: number): number => {
	pattern.lastIndex = at;
	return pattern.exec(text)?.[0].length ?? 0;
};

/** The length of a value of valid JSON. */
const valueLength = (text: string, at: number): number => {
	const first = text[at];
	if (first === '"') {
		return lengthAt(textPattern, text, at);
	}
	if (first !== '{' && first !== '[') {
		return lengthAt(barePattern, text, at);
	}
	let depth = 0;
	nestedPattern.lastIndex = at;
	for (let found = nestedPattern.exec(text); found !== null; found = nestedPattern.exec(text)) {
		depth += {'{': 1, '[': 1, '}': -1, ']': -1}[found[0]] ?? 0;
		if (depth === 0) {
			return nestedPattern.lastIndex - at;
		}
	}
	return text.length - at;
};

/** A string without its quotes, anything else as written. */
export function textOfSource(source: string): string {
	return source.startsWith('"') ? (JSON.parse(source) as string) : source;
}

/** The members of an object, each with the text of its value, in their order; a repeated key comes twice. */
export function membersOf(object: string): ReadonlyArray<readonly [key: string, source: string]> {
	const text = object.trim();
	const members: Array<readonly [string, string]> = [];
	const skip = (at: number): number => at + lengthAt(blankPattern, text, at);
	let at = skip(1);
	while (text[at] === '"') {
		const keyLength = lengthAt(textPattern, text, at);
		const key = JSON.parse(text.slice(at, at + keyLength)) as string;
		at = skip(skip(at + keyLength) + 1);
		const length = valueLength(text, at);
		members.push([key, text.slice(at, at + length)]);
		at = skip(skip(at + length) + 1);
	}
	return members;
}
