import {comparisonLines} from '../reports/compare/compare-table.ts';
import {compareRuns, mismatchesOf, type NamedRun} from '../reports/compare/comparison.ts';
import {runNames} from '../reports/compare/names.ts';
import {columnsOf, type Io, writeLines} from '../terminal/io.ts';
import {toAscii} from '../text/glyphs.ts';
import {writeReports} from '../threads/reports-handle.ts';
import {claimReportFolder, printJsonOr, type ReportOutput, readResultsFile} from './report.ts';

export type CompareOptions = ReportOutput & {
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
