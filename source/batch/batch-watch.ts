import path from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import type {Account} from '../bedrock/account-access.ts';
import {callError} from '../bedrock/jobs/call-error.ts';
import {isPassing} from '../bedrock/jobs/is-passing.ts';
import {createJobService} from '../bedrock/jobs/job-service.ts';
import {createObjectStore} from '../bedrock/jobs/object-store.ts';
import type {OutputConfig} from '../config/resolve-output.ts';
import type {BatchLimits} from '../domain/batch-limits.ts';
import {UserError} from '../domain/user-error.ts';
import {hasOwnMaxTokens} from '../domain/variant.ts';
import {environmentOf} from '../reports/environment.ts';
import {claimFolder} from '../reports/folder.ts';
import {resultsText} from '../reports/results-text.ts';
import {type Io, writeJson, writeLines} from '../terminal/io.ts';
import {assertWritable, writeJsonFile} from '../terminal/json-file.ts';
import {signalExitCode} from '../terminal/signals.ts';
import {writeAtomically} from '../text/write-atomically.ts';
import {writeReports} from '../threads/reports-handle.ts';
import {againLines, comeBackLines, fetchAgainLines, fetchLaterLines} from './batch-commands.ts';
import {type Fetched, fetchBatch} from './batch-fetch.ts';
import {lineMaker} from './batch-line.ts';
import {batchResultsOf} from './batch-results.ts';
import {isWaiting, runBatch} from './batch-run.ts';
import type {BatchStore} from './batch-state.ts';
import type {BatchState} from './batch-state-file.ts';
import {createTeller} from './batch-teller.ts';
import type {BatchTask} from './records.ts';

/** Watches a batch to its end, fetches its outputs and leaves the results. */

/** Milliseconds between two looks: the service's own counters are up to a minute old. */
const lookIntervalMs = {account: 10_000, simulator: 500} as const;

export type WatchOptions = {
	readonly account: Account;
	readonly limits: Pick<BatchLimits, 'activeJobs' | 'leastRecords'>;
	readonly store: BatchStore;
	readonly output: OutputConfig;
	readonly isDemo: boolean;
	/** AWS profile typed by the user. */
	readonly profile: string | undefined;
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
	{figures, troubles}: Fetched,
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
			hasOwnMaxTokens: hasOwnMaxTokens(batch.variants),
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
				...troubles.map((text) => ({at, kind: 'outputs', text})),
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

/** What `--json` tells (DESIGN section 5); `jobs` where there is more than one. */
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

/** Writes lines for people, and the summary where `--json` sends it: stdout is then for nothing else. */
const tell = async (
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
 * Where the results will go: a fetch that was interrupted goes on in its folder, any other folder must be free.
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
	const results = await writeResults(state, batch, fetched, {
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
						`What failed can be submitted again: ${failedFile}`,
						...(isDemo ? [] : againLines(state, batch, limits, folder, options)),
					]),
		`Written: ${results}`,
	];
	await tell(lines, summaryOf(state, fetched, results), output, io);
	return succeeded === 0 ? 1 : 0;
};

/** Takes a batch from where it stands to its results. @returns Exit code. */
export const watchBatch = async (state: BatchState, options: WatchOptions, io: Io): Promise<number> => {
	const {account, limits, store, output, isDemo} = options;
	const {clients} = account;
	// What would keep the results from being written is said before anything is sent.
	await folderFor(state, output);
	if (output.json?.file !== undefined) {
		await assertWritable(output.json.file);
	}
	const teller = await createTeller(state, output, io, isDemo);
	const signal = AbortSignal.any([io.signal, teller.left]);
	const hasEnded = await runBatch(state, {
		store,
		objects: createObjectStore(clients),
		jobs: createJobService(clients),
		explain: (error, what, action) => callError(error, clients, {what, action}),
		isPassing,
		activeJobs: limits.activeJobs,
		onProgress: teller.onProgress,
		async wait() {
			const intervalMs = lookIntervalMs[state.isSimulated ? 'simulator' : 'account'];
			await sleep(intervalMs, undefined, {signal}).catch(() => {});
		},
		now: () => performance.now(),
		signal,
	})
		.finally(teller.end)
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
	await tell([], summaryOf(state, undefined, null), output, io);
	return io.signal.aborted ? signalExitCode(io.signal) : 0;
};
