import type {Item, Prompt, Task, Variant} from '../domain/task.ts';
import {composePrompt} from '../prompts/compose.ts';

/**
 * Names of the records of a batch: `r`, the variant in two digits and the request in eight, base 36. Eleven letters and
 * digits: as long as the ones that the service makes itself. They say all that a join needs, so nothing has to be kept.
 */

type RecordPlace = {
	/** Index of the variant. */
	readonly variant: number;
	/** Number of the request within the variant, from 0. */
	readonly request: number;
};

const base = 36;

export function recordId({variant, request}: RecordPlace): string {
	return `r${variant.toString(base).padStart(2, '0')}${request.toString(base).padStart(8, '0')}`;
}

/** @returns undefined for a name that is not ours. */
export function parseRecordId(id: string): RecordPlace | undefined {
	const [, variant, request] = /^r([0-9a-z]{2})([0-9a-z]{8})$/.exec(id) ?? [];
	return variant === undefined || request === undefined
		? undefined
		: {variant: Number.parseInt(variant, base), request: Number.parseInt(request, base)};
}

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
export function countRecords({task, variants}: BatchTask): number {
	return variants.reduce((sum, variant) => sum + requestsOf(task, variant), 0);
}

/** Where a position lies. */
export function placeAt({task, variants}: BatchTask, index: number): RecordPlace | undefined {
	let request = index;
	for (const [variant, each] of variants.entries()) {
		const count = requestsOf(task, each);
		if (request < count) {
			return {variant, request};
		}
		request -= count;
	}
	return undefined;
}

/** The position of a place; undefined where the batch has no such record. */
export function indexOfPlace(
	{task, variants}: BatchTask,
	{variant, request}: RecordPlace,
): number | undefined {
	const own = variants[variant];
	if (own === undefined || request >= requestsOf(task, own)) {
		return undefined;
	}
	return variants.slice(0, variant).reduce((sum, each) => sum + requestsOf(task, each), request);
}

/** The items of a place. */
export function itemsOfPlace({task, variants}: BatchTask, {variant, request}: RecordPlace): readonly Item[] {
	const size = variants[variant]?.itemsPerRequest ?? 1;
	return task.items.slice(request * size, (request + 1) * size);
}

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
