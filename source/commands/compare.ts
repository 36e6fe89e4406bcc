import type {Arguments} from '../config/parse-arguments.ts';
import {resolveOutput} from '../config/resolve-output.ts';
import {compareRuns, mismatchesOf, type NamedRun, runNames} from '../reports/compare/comparison.ts';
import {comparisonLines} from '../reports/compare/comparison-table.ts';
import {columnsOf, type Io, writeLines} from '../terminal/io.ts';
import {toAscii} from '../text/themes.ts';
import {writeReports} from '../threads/reports-handle.ts';
import {claimReportFolder, printJsonOr, readResultsFile} from './results-files.ts';

const readRuns = async (files: readonly string[]): Promise<readonly NamedRun[]> => {
	const names = runNames(files);
	const runs: NamedRun[] = [];
	for (const [index, file] of files.entries()) {
		runs.push({name: names[index] ?? file, results: await readResultsFile(file)});
	}
	return runs;
};

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

/**
 * The command `compare`: runs side by side, each compared with the first. A table on stdout, and with `--out` also
 * `compare.md` and `compare.svg`; with `--html` `compare.html` beside them.
 * @returns Exit code 0.
 * @throws UserError exit 2 for a file that is missing or not a results file, or a folder in use; exit 1 when it cannot be written.
 */
export async function compare(
	{words, flags}: Arguments,
	io: Pick<Io, 'stdout' | 'environment'>,
): Promise<number> {
	const output = resolveOutput(flags, io.environment);
	const runs = await readRuns(words);
	const hasHtml = flags.isSet('html') ?? false;
	const folder = output.folder === undefined && !hasHtml ? undefined : await claimReportFolder(output);
	const table = comparisonLines(runs, columnsOf(io.stdout));
	await printJsonOr(jsonOf(runs), output.isAscii ? table.map(toAscii) : table, output.json, io);
	if (folder !== undefined) {
		const files = await writeReports({type: 'compare', runs, folder, hasHtml});
		const isJsonOnStdout = output.json !== undefined && output.json.file === undefined;
		await writeLines(io.stdout, isJsonOnStdout ? [] : ['', ...files]);
	}
	return 0;
}
