import {UserError} from '../../domain/user-error.ts';
import {membersOf, textOfSource} from '../../text/json-source.ts';

/** One line of a .jsonl file as fields of text, each as it stands: 1.10 stays 1.10, and no digit of a long number is lost. */

/** Nothing for null. */
const asText = (source: string): string => (source === 'null' ? '' : textOfSource(source));

/** @throws UserError with the key that stands twice. */
const fieldsOf = (text: string, place: string): Readonly<Record<string, string>> => {
	const fields = new Map<string, string>();
	for (const [key, source] of membersOf(text)) {
		if (fields.has(key)) {
			throw new UserError(`${place}: the key "${key}" stands twice.`, {
				exitCode: 2,
				hint: 'Give each value a key of its own.',
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
