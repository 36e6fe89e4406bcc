import type {Check, Item} from '../domain/variant.ts';
import {compileSchema, type SchemaValidator} from './json-schema.ts';

type Schema = Readonly<Record<string, unknown>>;

/** A preset's schemas stay the same objects for as long as its answers are judged. */
const validators = new WeakMap<Schema, SchemaValidator>();

const validatorOf = (schema: Schema): SchemaValidator => {
	const validator = validators.get(schema) ?? compileSchema(schema);
	validators.set(schema, validator);
	return validator;
};

/** Models like to wrap JSON into a Markdown fence; the fence is not part of the value. */
const withoutFence = (text: string): string =>
	text.replace(/^```[a-z]*\s*\n?/i, '').replace(/\n?```\s*$/, '');

const matchesSchema = (answer: string, schema: Schema): boolean => {
	try {
		return validatorOf(schema)(JSON.parse(withoutFence(answer.trim())));
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

/** Whether a check runs what somebody else wrote as a program: it may take any time. The others take as long as the answer is. */
export const isPattern = (check: Check): boolean => 'regex' in check || 'jsonSchema' in check;

/** All checks of an item: those of the task, and the equality that a known right answer implies. */
export const checksOf = (checks: readonly Check[], item: Item | undefined): readonly Check[] =>
	item?.expected === undefined ? checks : [...checks, {equals: item.expected}];
