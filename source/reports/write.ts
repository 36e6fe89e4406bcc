import {mkdir, rename, rm, stat} from 'node:fs/promises';
import path from 'node:path';
import {reasonOf, UserError} from '../domain/user-error.ts';
import {copyPrivate, privateFolderMode, writeAtomically} from '../text/private-file.ts';
import {escapeUnseen} from '../text/width.ts';
import type {NamedRun} from './compare/comparison.ts';
import {comparisonChart} from './compare/comparison-chart.ts';
import {comparisonMarkdown} from './compare/comparison-table.ts';
import {hasFullMinute, quotaIncreaseMarkdown} from './quota-increase-markdown.ts';
import {resultsText} from './results.ts';
import type {Results} from './results-schema.ts';
import type {Chart} from './specs/chart.ts';
import {type ChartFile, chartsOf} from './specs/charts.ts';
import {summaryMarkdown} from './summary-markdown.ts';

/** Draws one chart as SVG. */
export type Draw = (chart: Chart) => Promise<string>;

type WriteOptions = {
	readonly folder: string;
	/** False while the run continues, or where the results were read from a file. */
	readonly hasResults: boolean;
	readonly hasSummary: boolean;
	/** Makes the text of best-request.json; undefined where it is not known. */
	readonly bestRequest?: (() => string) | undefined;
	/** Already streamed; it is moved into the folder where it is not there yet. */
	readonly answersFile: string | undefined;
	/** The same for requests.csv. */
	readonly requestsFile?: string | undefined;
	readonly draw: Draw;
};

/**
 * Writes the reports of some results. The results, which cannot be made again, are on disk before the first chart is drawn.
 *
 * @returns Absolute paths: results, summary, figures for a quota increase, winning requests, answers, requests, then the charts in their fixed order.
 * @throws UserError exit 1 that names each file that could not be written, or chart that could not be drawn, and why;
 * everything else is written.
 */
export async function writeReportFiles(results: Results, options: WriteOptions): Promise<readonly string[]> {
	const {folder, draw} = options;
	const charts = chartsOf(results);
	await mkdir(folder, {recursive: true, mode: privateFolderMode});
	const files: string[] = [];
	const faults: string[] = [];
	const write = async (name: string, text: string) => {
		const file = path.join(folder, name);
		await writeAtomically(file, text);
		files.push(file);
	};
	const texts = [
		options.hasResults && (['results.json', () => resultsText(results)] as const),
		options.hasSummary &&
			([
				'summary.md',
				() =>
					summaryMarkdown(
						results,
						charts.map(({fileName}) => fileName),
					),
			] as const),
		options.hasSummary &&
			hasFullMinute(results) &&
			(['quota-increase.md', () => quotaIncreaseMarkdown(results)] as const),
		options.bestRequest !== undefined && (['best-request.json', options.bestRequest] as const),
	];
	for (const [name, text] of texts.filter((each) => each !== false)) {
		await attempt(name, faults, async () => write(name, text()));
	}
	for (const streamed of [options.answersFile, options.requestsFile]) {
		if (streamed !== undefined && (await doesExist(streamed))) {
			await attempt(path.basename(streamed), faults, async () => {
				files.push(await moveInto(folder, streamed));
			});
		}
	}
	await writeCharts(charts, draw, write, faults);
	return files;
}

/** One file that cannot be made does not keep the others from being made. */
async function attempt(name: string, faults: string[], work: () => Promise<void>): Promise<void> {
	try {
		await work();
	} catch (error) {
		faults.push(`${name} (${reasonOf(error)})`);
	}
}

/**
 * Writes charts one by one; one that fails does not keep the others from being drawn.
 *
 * @param faults What could not be made before them.
 * @throws UserError exit 1 that names all that could not be made.
 */
async function writeCharts(
	charts: readonly ChartFile[],
	draw: Draw,
	write: (name: string, text: string) => Promise<void>,
	faults: string[] = [],
): Promise<void> {
	for (const {fileName, chart} of charts) {
		await attempt(fileName, faults, async () => write(fileName, await draw(chart)));
	}
	if (faults.length > 0) {
		throw new UserError(`Some reports could not be made: ${faults.join(', ')}.`, {
			exitCode: 1,
			hint: 'The others are there. Once the cause is gone, "bedrock-top report results.json" draws the charts again.',
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

/** Writes `compare.md` and `compare.svg`. @returns Their absolute paths, in that order. */
export async function writeComparison(
	runs: readonly NamedRun[],
	{folder, draw}: {readonly folder: string; readonly draw: Draw},
): Promise<readonly string[]> {
	await mkdir(folder, {recursive: true, mode: privateFolderMode});
	const files: string[] = [];
	const write = async (name: string, text: string) => {
		const file = path.join(folder, name);
		await writeAtomically(file, text);
		files.push(file);
	};
	await write('compare.md', comparisonMarkdown(runs, 'compare.svg'));
	await writeCharts([{fileName: 'compare.svg', chart: comparisonChart(runs)}], draw, write);
	return files;
}

/** Writes figures as JSON, then the charts of them. @returns Their absolute paths, in that order. */
export async function writeFigures(
	figures: {readonly fileName: string; readonly value: unknown},
	charts: readonly ChartFile[],
	{folder, draw}: {readonly folder: string; readonly draw: Draw},
): Promise<readonly string[]> {
	await mkdir(folder, {recursive: true, mode: privateFolderMode});
	const files: string[] = [];
	const write = async (name: string, text: string) => {
		const file = path.join(folder, name);
		await writeAtomically(file, text);
		files.push(file);
	};
	await write(figures.fileName, `${escapeUnseen(JSON.stringify(figures.value, null, 2))}\n`);
	await writeCharts(charts, draw, write);
	return files;
}
