import path from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import type {OpenAccount} from '../bedrock/account-access.ts';
import type {BatchLimits} from '../bedrock/jobs/batch-records.ts';
import {callError, createJobService, isPassing} from '../bedrock/jobs/job-service.ts';
import {createObjectStore} from '../bedrock/jobs/object-store.ts';
import type {OutputConfig} from '../config/resolve-output.ts';
import type {BatchProgress} from '../domain/accounting.ts';
import {UserError} from '../domain/user-error.ts';
import {batchProgressLine, troubleLine, uploadLine} from '../plain/run.ts';
import {claimFolder} from '../reports/folder.ts';
import {assertWritable, writeJsonFile} from '../terminal/files.ts';
import {type Io, writeJson, writeLines} from '../terminal/io.ts';
import {guardScreen} from '../terminal/screen-guard.ts';
import {leaveClosing, signalExitCode} from '../terminal/signals.ts';
import type {BatchView} from '../tui/batch-screen.tsx';
import {type Fetched, fetchBatch} from './fetch.ts';
import {
	againLines,
	comeBackLines,
	fetchAgainLines,
	fetchLaterLines,
	isWaiting,
	runBatch,
	type Uploading,
} from './job-runner.ts';
import {lineMaker} from './records.ts';
import {outcomeOf, writeBatchResults} from './results.ts';
import type {BatchState} from './state.ts';
import type {BatchStore} from './store.ts';

/** Watches a batch to its end and shows how far it is, fetches its outputs and writes the results. */

/** Milliseconds between two polls: the counters of the service are up to a minute old. */
const pollIntervalMs = {account: 10_000, simulator: 500} as const;

export type WatchOptions = {
	readonly account: OpenAccount;
	readonly limits: Pick<BatchLimits, 'activeJobs' | 'minRecords'>;
	readonly store: BatchStore;
	readonly output: OutputConfig;
	readonly isDemo: boolean;
	/** AWS profile typed by the user. */
	readonly profile: string | undefined;
};

/** The output of `--json`; `jobs` where there is more than one. */
const summaryOf = (state: BatchState, fetched: Fetched | undefined, results: string | null) => ({
	jobArn: state.jobs[0]?.arn ?? null,
	status: state.jobs.length === 1 ? (state.jobs[0]?.status ?? null) : outcomeOf(state),
	records: {
		total: state.records,
		succeeded: fetched?.succeeded ?? state.jobs.reduce((sum, {succeeded}) => sum + succeeded, 0),
		failed: fetched?.failed ?? state.jobs.reduce((sum, {failed}) => sum + failed, 0),
	},
	results,
	...(state.jobs.length > 1 ? {jobs: state.jobs.map(({arn, status}) => ({jobArn: arn, status}))} : {}),
});

/** Prints lines for people, and the summary for `--json`: on stdout nothing else is printed then. */
const print = async (
	lines: readonly string[],
	summary: ReturnType<typeof summaryOf>,
	{json}: OutputConfig,
	{stdout, stderr}: Pick<Io, 'stdout' | 'stderr'>,
): Promise<void> => {
	const isJsonOnStdout = json !== undefined && json.file === undefined;
	await writeLines(isJsonOnStdout ? stderr : stdout, lines);
	if (json?.file !== undefined) {
		await writeJsonFile(json.file, summary);
	} else if (json !== undefined) {
		await writeJson(stdout, summary);
	}
};

/**
 * The folder of the results: an interrupted fetch continues in its folder, any other folder must be free.
 * @throws UserError as `claimFolder` does, and exit 1 where even the default one cannot be written.
 */
const folderFor = async (
	{folder: begun, results}: BatchState,
	{folder, isForced}: OutputConfig,
): Promise<string> => {
	if (begun !== undefined && results === null && (folder === undefined || path.resolve(folder) === begun)) {
		return begun;
	}
	const claim = await claimFolder(folder, isForced);
	if (claim.folder === undefined) {
		throw new UserError(claim.warning, {
			exitCode: 1,
			hint: 'Name a folder with --out: the results of a batch are always written.',
		});
	}
	return claim.folder;
};

