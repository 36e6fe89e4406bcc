import {mkdir, rename, rm, stat} from 'node:fs/promises';
import path from 'node:path';
import {reasonOf, UserError} from '../domain/user-error.ts';
import {copyPrivate, privateFolderMode, writeAtomically} from '../text/private-file.ts';
import {escapeUnseen} from '../text/width.ts';
import type {NamedRun} from './compare/comparison.ts';
import {comparisonChart} from './compare/comparison-chart.ts';
import {comparisonMarkdown, comparisonPage} from './compare/comparison-table.ts';
import type {Page} from './page.ts';
import {htmlOf, type Pictures} from './page-html.ts';
import {hasFullMinute, quotaIncreaseMarkdown} from './quota-increase-markdown.ts';
import {reportHtml} from './report-html.ts';
import {resultsText} from './results.ts';
import type {Results} from './results-schema.ts';
import {summaryMarkdown} from './run-sections.ts';
import type {Chart} from './specs/chart.ts';
import {type ChartFile, chartsOf} from './specs/charts.ts';

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
	/** answers.jsonl where it stays: beside results that were read from a file. */
	readonly keptAnswersFile?: string | undefined;
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
	const pictures = await drawCharts(charts, draw, write, faults);
	if (options.hasSummary) {
		const {answersFile} = options;
		const names = [
			...files.map((file) => path.basename(file)),
			...(options.hasResults ? [] : ['results.json']),
		];
		await attempt('report.html', faults, async () =>
			write(
				'report.html',
				await reportHtml(results, {
					charts: charts.map(({fileName}) => fileName),
					pictures,
					answersFile:
						options.keptAnswersFile ??
						(answersFile === undefined ? undefined : path.join(folder, path.basename(answersFile))),
					files: names,
				}),
			),
		);
	}
	assertWhole(faults);
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

/** Draws and writes charts one by one; one that fails does not keep the others from being drawn. @returns The drawings. */
async function drawCharts(
	charts: readonly ChartFile[],
	draw: Draw,
	write: (name: string, text: string) => Promise<void>,
	faults: string[],
): Promise<Pictures> {
	const pictures = new Map<string, string>();
	for (const {fileName, chart} of charts) {
		await attempt(fileName, faults, async () => {
			const svg = await draw(chart);
			pictures.set(fileName, svg);
			await write(fileName, svg);
		});
	}
	return pictures;
}

/** @throws UserError exit 1 that names all that could not be made. */
function assertWhole(faults: readonly string[]): void {
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

/** Pages of a comparison: always as Markdown, and as HTML where it is asked for. @returns Absolute paths, the charts last. */
export async function writeComparison(
	runs: readonly NamedRun[],
	{hasHtml, ...place}: {readonly folder: string; readonly hasHtml: boolean; readonly draw: Draw},
): Promise<readonly string[]> {
	const picture = 'compare.svg';
	const page = comparisonPage(runs, picture);
	const charts = [{fileName: picture, chart: comparisonChart(runs)}];
	const texts = [['compare.md', comparisonMarkdown(runs, picture)]] as const;
	return writePages(texts, {charts, html: hasHtml ? {fileName: 'compare.html', page} : undefined}, place);
}

/** Writes figures as JSON, then the charts of them and their page. @returns Their absolute paths, in that order. */
export async function writeFigures(
	figures: {readonly fileName: string; readonly value: unknown},
	drawn: {readonly charts: readonly ChartFile[]; readonly html: HtmlPage | undefined},
	place: {readonly folder: string; readonly draw: Draw},
): Promise<readonly string[]> {
	const text = `${escapeUnseen(JSON.stringify(figures.value, null, 2))}\n`;
	return writePages([[figures.fileName, text]], drawn, place);
}

/** A page to be written as HTML, with its charts in it. */
export type HtmlPage = {readonly fileName: string; readonly page: Page};

async function writePages(
	texts: ReadonlyArray<readonly [name: string, text: string]>,
	{charts, html}: {readonly charts: readonly ChartFile[]; readonly html: HtmlPage | undefined},
	{folder, draw}: {readonly folder: string; readonly draw: Draw},
): Promise<readonly string[]> {
	await mkdir(folder, {recursive: true, mode: privateFolderMode});
	const files: string[] = [];
	const faults: string[] = [];
	const write = async (name: string, text: string) => {
		const file = path.join(folder, name);
		await writeAtomically(file, text);
		files.push(file);
	};
	for (const [name, text] of texts) {
		await write(name, text);
	}
	const pictures = await drawCharts(charts, draw, write, faults);
	if (html !== undefined) {
		await attempt(html.fileName, faults, async () => write(html.fileName, htmlOf(html.page, pictures)));
	}
	assertWhole(faults);
	return files;
}
