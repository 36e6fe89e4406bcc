import {setTimeout as sleep} from 'node:timers/promises';
import {callError} from '../bedrock/jobs/call-error.ts';
import {createJobService} from '../bedrock/jobs/job-service.ts';
import {createObjectStore} from '../bedrock/jobs/object-store.ts';
import type {OutputConfig} from '../config/resolve-output.ts';
import {UserError} from '../config/user-error.ts';
import type {BatchLimits} from '../prompts/batch/limits.ts';
import type {BatchTask} from '../prompts/batch/records.ts';
import {batchResultsOf} from '../reports/batch-results.ts';
import {claimFolder} from '../reports/folder.ts';
import {resultsText} from '../reports/results-text.ts';
import {writeAtomically} from '../reports/write-atomically.ts';
import {writeReports} from '../threads/reports-handle.ts';
import type {Account} from './account-access.ts';
import {againLines, comeBackLines} from './batch-commands.ts';
import {type Fetched, fetchBatch} from './batch-fetch.ts';
import {lineMaker} from './batch-line.ts';
import {runBatch} from './batch-run.ts';
import type {BatchState, BatchStore} from './batch-state.ts';
import {createTeller} from './batch-teller.ts';
import {environmentOf} from './environment.ts';
import {type Io, writeLines} from './io.ts';
import {signalExitCode} from './signals.ts';

/** Watches a batch to its end, fetches its outputs and leaves the results. */

/** Milliseconds between two looks: the service's own counters are up to a minute old. */
const lookIntervalMs = {account: 10_000, simulator: 500} as const;

export type WatchOptions = {
	readonly account: Account;
	readonly limits: Pick<BatchLimits, 'activeJobs' | 'leastRecords'>;
	readonly store: BatchStore;
	readonly output: OutputConfig;
	readonly isDemo: boolean;
};

const outcomeOf = ({jobs}: BatchState): 'completed' | 'stopped' | 'failed' =>
	jobs.every(({status}) => status === 'Completed' || status === 'PartiallyCompleted')
		? 'completed'
		: jobs.some(({status}) => status === 'Stopped')
			? 'stopped'
			: 'failed';

const writeResults = async (
	state: BatchState,
	batch: BatchTask,
	{figures}: Fetched,
	{folder, isDrawing}: {readonly folder: string; readonly isDrawing: boolean},
): Promise<string> => {
	const ends = state.jobs.map(({endedAtMs}) => endedAtMs ?? Date.now());
	const starts = state.jobs.map(({submittedAtMs}) => submittedAtMs ?? state.startedAtMs);
	const startedAtMs = Math.min(...starts);
	const endedAtMs = Math.max(startedAtMs, ...ends);
	const at = new Date(endedAtMs).toISOString();
	const results = batchResultsOf(
		{
			preset: state.preset,
			task: batch.task.task,
			target: state.target,
			maxTokens: state.maxTokens,
			seed: state.seed,
			records: state.records,
			jobs: state.jobs.length,
			startedAtMs,
			endedAtMs,
			isSimulated: state.isSimulated,
			outcome: outcomeOf(state),
			variants: figures.variants(endedAtMs - startedAtMs),
			failures: figures.failures(),
			events: [
				...figures.events(),
				...(state.subset === null
					? []
					: [
							{
								at,
								kind: 'resumed',
								text: `Only what had no answer was submitted again: ${state.records} records.`,
							},
						]),
				...(state.price === null ? [] : [{at, kind: 'price', text: `Cost: ${state.price.source}.`}]),
			],
		},
		environmentOf(),
	);
	const file = `${folder}/results.json`;
	await writeAtomically(file, resultsText(results));
	// The results themselves are what was paid for: only summary and charts can be left out.
	if (isDrawing) {
		await writeReports({type: 'redraw', results, folder});
	}
	return file;
};

/** The last line of `--json` (DESIGN section 5); `jobs` where there is more than one. */
const jsonLine = (state: BatchState, fetched: Fetched | undefined, results: string | null): string =>
	JSON.stringify({
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

const finishBatch = async (
	state: BatchState,
	{account, store, output, limits, isDemo}: WatchOptions,
	io: Io,
): Promise<number> => {
	const {folder, warning} = await claimFolder(output.folder, output.isForced);
	if (folder === undefined) {
		throw new UserError(warning, {
			exitCode: 1,
			hint: 'Name a folder with --out; the same command fetches again.',
		});
	}
	const batch = await store.loadTask(state.id);
	const fetched = await fetchBatch(state, batch, {
		objects: createObjectStore(account.clients),
		lineOf: lineMaker(state.target, state.form, state.maxTokens),
		folder,
	});
	const results = await writeResults(state, batch, fetched, {
		folder,
		isDrawing: output.isWritingReports,
	});
	state.results = results;
	state.failed = fetched.failedIndexes;
	await store.save(state);
	const {succeeded, failed, failedFile} = fetched;
	const notes = state.jobs.flatMap(({arn, status, message}) =>
		message === null ? [] : [`${arn} ${status}: ${message}`],
	);
	const lines = [
		...notes,
		`${succeeded} of ${state.records} records answered, ${failed} failed or missing.`,
		...(failedFile === undefined ? [] : [`What failed can be submitted again: ${failedFile}`]),
		...(failedFile === undefined || isDemo ? [] : againLines(state, batch, limits, folder)),
		`Written: ${results}`,
	];
	const isJson = output.json !== undefined;
	await writeLines(isJson ? io.stderr : io.stdout, lines);
	await writeLines(io.stdout, isJson ? [jsonLine(state, fetched, results)] : []);
	return succeeded === 0 ? 1 : 0;
};

/** Takes a batch from where it stands to its results. @returns Exit code. */
export const watchBatch = async (state: BatchState, options: WatchOptions, io: Io): Promise<number> => {
	const {account, limits, store, output, isDemo} = options;
	const {clients} = account;
	const teller = await createTeller(state, output, io, isDemo);
	const signal = AbortSignal.any([io.signal, teller.left]);
	const hasEnded = await runBatch(state, {
		store,
		objects: createObjectStore(clients),
		jobs: createJobService(clients),
		explain: (error, what, action) => callError(error, clients, {what, action}),
		activeJobs: limits.activeJobs,
		onProgress: teller.onProgress,
		async wait() {
			const intervalMs = lookIntervalMs[state.isSimulated ? 'simulator' : 'account'];
			await sleep(intervalMs, undefined, {signal}).catch(() => {});
		},
		signal,
	}).finally(teller.end);
	if (hasEnded) {
		return finishBatch(state, options, io);
	}
	await writeLines(io.stderr, comeBackLines(state, isDemo));
	await writeLines(io.stdout, output.json === undefined ? [] : [jsonLine(state, undefined, null)]);
	return io.signal.aborted ? signalExitCode(io.signal) : 0;
};
