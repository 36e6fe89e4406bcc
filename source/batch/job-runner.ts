import path from 'node:path';
import type {BatchLimits} from '../bedrock/jobs/batch-records.ts';
import {hasEnded, isJobLimit, type JobService} from '../bedrock/jobs/job-service.ts';
import {type ObjectStore, parseS3Uri, s3Uri} from '../bedrock/jobs/object-store.ts';
import {type BatchTask, positionAt} from './records.ts';
import type {BatchState, JobState} from './state.ts';
import type {BatchStore} from './store.ts';

/** Takes the jobs of a batch from upload to their end; each step is on disk before the next. */

export type BatchPorts = {
	readonly store: Pick<BatchStore, 'save' | 'withRecords' | 'dropRecords'>;
	readonly objects: Pick<ObjectStore, 'write'>;
	readonly jobs: Pick<JobService, 'create' | 'get'>;
	/** Turns an error of a call into one for the user. */
	readonly explain: (error: unknown, what: string, action: string) => Error;
	/** Jobs of the model that the account runs at once. */
	readonly activeJobs: number;
	/** Whether trying again may help. */
	readonly isTransient: (error: unknown) => boolean;
	/** Gets every change, and the error of a poll that failed. */
	readonly onProgress: (state: BatchState, uploading: Uploading | undefined, trouble?: string) => void;
	/** Waits until the next poll; resolves at once when the signal is aborted. */
	readonly wait: () => Promise<void>;
	/** Milliseconds of a monotonic clock. */
	readonly now: () => number;
	readonly signal: AbortSignal;
};

/** Progress over all files of the batch. */
export type Uploading = {readonly bytes: number; readonly totalBytes: number};

const bucketOf = ({s3}: BatchState): string => parseS3Uri(s3)?.bucket ?? '';

export function isWaiting({arn}: JobState): boolean {
	return arn === null;
}
function isOver({status}: JobState): boolean {
	return status !== null && hasEnded(status);
}
const isActive = (job: JobState): boolean => !(isWaiting(job) || isOver(job));

const filesOf = ({jobs}: BatchState) => jobs.flatMap(({files}) => files);

const upload = async (state: BatchState, job: JobState, ports: BatchPorts): Promise<void> => {
	const totalBytes = filesOf(state).reduce((sum, {bytes}) => sum + bytes, 0);
	for (const file of job.files.filter(({isUploaded}) => !isUploaded)) {
		const onBytes = (bytes: number): void =>
			ports.onProgress(state, {bytes: file.offset + Math.min(bytes, file.bytes), totalBytes});
		const place = {bucket: bucketOf(state), key: file.key};
		await ports.store.withRecords(state.id, file, async (source) =>
			ports.objects.write(place, source, {signal: ports.signal, onBytes}),
		);
		file.isUploaded = true;
		await ports.store.save(state);
	}
	if (filesOf(state).every(({isUploaded}) => isUploaded)) {
		await ports.store.dropRecords(state.id);
	}
};

/** @returns false where the account accepts no further job for now. */
const submit = async (state: BatchState, job: JobState, ports: BatchPorts): Promise<boolean> => {
	try {
		job.arn = await ports.jobs.create({
			name: job.name,
			token: job.token,
			model: state.target.model,
			roleArn: state.roleArn,
			inputUri: s3Uri({bucket: bucketOf(state), key: job.inputKey}),
			outputUri: state.s3,
			form: state.form,
		});
		job.status = 'Submitted';
	} catch (error) {
		if (isJobLimit(error)) {
			return false;
		}
		throw ports.explain(error, 'The job could not be submitted', 'bedrock:CreateModelInvocationJob');
	}
	await ports.store.save(state);
	ports.onProgress(state, undefined);
	return true;
};

const submitWaiting = async (state: BatchState, ports: BatchPorts): Promise<void> => {
	for (const job of state.jobs.filter(isWaiting)) {
		if (ports.signal.aborted || state.jobs.filter(isActive).length >= ports.activeJobs) {
			return;
		}
		await upload(state, job, ports);
		if (ports.signal.aborted || !(await submit(state, job, ports))) {
			return;
		}
	}
};

/** Reads the state of one job. */
const poll = async (state: BatchState, job: JobState, ports: BatchPorts): Promise<void> => {
	const view = await ports.jobs.get(job.arn ?? '', ports.signal);
	job.status = view.status;
	job.message = view.message ?? null;
	job.submittedAtMs = view.submittedAtMs ?? null;
	job.endedAtMs = view.endedAtMs ?? null;
	job.processed = view.processed;
	job.succeeded = view.succeeded;
	job.failed = view.failed;
	state.isSimulated ||= view.isSimulated;
};

/** Give up after this many milliseconds without a successful poll. */
const maxSilenceMs = 600_000;

/** Polls the active jobs. @returns The error message, if it is transient. */
const pollAll = async (
	state: BatchState,
	ports: BatchPorts,
	lastPollAtMs: number | undefined,
): Promise<string | undefined> => {
	try {
		for (const job of state.jobs.filter(isActive)) {
			await poll(state, job, ports);
		}
		return undefined;
	} catch (error) {
		if (ports.signal.aborted) {
			return undefined;
		}
		const isNew = lastPollAtMs === undefined || ports.now() - lastPollAtMs > maxSilenceMs;
		if (isNew || !ports.isTransient(error)) {
			throw error;
		}
		return (error as Error).message;
	}
};

