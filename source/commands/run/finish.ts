import type {FailureClass} from '../../domain/backend.ts';
import type {Snapshot} from '../../domain/snapshot.ts';
import {faultOf} from '../../domain/user-error.ts';
import {summaryLines} from '../../plain/summary.ts';
import type {Condition, JudgedCondition} from '../../reports/conditions.ts';
import type {Results} from '../../reports/results-schema.ts';
import {isForCi, writeForCi} from '../../terminal/ci.ts';
import {writeJsonFile} from '../../terminal/files.ts';
import {columnsOf, type Io, withProgress, writeClean, writeJson, writeLines} from '../../terminal/io.ts';
import {takesLinks} from '../../terminal/manners.ts';
import {signalExitCode} from '../../terminal/signals.ts';
import {fileSegment, segment} from '../../text/segment.ts';
import type {KnownTerminal} from '../../text/terminal-manners.ts';
import {paintLine, themeNamed} from '../../text/themes.ts';
import {asSentence, cleanText} from '../../text/width.ts';
import {nextLines} from '../first-steps.ts';
import {type Keeping, type KeptRuns, type Written, wasRefused, wasSent} from './keep-results.ts';
import type {RunSetup} from './run-setup.ts';

const wasUseful = (snapshot: Snapshot): boolean => snapshot.variants.some(({items}) => items.useful > 0);

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

/** The file of `--json=FILE`. @returns Why it could not be written. */
const writeJsonResults = async (results: Results, {output}: RunSetup): Promise<readonly string[]> => {
	try {
		if (output.json?.file !== undefined) {
			await writeJsonFile(output.json.file, results);
		}
		return [];
	} catch (error) {
		const {message, hint} = faultOf(error);
		return [message, ...(hint === undefined ? [] : [hint])];
	}
};

/** Waits until everything of this program is on disk, and says so where that takes a moment. */
const writtenOf = async (all: readonly Keeping[], {stderr}: Io): Promise<readonly Written[]> => {
	const writing = Promise.all(all.map(async (each) => each.all));
	const isWriting = all.some(({folder}) => folder !== undefined);
	return isWriting ? withProgress(stderr, 'Writing the reports ...', writing) : writing;
};

/** A run that is over. */
type Ended = {
	readonly setup: RunSetup;
	readonly kept: KeptRuns;
	/** Written beside the reports. */
	readonly files?: readonly string[] | undefined;
	/** What the terminal has said about itself to a screen. */
	readonly terminal?: KnownTerminal;
};

const fileLine = (file: string, hasLinks: boolean): string =>
	paintLine(
		[segment('  '), hasLinks ? fileSegment(file, cleanText(file)) : segment(cleanText(file))],
		undefined,
	);

/** The files of the last run, then the folders of those before it. */
const writtenLines = (
	files: readonly string[],
	earlier: readonly Keeping[],
	hasLinks: boolean,
): readonly string[] => [
	...(files.length === 0 ? [] : ['Written:', ...files.map((file) => fileLine(file, hasLinks))]),
	...(earlier.length === 0
		? []
		: ['Earlier runs of this session:', ...earlier.map(({folder = ''}) => fileLine(folder, hasLinks))]),
];

/** The summary, or what was asked for in place of it. */
const printResults = async (
	{snapshot, results}: Keeping,
	{setup: {output}, terminal}: Ended,
	{stdout}: Io,
): Promise<void> => {
	if (output.json !== undefined && output.json.file === undefined) {
		await writeJson(stdout, results, 2);
	} else if (!output.isStdoutTaken) {
		const theme = themeNamed(output.theme, stdout.isTTY ? output.colors : 0, terminal?.background);
		const style = {width: columnsOf(stdout), theme, ascii: output.isAscii};
		await writeClean(stdout, summaryLines(snapshot, style));
	}
};

/** Where the files are, and after a first demo what to try next. */
const printFiles = async (
	{setup, terminal}: Ended,
	files: readonly string[],
	{earlier, isSimulated}: {readonly earlier: readonly Keeping[]; readonly isSimulated: boolean},
	io: Io,
): Promise<void> => {
	const {isStdoutTaken} = setup.output;
	const notes = isStdoutTaken ? io.stderr : io.stdout;
	const hasLinks = notes.isTTY && (terminal?.hasLinks ?? takesLinks(io, notes));
	const isQuiet = isStdoutTaken && !io.stderr.isTTY;
	await writeClean(notes, isQuiet ? [] : writtenLines(files, earlier, hasLinks));
	const isDemo = setup.isDemo || (isSimulated && io.stdout.isTTY);
	if (setup.isFirstRun && isDemo && !isStdoutTaken) {
		await writeLines(io.stdout, ['', 'Next:', ...nextLines(io.environment).map((each) => `  ${each}`)]);
	}
};

/** What a CI system reads. @returns Why it could not be written. */
const reportToCi = async (
	{snapshot, results}: Keeping,
	{setup: {output}, kept}: Ended,
	found: {readonly judged: readonly JudgedCondition[]; readonly errors: readonly string[]},
	io: Io,
): Promise<readonly string[]> => {
	if (!isForCi(output, io)) {
		return [];
	}
	const {answers, config} = kept.placeOf(snapshot);
	const {runFindings} = await import('./run-findings.ts');
	const items = config.task.items;
	return writeForCi(output, runFindings({results, ...found, answersFile: answers?.file, items}), io);
};

/**
 * Keeps the results, prints the summary, waits for the other reports and decides the exit code.
 * @param last The last snapshot of the run.
 * @param conditions Of `--fail-if`.
 */
export async function finish(
	last: Snapshot,
	ended: Ended,
	conditions: readonly Condition[],
	io: Io,
): Promise<number> {
	const {setup, kept} = ended;
	const keeping = kept.keep(last, setup.config);
	const {snapshot, results} = keeping;
	await keeping.first;
	kept.release();
	await printResults(keeping, ended, io);
	const jsonFaults = await writeJsonResults(results, setup);
	const earlier = kept.kept().filter((each) => each !== keeping);
	const [written, ...others] = await writtenOf([keeping, ...earlier], io);
	const exitCode = exitCodeOf(snapshot, io.signal);
	// They know the figures by the schema of the results, which is not loaded for less.
	const room = conditions.length === 0 ? undefined : await import('../../reports/conditions.ts');
	const judged = room?.judge(conditions, results) ?? [];
	const refusal = wasRefused(snapshot) ? refusalLines(snapshot) : [];
	const fruitless =
		exitCode === 1 && refusal.length === 0 ? ['No useful answer came, or the run was broken off.'] : [];
	const ciFaults = await reportToCi(
		keeping,
		ended,
		{judged, errors: [...refusal.slice(0, 1), ...fruitless]},
		io,
	);
	const faults = [
		...jsonFaults,
		...ciFaults,
		...(written?.faults ?? []),
		...others.flatMap((each) => each.faults),
	];
	await printFiles(
		ended,
		[...(ended.files ?? []), ...(written?.files ?? [])],
		{earlier, isSimulated: snapshot.simulated},
		io,
	);
	await writeLines(io.stderr, [...kept.warnings(), ...faults, ...refusal]);
	const failed = exitCode === 0 ? (room?.metSentences(judged) ?? []) : [];
	if (failed.length > 0) {
		await writeLines(io.stderr, failed);
		return 3;
	}
	return exitCode === 0 && faults.length > 0 ? 1 : exitCode;
}
