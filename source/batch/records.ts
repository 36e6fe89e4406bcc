import type {Prompt} from '../domain/prompt.ts';
import type {Item, Task, Variant} from '../domain/variant.ts';
import {composePrompt} from '../prompts/compose.ts';
import {type RecordPlace, recordId} from './record-id.ts';

/** One request of a batch, before it becomes a body. */
export type BatchRecord = {
	/** Position in the batch, from 0. */
	readonly index: number;
	readonly id: string;
	readonly place: RecordPlace;
	readonly variant: Variant;
	readonly items: readonly Item[];
	readonly prompt: Prompt;
};

/** Items in their order: an array, or a file that gives them as they are asked for. */
export type ItemSource = {
	readonly length: number;
	readonly slice: (start: number, end: number) => readonly Item[];
};

/** What a batch is about. */
export type BatchTask = {
	readonly task: Omit<Task, 'items'> & {readonly items: ItemSource};
	readonly variants: readonly Variant[];
};

/** Requests of one variant: every item once; a task without items is one request. */
const requestsOf = ({items}: BatchTask['task'], {itemsPerRequest}: Variant): number =>
	Math.max(1, Math.ceil(items.length / itemsPerRequest));

/** Records of all variants, variant by variant. */
export const countRecords = ({task, variants}: BatchTask): number =>
	variants.reduce((sum, variant) => sum + requestsOf(task, variant), 0);

/** Where a position lies. */
export const placeAt = ({task, variants}: BatchTask, index: number): RecordPlace | undefined => {
	let request = index;
	for (const [variant, each] of variants.entries()) {
		const count = requestsOf(task, each);
		if (request < count) {
			return {variant, request};
		}
		request -= count;
	}
	return undefined;
};

/** The position of a place; undefined where the batch has no such record. */
export const indexOfPlace = (
	{task, variants}: BatchTask,
	{variant, request}: RecordPlace,
): number | undefined => {
	const own = variants[variant];
	if (own === undefined || request >= requestsOf(task, own)) {
		return undefined;
	}
	return variants.slice(0, variant).reduce((sum, each) => sum + requestsOf(task, each), request);
};

/** The items of a place. */
export const itemsOfPlace = (
	{task, variants}: BatchTask,
	{variant, request}: RecordPlace,
): readonly Item[] => {
	const size = variants[variant]?.itemsPerRequest ?? 1;
	return task.items.slice(request * size, (request + 1) * size);
};

/**
 * Records one after the other, so that a hundred thousand of them need no more memory than one.
 * @param first Position to begin with.
 * @param count How many.
 */
export function* batchRecords(
	batch: BatchTask,
	first = 0,
	count = countRecords(batch),
): Generator<BatchRecord> {
	const {task, variants} = batch;
	// A prompt is made from the items that it is given.
	const bare = {...task, items: []};
	let place = placeAt(batch, first);
	for (let index = first; index < first + count && place !== undefined; index++) {
		const variant = variants[place.variant];
		if (variant === undefined) {
			return;
		}
		const items = itemsOfPlace(batch, place);
		const prompt = composePrompt(variant, bare, items);
		yield {index, id: recordId(place), place, variant, items, prompt};
		const isLast = place.request + 1 === requestsOf(task, variant);
		place = isLast
			? {variant: place.variant + 1, request: 0}
			: {variant: place.variant, request: place.request + 1};
	}
}
