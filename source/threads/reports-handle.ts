import {Worker} from 'node:worker_threads';
import {UserError} from '../domain/user-error.ts';
import {environmentOf} from '../reports/environment.ts';
import {cleanText} from '../text/width.ts';
import {workerEnvironment} from './compile-cache.ts';
import type {ReportReport, ReportsRequest} from './messages.ts';
import type {ReportsWorkerData} from './reports-worker.ts';
import {workerUrl} from './worker-url.ts';

/**
 * Writes reports in a thread of their own, so that neither the screen nor a measured latency feels it.
 *
 * @returns Absolute paths of what was written, in a stable order.
 * @throws UserError exit 1 when something could not be written; what came before it, results first, is on disk.
 */
export async function writeReports(request: ReportsRequest): Promise<readonly string[]> {
	const worker = new Worker(workerUrl('reports-worker'), {
		env: workerEnvironment(),
		stdout: true,
		stderr: true,
		workerData: {request, environment: environmentOf()} satisfies ReportsWorkerData,
	});
	// What a library prints would tear the screen; a fault comes back as a message.
	worker.stdout.resume();
	worker.stderr.resume();
	const report = await new Promise<ReportReport>((resolve) => {
		const fail = (reason: string) => {
			resolve({
				type: 'failed',
				fault: {
					message: `The reports in ${request.folder} are not complete: ${reason}.`,
					hint: 'What is there already can be used: "bedrock-top report results.json" draws the charts again.',
					exitCode: 1,
				},
			});
		};
		worker.once('message', resolve);
		worker.once('error', (error) => {
			fail(cleanText(error instanceof Error ? error.message : String(error)));
		});
		worker.once('exit', (code) => {
			fail(`their thread ended with code ${code}`);
		});
	});
	switch (report.type) {
		case 'written':
			return report.files;
		case 'failed':
			throw new UserError(report.fault.message, {
				exitCode: report.fault.exitCode,
				...(report.fault.hint === undefined ? {} : {hint: report.fault.hint}),
			});
	}
}
