import {readUtf8} from '../config/input/text-file.ts';
import type {Arguments} from '../config/parse-arguments.ts';
import {resolveOutput} from '../config/resolve-output.ts';
import {reasonOf, UserError} from '../domain/user-error.ts';
import {compareRuns, mismatchesOf, type NamedRun, runNames} from '../reports/compare/comparison.ts';
import {comparisonLines} from '../reports/compare/comparison-table.ts';
import {claimFolder} from '../reports/folder.ts';
import {readResults} from '../reports/results-json.ts';
import type {Results} from '../reports/results-schema.ts';
import {columnsOf, type Io, writeJson, writeLines} from '../terminal/io.ts';
import {writeJsonFile} from '../terminal/json-file.ts';
import {toAscii} from '../text/glyphs.ts';
import {writeReports} from '../threads/reports-handle.ts';

/** Where `report` and `compare` put what they make. */
type ReportOutput = {
	/** `--out`; undefined for a new folder under `bedrock-top-reports`. */
	readonly out: string | undefined;
	readonly isForced: boolean;
	/** `--json`: on stdout, or to a file; undefined for neither. */
	readonly json: {readonly file: string | undefined} | undefined;
};

type ReportOptions = ReportOutput & {
	/** The results file, as typed. */
	readonly file: string;
};

/**
 * Draws the reports of results that were kept: the charts and `summary.md`, into a folder of their own.
 *
 * @returns Exit code 0; the paths are on stdout, one a line (as `{"files": []}` with `--json`).
 * @throws UserError exit 2 for a file that is not there or not ours, exit 1 when nothing can be written.
 */
export async function report(options: ReportOptions, io: Pick<Io, 'stdout'>): Promise<number> {
	const results = await readResultsFile(options.file);
	const folder = await claimReportFolder(options);
	const files = await writeReports({type: 'redraw', results, folder});
	await printJsonOr({files}, files, options.json, io);
	return 0;
}

/**
 * Reads a results file.
 *
 * @throws UserError exit 2 that names the file and the reason.
 */
export async function readResultsFile(file: string): Promise<Results> {
	let text: string;
	try {
		text = await readUtf8(file);
	} catch (error) {
		if (error instanceof UserError) {
			throw error;
		}
		throw new UserError(`${file} cannot be read: ${reasonOf(error)}.`, {
			exitCode: 2,
			hint: 'Name the results.json in a report folder.',
			cause: error,
		});
	}

	return readResults(text, file);
}

/** The folder to write to; here, where writing is the whole point, a default one that cannot be written is a fault. */
async function claimReportFolder({out, isForced}: ReportOutput): Promise<string> {
	const claim = await claimFolder(out, isForced);
	if (claim.folder === undefined) {
		throw new UserError(claim.warning, {exitCode: 1, hint: 'Name a folder with --out.'});
	}

	return claim.folder;
}

/** Prints lines for people, or a value as JSON where that was asked for. */
export async function printJsonOr(
	value: unknown,
	lines: readonly string[],
	json: ReportOutput['json'],
	io: Pick<Io, 'stdout'>,
): Promise<void> {
	if (json === undefined) {
		await writeLines(io.stdout, lines);
		return;
	}

	if (json.file === undefined) {
		await writeJson(io.stdout, value, 2);
		return;
	}

	await writeJsonFile(json.file, value);
	await writeLines(io.stdout, lines);
}

type CompareOptions = ReportOutput & {
	/** Two or more results files, as typed; the others are compared with the first. */
	readonly files: readonly string[];
	readonly isAscii: boolean;
};

/**
 * Puts runs side by side: a table on stdout, and with `--out` also `compare.md` and `compare.svg`.
 *
 * @returns Exit code 0.
 * @throws UserError exit 2 for a file that is not there or not ours, or a folder in use; exit 1 when it cannot be written.
 */
export async function compare(options: CompareOptions, io: Pick<Io, 'stdout'>): Promise<number> {
	const names = runNames(options.files);
	const runs: NamedRun[] = [];
	for (const [index, file] of options.files.entries()) {
		runs.push({name: names[index] ?? file, results: await readResultsFile(file)});
	}

	const folder = options.out === undefined ? undefined : await claimReportFolder(options);
	const table = comparisonLines(runs, columnsOf(io.stdout));
	const lines = options.isAscii ? table.map(toAscii) : table;
	await printJsonOr(jsonOf(runs), lines, options.json, io);
	if (folder !== undefined) {
		const files = await writeReports({type: 'compare', runs, folder});
		const isJsonOnStdout = options.json !== undefined && options.json.file === undefined;
		await writeLines(io.stdout, isJsonOnStdout ? [] : ['', ...files]);
	}

	return 0;
}

/** The comparison as data: figures and differences by variant. */
const jsonOf = (runs: readonly NamedRun[]) => ({
	runs: runs.map(({name, results}) => ({
		name,
		startedAt: results.startedAt,
		simulated: results.simulated,
	})),
	remarks: mismatchesOf(runs),
	figures: compareRuns(runs).map(({variant, figure, values, differences}) => ({
		variant,
		figure,
		values,
		differences: differences.map((difference) => difference ?? null),
	})),
});

/** The commands `report` and `compare`, from their flags. @returns Exit code. */
export async function resultsFiles(
	name: 'report' | 'compare',
	{words, flags}: Arguments,
	io: Io,
): Promise<number> {
	const {folder: out, isForced, json, isAscii} = resolveOutput(flags, io.environment);
	const [file = ''] = words;
	return name === 'report'
		? report({file, out, isForced, json}, io)
		: compare({files: words, out, isForced, json, isAscii}, io);
}
