import {parentPort, workerData} from 'node:worker_threads';
import {faultOf} from '../domain/user-error.ts';
import {bestRequestText, type Recipe} from '../reports/best-request.ts';
import type {Results} from '../reports/results-schema.ts';
import {type Draw, writeComparison, writeReportFiles} from '../reports/write.ts';
import type {ReportReport, ReportsRequest} from './messages.ts';
import {firstRequestOf} from './sent-request.ts';

/** Entry point of the thread that draws reports: it answers one request and ends. Only it loads Vega. */

/** Vega is loaded with the first chart, when the results are on disk already. */
const draw: Draw = async (chart) => (await import('../reports/draw.ts')).drawChart(chart);

const bestRequestFor = (results: Results, recipe: Recipe): string =>
	bestRequestText(results, recipe, (choice) => firstRequestOf(results, choice, recipe));

async function write(request: ReportsRequest): Promise<readonly string[]> {
	switch (request.type) {
		case 'write': {
			const {results, recipe} = request;
			return writeReportFiles(results, {
				folder: request.folder,
				hasResults: !(request.isExport || request.hasResults),
				hasSummary: !request.isExport,
				bestRequest: recipe && (() => bestRequestFor(results, recipe)),
				answersFile: request.answersFile,
				requestsFile: request.requestsFile,
				draw,
			});
		}
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
	report = {type: 'written', files: await write(workerData as ReportsRequest)};
} catch (error) {
	report = {type: 'failed', fault: faultOf(error)};
}

parentPort?.postMessage(report);
