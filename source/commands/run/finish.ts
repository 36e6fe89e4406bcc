import type {FailureClass} from '../../domain/failure.ts';
import {faultOf} from '../../domain/fault.ts';
import type {Snapshot} from '../../domain/snapshot.ts';
import {summaryLines} from '../../plain/summary.ts';
import {type Condition, metConditions} from '../../reports/conditions.ts';
import {environmentOf} from '../../reports/environment.ts';
import {resultsOf} from '../../reports/results.ts';
import {columnsOf, type Io, writeClean, writeJson, writeLines} from '../../terminal/io.ts';
import {writeJsonFile} from '../../terminal/json-file.ts';
import {signalExitCode} from '../../terminal/signals.ts';
import {withProgress} from '../../terminal/with-progress.ts';
import {asSentence} from '../../text/sentence.ts';
import {writeReports} from '../../threads/reports-handle.ts';
import {recipeOf} from './recipe.ts';
import {withResumption} from './resume.ts';
import type {RunSetup} from './run-setup.ts';

/** What is left in the user's hands when a run is over: summary, results, reports, exit code. */

const wasUseful = (snapshot: Snapshot): boolean => snapshot.variants.some(({items}) => items.useful > 0);

/** Whether anything went over the wire: nothing is written when nothing was sent. */
const wasSent = (snapshot: Snapshot): boolean =>
	snapshot.variants.some(({requests}) => requests.attempts > 0);

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

/** @returns Lines that name what was written, or the reason why not, and whether it failed. */
const leaveReports = async (
	snapshot: Snapshot,
	{folder, answers, config}: RunSetup,
	{stderr}: Io,
): Promise<{lines: readonly string[]; hasFailed: boolean}> => {
	if (folder === undefined) {
		return {lines: [], hasFailed: false};
	}
	try {
		const writing = writeReports({
			type: 'write',
			snapshot,
			folder,
			answersFile: answers?.file,
			requestsFile: answers?.requestsFile,
			recipe: recipeOf(config, snapshot),
		});
		const files = await withProgress(stderr, 'Writing the reports ...', writing);
		return {lines: ['Written:', ...files.map((file) => `  ${file}`)], hasFailed: false};
	} catch (error) {
		return {lines: [`The reports could not be written: ${faultOf(error).message}`], hasFailed: true};
	}
};

/**
 * Prints the summary, writes the reports and decides the exit code.
 * @param last The last snapshot of the run.
 * @param conditions Of `--fail-if`.
 */
export const finish = async (
	last: Snapshot,
	setup: RunSetup,
	conditions: readonly Condition[],
	io: Io,
): Promise<number> => {
	const {output} = setup;
	const snapshot = withResumption(last, setup.resumption?.note);
	const results = resultsOf(snapshot, environmentOf());
	const isJsonOnly = output.json !== undefined && output.json.file === undefined;
	const notes = isJsonOnly ? io.stderr : io.stdout;
	if (isJsonOnly) {
		await writeJson(io.stdout, results, 2);
	} else {
		const isColored = output.isColored && io.stdout.isTTY;
		const look = {width: columnsOf(io.stdout), color: isColored, ascii: output.isAscii};
		await writeClean(io.stdout, summaryLines(snapshot, look));
	}
	if (output.json?.file !== undefined) {
		await writeJsonFile(output.json.file, results);
	}
	const isReporting = wasSent(snapshot) && !wasRefused(snapshot);
	const reports = isReporting ? await leaveReports(snapshot, setup, io) : {lines: [], hasFailed: false};
	const isQuiet = isJsonOnly && !io.stderr.isTTY && !reports.hasFailed;
	await writeLines(notes, isQuiet ? [] : reports.lines);
	await writeLines(io.stderr, wasRefused(snapshot) ? refusalLines(snapshot) : []);
	const exitCode = exitCodeOf(snapshot, io.signal);
	const failed = metConditions(conditions, results);
	if (exitCode === 0 && failed.length > 0) {
		await writeLines(io.stderr, failed);
		return 3;
	}
	return exitCode === 0 && reports.hasFailed ? 1 : exitCode;
};
