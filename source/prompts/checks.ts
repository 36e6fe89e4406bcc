import {z} from 'zod';
import type {Check, Item} from './variant.ts';

/** JSON schema as text -> compiled validator: a run checks the same few schemas for every answer. */
const compiledSchemas = new Map<string, z.ZodType>();

/** @throws Error that says what no JSON Schema may hold. */
export const compileSchema = (schema: Readonly<Record<string, unknown>>): z.ZodType => {
	const key = JSON.stringify(schema);
	const known = compiledSchemas.get(key);
	if (known !== undefined) {
		return known;
	}
	const compiled = z.fromJSONSchema(schema);
	compiledSchemas.set(key, compiled);
	return compiled;
};

/** Models like to wrap JSON into a Markdown fence; the fence is not part of the value. */
const withoutFence = (text: string): string =>
	text.replace(/^```[a-z]*\s*\n?/i, '').replace(/\n?```\s*$/, '');

const matchesSchema = (answer: string, schema: Readonly<Record<string, unknown>>): boolean => {
	try {
		return compileSchema(schema).safeParse(JSON.parse(withoutFence(answer.trim()))).success;
	} catch {
		return false;
	}
};

/** Whether an answer, trimmed, meets a check. Case counts. */
export const meetsCheck = (answer: string, check: Check): boolean => {
	const text = answer.trim();
	if ('contains' in check) {
		return text.includes(check.contains);
	}
	if ('regex' in check) {
		return new RegExp(check.regex, 'u').test(text);
	}
	if ('oneOf' in check) {
		return check.oneOf.includes(text);
	}
	if ('equals' in check) {
		return text === check.equals.trim();
	}
	if ('jsonSchema' in check) {
		return matchesSchema(text, check.jsonSchema);
	}
	return [...text].length <= check.maxCharacters;
};

/** All checks of an item: those of the task, and the equality that a known right answer implies. */
export const checksOf = (checks: readonly Check[], item: Item | undefined): readonly Check[] =>
	item?.expected === undefined ? checks : [...checks, {equals: item.expected}];
