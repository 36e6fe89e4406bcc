import {type BatchForm, modelInput} from '../bedrock/jobs/record-bodies.ts';
import type {Target} from '../domain/target.ts';
import type {Item, Prompt, Task, Variant} from '../domain/task.ts';
import {composePrompt} from '../prompts/compose.ts';

/** The records of a batch: their order, their names and their prompts. */

type RecordPosition = {
	/** Index of the variant. */
	readonly variant: number;
	/** Number of the request within the variant, from 0. */
	readonly request: number;
};

const base = 36;

/**
 * The name of a record: `r`, the variant in two digits and the request in eight, base 36. It is as long as the names that
 * the service makes, and says all that a join needs, so nothing has to be kept.
 */
export function recordId({variant, request}: RecordPosition): string {
	return `r${variant.toString(base).padStart(2, '0')}${request.toString(base).padStart(8, '0')}`;
}

/** @returns undefined for a name that `recordId` does not make. */
export function parseRecordId(id: string): RecordPosition | undefined {
	const [, variant, request] = /^r([0-9a-z]{2})([0-9a-z]{8})$/.exec(id) ?? [];
	return variant === undefined || request === undefined
		? undefined
		: {variant: Number.parseInt(variant, base), request: Number.parseInt(request, base)};
}

/** One request of a batch, before it becomes a body. */
export type BatchRecord = {
	/** In the batch, from 0. */
	readonly index: number;
	readonly id: string;
	readonly position: RecordPosition;
	readonly variant: Variant;
	readonly items: readonly Item[];
	readonly prompt: Prompt;
};

/** Items in their order: an array, or a file that they are read from on demand. */
export type ItemSource = {
	readonly length: number;
	readonly slice: (start: number, end: number) => readonly Item[];
};

/** The task and the variants of a batch. */
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

/** The position of the record with an index; undefined where the batch has no such record. */
export function positionAt({task, variants}: BatchTask, index: number): RecordPosition | undefined {
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

/** The index of the record at a position; undefined where the batch has no such record. */
export function indexAt({task, variants}: BatchTask, {variant, request}: RecordPosition): number | undefined {
	const own = variants[variant];
	if (own === undefined || request >= requestsOf(task, own)) {
		return undefined;
	}
	return variants.slice(0, variant).reduce((sum, each) => sum + requestsOf(task, each), request);
}

/** The items of the record at a position. */
export function itemsAt({task, variants}: BatchTask, {variant, request}: RecordPosition): readonly Item[] {
	const size = variants[variant]?.itemsPerRequest ?? 1;
	return task.items.slice(request * size, (request + 1) * size);
}

/**
 * Makes records one by one, so that a hundred thousand of them need no more memory than one.
 * @param first Index to begin with.
 */
export function* batchRecords(
	batch: BatchTask,
	first = 0,
	count = countRecords(batch),
): Generator<BatchRecord> {
	const {task, variants} = batch;
	// A prompt is composed from the items of its record alone.
	const bare = {...task, items: []};
	let position = positionAt(batch, first);
	for (let index = first; index < first + count && position !== undefined; index++) {
		const variant = variants[position.variant];
		if (variant === undefined) {
			return;
		}
		const items = itemsAt(batch, position);
		const prompt = composePrompt(variant, bare, items);
		yield {index, id: recordId(position), position, variant, items, prompt};
		const isLast = position.request + 1 === requestsOf(task, variant);
		position = isLast
			? {variant: position.variant + 1, request: 0}
			: {variant: position.variant, request: position.request + 1};
	}
}

/**
 * Makes the input line of a record, with its end. The same record always makes the same line, so that a crash changes
 * nothing.
 */
export function lineMaker(
	{model, baseModel}: Pick<Target, 'model' | 'baseModel'>,
	form: BatchForm,
	maxTokens: number,
): (record: BatchRecord) => string {
	return ({id, variant, prompt: {system, user}}) => {
		const request = {
			model,
			baseModel,
			method: form === 'Converse' ? ('converse' as const) : ('invoke' as const),
			system,
			messages: [{role: 'user' as const, text: user}],
			maxTokens: variant.maxTokens ?? maxTokens,
			stop: variant.stop,
			parameters: variant.parameters,
			cache: false,
			tier: undefined,
		};
		return `${JSON.stringify({recordId: id, modelInput: modelInput(request, form)})}\n`;
	};
}
