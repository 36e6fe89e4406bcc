import {mkdir, rename, rm, stat} from 'node:fs/promises';
import path from 'node:path';
import {UserError} from '../domain/user-error.ts';
import {copyPrivate, privateFolderMode} from './private-file.ts';
import {hasFullMinute, quotaIncreaseMarkdown} from './quota-increase-markdown.ts';
import type {Results} from './results-schema.ts';
import {resultsText} from './results-text.ts';
import type {Chart} from './specs/chart.ts';
import {type ChartFile, chartsOf} from './specs/charts.ts';
import {summaryMarkdown} from './summary-markdown.ts';
import {writeAtomically} from './write-atomically.ts';

/** Draws one chart as SVG. */
export type Draw = (chart: Chart) => Promise<string>;

export type WriteOptions = {
	readonly folder: string;
	/** Undefined while the run goes on, or where the results were read from a file. */
	readonly hasResults: boolean;
	readonly hasSummary: boolean;
	/** Text of best-request.json; undefined where it is not known. */
	readonly bestRequest?: string | undefined;
	/** Already streamed; it is moved into the folder where it is not there yet. */
	readonly answersFile: string | undefined;
	/** The same for requests.csv. */
	readonly requestsFile?: string | undefined;
	readonly draw: Draw;
};

/**
 * Writes the reports of some results. What cannot be made again, the results, is on disk before the first chart is
 * drawn.
 *
 * @returns Absolute paths: results, summary, figures for a quota increase, winning requests, answers, requests, then the charts in their fixed order.
 * @throws UserError exit 1 when a file cannot be written or a chart cannot be drawn; everything else is written.
 */
export async function writeReportFiles(results: Results, options: WriteOptions): Promise<readonly string[]> {
	const {folder, draw} = options;
	const charts = chartsOf(results);
	await mkdir(folder, {recursive: true, mode: privateFolderMode});
	const files: string[] = [];
	const write = async (name: string, text: string) => {
		const file = path.join(folder, name);
		await writeAtomically(file, text);
		files.push(file);
	};

	if (options.hasResults) {
		await write('results.json', resultsText(results));
	}

	if (options.hasSummary) {
		await write(
			'summary.md',
			summaryMarkdown(
				results,
				charts.map(({fileName}) => fileName),
			),
		);
	}

	if (options.hasSummary && hasFullMinute(results)) {
		await write('quota-increase.md', quotaIncreaseMarkdown(results));
	}

	if (options.bestRequest !== undefined) {
		await write('best-request.json', options.bestRequest);
	}

	for (const streamed of [options.answersFile, options.requestsFile]) {
		if (streamed !== undefined && (await doesExist(streamed))) {
			files.push(await moveInto(folder, streamed));
		}
	}

	await writeCharts(charts, draw, write);
	return files;
}

/** Writes charts one by one; one that fails does not keep the others from being drawn. */
export async function writeCharts(
	charts: readonly ChartFile[],
	draw: Draw,
	write: (name: string, text: string) => Promise<void>,
): Promise<void> {
	const faults: string[] = [];
	for (const {fileName, chart} of charts) {
		try {
			await write(fileName, await draw(chart));
		} catch (error) {
			faults.push(`${fileName} (${error instanceof Error ? error.message : String(error)})`);
		}
	}

	if (faults.length > 0) {
		throw new UserError(`Not every chart could be made: ${faults.join(', ')}.`, {
			exitCode: 1,
			hint: '"bedrock-top report results.json" draws them again.',
		});
	}
}

async function moveInto(folder: string, file: string): Promise<string> {
	const wanted = path.join(folder, path.basename(file));
	if (path.resolve(file) === path.resolve(wanted)) {
		return wanted;
	}

	try {
		await rename(file, wanted);
	} catch {
		// Another file system.
		await copyPrivate(file, wanted);
		await rm(file);
	}

	return wanted;
}

async function doesExist(file: string): Promise<boolean> {
	try {
		await stat(file);
		return true;
	} catch {
		return false;
	}
}
