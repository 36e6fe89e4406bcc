import {parentPort, workerData} from 'node:worker_threads';
import {faultOf} from '../config/fault.ts';
import {writeComparison} from '../reports/compare/write-comparison.ts';
import {type Environment, resultsOf} from '../reports/results.ts';
import {type Draw, writeReportFiles} from '../reports/write.ts';
import type {ReportReport, ReportsRequest} from './messages.ts';

/** Entry point of the thread that draws: it answers one request and ends. Vega is loaded here and nowhere else. */

/** Vega is loaded with the first chart, when the results are on disk already. */
const draw: Draw = async (chart) => (await import('../reports/draw.ts')).drawChart(chart);

/** What the handle gives the thread at its start. */
export type ReportsWorkerData = {readonly request: ReportsRequest; readonly environment: Environment};

async function write({request, environment}: ReportsWorkerData): Promise<readonly string[]> {
	switch (request.type) {
		case 'write':
			return writeReportFiles(resultsOf(request.snapshot, environment), {
				folder: request.folder,
				hasResults: !request.isExport,
				hasSummary: !request.isExport,
				answersFile: request.answersFile,
				requestsFile: request.requestsFile,
				draw,
			});
		case 'redraw':
			return writeReportFiles(request.results, {
				folder: request.folder,
				hasResults: false,
				hasSummary: true,
				answersFile: undefined,
				draw,
			});
		case 'compare':
			return writeComparison(request.runs, {folder: request.folder, draw});
	}
}

let report: ReportReport;
try {
	report = {type: 'written', files: await write(workerData as ReportsWorkerData)};
} catch (error) {
	report = {type: 'failed', fault: faultOf(error)};
}

parentPort?.postMessage(report);
