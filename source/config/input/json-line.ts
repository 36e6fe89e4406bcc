import {UserError} from '../../domain/user-error.ts';

/** One line of a .jsonl file as fields of text, each as it stands: 1.10 stays 1.10, and no digit of a long number is lost. */

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

/** A text without its quotes, nothing for null, anything else as it stands. */
const asText = (source: string): string =>
	source.startsWith('"') ? (JSON.parse(source) as string) : source === 'null' ? '' : source;

/** @throws UserError with the key that stands twice. */
const fieldsOf = (text: string, place: string): Readonly<Record<string, string>> => {
	const fields = new Map<string, string>();
	const skip = (at: number): number => at + lengthAt(blankPattern, text, at);
	let at = skip(1);
	while (text[at] === '"') {
		const keyLength = lengthAt(textPattern, text, at);
		const key = JSON.parse(text.slice(at, at + keyLength)) as string;
		if (fields.has(key)) {
			throw new UserError(`${place}: the key "${key}" stands twice.`, {
				exitCode: 2,
				hint: 'Give each value a key of its own.',
			});
		}
		at = skip(skip(at + keyLength) + 1);
		const length = valueLength(text, at);
		fields.set(key, asText(text.slice(at, at + length)));
		at = skip(skip(at + length) + 1);
	}
	return Object.fromEntries(fields);
};

/**
 * @param place File and line, for errors.
 * @throws UserError (exit 2) where the line is not JSON, or has a key twice.
 */
export const rowOfJsonLine = (line: string, place: string): string | Readonly<Record<string, string>> => {
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
};
