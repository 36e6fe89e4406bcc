import {Worker} from 'node:worker_threads';
import {errorOf, reasonOf} from '../domain/user-error.ts';
import {cleanText} from '../text/width.ts';
import type {ReportReport, ReportsRequest} from './messages.ts';
import {workerEnvironment, workerUrl} from './worker-start.ts';

/** Time limit of the reports, in milliseconds: drawing may hang too. */
const limitMs = 120_000;

const incomplete = (folder: string, reason: string): ReportReport => ({
	type: 'failed',
	fault: {
		message: `The reports in ${folder} are not complete: ${cleanText(reason)}.`,
		hint: 'What is there already can be used: "bedrock-top report results.json" draws the charts again.',
		exitCode: 1,
	},
});

/** Never rejects, and always ends. */
const reportOf = async (request: ReportsRequest): Promise<ReportReport> => {
	const {promise, resolve} = Promise.withResolvers<ReportReport>();
	const fail = (reason: string): void => resolve(incomplete(request.folder, reason));
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

/**
 * Writes reports in a separate thread, so that it affects neither the screen nor a measured latency.
 * @returns Absolute paths of what was written, in a stable order.
 * @throws UserError exit 1 when something could not be written; what came before it, results first, is on disk.
 */
export async function writeReports(request: ReportsRequest): Promise<readonly string[]> {
	const report = await reportOf(request);
	switch (report.type) {
		case 'written':
			return report.files;
		case 'failed':
			throw errorOf(report.fault);
	}
}
