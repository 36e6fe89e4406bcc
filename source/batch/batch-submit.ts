import path from 'node:path';
import {below, parseS3Uri, type S3Place} from '../bedrock/jobs/s3-uri.ts';
import {againKey, type Unanswered} from './batch-again.ts';
import {isItemFile, writeItems} from './batch-items.ts';
import {jobName} from './batch-job-name.ts';
import {writeRecords} from './batch-records.ts';
import {assertAffordable, faultError} from './batch-refusals.ts';
import type {Makings} from './batch-setup.ts';
import {type BatchStore, batchKey, itemsName, recordsName} from './batch-state.ts';
import type {BatchState, JobState} from './batch-state-file.ts';
import {type BatchRecord, type BatchTask, batchRecords} from './records.ts';
import {type JobSlice, runningSums, splitBatch} from './split.ts';

/** From a preset to the state of a batch: nothing is sent here. */

/** Where the batch goes and as whom. */
export type Place = {readonly s3: string; readonly roleArn: string};

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
		name: jobName(preset, id, number),
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

type Making = {
	readonly id: string;
	readonly key: string;
	readonly nowMs: number;
	/** The batch that left the records; undefined for one of its own. */
	readonly before: string | undefined;
	readonly subset: readonly number[] | null;
};

function* recordsOf(batch: BatchTask, subset: readonly number[]): Generator<BatchRecord> {
	for (const index of subset) {
		yield* batchRecords(batch, index, 1);
	}
}

/** What whoever comes back to the batch has to keep to. */
const lasting = ({limits: {activeJobs, leastRecords}}: Makings) => ({activeJobs, leastRecords});

/** The draft of the store, which has the items by then, becomes a batch. @throws UserError (exit 2). */
const makeBatch = async (
	makings: Makings,
	{s3, roleArn}: Place,
	store: BatchStore,
	{id, key, nowMs, before, subset}: Making,
): Promise<BatchState> => {
	const {config, batch, target, form, price, source} = makings;
	const file = path.join(store.draft, recordsName);
	const records = subset === null ? batchRecords(batch) : recordsOf(batch, subset);
	const {sizes, bytes} = await writeRecords(file, records, makings.lineOf);
	if (isItemFile(batch.task.items)) {
		batch.task.items.close();
	}
	const split = splitBatch(sizes, makings.limits);
	if ('fault' in split) {
		throw faultError(split.fault, makings);
	}
	assertAffordable(makings, sizes.length, bytes);
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
		...(before === undefined ? {} : {before}),
		limits: lasting(makings),
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

/** Ends in the number of the batch among those of its key. */
const numberOf = ({id}: BatchState): number => Number(id.slice(id.lastIndexOf('-') + 1));

/** Fetched or not: a batch with jobs that were never submitted is not over. */
const isBegun = ({results, jobs}: BatchState): boolean =>
	results === null || jobs.some(({arn}) => arn === null);

/** A batch of which a part was fetched is not over again, and its results will lie in a folder of their own. */
const reopened = (state: BatchState): BatchState => {
	const {folder, results, failed, ...rest} = state;
	return results === null ? state : {...rest, results: null, failed: []};
};

const findOrMake = async (
	makings: Makings,
	place: Place,
	store: BatchStore,
	making: Omit<Making, 'id'>,
): Promise<Found> => {
	const {key} = making;
	const same = (await store.all()).filter((state) => state.key === key);
	const begun = same.find(isBegun);
	if (begun !== undefined) {
		return {state: {...reopened(begun), limits: lasting(makings)}, isNew: false};
	}
	// One more than the last, not their count: what is damaged counts no longer, and a folder is never used twice.
	const id = `${key.slice(0, 20)}-${Math.max(0, ...same.map(numberOf)) + 1}`;
	return {state: await makeBatch(makings, place, store, {id, ...making}), isNew: true};
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
		return await findOrMake(makings, place, store, {key, nowMs, before: undefined, subset: null});
	} finally {
		await store.dropDraft();
	}
};

/**
 * A batch of the records that have no answer yet.
 * @throws UserError (exit 2), as `findOrMakeBatch` does.
 */
export const makeAgain = async (
	makings: Makings,
	left: Unanswered,
	store: BatchStore,
	nowMs: number,
): Promise<BatchState> => {
	const {last, failed} = left;
	try {
		await store.copyItems(last.id);
		const making = {key: againKey(left), nowMs, before: last.id, subset: failed};
		return (await findOrMake(makings, last, store, making)).state;
	} finally {
		await store.dropDraft();
	}
};
