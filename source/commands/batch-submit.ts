import {createHash} from 'node:crypto';
import path from 'node:path';
import {below, parseS3Uri, type S3Place} from '../bedrock/jobs/s3-uri.ts';
import type {RunConfig} from '../config/run-config.ts';
import {type BatchRecord, type BatchTask, batchRecords} from '../prompts/batch/records.ts';
import {type JobSlice, runningSums, splitBatch} from '../prompts/batch/split.ts';
import {isItemFile, writeItems} from './batch-items.ts';
import {writeRecords} from './batch-records.ts';
import {assertAffordable, faultError} from './batch-refusals.ts';
import type {BatchSetup} from './batch-setup.ts';
import {
	type BatchState,
	type BatchStore,
	batchKey,
	itemsName,
	type JobState,
	recordsName,
} from './batch-state.ts';

/** From a preset to the state of a batch: nothing is sent here. */

/** Where the batch goes and as whom. */
export type Place = {readonly s3: string; readonly roleArn: string};

const safeName = (text: string): string => text.replaceAll(/[^a-zA-Z0-9]+/g, '-').replaceAll(/^-|-$/g, '');

type JobFacts = {
	readonly preset: string | null;
	readonly place: S3Place;
	/** Bytes before a record. */
	readonly offsetOf: (index: number) => number;
};

const jobOf = (
	slice: JobSlice,
	number: number,
	id: string,
	{preset, place, offsetOf}: JobFacts,
): JobState => {
	const folder = below(place, `input/${id}/`);
	const jobKey = below(folder, `job-${number}`);
	const files = slice.files.map(({first, count, bytes}, index) => ({
		first,
		count,
		bytes,
		offset: offsetOf(first),
		key: slice.files.length === 1 ? `${jobKey.key}.jsonl` : `${jobKey.key}/part-${index + 1}.jsonl`,
		isUploaded: false,
	}));
	return {
		name: `${['bedrock-top', safeName(preset ?? 'task')].join('-').slice(0, 40)}-${id.slice(0, 12)}-${number}`,
		token: `${id}-${number}`,
		count: slice.count,
		inputKey: slice.files.length === 1 ? `${jobKey.key}.jsonl` : `${jobKey.key}/`,
		files,
		arn: null,
		status: null,
		message: null,
		submittedAtMs: null,
		endedAtMs: null,
		processed: 0,
		succeeded: 0,
		failed: 0,
	};
};

/** What a batch is made from. */
export type Makings = Pick<BatchSetup, 'batch' | 'target' | 'form' | 'price' | 'limits' | 'lineOf'> & {
	readonly config: Pick<RunConfig, 'preset' | 'maxTokens' | 'seed' | 'guards' | 'connection'>;
	readonly source: string | null;
};

type Making = {
	readonly id: string;
	readonly key: string;
	readonly nowMs: number;
	readonly subset: readonly number[] | null;
};

function* recordsOf(batch: BatchTask, subset: readonly number[]): Generator<BatchRecord> {
	for (const index of subset) {
		yield* batchRecords(batch, index, 1);
	}
}

/** The draft of the store, which has the items by then, becomes a batch. @throws UserError (exit 2). */
const makeBatch = async (
	makings: Makings,
	{s3, roleArn}: Place,
	store: BatchStore,
	{id, key, nowMs, subset}: Making,
): Promise<BatchState> => {
	const {config, batch, target, form, price, source} = makings;
	const file = path.join(store.draft, recordsName);
	const records = subset === null ? batchRecords(batch) : recordsOf(batch, subset);
	const {sizes, characters} = await writeRecords(file, records, makings.lineOf);
	if (isItemFile(batch.task.items)) {
		batch.task.items.close();
	}
	const split = splitBatch(sizes, makings.limits);
	if ('fault' in split) {
		throw faultError(split.fault, makings);
	}
	assertAffordable(makings, sizes.length, characters);
	const sums = runningSums(sizes);
	const facts = {
		preset: config.preset,
		place: parseS3Uri(s3) ?? {bucket: '', key: ''},
		offsetOf: (index: number) => sums[index] ?? 0,
	};
	const state: BatchState = {
		schema: 1,
		id,
		key,
		preset: config.preset,
		source,
		target,
		price,
		form,
		s3,
		roleArn,
		maxTokens: config.maxTokens,
		seed: config.seed,
		records: sizes.length,
		subset,
		startedAtMs: nowMs,
		jobs: split.jobs.map((slice, index) => jobOf(slice, index + 1, id, facts)),
		isSimulated: false,
		results: null,
		failed: [],
	};
	await store.keepDraft(id, batch);
	await store.save(state);
	return state;
};

export type Found = {readonly state: BatchState; readonly isNew: boolean};

const findOrMake = async (
	makings: Makings,
	place: Place,
	store: BatchStore,
	{key, nowMs, subset}: Omit<Making, 'id'>,
): Promise<Found> => {
	const same = (await store.all()).filter((state) => state.key === key);
	const begun = same.find(({results}) => results === null);
	const id = `${key.slice(0, 20)}-${same.length + 1}`;
	const state = begun ?? (await makeBatch(makings, place, store, {id, key, nowMs, subset}));
	return {state, isNew: begun === undefined};
};

/**
 * The batch that this command means: one that was begun and is not fetched yet, else a new one.
 * @throws UserError (exit 2) for too few records or a cost that does not fit, before anything is uploaded.
 */
export const findOrMakeBatch = async (
	makings: Makings,
	place: Place,
	store: BatchStore,
	nowMs: number,
): Promise<Found> => {
	const {batch, target, form, config} = makings;
	const {items} = batch.task;
	try {
		const kept = isItemFile(items)
			? items
			: await writeItems(path.join(store.draft, itemsName), [items.slice(0, items.length)]);
		const key = batchKey(batch, kept.sha256, {target, form, ...place, maxTokens: config.maxTokens});
		return await findOrMake(makings, place, store, {key, nowMs, subset: null});
	} finally {
		await store.dropDraft();
	}
};

/**
 * A batch of the records of another one that had no answer, or the one that was begun with them before.
 * @throws UserError (exit 2), as `findOrMakeBatch` does.
 */
export const findOrMakeAgain = async (
	makings: Makings,
	before: BatchState,
	store: BatchStore,
	nowMs: number,
): Promise<Found> => {
	try {
		await store.copyItems(before.id);
		const key = createHash('sha256')
			.update(JSON.stringify([before.id, before.failed]))
			.digest('hex');
		return await findOrMake(makings, before, store, {key, nowMs, subset: before.failed});
	} finally {
		await store.dropDraft();
	}
};
