import path from 'node:path';
import {below, parseS3Uri, type S3Place} from '../bedrock/jobs/s3-uri.ts';
import {UserError} from '../config/user-error.ts';
import {batchRecords} from '../prompts/batch/records.ts';
import {type JobSlice, runningSums, type SplitFault, splitBatch} from '../prompts/batch/split.ts';
import {formatCount, formatUsd} from '../text/numbers.ts';
import {isItemFile, writeItems} from './batch-items.ts';
import {writeRecords} from './batch-records.ts';
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

const faultError = (fault: SplitFault, {limits, batch}: BatchSetup): UserError => {
	switch (fault.kind) {
		case 'too-few': {
			const isAssumed = limits.assumed.includes('leastRecords');
			return new UserError(
				`A batch job needs at least ${formatCount(fault.needed)} records${isAssumed ? " (AWS's default, assumed)" : ''}; this one has ${formatCount(fault.records)}.`,
				{
					exitCode: 2,
					hint: `Add ${formatCount(fault.needed - fault.records)} requests: more items, more variants (${batch.variants.length} now) or fewer items per request. "run" has no such minimum.`,
				},
			);
		}
		case 'too-large':
			return new UserError(
				`Record ${fault.index + 1} has ${formatCount(fault.bytes)} bytes; a file may have ${formatCount(fault.most)}.`,
				{exitCode: 2, hint: 'Shorten that item, or put fewer items into a request.'},
			);
	}
};

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

/** An estimate, as elsewhere. */
const charactersPerToken = 4;

/** Against an account a batch is submitted only when its cost is known to fit, or `--yes` is given. */
const assertAffordable = ({config, batch, price}: BatchSetup, records: number, characters: number): void => {
	const {maxCostUsd, isConfirmed} = config.guards;
	if (isConfirmed || config.connection.simulatorUrl !== undefined) {
		return;
	}
	const output = batch.variants.reduce((sum, variant) => sum + (variant.maxTokens ?? config.maxTokens), 0);
	const outputTokens = (output / batch.variants.length) * records;
	const inputTokens = Math.ceil(characters / charactersPerToken);
	const cost = price === null ? null : inputTokens * price.input + outputTokens * price.output;
	if (cost !== null && cost <= maxCostUsd) {
		return;
	}
	throw new UserError(
		`${cost === null ? 'The cost is not known' : `It may cost up to ${formatUsd(cost)} (batch price assumed)`}, and --max-cost is ${formatUsd(maxCostUsd)}: nothing was uploaded.`,
		{exitCode: 2, hint: 'Submit it with --yes, raise --max-cost, or lower --max-tokens.'},
	);
};

/** The draft of the store becomes a batch. @throws UserError (exit 2). */
const makeBatch = async (
	setup: BatchSetup,
	{s3, roleArn}: Place,
	store: BatchStore,
	made: {readonly id: string; readonly key: string; readonly nowMs: number},
): Promise<BatchState> => {
	const {config, batch, target, form, price} = setup;
	const {id, key, nowMs} = made;
	const file = path.join(store.draft, recordsName);
	const {sizes, characters} = await writeRecords(file, batchRecords(batch), setup.lineOf);
	if (isItemFile(batch.task.items)) {
		batch.task.items.close();
	}
	const split = splitBatch(sizes, setup.limits);
	if ('fault' in split) {
		throw faultError(split.fault, setup);
	}
	assertAffordable(setup, sizes.length, characters);
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
		target,
		price,
		form,
		s3,
		roleArn,
		maxTokens: config.maxTokens,
		seed: config.seed,
		records: sizes.length,
		startedAtMs: nowMs,
		jobs: split.jobs.map((slice, index) => jobOf(slice, index + 1, id, facts)),
		isSimulated: false,
		results: null,
	};
	await store.keepDraft(id, batch);
	await store.save(state);
	return state;
};

/**
 * The batch that this command means: one that was begun and is not fetched yet, else a new one.
 * @throws UserError (exit 2) for too few records or a cost that does not fit, before anything is uploaded.
 */
export const findOrMakeBatch = async (
	setup: BatchSetup,
	place: Place,
	store: BatchStore,
	nowMs: number,
): Promise<{readonly state: BatchState; readonly isNew: boolean}> => {
	const {batch, target, form, config} = setup;
	const {items} = batch.task;
	try {
		const kept = isItemFile(items)
			? items
			: await writeItems(path.join(store.draft, itemsName), [items.slice(0, items.length)]);
		const key = batchKey(batch, kept.sha256, {target, form, ...place, maxTokens: config.maxTokens});
		const same = (await store.all()).filter((state) => state.key === key);
		const begun = same.find(({results}) => results === null);
		const id = `${key.slice(0, 20)}-${same.length + 1}`;
		const state = begun ?? (await makeBatch(setup, place, store, {id, key, nowMs}));
		return {state, isNew: begun === undefined};
	} finally {
		await store.dropDraft();
	}
};
