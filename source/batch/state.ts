import {createHash} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import type {BatchForm, BatchLimits} from '../bedrock/jobs/batch-records.ts';
import type {Price} from '../domain/run-config.ts';
import type {Target} from '../domain/target.ts';
import {UserError} from '../domain/user-error.ts';
import {writeAtomically} from '../text/private-file.ts';
import type {Slice} from './records.ts';

/** The state of a batch. It is on disk after every step, so that the batch continues after a crash. */

type FileState = Slice & {
	readonly key: string;
	/** Bytes of the files before it. */
	readonly offset: number;
	isUploaded: boolean;
};

export type JobState = {
	readonly name: string;
	/** Client token: the service makes one job per token. */
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
	/** Hash of everything that determines the records and their destination. */
	readonly key: string;
	readonly preset: string | null;
	/** Shipped name or absolute path of the preset; null for a task from the command line. */
	readonly source: string | null;
	/** Words of the command line that submits it again; absent in states of earlier versions. */
	readonly repeat?: readonly string[];
	readonly target: Target;
	/** Of batch inference. */
	readonly price: Price | null;
	readonly form: BatchForm;
	readonly s3: string;
	readonly roleArn: string;
	readonly maxTokens: number;
	readonly seed: number;
	readonly records: number;
	/** Indexes of the records that are asked, where others were answered before; null for all. */
	readonly subset: readonly number[] | null;
	/** Id of the batch that left these records; absent for a new batch, and in states of earlier versions. */
	readonly before?: string;
	/** Limits of the account at the last submission, kept when the batch is continued. Absent in states of earlier versions. */
	readonly limits?: Pick<BatchLimits, 'activeJobs' | 'minRecords'>;
	readonly startedAtMs: number;
	readonly jobs: readonly JobState[];
	isSimulated: boolean;
	/** Folder that the fetch began to write into, and may continue in. Absent until then. */
	folder?: string;
	/** Path of the results; null until they are written. */
	results: string | null;
	/** Why the outputs were incomplete when they were read: then nothing is asked again. Absent where they were complete. */
	troubles?: readonly string[];
	/** Indexes of the records without an answer; empty until the results are written. */
	failed: readonly number[];
};

/** A state that was read, or the damage of its file; neither where none was written yet. */
type ReadState = {readonly state?: BatchState; readonly damage?: string};

const codeOf = (error: unknown): string => String((error as NodeJS.ErrnoException).code ?? '');
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Whether the error says that a file, or a folder on the way to it, is missing. */
export function isMissing(error: unknown): boolean {
	return codeOf(error) === 'ENOENT';
}

type Check = (value: unknown) => boolean;
type Fields = Readonly<Record<string, unknown>>;

const isText: Check = (value) => typeof value === 'string';
const isTextOrNull: Check = (value) => value === null || isText(value);
const isNumber: Check = (value) => Number.isFinite(value);
const isNumbers: Check = (value) => Array.isArray(value) && value.every((each) => isNumber(each));
const isFields = (value: unknown): value is Fields =>
	typeof value === 'object' && value !== null && !Array.isArray(value);
const has = (value: unknown, checks: Readonly<Record<string, Check>>): boolean =>
	isFields(value) && Object.entries(checks).every(([name, check]) => check(value[name]));
const listOf =
	(checks: Readonly<Record<string, Check>>): Check =>
	(value) =>
		Array.isArray(value) && value.every((each) => has(each, checks));

const fileChecks = {key: isText, offset: isNumber, first: isNumber, count: isNumber, bytes: isNumber};
const jobChecks = {
	name: isText,
	token: isText,
	count: isNumber,
	inputKey: isText,
	arn: isTextOrNull,
	status: isTextOrNull,
	files: listOf(fileChecks),
};

/** The keys that the commands rely on. */
const stateChecks = {
	schema: (value: unknown) => value === 1,
	id: isText,
	key: isText,
	s3: isText,
	roleArn: isText,
	form: isText,
	records: isNumber,
	maxTokens: isNumber,
	startedAtMs: isNumber,
	results: isTextOrNull,
	failed: isNumbers,
	subset: (value: unknown) => value === null || isNumbers(value),
	target: (value: unknown) => has(value, {model: isText, baseModel: isText, region: isText}),
	jobs: listOf(jobChecks),
};

