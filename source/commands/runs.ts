import {existsSync} from 'node:fs';
import path from 'node:path';
import type {Arguments} from '../config/parse-arguments.ts';
import {resolveOutput} from '../config/resolve-output.ts';
import type {KeptRun} from '../domain/snapshot.ts';
import {UserError} from '../domain/user-error.ts';
import {summaryLines} from '../plain/summary.ts';
import {defaultFolder} from '../reports/folder.ts';
import {snapshotOf} from '../reports/results.ts';
import {listRuns, readKeptResults} from '../reports/run-index.ts';
import {columnsOf, type Io, writeClean, writeLines} from '../terminal/io.ts';
import {formatCount} from '../text/numbers.ts';
import {renderTable} from '../text/table.ts';
import {themeNamed, toAscii} from '../text/themes.ts';
import {runColumns} from '../view/history/history.ts';
import {printJsonOr} from './report.ts';
import type {OwnScreen} from './screen.ts';

/** Faults that are spelt out; a folder may be full of what others wrote. */
const shownFaults = 5;

const faultLines = (faults: readonly string[]): readonly string[] => [
	...faults.slice(0, shownFaults),
	...(faults.length > shownFaults ? [`And ${formatCount(faults.length - shownFaults)} more.`] : []),
];

/** The runs of a folder, or of the one whose results.json is named. The usual folder need not be there. */
const runsOf = async (word: string | undefined) => {
	const named = path.resolve(word ?? defaultFolder);
	const folder = path.basename(named) === 'results.json' ? path.dirname(named) : named;
	const isEmpty = word === undefined && !existsSync(folder);
	return {folder, ...(isEmpty ? {runs: [], faults: []} : await listRuns(folder))};
};

/** The last run as it looked at its end, and where it lies. */
const printLast = async (
	last: KeptRun | undefined,
	folder: string,
	output: ReturnType<typeof resolveOutput>,
	io: Io,
): Promise<void> => {
	if (last === undefined) {
		throw new UserError(`No run is kept in ${folder}.`, {
			exitCode: 1,
			hint: 'Each run is when it ends: bedrock-top summarize --demo makes one.',
		});
	}
	if (output.json !== undefined) {
		await printJsonOr(last, [], output.json, io);
		return;
	}
	const theme = themeNamed(output.theme, io.stdout.isTTY ? output.colors : 0);
	const style = {width: columnsOf(io.stdout), theme, ascii: output.isAscii};
	await writeClean(io.stdout, summaryLines(snapshotOf(await readKeptResults(last.folder)), style));
	await writeLines(io.stdout, ['', `Kept in ${last.folder}`]);
};

/**
 * The command `runs`: earlier runs. On a terminal the screen opens on their list, and on the run itself where a folder has
 * one alone; elsewhere a table, newest first. `--last` prints the last one's summary and place.
 * @returns Exit code 0.
 * @throws UserError exit 2 for a folder that cannot be read, exit 1 where `--last` finds none.
 */
export async function runs(given: Arguments, io: Io, own: OwnScreen): Promise<number> {
	const {words, flags} = given;
	const output = resolveOutput(flags, io.environment);
	const {folder, runs: kept, faults} = await runsOf(words[0]);
	const [first, ...others] = kept;
	if (flags.isSet('last') ?? false) {
		await printLast(first, folder, output, io);
		return 0;
	}
	const isScreen = io.stdout.isTTY && io.stdin.isTTY && !output.isPlain && output.json === undefined;
	if (isScreen && first !== undefined) {
		const isOne = others.length === 0 && first.folder === folder;
		const {screenOfRuns} = await import('./screen.ts');
		return screenOfRuns(given, {runs: {folder, opensOn: isOne ? first : 'list'}, own}, io);
	}
	const table = renderTable(runColumns, kept, columnsOf(io.stdout));
	const lines = kept.length === 0 ? [`No run is kept in ${folder} yet.`] : table;
	await printJsonOr({folder, runs: kept}, output.isAscii ? lines.map(toAscii) : lines, output.json, io);
	await writeLines(io.stderr, faultLines(faults));
	return 0;
}
