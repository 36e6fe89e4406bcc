import {createHash} from 'node:crypto';
import {readdir} from 'node:fs/promises';
import path from 'node:path';
import envPaths from 'env-paths';
import type {BatchForm} from '../bedrock/jobs/model-input.ts';
import {diskFiles} from '../bedrock/quotas/cache-folder.ts';
import type {CacheFiles} from '../bedrock/quotas/quota-cache.ts';
import type {Price} from '../engine/run-spec.ts';
import type {Target} from '../engine/target.ts';
import type {BatchTask} from '../prompts/batch/records.ts';
import type {Slice} from '../prompts/batch/split.ts';

/** What is known of a batch, on disk after every step: a crash at any point is gone on from there. */

export type FileState = Slice & {readonly key: string; isUploaded: boolean};

export type JobState = {
	readonly name: string;
	/** Client token of the service: the same one never makes a second job. */
	readonly token: string;
	readonly count: number;
	/** Input of the job: its file, or the folder of its files. */
	readonly inputKey: string;
	readonly files: FileState[];
	arn: string | null;
	status: string | null;
	message: string | null;
	submittedAtMs: number | null;
	endedAtMs: number | null;
	processed: number;
	succeeded: number;
	failed: number;
};

export type BatchState = {
	readonly schema: 1;
	readonly id: string;
	/** Hash of everything that makes the records and where they go. */
	readonly key: string;
	readonly preset: string | null;
	readonly target: Target;
	/** Of batch inference. */
	readonly price: Price | null;
	readonly form: BatchForm;
	readonly s3: string;
	readonly roleArn: string;
	readonly maxTokens: number;
	readonly seed: number;
	readonly records: number;
	readonly startedAtMs: number;
	readonly jobs: readonly JobState[];
	isSimulated: boolean;
	/** Where the results lie; null until they are written. */
	results: string | null;
};

/** What decides whether two commands mean the same batch. */
export const batchKey = (
	batch: BatchTask,
	place: Pick<BatchState, 'form' | 's3' | 'roleArn' | 'maxTokens'> & {readonly target: Target},
): string => {
	const {model, region, endpoint} = place.target;
	return createHash('sha256')
		.update(
			JSON.stringify([batch, model, region, endpoint, place.form, place.s3, place.roleArn, place.maxTokens]),
		)
		.digest('hex');
};

/** Folder of the batches of this user. */
export const batchFolder = (): string => path.join(envPaths('bedrock-top', {suffix: ''}).data, 'batches');

/** The batches of this user. */
export type BatchStore = {
	readonly save: (state: BatchState) => Promise<void>;
	readonly saveTask: (id: string, batch: BatchTask) => Promise<void>;
	readonly loadTask: (id: string) => Promise<BatchTask>;
	/** The newest first. */
	readonly all: () => Promise<readonly BatchState[]>;
};

export const createBatchStore = (folder: string, files: CacheFiles = diskFiles): BatchStore => {
	const fileOf = (id: string, name: string): string => path.join(folder, id, name);
	return {
		save: async (state) => files.write(fileOf(state.id, 'state.json'), JSON.stringify(state)),
		saveTask: async (id, batch) => files.write(fileOf(id, 'task.json'), JSON.stringify(batch)),
		loadTask: async (id) => JSON.parse(await files.read(fileOf(id, 'task.json'))) as BatchTask,
		async all() {
			const ids = await readdir(folder).catch(() => []);
			const states = await Promise.all(
				ids.map(async (id) =>
					files.read(fileOf(id, 'state.json')).then(
						(text) => [JSON.parse(text) as BatchState],
						() => [],
					),
				),
			);
			return states.flat().toSorted((first, second) => second.startedAtMs - first.startedAtMs);
		},
	};
};
