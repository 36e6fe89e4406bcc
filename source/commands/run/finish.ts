import {mkdir} from 'node:fs/promises';
import path from 'node:path';
import type {FailureClass} from '../../domain/failure.ts';
import {faultOf} from '../../domain/fault.ts';
import type {Snapshot} from '../../domain/snapshot.ts';
import {summaryLines} from '../../plain/summary.ts';
import {type Condition, metConditions} from '../../reports/conditions.ts';
import {environmentOf} from '../../reports/environment.ts';
import {resultsOf} from '../../reports/results.ts';
import type {Results} from '../../reports/results-schema.ts';
import {resultsText} from '../../reports/results-text.ts';
import {columnsOf, type Io, writeClean, writeJson, writeLines} from '../../terminal/io.ts';
import {writeJsonFile} from '../../terminal/json-file.ts';
import {signalExitCode} from '../../terminal/signals.ts';
import {withProgress} from '../../terminal/with-progress.ts';
import {privateFolderMode} from '../../text/private-file.ts';
import {asSentence} from '../../text/sentence.ts';
import {writeAtomically} from '../../text/write-atomically.ts';
import {writeReports} from '../../threads/reports-handle.ts';
import {type KeptRun, wasSent} from './keep-results.ts';
import {withResumption, withWarnings} from './notes.ts';
import {recipeOf} from './recipe.ts';
import type {RunSetup} from './run-setup.ts';

/** What is left in the user's hands when a run is over: summary, results, reports, exit code. */

const wasUseful = (snapshot: Snapshot): boolean => snapshot.variants.some(({items}) => items.useful > 0);

/** The service refused the model itself: nothing was answered, so there is nothing to report. */
const wasRefused = (snapshot: Snapshot): boolean =>
	snapshot.stoppedBy === 'fault' && snapshot.variants.every(({requests}) => requests.succeeded === 0);

/** Failures in which nobody refused anything. */
const unanswered: ReadonlySet<FailureClass> = new Set(['timeout', 'network', 'stream-cut']);

/** The fault in a sentence with the way out, for stderr. */
const refusalLines = ({failures, targets}: Snapshot): readonly string[] => {
	const [first] = failures;
	const models = targets.map(({model}) => model).join(', ');
	if (first === undefined) {
		return [];
	}
	const what = unanswered.has(first.class) ? 'gave no answer' : 'was refused';
	return [`bedrock-top: ${models} ${what}: ${asSentence(first.message)}`, first.advice];
};

const exitCodeOf = (snapshot: Snapshot, signal: AbortSignal): number => {
	if (signal.aborted) {
		return signalExitCode(signal);
	}
	const wasBroken =
		snapshot.outcome === 'failed' || snapshot.stoppedBy === 'day' || snapshot.stoppedBy === 'fault';
	const isFruitless = wasSent(snapshot) && !wasUseful(snapshot) && snapshot.stoppedBy !== 'key';
	return wasBroken || isFruitless ? 1 : 0;
};

/** What was written, and what could not be. */
type Left = {readonly files: readonly string[]; readonly faults: readonly string[]};

const faultLines = (what: string, error: unknown): readonly string[] => {
	const {message, hint} = faultOf(error);
	return [`${what}: ${message.replace(/\.$/, '')}.`, ...(hint === undefined ? [] : [hint])];
};

const nothing: Left = {files: [], faults: []};

/** The file of `--json=FILE`. */
const leaveJson = async (results: Results, {output}: RunSetup): Promise<Left> => {
	try {
		if (output.json?.file !== undefined) {
			await writeJsonFile(output.json.file, results);
		}
		return nothing;
	} catch (error) {
		const {message, hint} = faultOf(error);
		return {files: [], faults: [message, ...(hint === undefined ? [] : [hint])]};
	}
};

/** What cannot be measured again comes first, and needs no other thread. */
const leaveResults = async (results: Results, {folder}: RunSetup): Promise<Left> => {
	if (folder === undefined) {
		return nothing;
	}
	const file = path.join(folder, 'results.json');
	try {
		await mkdir(folder, {recursive: true, mode: privateFolderMode});
		await writeAtomically(file, resultsText(results));
		return {files: [file], faults: []};
	} catch (error) {
		return {files: [], faults: faultLines(`results.json could not be written to ${folder}`, error)};
	}
};

/** Everything else that is made of a run. */
const leaveReports = async (
	snapshot: Snapshot,
	{folder, answers, config}: RunSetup,
	{stderr}: Io,
): Promise<Left> => {
	if (folder === undefined) {
		return nothing;
	}
	try {
		const writing = writeReports({
			type: 'write',
			snapshot,
			folder,
			answersFile: answers?.file,
			requestsFile: answers?.requestsFile,
			recipe: recipeOf(config, snapshot),
			hasResults: true,
		});
		return {files: await withProgress(stderr, 'Writing the reports ...', writing), faults: []};
	} catch (error) {
		return {files: [], faults: faultLines('The reports could not be written', error)};
	}
};

/**
 * Writes the results, prints the summary, writes the other reports and decides the exit code.
 * @param last The last snapshot of the run.
 * @param conditions Of `--fail-if`.
 */
export const finish = async (
	last: Snapshot,
	{setup, kept}: {readonly setup: RunSetup; readonly kept: KeptRun},
	conditions: readonly Condition[],
	io: Io,
): Promise<number> => {
	const {output} = setup;
	const warnings = kept.warnings();
	const snapshot = withWarnings(withResumption(last, setup.resumption?.note), warnings);
	const results = resultsOf(snapshot, environmentOf());
	const isReporting = wasSent(snapshot) && !wasRefused(snapshot);
	const first = isReporting ? await leaveResults(results, setup) : nothing;
	kept.release();
	const isJsonOnly = output.json !== undefined && output.json.file === undefined;
	const notes = isJsonOnly ? io.stderr : io.stdout;
	if (isJsonOnly) {
		await writeJson(io.stdout, results, 2);
	} else {
		const isColored = output.isColored && io.stdout.isTTY;
		const look = {width: columnsOf(io.stdout), color: isColored, ascii: output.isAscii};
		await writeClean(io.stdout, summaryLines(snapshot, look));
	}
	const json = await leaveJson(results, setup);
	const rest = isReporting ? await leaveReports(snapshot, setup, io) : nothing;
	const files = [...first.files, ...rest.files];
	const faults = [...first.faults, ...json.faults, ...rest.faults];
	const isQuiet = (isJsonOnly && !io.stderr.isTTY) || files.length === 0;
	await writeLines(notes, isQuiet ? [] : ['Written:', ...files.map((file) => `  ${file}`)]);
	await writeLines(io.stderr, [
		...warnings,
		...faults,
		...(wasRefused(snapshot) ? refusalLines(snapshot) : []),
	]);
	const exitCode = exitCodeOf(snapshot, io.signal);
	const failed = metConditions(conditions, results);
	if (exitCode === 0 && failed.length > 0) {
		await writeLines(io.stderr, failed);
		return 3;
	}
	return exitCode === 0 && faults.length > 0 ? 1 : exitCode;
};
