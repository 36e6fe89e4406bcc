import {placeholdersOf} from '../prompts/template.ts';
import type {Item} from '../prompts/variant.ts';

/** Placeholders that every template may use. */
const general = ['task', 'content', 'input'];

/**
 * The first placeholder of a template that has no value.
 * @returns The placeholder and what may stand there; undefined when all is well.
 */
export const unknownPlaceholder = (
	template: string,
	items: readonly Item[] | undefined,
): {readonly name: string; readonly allowed: readonly string[]} | undefined => {
	const [first] = items ?? [];
	const fields = Object.keys(first?.fields ?? {}).filter((field) =>
		items?.every((item) => item.fields[field] !== undefined),
	);
	const allowed = [
		...general,
		...(first === undefined ? [] : ['item', ...fields.map((field) => `item.${field}`)]),
	];
	const name = placeholdersOf(template).find((placeholder) => !allowed.includes(placeholder));
	return name === undefined ? undefined : {name, allowed};
};
