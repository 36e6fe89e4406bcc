import path from 'node:path';
import {setImmediate} from 'node:timers/promises';
import type {BatchLimits} from '../bedrock/jobs/batch-records.ts';
import {below, parseS3Uri, type S3Location} from '../bedrock/jobs/object-store.ts';
import {UserError} from '../domain/user-error.ts';
import {assertAffordable, assertPriced} from '../metrics/decisions/cost-refusal.ts';
import {formatCount} from '../text/numbers.ts';
import {openLineWriter} from '../text/private-file.ts';
import {
	type BatchRecord,
	type BatchTask,
	batchRecords,
	isItemFile,
	type JobSlice,
	runningSums,
	type SplitFault,
	splitBatch,
	writeItems,
} from './records.ts';
import {type BatchInput, batchPriceShare} from './setup.ts';
import {type BatchState, type JobState, lineageKey, type Unanswered} from './state.ts';
import {type BatchStore, batchKey, itemsName, recordsName} from './store.ts';

/** Creates a batch: writes its records to disk, splits them into jobs, and saves its state. Nothing is sent. */

/** Where the batch goes and as whom. */
export type BatchDestination = {readonly s3: string; readonly roleArn: string};

type CreatedBatch = {readonly state: BatchState; readonly isNew: boolean};

/**
 * The batch of this command: the same one if it was begun before and is not fetched yet, else a new one. Nothing is sent.
 * @throws UserError (exit 2) for too few records, or a cost that does not fit its limit.
 */
export async function getOrCreateBatch(
	input: BatchInput,
	destination: BatchDestination,
	store: BatchStore,
	nowMs: number,
): Promise<CreatedBatch> {
	const {batch, target, form, config} = input;
	const {items} = batch.task;
	try {
		const kept = isItemFile(items)
			? items
			: await writeItems(path.join(store.draft, itemsName), [items.slice(0, items.length)]);
		const key = batchKey(batch, kept.sha256, {target, form, ...destination, maxTokens: config.maxTokens});
		return await getOrCreate(input, destination, store, {key, nowMs, before: undefined, subset: null});
	} finally {
		await store.dropDraft();
	}
}

/**
 * A batch of the records without an answer.
 * @throws UserError (exit 2), as `getOrCreateBatch` does.
 */
export async function createFollowUp(
	input: BatchInput,
	left: Unanswered,
	store: BatchStore,
	nowMs: number,
): Promise<BatchState> {
	const {last, failed} = left;
	try {
		await store.copyItems(last.id);
		const identity = {key: lineageKey(left), nowMs, before: last.id, subset: failed};
		return (await getOrCreate(input, last, store, identity)).state;
	} finally {
		await store.dropDraft();
	}
}

/** The number of a batch among those of its key, which its ID ends in. */
const numberOf = ({id}: BatchState): number => Number(id.slice(id.lastIndexOf('-') + 1));

/** A batch is over when it is fetched and all of its jobs were submitted. */
const isBegun = ({results, jobs}: BatchState): boolean =>
	results === null || jobs.some(({arn}) => arn === null);

/** Continues a batch of which a part was fetched: its results go to a new folder. */
const reopened = (state: BatchState): BatchState => {
	const {folder, results, failed, ...rest} = state;
	return results === null ? state : {...rest, results: null, failed: []};
};

const getOrCreate = async (
	input: BatchInput,
	destination: BatchDestination,
	store: BatchStore,
	identity: Omit<BatchIdentity, 'id'>,
): Promise<CreatedBatch> => {
	const {key} = identity;
	const same = (await store.all()).filter((state) => state.key === key);
	const begun = same.find(isBegun);
	if (begun !== undefined) {
		return {state: {...reopened(begun), limits: persistedLimits(input)}, isNew: false};
	}
	// One more than the last, not their count: damaged batches are not counted, and no folder may be used twice.
	const id = `${key.slice(0, 20)}-${Math.max(0, ...same.map(numberOf)) + 1}`;
	return {state: await makeBatch(input, destination, store, {id, ...identity}), isNew: true};
};

