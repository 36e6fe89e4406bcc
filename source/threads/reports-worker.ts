import {existsSync} from 'node:fs';
import {parentPort, workerData} from 'node:worker_threads';
import type {KeptRun} from '../domain/snapshot.ts';
import {faultOf} from '../domain/user-error.ts';
import {bestRequestText, type Recipe} from '../reports/best-request.ts';
import type {NamedRun} from '../reports/compare/comparison.ts';
import {comparedRuns} from '../reports/compare/comparison-table.ts';
import {snapshotOf} from '../reports/results.ts';
import type {Results} from '../reports/results-schema.ts';
import {listRuns, readKeptResults} from '../reports/run-index.ts';
import {type Draw, writeComparison, writeFigures, writeReportFiles} from '../reports/write.ts';
import {startText} from '../view/history/history.ts';
import type {HistoryRequest, ReportReport, ReportsRequest} from './messages.ts';
import {firstRequestOf} from './sent-request.ts';

/** Entry point of the thread that draws reports: it answers one request and ends. Only it loads Vega. */

/** Vega is loaded with the first chart, when the results are on disk already. */
const draw: Draw = async (chart) => (await import('../reports/draw.ts')).drawChart(chart);

const bestRequestFor = (results: Results, recipe: Recipe): string =>
	bestRequestText(results, recipe, (choice) => firstRequestOf(results, choice, recipe));

async function write(request: Exclude<ReportsRequest, HistoryRequest>): Promise<readonly string[]> {
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
				keptAnswersFile: request.answersFile,
				draw,
			});
		case 'compare':
			return writeComparison(request.runs, {folder: request.folder, hasHtml: request.hasHtml, draw});
		case 'draw':
			return writeFigures(request.figures, request, {folder: request.folder, draw});
	}
}

const namedRun = async (run: KeptRun): Promise<NamedRun> => ({
	name: startText(run.startedAt),
	results: await readKeptResults(run.folder),
});

async function answer(request: ReportsRequest): Promise<ReportReport> {
	switch (request.type) {
		case 'list-runs':
			// Before the first run there is no folder.
			return existsSync(request.folder)
				? {type: 'runs-listed', ...(await listRuns(request.folder, request.underWay))}
				: {type: 'runs-listed', runs: [], faults: []};
		case 'read-run':
			return {type: 'run-read', snapshot: snapshotOf(await readKeptResults(request.folder))};
		case 'compare-runs':
			return {type: 'runs-compared', table: comparedRuns(await Promise.all(request.runs.map(namedRun)))};
		default:
			return {type: 'written', files: await write(request)};
	}
}

let report: ReportReport;
try {
	report = await answer(workerData as ReportsRequest);
} catch (error) {
	report = {type: 'failed', fault: faultOf(error)};
}

parentPort?.postMessage(report);
