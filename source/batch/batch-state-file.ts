import {readFile} from 'node:fs/promises';
import type {BatchForm} from '../bedrock/jobs/model-input.ts';
import type {BatchLimits} from '../domain/batch-limits.ts';
import type {Price} from '../domain/run-spec.ts';
import type {Target} from '../domain/target.ts';
import {UserError} from '../domain/user-error.ts';
import {writeAtomically} from '../text/write-atomically.ts';
import type {Slice} from './split.ts';

/** What is known of a batch, on disk after every step: a crash at any point is gone on from there. */

export type FileState = Slice & {
	readonly key: string;
	/** Bytes of the files before it. */
	readonly offset: number;
	isUploaded: boolean;
};

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
	/** Shipped name or whole path of the preset; null for a task from the command line. */
	readonly source: string | null;
	readonly target: Target;
	/** Of batch inference. */
	readonly price: Price | null;
	readonly form: BatchForm;
	readonly s3: string;
	readonly roleArn: string;
	readonly maxTokens: number;
	readonly seed: number;
	readonly records: number;
	/** Positions of the only records that are asked, where others were answered before; null for all. */
	readonly subset: readonly number[] | null;
	/** Id of the batch that left these records; absent for a batch of its own, and in states of earlier versions. */
	readonly before?: string;
	/** Of the account when it was last submitted: whoever comes back keeps to them. Absent in states of earlier versions. */
	readonly limits?: Pick<BatchLimits, 'activeJobs' | 'leastRecords'>;
	readonly startedAtMs: number;
	readonly jobs: readonly JobState[];
	isSimulated: boolean;
	/** Folder that the fetch began to write into: it may go on there. Absent until then. */
	folder?: string;
	/** Where the results lie; null until they are written. */
	results: string | null;
	/** Why the outputs were not whole when they were read: nothing is asked again then. Absent where they were. */
	troubles?: readonly string[];
	/** Positions of the records that had no answer; empty until the results are written. */
	failed: readonly number[];
};

/** States on disk. One that is damaged is named, and stands in the way of no other batch. */

/** What was read: a state, or why there is none; neither where none was written yet. */
export type ReadState = {readonly state?: BatchState; readonly damage?: string};

const codeOf = (error: unknown): string => String((error as NodeJS.ErrnoException).code ?? '');
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Nothing lies there: the file, or a folder on the way to it. */
export const isMissing = (error: unknown): boolean => codeOf(error) === 'ENOENT';

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

/** What the commands rely on. */
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

/** Never rejects. */
export const readState = async (file: string): Promise<ReadState> => {
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
};

/** What to tell of a damaged state. Job names and tokens follow from the command, so it finds its jobs again. */
export const damageLine = (file: string, damage: string): string =>
	`The state of a batch is damaged and left out: ${file} (${damage}). Its jobs go on, and --list shows them; the command that began it finds them again, or remove its folder.`;

/** A folder that cannot be used, in words. */
export const folderError = (folder: string, error: unknown): UserError =>
	new UserError(`Batches cannot be kept in ${folder}: ${messageOf(error)}.`, {
		exitCode: 1,
		hint: 'It has to be a folder that you may write to, on a disk with room.',
		cause: error,
	});

/** What a batch asked, where it cannot be read: without it no answer can be told from another. */
export const taskError = (folder: string, error: unknown): UserError =>
	new UserError(`What a batch asked is damaged or gone: ${folder} (${messageOf(error)}).`, {
		exitCode: 1,
		hint: 'Its outputs lie in S3, but they cannot be joined here.',
		cause: error,
	});

/** Replaces a state as a whole, and has it on the disk before the next step is taken. @throws UserError (exit 1). */
export const writeState = async (file: string, folder: string, state: BatchState): Promise<void> => {
	try {
		await writeAtomically(file, JSON.stringify(state));
	} catch (error) {
		throw folderError(folder, error);
	}
};
