import type {FailureClass} from '../../domain/failure.ts';
import type {RunConfig} from '../../domain/run-config.ts';
import type {Snapshot} from '../../domain/snapshot.ts';
import {faultOf} from '../../domain/user-error.ts';
import {summaryLines} from '../../plain/summary.ts';
import type {Recipe} from '../../reports/best-request.ts';
import {type Condition, metConditions} from '../../reports/conditions.ts';
import {environmentOf} from '../../reports/environment.ts';
import {resultsOf} from '../../reports/results.ts';
import {writeResults} from '../../reports/results-json.ts';
import type {Results} from '../../reports/results-schema.ts';
import {columnsOf, type Io, writeClean, writeJson, writeLines} from '../../terminal/io.ts';
import {writeJsonFile} from '../../terminal/json-file.ts';
import {type Manners, takesLinks} from '../../terminal/manners.ts';
import {signalExitCode} from '../../terminal/signals.ts';
import {withProgress} from '../../terminal/with-progress.ts';
import {fileSegment, segment} from '../../text/segment.ts';
import {paintLine, themeNamed} from '../../text/themes.ts';
import {asSentence, cleanText} from '../../text/width.ts';
import {writeReports} from '../../threads/reports-handle.ts';
import {type KeptRun, wasSent, withResumption, withWarnings} from './keep-results.ts';
import type {RunSetup} from './run-setup.ts';

/**
 * The settings of a run that best-request.json is made from.
 * @returns undefined when the snapshot was made with another configuration.
 */
export function recipeOf(
	{task, variants, maxTokens, minQuality}: RunConfig,
	snapshot: Snapshot,
): Recipe | undefined {
	const names = variants.map(({name}) => name);
	const isOfRun =
		snapshot.spec.task === task.task && snapshot.variants.every(({name}) => names.includes(name));
	return isOfRun
		? {
				task: task.task,
				content: task.content,
				hasItems: task.items.length > 0 || task.chat !== undefined,
				maxTokens,
				minQuality,
				variants,
			}
		: undefined;
}

const wasUseful = (snapshot: Snapshot): boolean => snapshot.variants.some(({items}) => items.useful > 0);

/** Whether the service refused the model itself: without an answer nothing is reported. */
const wasRefused = (snapshot: Snapshot): boolean =>
	snapshot.stoppedBy === 'fault' && snapshot.variants.every(({requests}) => requests.succeeded === 0);

/** Failures other than a refusal. */
const unanswered: ReadonlySet<FailureClass> = new Set(['timeout', 'network', 'stream-cut']);

/** The fault and what to do about it, for stderr. */
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

/** Files that were written, and why others could not be. */
type Written = {readonly files: readonly string[]; readonly faults: readonly string[]};

const faultLines = (what: string, error: unknown): readonly string[] => {
	const {message, hint} = faultOf(error);
	return [`${what}: ${message.replace(/\.$/, '')}.`, ...(hint === undefined ? [] : [hint])];
};

const nothing: Written = {files: [], faults: []};

/** The file of `--json=FILE`. */
const writeJsonResults = async (results: Results, {output}: RunSetup): Promise<Written> => {
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

/** The results cannot be measured again: they are written first, in this thread. */
const writeRunResults = async (results: Results, {folder}: RunSetup): Promise<Written> => {
	if (folder === undefined) {
		return nothing;
	}
	try {
		return {files: [await writeResults(folder, results)], faults: []};
	} catch (error) {
		return {files: [], faults: faultLines(`results.json could not be written to ${folder}`, error)};
	}
};

/** Writes all other files of a run, in the reports thread. */
const writeOtherReports = async (
	results: Results,
	{folder, answers}: RunSetup,
	recipe: Recipe | undefined,
	{stderr}: Io,
): Promise<Written> => {
	if (folder === undefined) {
		return nothing;
	}
	try {
		const writing = writeReports({
			type: 'write',
			results,
			folder,
			answersFile: answers?.file,
			requestsFile: answers?.requestsFile,
			recipe,
			hasResults: true,
		});
		return {files: await withProgress(stderr, 'Writing the reports ...', writing), faults: []};
	} catch (error) {
		return {files: [], faults: faultLines('The reports could not be written', error)};
	}
};

/** A run that is over. */
type Ended = {
	readonly setup: RunSetup;
	readonly kept: KeptRun;
	/** What the terminal has said about itself to a screen. */
	readonly terminal?: ReturnType<Manners['known']>;
};

const fileLine = (file: string, hasLinks: boolean): string =>
	paintLine(
		[segment('  '), hasLinks ? fileSegment(file, cleanText(file)) : segment(cleanText(file))],
		undefined,
	);

/**
 * Writes the results, prints the summary, writes the other reports and decides the exit code.
 * @param last The last snapshot of the run.
 * @param conditions Of `--fail-if`.
 */
export async function finish(
	last: Snapshot,
	{setup, kept, terminal}: Ended,
	conditions: readonly Condition[],
	io: Io,
): Promise<number> {
	const {output} = setup;
	const warnings = kept.warnings();
	const snapshot = withWarnings(withResumption(last, setup.resumption?.note), warnings);
	const results = resultsOf(snapshot, environmentOf());
	const isReporting = wasSent(snapshot) && !wasRefused(snapshot);
	const first = isReporting ? await writeRunResults(results, setup) : nothing;
	kept.release();
	const isJsonOnly = output.json !== undefined && output.json.file === undefined;
	const notes = isJsonOnly ? io.stderr : io.stdout;
	if (isJsonOnly) {
		await writeJson(io.stdout, results, 2);
	} else {
		const theme = themeNamed(output.theme, io.stdout.isTTY ? output.colors : 0, terminal?.background);
		const style = {width: columnsOf(io.stdout), theme, ascii: output.isAscii};
		await writeClean(io.stdout, summaryLines(snapshot, style));
	}
	const json = await writeJsonResults(results, setup);
	const rest = isReporting
		? await writeOtherReports(results, setup, recipeOf(setup.config, snapshot), io)
		: nothing;
	const files = [...first.files, ...rest.files];
	const faults = [...first.faults, ...json.faults, ...rest.faults];
	const isQuiet = (isJsonOnly && !io.stderr.isTTY) || files.length === 0;
	const hasLinks = notes.isTTY && (terminal?.hasLinks ?? takesLinks(io, notes));
	await writeClean(notes, isQuiet ? [] : ['Written:', ...files.map((file) => fileLine(file, hasLinks))]);
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
}