const finishBatch = async (state: BatchState, options: WatchOptions, io: Io): Promise<number> => {
	const {account, store, output, limits, isDemo} = options;
	const folder = await folderFor(state, output);
	state.folder = folder;
	state.results = null;
	await store.save(state);
	const batch = await store.loadTask(state.id);
	const fetched = await fetchBatch(state, batch, {
		objects: createObjectStore(account.clients),
		lineOf: lineMaker(state.target, state.form, state.maxTokens),
		folder,
		signal: io.signal,
	});
	const results = await writeBatchResults(state, batch, fetched, {
		folder,
		isDrawing: output.isWritingReports,
	});
	state.results = results;
	state.failed = fetched.failedIndexes;
	state.troubles = fetched.troubles;
	await store.save(state);
	const {succeeded, failed, failedFile, troubles} = fetched;
	const notes = state.jobs.flatMap(({arn, status, message}) =>
		message === null ? [] : [`${arn} ${status}: ${message}`],
	);
	const lines = [
		...notes,
		`${succeeded} of ${state.records} records answered, ${failed} failed or missing.`,
		...(failedFile === undefined
			? []
			: troubles.length > 0
				? [...troubles, ...fetchAgainLines(state, options)]
				: [
						`The failed records can be submitted again: ${failedFile}`,
						...(isDemo ? [] : againLines(state, batch, limits, folder, options)),
					]),
		`Written: ${results}`,
	];
	await print(lines, summaryOf(state, fetched, results), output, io);
	return succeeded === 0 ? 1 : 0;
};

/** Continues a batch from its present state to its results. @returns Exit code. */
export async function watchBatch(state: BatchState, options: WatchOptions, io: Io): Promise<number> {
	const {account, limits, store, output, isDemo} = options;
	const {clients} = account;
	// A folder or file that cannot be written is refused before anything is sent.
	await folderFor(state, output);
	if (output.json?.file !== undefined) {
		await assertWritable(output.json.file);
	}
	const view = await createProgressView(state, output, io, isDemo);
	const signal = AbortSignal.any([io.signal, view.left]);
	const hasEnded = await runBatch(state, {
		store,
		objects: createObjectStore(clients),
		jobs: createJobService(clients),
		explain: (error, what, action) => callError(error, clients, {what, action}),
		isTransient: isPassing,
		activeJobs: limits.activeJobs,
		onProgress: view.onProgress,
		async wait() {
			const intervalMs = pollIntervalMs[state.isSimulated ? 'simulator' : 'account'];
			await sleep(intervalMs, undefined, {signal}).catch(() => {});
		},
		now: () => performance.now(),
		signal,
	})
		.finally(view.end)
		.catch(async (error: unknown) => {
			await writeLines(io.stderr, state.jobs.every(isWaiting) ? [] : comeBackLines(state, isDemo, options));
			throw error;
		});
	if (hasEnded) {
		return finishBatch(state, options, io).catch(async (error: unknown) => {
			await writeLines(io.stderr, isDemo ? [] : fetchLaterLines(state, options));
			if (io.signal.aborted) {
				return signalExitCode(io.signal);
			}
			throw error;
		});
	}
	await writeLines(io.stderr, comeBackLines(state, isDemo, options));
	await print([], summaryOf(state, undefined, null), output, io);
	return io.signal.aborted ? signalExitCode(io.signal) : 0;
}

/** Shows the progress of a batch: on its own screen, as lines with `--plain`, or not at all. */
type ProgressView = {
	/** `trouble`: why the last poll failed. */
	readonly onProgress: (state: BatchState, uploading: Uploading | undefined, trouble?: string) => void;
	readonly end: () => Promise<void>;
	/** Aborted when the user leaves the screen. */
	readonly left: AbortSignal;
};

const progressOf = (state: BatchState, workingMs: number | null): BatchProgress => {
	const jobs = state.jobs.map(({name, status, count, processed, failed}) => ({
		name,
		state: status ?? 'waiting',
		records: count,
		processed,
		failed,
	}));
	const states: Record<string, number> = {};
	for (const job of jobs) {
		states[job.state] = (states[job.state] ?? 0) + 1;
	}
	return {
		states,
		jobs,
		records: state.records,
		processed: jobs.reduce((sum, {processed}) => sum + processed, 0),
		failed: jobs.reduce((sum, {failed}) => sum + failed, 0),
		workingMs,
	};
};