/** Reads a state. It never rejects: one damaged file must not block other batches. */
export async function readState(file: string): Promise<ReadState> {
	try {
		const content: unknown = JSON.parse(await readFile(file, 'utf8'));
		const wrong = Object.entries(stateChecks).find(
			([name, check]) => !(isFields(content) && check(content[name])),
		);
		return wrong === undefined
			? {state: content as BatchState}
			: {damage: `"${wrong[0]}" is missing or not as it was written`};
	} catch (error) {
		// A draft, a crash before the state was written, or a file among the folders.
		return isMissing(error) || codeOf(error) === 'ENOTDIR' ? {} : {damage: messageOf(error)};
	}
}

/** The warning for a damaged state. Job names and tokens follow from the command, so it finds its jobs again. */
export function damageLine(file: string, damage: string): string {
	return `The state of a batch is damaged and ignored: ${file} (${damage}). Its jobs continue, and --list shows them. The command that began it finds them again; or remove its folder.`;
}

/** The error for a folder that cannot be used. */
export function folderError(folder: string, error: unknown): UserError {
	return new UserError(`Batches cannot be kept in ${folder}: ${messageOf(error)}.`, {
		exitCode: 1,
		hint: 'It has to be a folder that you may write to, on a disk with room.',
		cause: error,
	});
}

/** The error for a task file that cannot be read: without it answers cannot be matched to records. */
export function taskError(folder: string, error: unknown): UserError {
	return new UserError(`The task of a batch is damaged or missing: ${folder} (${messageOf(error)}).`, {
		exitCode: 1,
		hint: 'Its outputs are in S3, but they cannot be joined here.',
		cause: error,
	});
}

/** Replaces a state atomically: it is on disk before the next step. @throws UserError (exit 1). */
export async function writeState(file: string, folder: string, state: BatchState): Promise<void> {
	try {
		await writeAtomically(file, JSON.stringify(state));
	} catch (error) {
		throw folderError(folder, error);
	}
}

/**
 * The batches that asked again what one batch left without an answer, and what is still without one after all of them: an
 * answer that was paid for is not asked twice.
 */

export type Unanswered = {
	/** The newest of the batches, which the next one follows. */
	readonly last: BatchState;
	/** Indexes in order; a record has the same index in every batch of the lineage. */
	readonly failed: readonly number[];
	/** A batch that is not over: what it leaves is unknown until then. */
	readonly begun: BatchState | undefined;
	/** The batch and all that followed it. */
	readonly lineage: readonly BatchState[];
};

const hashOf = (id: string, failed: readonly number[]): string =>
	createHash('sha256')
		.update(JSON.stringify([id, failed]))
		.digest('hex');

/** Key of the batch that asks the rest: the same rest never makes a second batch. */
export function lineageKey({last, failed}: Pick<Unanswered, 'last' | 'failed'>): string {
	return hashOf(last.id, failed);
}

/** Batches that directly follow one. In states of earlier versions only the key says so. */
const madeFrom = (before: BatchState, all: readonly BatchState[]): readonly BatchState[] => {
	const key = hashOf(before.id, before.failed);
	return all.filter((state) => state.before === before.id || state.key === key);
};

/** All batches that follow one, the newest first. */
const descendants = (before: BatchState, all: readonly BatchState[]): readonly BatchState[] => {
	const found = new Set<BatchState>();
	const open = [before];
	for (let next = open.pop(); next !== undefined; next = open.pop()) {
		for (const made of madeFrom(next, all)) {
			if (!found.has(made)) {
				found.add(made);
				open.push(made);
			}
		}
	}
	return [...found].toSorted((first, second) => second.startedAtMs - first.startedAtMs);
};

/**
 * Finds what still has no answer.
 * @param before A batch whose results are written.
 */
export function findUnanswered(before: BatchState, all: readonly BatchState[]): Unanswered {
	const made = descendants(before, all);
	const answered = new Set<number>();
	for (const {results, subset, failed} of made) {
		const missing = new Set(failed);
		for (const index of results === null ? [] : (subset ?? [])) {
			if (!missing.has(index)) {
				answered.add(index);
			}
		}
	}
	return {
		last: made[0] ?? before,
		failed: before.failed.filter((index) => !answered.has(index)).toSorted((first, second) => first - second),
		begun: made.find(({results}) => results === null),
		lineage: [before, ...made],
	};
}
