import type {PromptMessage} from '../domain/backend.ts';
import type {Prompt} from '../domain/prompt.ts';
import type {Item, Task, Variant} from '../domain/variant.ts';
import {addedRules, compressByRule, compressText} from './compress.ts';
import {numberedList, packingInstruction} from './packing.ts';
import {fillTemplate, fillTidily} from './template.ts';

/** Everything that a prompt says, oldest first. */
export const messagesOf = ({user, history}: Prompt): readonly PromptMessage[] => [
	...(history?.messages ?? []),
	{role: 'user', text: user},
];

/** Value of an item placeholder: the whole item for `item`, a field for `item.field`. */
export const itemValue = (item: Item | undefined, placeholder: string): string => {
	if (item === undefined) {
		return '';
	}
	return placeholder === 'item' ? item.text : (item.fields[placeholder.slice('item.'.length)] ?? '');
};

/** Value of an item placeholder over the items of one request: the value itself, or a numbered list of them. */
const itemsValue = (items: readonly Item[], placeholder: string): string =>
	items.length > 1
		? numberedList(items.map((item) => itemValue(item, placeholder)))
		: itemValue(items[0], placeholder);

const placeholderValue = (placeholder: string, task: Task, items: readonly Item[]): string => {
	switch (placeholder) {
		case 'task':
			return task.task;
		case 'content':
			return task.content ?? '';
		case 'turn':
			// A prompt for new content takes it as an item, so that it is not expanded.
			return items.length > 0 ? itemsValue(items, 'item') : turnText(task, 0);
		case 'input':
			return [task.content ?? '', items.length > 0 ? itemsValue(items, 'item') : turnText(task, 0)]
				.filter((text) => text !== '')
				.join('\n\n');
		default:
			return itemsValue(items, placeholder);
	}
};

/** What the person says in a turn, counted from 0; empty where there is no such turn. */
const turnText = (task: Task, turn: number): string =>
	fillTemplate(task.chat?.turns[turn] ?? '', (placeholder) => placeholderValue(placeholder, task, []));

/** Fills a template and tidies it. */
const fullText = (template: string, task: Task, items: readonly Item[]): string =>
	fillTidily(template, (placeholder) => placeholderValue(placeholder, task, items));

/**
 * The prompt of one request; of a conversation, its first turn.
 * @param items The items that the request carries: none for a task without items, several when it is packed.
 */
export const composePrompt = (variant: Variant, task: Task, items: readonly Item[]): Prompt => {
	const packing = items.length > 1 ? `\n\n${packingInstruction(items.length)}` : '';
	const system = variant.system === undefined ? undefined : fullText(variant.system, task, items);
	const user = fullText(variant.instruction, task, items);
	if (variant.compress.length === 0) {
		return {system, user: user + packing};
	}
	const shortSystem = system === undefined ? undefined : compressByRule(system, variant.compress);
	const shortUser = compressByRule(user, variant.compress);
	return {
		system: shortSystem?.text,
		user: shortUser.text + packing,
		compression: {
			rules: addedRules([shortUser.rules, shortSystem?.rules ?? []]),
			original: {system: system ?? null, user: user + packing},
		},
	};
};

/** What was asked and answered before a turn. */
export type Exchange = {
	readonly prompt: Prompt;
	readonly answer: string;
	/** Of prompt and answer together, as the service counted them; undefined where it did not. */
	readonly tokens: number | undefined;
};

/**
 * The prompt of a later turn of a conversation: all that was said so far, the real answers among it, and the turn as it
 * stands in the preset, without the variant's instruction.
 * @param turn Counted from 0, the first one being that of `composePrompt`.
 */
export const composeTurn = (
	variant: Variant,
	task: Task,
	turn: number,
	{prompt, answer, tokens}: Exchange,
): Prompt => ({
	system: prompt.system,
	user: compressText(fullText(task.chat?.turns[turn] ?? '', task, []), variant.compress),
	history: {messages: [...messagesOf(prompt), {role: 'assistant', text: answer}], tokens},
});