type JobFacts = {
	readonly preset: string | null;
	readonly place: S3Location;
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

type BatchIdentity = {
	readonly id: string;
	readonly key: string;
	readonly nowMs: number;
	/** The batch whose unanswered records these are; undefined for a new batch. */
	readonly before: string | undefined;
	readonly subset: readonly number[] | null;
};

function* recordsOf(batch: BatchTask, subset: readonly number[]): Generator<BatchRecord> {
	for (const index of subset) {
		yield* batchRecords(batch, index, 1);
	}
}

/** Limits that the batch keeps to when it is continued later. */
const persistedLimits = ({limits: {activeJobs, minRecords}}: BatchInput) => ({activeJobs, minRecords});

/** Turns the store's draft, which holds the items, into a batch. @throws UserError (exit 2). */
const makeBatch = async (
	input: BatchInput,
	{s3, roleArn}: BatchDestination,
	store: BatchStore,
	{id, key, nowMs, before, subset}: BatchIdentity,
): Promise<BatchState> => {
	const {config, batch, target, form, price, source, repeat} = input;
	const file = path.join(store.draft, recordsName);
	const records = subset === null ? batchRecords(batch) : recordsOf(batch, subset);
	const {sizes, bytes} = await writeRecords(file, records, input.lineOf);
	if (isItemFile(batch.task.items)) {
		batch.task.items.close();
	}
	const split = splitBatch(sizes, input.limits);
	if ('fault' in split) {
		throw faultError(split.fault, input);
	}
	assertCost(input, sizes.length, bytes);
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
		...(repeat === undefined ? {} : {repeat}),
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
		limits: persistedLimits(input),
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

/** The sizes of the records of a batch. */
type Written = {
	/** Bytes of each record's line, its end included. */
	readonly sizes: readonly number[];
	/** UTF-8 bytes of all prompts. */
	readonly bytes: number;
};

/** Records between two moments in which the program reacts to signals and keys. */
const recordsAtOnce = 500;

/** Writes the input lines of all records into one file, from which they are uploaded part by part. */
async function writeRecords(
	file: string,
	records: Iterable<BatchRecord>,
	lineOf: (record: BatchRecord) => string,
): Promise<Written> {
	const sizes: number[] = [];
	let bytes = 0;
	const writer = openLineWriter(file);
	try {
		for (const record of records) {
			const {system, user} = record.prompt;
			sizes.push(writer.add(lineOf(record)));
			bytes += Buffer.byteLength(system ?? '') + Buffer.byteLength(user);
			if (sizes.length % recordsAtOnce === 0) {
				await setImmediate();
			}
		}
	} finally {
		writer.close();
	}
	return {sizes, bytes};
}

type TooFew = Extract<SplitFault, {kind: 'too-few'}>;

/** Each job has a minimum of records, also where a batch makes several. */
const tooFewWords = ({records, jobs, minRecords}: TooFew, limits: BatchLimits): string => {
	const mark = limits.assumed.includes('minRecords') ? " (AWS's default, assumed)" : '';
	const minimum = `A batch job needs at least ${formatCount(minRecords)} records${mark}`;
	return jobs === 1
		? `${minimum}; this one has ${formatCount(records)}.`
		: `${minimum}, and these ${formatCount(records)} are too many for ${jobs === 2 ? 'one job' : `${formatCount(jobs - 1)} jobs`} and too few for ${formatCount(jobs)}.`;
};

const tooFewHint = ({records, jobs, minRecords, enough}: TooFew, variants: number): string => {
	if (enough === null) {
		return `More records would not help: ${formatCount(minRecords)} such records are more than a job may hold. Shorten the items, or put fewer into a request. "run" has no such minimum.`;
	}
	const inAll = jobs === 1 ? '' : `, ${formatCount(enough)} in all`;
	return `Add ${formatCount(enough - records)} requests${inAll}: more items, more variants (${variants} now) or fewer items per request. "run" has no such minimum.`;
};

/** Why a batch cannot be split into jobs, as an error. */
export function faultError(fault: SplitFault, {limits, batch}: BatchInput): UserError {
	switch (fault.kind) {
		case 'too-few':
			return new UserError(tooFewWords(fault, limits), {
				exitCode: 2,
				hint: tooFewHint(fault, batch.variants.length),
			});
		case 'too-large':
			return new UserError(
				`Record ${fault.index + 1} has ${formatCount(fault.bytes)} bytes; a file may have at most ${formatCount(fault.max)}.`,
				{exitCode: 2, hint: 'Shorten that item, or put fewer items into a request.'},
			);
	}
}

/**
 * Checks the most that a batch can cost: nothing stops a job at a cost once it runs. A demo costs nothing, so there only
 * a typed limit counts.
 * @param bytes Of all prompts in UTF-8: no text has more tokens.
 * @throws UserError (exit 2).
 */
function assertCost({config, batch, price, target}: BatchInput, records: number, bytes: number): void {
	const limit = config.guards;
	if (config.connection.simulatorUrl !== undefined && !limit.isMaxCostGiven) {
		return;
	}
	assertPriced(price === null ? [target] : [], limit, ', batch');
	const output = batch.variants.reduce((sum, variant) => sum + (variant.maxTokens ?? config.maxTokens), 0);
	const outputTokens = (output / batch.variants.length) * records;
	assertAffordable({
		costUsd: price === null ? null : (bytes * price.input + outputTokens * price.output) / batchPriceShare,
		mark: '(at most: the on-demand price, for the batch price is assumed)',
		limit,
		words: {notDone: 'nothing was uploaded', start: 'Submit', lower: '--max-tokens'},
	});
}

/** The service accepts no longer name. */
const maxCharacters = 63;
/** Of the hash that identifies the batch. */
const hashCharacters = 12;

const safeName = (text: string): string => text.replaceAll(/[^a-zA-Z0-9]+/g, '-').replaceAll(/^-|-$/g, '');

/**
 * The name of a job, unique in the account as the service demands: the program and the preset for people, then hash and
 * number of the batch and number of the job. Only the preset is shortened.
 * @param id Of the batch: a hash and a number, as in `0f3a…-2`.
 */
export function jobName(preset: string | null, id: string, job: number): string {
	const end = id.lastIndexOf('-');
	const own = `${id.slice(0, hashCharacters)}${id.slice(end)}-${job}`;
	const words = `bedrock-top-${safeName(preset ?? 'task') || 'task'}`;
	return `${words.slice(0, maxCharacters - own.length - 1).replace(/-$/, '')}-${own}`;
}
