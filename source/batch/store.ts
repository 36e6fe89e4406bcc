import {createHash} from 'node:crypto';
import {mkdir, open, readdir, readFile, rename, rm, stat} from 'node:fs/promises';
import path from 'node:path';
import envPaths from 'env-paths';
import type {UploadSource} from '../bedrock/jobs/object-store.ts';
import {diskFiles} from '../bedrock/quotas/account-lists.ts';
import type {Target} from '../domain/target.ts';
import {copyPrivate, writeAtomically} from '../text/private-file.ts';
import {type BatchTask, openItems} from './records.ts';
import {
	type BatchState,
	damageLine,
	folderError,
	isMissing,
	readState,
	taskError,
	writeState,
} from './state.ts';

/**
 * Identifies a batch: commands with the same key mean the same one.
 * @param items Hash of the items.
 */
export function batchKey(
	{task, variants}: BatchTask,
	items: string,
	place: Pick<BatchState, 'form' | 's3' | 'roleArn' | 'maxTokens'> & {readonly target: Target},
): string {
	const {model, region, endpoint} = place.target;
	const {form, s3, roleArn, maxTokens} = place;
	return createHash('sha256')
		.update(
			JSON.stringify([{...task, items}, variants, model, region, endpoint, form, s3, roleArn, maxTokens]),
		)
		.digest('hex');
}

/** Folder of the batches of this user. */
export function batchFolder(): string {
	return path.join(envPaths('bedrock-top', {suffix: ''}).data, 'batches');
}

/** The batches of this user. */
export type BatchStore = {
	/** Checks that the folder can be written. @throws UserError (exit 1). */
	readonly prepare: () => Promise<void>;
	/** @throws UserError (exit 1). */
	readonly save: (state: BatchState) => Promise<void>;
	/** Folder of a batch that is being created: its files are written first, its state last. */
	readonly draft: string;
	/** Copies the items of another batch into the draft. */
	readonly copyItems: (id: string) => Promise<void>;
	/** Makes the draft the folder of a batch. */
	readonly keepDraft: (id: string, batch: BatchTask) => Promise<void>;
	readonly dropDraft: () => Promise<void>;
	readonly loadTask: (id: string) => Promise<BatchTask>;
	/** Opens some of the input lines of a batch for `use`. */
	readonly withRecords: (
		id: string,
		lines: {readonly offset: number; readonly bytes: number},
		use: (source: UploadSource) => Promise<void>,
	) => Promise<void>;
	/** Removes the input lines once they are in S3. */
	readonly dropRecords: (id: string) => Promise<void>;
	/** All batches, the newest first; damaged ones are reported once and skipped. @throws UserError (exit 1). */
	readonly all: () => Promise<readonly BatchState[]>;
};

export const itemsName = 'items.jsonl';
export const recordsName = 'records.jsonl';
const draftPrefix = 'draft-';
/** Older drafts belong to programs that were killed. */
const oldestDraftMs = 24 * 3_600_000;

const removeOldDrafts = async (folder: string, names: readonly string[]): Promise<void> => {
	for (const name of names.filter((each) => each.startsWith(draftPrefix))) {
		const draft = path.join(folder, name);
		const age = await stat(draft).then(
			({mtimeMs}) => Date.now() - mtimeMs,
			() => 0,
		);
		if (age > oldestDraftMs) {
			await rm(draft, {recursive: true, force: true});
		}
	}
};

const idsIn = async (folder: string): Promise<readonly string[]> => {
	try {
		return await readdir(folder);
	} catch (error) {
		if (isMissing(error)) {
			return [];
		}
		throw folderError(folder, error);
	}
};

/** @param report Gets a sentence for each state that cannot be read. */
export function createBatchStore(
	folder: string,
	report: (sentence: string) => Promise<void> = async () => {},
): BatchStore {
	const draft = path.join(folder, `${draftPrefix}${process.pid}`);
	const fileOf = (id: string, name: string): string => path.join(folder, id, name);
	const stateFile = (id: string): string => fileOf(id, 'state.json');
	const reported = new Set<string>();
	return {
		async prepare() {
			const probe = path.join(draft, 'probe');
			try {
				await diskFiles.write(probe, '');
				await rm(probe);
			} catch (error) {
				throw folderError(folder, error);
			}
		},
		save: async (state) => writeState(stateFile(state.id), folder, state),
		draft,
		async copyItems(id) {
			await mkdir(draft, {recursive: true, mode: 0o700});
			await copyPrivate(fileOf(id, itemsName), path.join(draft, itemsName));
		},
		async keepDraft(id, {task, variants}) {
			const file = path.join(draft, 'task.json');
			await writeAtomically(file, JSON.stringify({task: {...task, items: []}, variants}));
			// Left by a crash between this step and the next.
			await rm(path.join(folder, id), {recursive: true, force: true});
			await rename(draft, path.join(folder, id));
		},
		dropDraft: async () => rm(draft, {recursive: true, force: true}),
		async loadTask(id) {
			try {
				const {task, variants} = JSON.parse(await readFile(fileOf(id, 'task.json'), 'utf8')) as BatchTask;
				return {task: {...task, items: await openItems(fileOf(id, itemsName))}, variants};
			} catch (error) {
				throw taskError(path.join(folder, id), error);
			}
		},
		async withRecords(id, {offset, bytes}, use) {
			const handle = await open(fileOf(id, recordsName), 'r');
			try {
				await use({
					size: bytes,
					async read(into, from) {
						const {bytesRead} = await handle.read(into, 0, into.length, offset + from);
						if (bytesRead < into.length) {
							throw new Error(`${fileOf(id, recordsName)} is shorter than it was.`);
						}
					},
				});
			} finally {
				await handle.close();
			}
		},
		dropRecords: async (id) => rm(fileOf(id, recordsName), {force: true}),
		async all() {
			const ids = await idsIn(folder);
			await removeOldDrafts(folder, ids);
			const states: BatchState[] = [];
			for (const id of ids) {
				const {state, damage} = await readState(stateFile(id));
				if (state !== undefined) {
					states.push(state);
				} else if (damage !== undefined && !reported.has(id)) {
					reported.add(id);
					await report(damageLine(stateFile(id), damage));
				}
			}
			return states.toSorted((first, second) => second.startedAtMs - first.startedAtMs);
		},
	};
}