/** Follows a batch, to know its pace. */
const createProgress = () => {
	let workingSinceMs: number | undefined;
	return (state: BatchState): BatchProgress => {
		const nowMs = Date.now();
		const progress = progressOf(state, workingSinceMs === undefined ? null : nowMs - workingSinceMs);
		workingSinceMs ??= progress.processed > 0 ? nowMs : undefined;
		return progress;
	};
};

const neverLeft = new AbortController().signal;

/** Milliseconds between two lines in a log, where they only show that the program is alive. */
const logIntervalMs = 10_000;

/** Each change once: as lines with `--plain`, in place where stderr is a terminal; elsewhere now and then on stderr. */
const createLines = ({isPlain}: OutputConfig, io: Io): ProgressView => {
	const isInPlace = !isPlain && io.stderr.isTTY;
	const isLogged = !(isInPlace || isPlain);
	const watch = createProgress();
	let last = '';
	let loggedAtMs = Date.now();
	return {
		onProgress(state, uploading, trouble) {
			const line =
				trouble !== undefined
					? troubleLine(trouble)
					: uploading === undefined
						? batchProgressLine(watch(state))
						: uploadLine(uploading.bytes, uploading.totalBytes);
			if (line === last || (isLogged && Date.now() - loggedAtMs < logIntervalMs)) {
				return;
			}
			last = line;
			loggedAtMs = Date.now();
			(isPlain ? io.stdout : io.stderr).write(isInPlace ? `\r\u001B[K${line}` : `${line}\n`);
		},
		async end() {
			if (isInPlace && last !== '') {
				io.stderr.write('\n');
			}
		},
		left: neverLeft,
	};
};

/** Milliseconds between two paints of the clock. */
const tickMs = 1000;

const createScreen = async (
	first: BatchState,
	{colors, isAscii, theme}: OutputConfig,
	io: Io,
	isDemo: boolean,
): Promise<ProgressView> => {
	const {openBatchScreen} = await import('../tui/batch-screen.tsx');
	const openedAtMs = Date.now();
	const leave = new AbortController();
	const watch = createProgress();
	let latest: {state: BatchState; upload: Uploading | undefined; trouble: string | undefined} = {
		state: first,
		upload: undefined,
		trouble: undefined,
	};
	const view = (): BatchView => ({
		preset: latest.state.preset ?? 'task',
		model: latest.state.target.model,
		place: latest.state.s3,
		isSimulated: isDemo || latest.state.isSimulated,
		elapsedMs: Date.now() - openedAtMs,
		upload: latest.upload,
		trouble: latest.trouble === undefined ? undefined : troubleLine(latest.trouble),
		progress: watch(latest.state),
		leaving: isDemo ? 'the jobs of a demo end with it' : 'the jobs continue; how to come back is printed',
	});
	const guard = guardScreen(io);
	await guard.start();
	guard.taken();
	if (!isDemo) {
		guard.tells('Jobs that were submitted go on: "bedrock-top batch --list" names them.');
	}
	const screen = openBatchScreen(view(), {
		stdin: io.stdin,
		stdout: io.stdout,
		appearance: {colors, ascii: isAscii, theme},
		onLeave: () => leave.abort(),
	});
	const revoke = leaveClosing(() => void screen.close());
	const timer = setInterval(() => screen.show(view()), tickMs);
	return {
		onProgress(state, upload, trouble) {
			latest = {state, upload, trouble};
			screen.show(view());
		},
		async end() {
			clearInterval(timer);
			await screen.close();
			await guard.end();
			revoke();
		},
		left: leave.signal,
	};
};

async function createProgressView(
	state: BatchState,
	output: OutputConfig,
	io: Io,
	isDemo: boolean,
): Promise<ProgressView> {
	const {isPlain, json} = output;
	const isScreen = io.stdout.isTTY && !isPlain && (json === undefined || json.file !== undefined);
	return isScreen ? createScreen(state, output, io, isDemo) : createLines(output, io);
}
