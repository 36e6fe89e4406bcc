import {statSync} from 'node:fs';
import path from 'node:path';
import {readUtf8} from '../config/input/text-file.ts';
import type {Arguments} from '../config/parse-arguments.ts';
import {type OutputConfig, resolveOutput} from '../config/resolve-output.ts';
import {reasonOf, UserError} from '../domain/user-error.ts';
import {claimFolder} from '../reports/folder.ts';
import {type Results, readResults} from '../reports/results-schema.ts';
import {resultsName} from '../reports/run-index.ts';
import {writeJsonFile} from '../terminal/files.ts';
import {type Io, writeJson, writeLines} from '../terminal/io.ts';
import {writeReports} from '../threads/reports-handle.ts';

/** What the commands about kept results have in common: reading a results file, and the place of their output. */

/**
 * Reads a results file, or the one in the folder of a run.
 * @throws UserError exit 2 that names the file and the reason.
 */
export async function readResultsFile(named: string): Promise<Results> {
	const file = resultsFileOf(named);
	let text: string;
	try {
		text = await readUtf8(file);
	} catch (error) {
		if (error instanceof UserError) {
			throw error;
		}
		throw new UserError(`${file} cannot be read: ${reasonOf(error)}.`, {
			exitCode: 2,
			hint: 'Name a report folder, or the results.json in it.',
			cause: error,
		});
	}
	return readResults(text, file);
}

/** A results file, or that of the folder of a run. */
function resultsFileOf(named: string): string {
	const isFolder = statSync(named, {throwIfNoEntry: false})?.isDirectory() === true;
	return isFolder ? path.join(named, resultsName) : named;
}

/** The answers beside a results file, or in the folder of a run. */
function answersBeside(named: string): string {
	return path.resolve(path.dirname(resultsFileOf(named)), 'answers.jsonl');
}

/**
 * The folder of `--out`, else a new one under `bedrock-top-reports`.
 * @throws UserError (exit 1) where it cannot be written: a command that only writes has nothing else to do.
 */
export async function claimReportFolder({
	folder,
	isForced,
}: Pick<OutputConfig, 'folder' | 'isForced'>): Promise<string> {
	const claim = await claimFolder(folder, isForced);
	if (claim.folder === undefined) {
		throw new UserError(claim.warning, {exitCode: 1, hint: 'Name a folder with --out.'});
	}
	return claim.folder;
}

/** Prints lines for people, or a value as JSON with `--json`. */
export async function printJsonOr(
	value: unknown,
	lines: readonly string[],
	json: OutputConfig['json'],
	io: Pick<Io, 'stdout'>,
): Promise<void> {
	if (json !== undefined && json.file === undefined) {
		await writeJson(io.stdout, value, 2);
		return;
	}
	if (json?.file !== undefined) {
		await writeJsonFile(json.file, value);
	}
	await writeLines(io.stdout, lines);
}

/**
 * The command `report`: draws the charts, `summary.md` and `report.html` of kept results again, into a new folder.
 * @returns Exit code 0; the paths are on stdout, one per line (as `{"files": []}` with `--json`).
 * @throws UserError exit 2 for a file that is missing or not a results file, exit 1 when nothing can be written.
 */
export async function report(
	{words, flags}: Arguments,
	io: Pick<Io, 'stdout' | 'environment'>,
): Promise<number> {
	const [file = ''] = words;
	const output = resolveOutput(flags, io.environment);
	const results = await readResultsFile(file);
	const answersFile = answersBeside(file);
	const folder = await claimReportFolder(output);
	const files = await writeReports({type: 'redraw', results, folder, answersFile});
	await printJsonOr({files}, files, output.json, io);
	return 0;
}
