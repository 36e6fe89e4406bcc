import type {Arguments} from '../config/parse-arguments.ts';
import {resolveOutput} from '../config/resolve-output.ts';
import type {Io} from '../terminal/io.ts';
import {writeReports} from '../threads/reports-handle.ts';
import {answersBeside, claimReportFolder, printJsonOr, readResultsFile} from './results-files.ts';

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
