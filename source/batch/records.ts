import {createHash} from 'node:crypto';
import {closeSync, openSync, readSync} from 'node:fs';
import {mkdir, open} from 'node:fs/promises';
import path from 'node:path';
import {type BatchForm, type BatchLimits, modelInput} from '../bedrock/jobs/batch-records.ts';
import type {Target} from '../domain/target.ts';
import type {Item, Prompt, Task, Variant} from '../domain/task.ts';
import {composePrompt} from '../prompts/compose.ts';
import {openLineWriter} from '../text/private-file.ts';

/** The records of a batch: their order, their names, their prompts, and the jobs that they are split into. */

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

/** Some records of a batch that follow one another. */
export type Slice = {
	/** Position of the first. */
	readonly first: number;
	readonly count: number;
	readonly bytes: number;
};

/** The records of one job, and how they are cut into files. */
export type JobSlice = Slice & {readonly files: readonly Slice[]};

export type SplitFault =
	| {
			readonly kind: 'too-few';
			/** Records of the whole batch, and the jobs that they would be. */
			readonly records: number;
			readonly jobs: number;
			/** Fewest records of one job. */
			readonly minRecords: number;
			/** Records of the whole batch that would be enough; null where no number of such records is. */
			readonly enough: number | null;
	  }
	| {readonly kind: 'too-large'; readonly index: number; readonly bytes: number; readonly max: number};

type Bounds = {readonly records: number; readonly bytes: number};

/** Bytes of the records before each position, so that a slice's size is one subtraction. */
export function runningSums(sizes: readonly number[]): readonly number[] {
	const sums = [0];
	for (const [index, size] of sizes.entries()) {
		sums.push((sums[index] ?? 0) + size);
	}
	return sums;
}

/** Cuts a slice into as few even parts as fit: an even cut leaves no last part with too few records. */
const cut = ({first, count}: Slice, sums: readonly number[], bounds: Bounds): readonly Slice[] => {
	const bytesBetween = (from: number, to: number): number => (sums[to] ?? 0) - (sums[from] ?? 0);
	const minParts = Math.max(
		1,
		Math.ceil(count / bounds.records),
		Math.ceil(bytesBetween(first, first + count) / bounds.bytes),
	);
	for (let parts = minParts; ; parts++) {
		const edges = Array.from({length: parts + 1}, (_unused, part) =>
			Math.floor(first + (count * part) / parts),
		);
		const slices = edges.slice(1).map((to, part) => {
			const from = edges[part] ?? first;
			return {first: from, count: to - from, bytes: bytesBetween(from, to)};
		});
		if (slices.every(({bytes}) => bytes <= bounds.bytes)) {
			return slices;
		}
	}
};

const cutJobs = (
	sizes: readonly number[],
	sums: readonly number[],
	limits: BatchLimits,
): readonly Slice[] => {
	const whole = {first: 0, count: sizes.length, bytes: sums.at(-1) ?? 0};
	return cut(whole, sums, {records: limits.recordsPerJob, bytes: limits.bytesPerJob});
};

/** Records too large for this many further jobs are too large for any number of jobs. */
const maxTried = 100;

/**
 * Records that would be enough. The added ones may need a further job, which has its own minimum.
 * @param jobs Jobs for which there are too few records.
 */
const enoughRecords = (sizes: readonly number[], jobs: number, limits: BatchLimits): number | null => {
	for (let tried = jobs; tried < jobs + maxTried; tried++) {
		const count = tried * limits.minRecords;
		const more = Array.from({length: count}, (_unused, index) => sizes[index % sizes.length] ?? 0);
		if (cutJobs(more, runningSums(more), limits).every((job) => job.count >= limits.minRecords)) {
			return count;
		}
	}
	return null;
};

/**
 * Splits a batch into jobs and their files.
 * @param sizes Bytes of each record's line, its end included.
 */
export function splitBatch(
	sizes: readonly number[],
	limits: BatchLimits,
): {readonly jobs: readonly JobSlice[]} | {readonly fault: SplitFault} {
	const max = Math.min(limits.bytesPerFile, limits.bytesPerJob);
	const index = sizes.findIndex((size) => size > max);
	if (index !== -1) {
		return {fault: {kind: 'too-large', index, bytes: sizes[index] ?? 0, max}};
	}
	const sums = runningSums(sizes);
	const jobs = cutJobs(sizes, sums, limits);
	const {minRecords} = limits;
	if (jobs.some(({count}) => count < minRecords)) {
		const enough = enoughRecords(sizes, jobs.length, limits);
		return {fault: {kind: 'too-few', records: sizes.length, jobs: jobs.length, minRecords, enough}};
	}
	const inFile = {records: limits.recordsPerFile, bytes: limits.bytesPerFile};
	return {jobs: jobs.map((job) => ({...job, files: cut(job, sums, inFile)}))};
}