/**
 * Uploads, submits and watches until every job has ended.
 * @returns false when the signal came first: submitted jobs continue without this program.
 */
export async function runBatch(state: BatchState, ports: BatchPorts): Promise<boolean> {
	let lastPollAtMs: number | undefined;
	for (;;) {
		const submitted = state.jobs.filter(({arn}) => arn !== null).length;
		try {
			await submitWaiting(state, ports);
		} catch (error) {
			if (!ports.signal.aborted) {
				throw error;
			}
		}
		if (state.jobs.filter(({arn}) => arn !== null).length > submitted) {
			lastPollAtMs = ports.now();
		}
		const trouble = await pollAll(state, ports, lastPollAtMs);
		lastPollAtMs = trouble === undefined ? ports.now() : lastPollAtMs;
		await ports.store.save(state);
		ports.onProgress(state, undefined, trouble);
		if (state.jobs.every(isOver)) {
			return true;
		}
		if (ports.signal.aborted) {
			return false;
		}
		await ports.wait();
	}
}

/** Commands that are printed for the user to continue with. */

/** A word of a command line, quoted where a shell would split or expand it. */
const shellWord = (text: string): string =>
	/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/** Jobs are known in their own Region only. */
type Whereabouts = {readonly profile: string | undefined};

const whereWords = ({target}: BatchState, {profile}: Whereabouts): readonly string[] => [
	'--region',
	target.region,
	...(profile === undefined ? [] : ['--profile', profile]),
];

const commandLine = (words: readonly string[]): string => `  bedrock-top ${words.map(shellWord).join(' ')}`;

const firstArn = ({jobs}: BatchState): string | undefined =>
	jobs.find(({arn}) => arn !== null)?.arn ?? undefined;

/** How to fetch the outputs of a batch that is over. */
export function fetchLaterLines(state: BatchState, where: Whereabouts): readonly string[] {
	const arn = firstArn(state);
	return arn === undefined
		? []
		: [
				'The outputs are in S3. Fetch them with:',
				commandLine(['batch', '--watch', arn, ...whereWords(state, where)]),
			];
}

/** How to fetch again where outputs are missing that the service made: asking again would cost again. */
export function fetchAgainLines(state: BatchState, where: Whereabouts): readonly string[] {
	const arn = firstArn(state);
	return [
		'The answers may exist and are paid for, so no command to ask again is offered. Put the outputs there, unpacked, and fetch them:',
		...(arn === undefined ? [] : [commandLine(['batch', '--watch', arn, ...whereWords(state, where)])]),
	];
}

/** How to come back to a batch that was left. */
export function comeBackLines(state: BatchState, isDemo: boolean, where: Whereabouts): readonly string[] {
	if (isDemo) {
		return ['Left: the jobs of a demo end with its simulator.'];
	}
	const [arn, ...others] = state.jobs.flatMap((job) => (job.arn === null ? [] : [job.arn]));
	const waiting = state.jobs.filter(isWaiting).length;
	return [
		...(arn === undefined
			? ['Nothing was submitted yet.']
			: [
					`The ${others.length === 0 ? 'job continues' : 'jobs continue'} without this program. Come back with:`,
					commandLine(['batch', '--watch', arn, ...whereWords(state, where)]),
					commandLine(['batch', '--stop', arn, ...whereWords(state, where)]),
				]),
		...(waiting > 0
			? [
					`${waiting} of ${state.jobs.length} jobs wait to be submitted: the same command continues with them.`,
				]
			: []),
	];
}

/**
 * How to ask again what had no answer: as a batch where there are enough records, else on demand.
 * @param folder Of the results.
 */
export function againLines(
	state: BatchState,
	batch: BatchTask,
	{minRecords}: Pick<BatchLimits, 'minRecords'>,
	folder: string,
	where: Whereabouts,
): readonly string[] {
	const {failed, source, target, maxTokens, subset} = state;
	const arn = firstArn(state);
	if (failed.length >= minRecords && arn !== undefined) {
		return [commandLine(['batch', '--resubmit', arn, ...whereWords(state, where)])];
	}
	const tooFew = `That is less than the ${minRecords} records of a batch job`;
	const variants = [...new Set(failed.map((index) => positionAt(batch, index)?.variant ?? 0))].map(
		(index) => batch.variants[index],
	);
	if (subset !== null) {
		// --resume continues from one folder: it would ask again what earlier batches answered.
		return [`${tooFew}; what was asked is in ${path.join(folder, 'failed.jsonl')}.`];
	}
	if (source === null || new Set(variants.map((variant) => variant?.itemsPerRequest)).size > 1) {
		return [`${tooFew}.`];
	}
	const names = variants.map((variant) => variant?.name ?? '').join(',');
	const words = [source, '--load', 'measure', '--resume', folder, '--variants', names, '-m', target.model];
	// A typed value would replace the variants' own.
	const isOfRun = variants.every((variant) => (variant?.maxTokens ?? maxTokens) === maxTokens);
	const tokens = isOfRun ? ['--max-tokens', String(maxTokens)] : [];
	const line = ['run', ...words, ...tokens, ...whereWords(state, where)];
	return [`${tooFew}; on demand it is:`, commandLine(line)];
}
