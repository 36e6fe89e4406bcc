import path from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import type {OpenAccount} from '../bedrock/account-access.ts';
import type {BatchLimits} from '../bedrock/jobs/batch-limits.ts';
import {callError, isPassing} from '../bedrock/jobs/call-error.ts';
import {createJobService} from '../bedrock/jobs/job-service.ts';
import {createObjectStore} from '../bedrock/jobs/object-store.ts';
import type {OutputConfig} from '../config/resolve-output.ts';
import {UserError} from '../domain/user-error.ts';
import {claimFolder} from '../reports/folder.ts';
import {type Io, writeJson, writeLines} from '../terminal/io.ts';
import {assertWritable, writeJsonFile} from '../terminal/json-file.ts';
import {signalExitCode} from '../terminal/signals.ts';
import {type Fetched, fetchBatch} from './fetch.ts';
import {isWaiting, runBatch} from './job-runner.ts';
import {againLines, comeBackLines, fetchAgainLines, fetchLaterLines} from './next-commands.ts';
import {createProgressView} from './progress-view.ts';
import {lineMaker} from './records.ts';
import {outcomeOf, writeBatchResults} from './results.ts';
import type {BatchState} from './state.ts';
import type {BatchStore} from './store.ts';

/** Watches a batch to its end, fetches its outputs and writes the results. */

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
