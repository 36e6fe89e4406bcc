import {below, parseS3Uri, type S3Place} from '../bedrock/jobs/s3-uri.ts';
import {UserError} from '../config/user-error.ts';
import {batchRecords, countRecords} from '../prompts/batch/records.ts';
import {type JobSlice, type SplitFault, splitBatch} from '../prompts/batch/split.ts';
import {formatCount, formatUsd} from '../text/numbers.ts';
import {type BatchSetup, estimatedInputTokens} from './batch-setup.ts';
import {type BatchState, type BatchStore, batchKey, type JobState} from './batch-state.ts';

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

const jobOf = (
	slice: JobSlice,
	number: number,
	id: string,
	preset: string | null,
	place: S3Place,
): JobState => {
	const folder = below(place, `input/${id}/`);
	const jobKey = below(folder, `job-${number}`);
	const files = slice.files.map(({first, count, bytes}, index) => ({
		first,
		count,
		bytes,
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

/** Against an account a batch is submitted only when its cost is known to fit, or `--yes` is given. */
const assertAffordable = (setup: BatchSetup, records: number): void => {
	const {config, batch, price} = setup;
	const {maxCostUsd, isConfirmed} = config.guards;
	if (isConfirmed || config.connection.simulatorUrl !== undefined) {
		return;
	}
	const output = batch.variants.reduce((sum, variant) => sum + (variant.maxTokens ?? config.maxTokens), 0);
	const outputTokens = (output / batch.variants.length) * records;
	const cost =
		price === null ? null : estimatedInputTokens(batch) * price.input + outputTokens * price.output;
	if (cost !== null && cost <= maxCostUsd) {
		return;
	}
	throw new UserError(
		`${cost === null ? 'The cost is not known' : `It may cost up to ${formatUsd(cost)} (batch price assumed)`}, and --max-cost is ${formatUsd(maxCostUsd)}: nothing was uploaded.`,
		{exitCode: 2, hint: 'Submit it with --yes, raise --max-cost, or lower --max-tokens.'},
	);
};

/**
 * The batch that this command means: one that was begun and is not fetched yet, else a new one.
 * @throws UserError (exit 2) for too few records or a cost that does not fit, before anything is uploaded.
 */
export const findOrMakeBatch = async (
	setup: BatchSetup,
	{s3, roleArn}: Place,
	store: BatchStore,
	nowMs: number,
): Promise<{readonly state: BatchState; readonly isNew: boolean}> => {
	const {config, batch, target, form, price} = setup;
	const {maxTokens} = config;
	const key = batchKey(batch, {target, form, s3, roleArn, maxTokens});
	const same = (await store.all()).filter((state) => state.key === key);
	const begun = same.find(({results}) => results === null);
	if (begun !== undefined) {
		return {state: begun, isNew: false};
	}
	const sizes: number[] = [];
	for (const record of batchRecords(batch)) {
		sizes.push(Buffer.byteLength(setup.lineOf(record)));
	}
	const split = splitBatch(sizes, setup.limits);
	if ('fault' in split) {
		throw faultError(split.fault, setup);
	}
	const records = countRecords(batch);
	assertAffordable(setup, records);
	const id = `${key.slice(0, 20)}-${same.length + 1}`;
	const place = parseS3Uri(s3) ?? {bucket: '', key: ''};
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
		maxTokens,
		seed: config.seed,
		records,
		startedAtMs: nowMs,
		jobs: split.jobs.map((slice, index) => jobOf(slice, index + 1, id, config.preset, place)),
		isSimulated: false,
		results: null,
	};
	await store.saveTask(id, batch);
	await store.save(state);
	return {state, isNew: true};
};
