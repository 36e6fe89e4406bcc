import {compressText} from './compress.ts';
import {numberedList, packingInstruction} from './packing.ts';
import {fillTemplate, tidyPrompt} from './template.ts';
import type {Item, Task, Variant} from './variant.ts';

/** A prompt as it is sent. */
export type Prompt = {readonly system: string | undefined; readonly user: string};

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
		case 'input':
			return [task.content ?? '', itemsValue(items, 'item')].filter((text) => text !== '').join('\n\n');
		default:
			return itemsValue(items, placeholder);
	}
};

/**
 * The prompt of one request.
 * @param items The items that the request carries: none for a task without items, several when it is packed.
 */
export const composePrompt = (variant: Variant, task: Task, items: readonly Item[]): Prompt => {
	const fill = (template: string): string =>
		compressText(
			tidyPrompt(fillTemplate(template, (placeholder) => placeholderValue(placeholder, task, items))),
			variant.compress,
		);
	const packing = items.length > 1 ? `\n\n${packingInstruction(items.length)}` : '';
	return {
		system: variant.system === undefined ? undefined : fill(variant.system),
		user: fill(variant.instruction) + packing,
	};
};