/** The items of a batch on disk, one per line: a hundred thousand of them would take too much memory. */
type ItemFile = ItemSource & {
	/** Hash of the lines. */
	readonly sha256: string;
	/** An item with only the fields that every item has. Undefined where there are no items. */
	readonly sample: Item | undefined;
	readonly close: () => void;
};

export function isItemFile(items: ItemSource): items is ItemFile {
	return 'sha256' in items;
}

/** An item that is only a text becomes a JSON string. */
const lineOf = ({text, fields, expected}: Item): string => {
	const isBare = expected === undefined && Object.keys(fields).length === 0;
	return `${JSON.stringify(isBare ? text : {text, fields, expected})}\n`;
};

const itemOf = (line: string, index: number): Item => {
	const kept = JSON.parse(line) as string | Pick<Item, 'text' | 'fields' | 'expected'>;
	return typeof kept === 'string'
		? {index, text: kept, fields: {}, expected: undefined}
		: {index, text: kept.text, fields: kept.fields, expected: kept.expected};
};

/** @param ends Where each line ends in the file, in bytes. */
const createReader = (file: string, ends: readonly number[]): ItemSource & {readonly close: () => void} => {
	let descriptor: number | undefined;
	return {
		length: ends.length,
		slice(start, end) {
			const own = ends.slice(start, end);
			const from = ends[start - 1] ?? 0;
			const bytes = Buffer.allocUnsafe(Math.max(0, (own.at(-1) ?? from) - from));
			descriptor ??= openSync(file, 'r');
			readSync(descriptor, bytes, 0, bytes.length, from);
			return own.map((to, offset) => {
				const index = start + offset;
				return itemOf(bytes.toString('utf8', (ends[index - 1] ?? 0) - from, to - from), index);
			});
		},
		close() {
			if (descriptor !== undefined) {
				closeSync(descriptor);
				descriptor = undefined;
			}
		},
	};
};

/** Drops the fields of the sample that an item lacks. */
const common = (sample: Item | undefined, item: Item): Item => {
	const fields = sample === undefined ? item.fields : sample.fields;
	const lacks = Object.keys(fields).some((name) => item.fields[name] === undefined);
	if (sample !== undefined && !lacks) {
		return sample;
	}
	const shared = Object.entries(fields).filter(([name]) => item.fields[name] !== undefined);
	return {...(sample ?? item), fields: Object.fromEntries(shared)};
};

type ItemPages = AsyncIterable<readonly Item[]> | Iterable<readonly Item[]>;

/** Writes items page by page. */
export async function writeItems(file: string, pages: ItemPages): Promise<ItemFile> {
	await mkdir(path.dirname(file), {recursive: true, mode: 0o700});
	const ends: number[] = [];
	const hash = createHash('sha256');
	let sample: Item | undefined;
	const writer = openLineWriter(file, (text) => hash.update(text));
	let end = 0;
	try {
		for await (const items of pages) {
			for (const item of items) {
				end += writer.add(lineOf(item));
				ends.push(end);
				sample = common(sample, item);
			}
		}
	} finally {
		writer.close();
	}
	return {...createReader(file, ends), sha256: hash.digest('hex'), sample};
}

const lineEnd = 10;
/** Bytes that are read at once to find the ends of the lines. */
const openingBytes = 256 * 1024;

/** Opens items that `writeItems` wrote. */
export async function openItems(file: string): Promise<ItemSource> {
	const ends: number[] = [];
	const handle = await open(file);
	try {
		const buffer = Buffer.allocUnsafeSlow(openingBytes);
		let read = 0;
		for (;;) {
			const {bytesRead} = await handle.read(buffer, 0, openingBytes, read);
			if (bytesRead === 0) {
				return createReader(file, ends);
			}
			const bytes = buffer.subarray(0, bytesRead);
			for (let at = bytes.indexOf(lineEnd); at !== -1; at = bytes.indexOf(lineEnd, at + 1)) {
				ends.push(read + at + 1);
			}
			read += bytesRead;
		}
	} finally {
		await handle.close();
	}
}
