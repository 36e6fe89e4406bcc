import {Worker} from 'node:worker_threads';
import type {KeptRun} from '../domain/snapshot.ts';
import {errorOf, type Fault, reasonOf} from '../domain/user-error.ts';
import {cleanText} from '../text/width.ts';
import type {HistoryRequest, ReportReport, ReportsRequest} from './messages.ts';
import {workerEnvironment, workerUrl} from './worker-start.ts';

/** Time limit of the reports, in milliseconds: drawing may hang too. */
const limitMs = 120_000;

const isOfHistory = (request: ReportsRequest): request is HistoryRequest =>
	request.type === 'list-runs' || request.type === 'read-run' || request.type === 'compare-runs';

const incomplete = (request: ReportsRequest, reason: string): ReportReport => ({
	type: 'failed',
	fault: isOfHistory(request)
		? {message: `${request.folder} cannot be read: ${cleanText(reason)}.`, hint: undefined, exitCode: 1}
		: brokenOff(request.folder, reason),
});

const brokenOff = (folder: string, reason: string): Fault => ({
	message: `The reports in ${folder} are not complete: ${cleanText(reason)}.`,
	hint: 'What is there already can be used: "bedrock-top report results.json" draws the charts again.',
	exitCode: 1,
});

/** Never rejects, and always ends. */
const reportOf = async (request: ReportsRequest): Promise<ReportReport> => {
	const {promise, resolve} = Promise.withResolvers<ReportReport>();
	const fail = (reason: string): void => resolve(incomplete(request, reason));
	const timer = setTimeout(() => fail(`they took longer than ${limitMs / 60_000} minutes`), limitMs);
	let worker: Worker | undefined;
	try {
		worker = new Worker(workerUrl('reports-worker'), {
			env: workerEnvironment(),
			stdout: true,
			stderr: true,
			workerData: request,
		});
		// Output of a library would tear the screen; a fault comes back as a message.
		worker.stdout.resume();
		worker.stderr.resume();
		worker.once('message', resolve);
		worker.on('error', (error) => fail(reasonOf(error)));
		worker.once('exit', (code) => fail(`their thread ended with code ${code}`));
	} catch (error) {
		fail(reasonOf(error));
	}
	const report = await promise;
	clearTimeout(timer);
	void worker?.terminate();
	return report;
};

/** A report of one type. @throws UserError for a fault. */
const reportAs = async <Type extends ReportReport['type']>(
	type: Type,
	request: ReportsRequest,
): Promise<Extract<ReportReport, {type: Type}>> => {
	const report = await reportOf(request);
	if (report.type === 'failed') {
		throw errorOf(report.fault);
	}
	if (report.type !== type) {
		throw new TypeError(`The reports thread answered "${request.type}" with "${report.type}".`);
	}
	return report as Extract<ReportReport, {type: Type}>;
};

/**
 * Writes reports in a separate thread, so that it affects neither the screen nor a measured latency.
 * @returns Absolute paths of what was written, in a stable order.
 * @throws UserError exit 1 when something could not be written; what came before it, results first, is on disk.
 */
export async function writeReports(
	request: Exclude<ReportsRequest, HistoryRequest>,
): Promise<readonly string[]> {
	return (await reportAs('written', request)).files;
}

/**
 * Kept runs, read in a separate thread: the screen does not wait for the disk. Each rejects with a UserError.
 * @param underWay The folder of the run of this program that is not over.
 */
export function createHistory(folder: string, underWay: () => string | undefined) {
	return {
		list: async () => reportAs('runs-listed', {type: 'list-runs', folder, underWay: underWay()}),
		read: async (run: KeptRun) =>
			(await reportAs('run-read', {type: 'read-run', folder: run.folder})).snapshot,
		compare: async (runs: readonly KeptRun[]) =>
			(await reportAs('runs-compared', {type: 'compare-runs', folder, runs})).table,
	};
}
