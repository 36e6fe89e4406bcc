import type {Item} from '../domain/variant.ts';
import {placeholdersOf} from '../prompts/template.ts';

/** Placeholders that every template may use. */
const general = ['task', 'content', 'input'];
/** Those that a turn of a chat may use: it is what the others are filled with. */
const ofTurn = ['task', 'content'];

/** What is wrong with a template: the placeholder, and what may stand there. */
export type UnknownPlaceholder = {
	readonly name: string;
	readonly allowed: readonly string[];
	/** The first item, from 1, that lacks a field which others have; undefined where none has it. */
	readonly lackingItem?: number;
};

/**
 * The first placeholder of a template that has no value.
 * @param isChat Whether there is a {{turn}}.
 * @returns Undefined when all is well.
 */
export const unknownPlaceholder = (
	template: string,
	items: readonly Item[] | undefined,
	isChat = false,
): UnknownPlaceholder | undefined => {
	const [first] = items ?? [];
	const fields = Object.keys(first?.fields ?? {}).filter((field) =>
		items?.every((item) => item.fields[field] !== undefined),
	);
	const allowed = [
		...general,
		...(isChat ? ['turn'] : []),
		...(first === undefined ? [] : ['item', ...fields.map((field) => `item.${field}`)]),
	];
	const unknown = firstOutside(template, allowed);
	return unknown === undefined ? undefined : {...unknown, ...lacking(unknown.name, items ?? [])};
};

const lacking = (placeholder: string, items: readonly Item[]): Pick<UnknownPlaceholder, 'lackingItem'> => {
	const field = placeholder.replace(/^item\./, '');
	const index = items.findIndex(({fields}) => fields[field] === undefined);
	const isInOthers = items.some(({fields}) => fields[field] !== undefined);
	return field !== placeholder && isInOthers && index !== -1 ? {lackingItem: index + 1} : {};
};

/** The same for a turn of a chat. */
export const unknownInTurn = (turn: string): UnknownPlaceholder | undefined => firstOutside(turn, ofTurn);

const firstOutside = (template: string, allowed: readonly string[]): UnknownPlaceholder | undefined => {
	const name = placeholdersOf(template).find((placeholder) => !allowed.includes(placeholder));
	return name === undefined ? undefined : {name, allowed};
};
