import {mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {PassThrough} from 'node:stream';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {stringify} from 'yaml';
import {loadPreset} from '../../source/config/load-preset.ts';
import {parseArguments} from '../../source/config/parse-arguments.ts';
import {resolveRun} from '../../source/config/resolve-run.ts';
import {UserError} from '../../source/domain/user-error.ts';
import {planLines, progressLine} from '../../source/plain/run.ts';
import {summaryLines} from '../../source/plain/summary.ts';
import {comparisonChart} from '../../source/reports/compare/comparison-chart.ts';
import {
	comparisonLines,
	comparisonMarkdown,
	comparisonPage,
} from '../../source/reports/compare/comparison-table.ts';
import {drawChart} from '../../source/reports/draw.ts';
import {htmlOf} from '../../source/reports/page-html.ts';
import {quotaIncreaseMarkdown} from '../../source/reports/quota-increase-markdown.ts';
import {reportHtml} from '../../source/reports/report-html.ts';
import {lostRequestCsvLine, requestsCsvLine} from '../../source/reports/requests-csv.ts';
import {resultsOf, resultsText} from '../../source/reports/results.ts';
import {type Results, readResults} from '../../source/reports/results-schema.ts';
import {summaryMarkdown} from '../../source/reports/run-sections.ts';
import {keepLog} from '../../source/terminal/files.ts';
import {errorLines, writeLines} from '../../source/terminal/io.ts';
import {openAnswers} from '../../source/threads/answer-file.ts';
import {answerRecord} from '../helpers/answer-record.ts';
import {isBuilt, newFolder, runProgram} from '../helpers/built-program.ts';
import {
	expectHarmless,
	expectSafe,
	hostileRuns,
	htmlMeaning,
	inTurn,
	manyHostileTexts,
	markdownMeaning,
	plantAll,
	planted,
	plantings,
} from '../helpers/hostile.ts';
import {snapshotWith} from '../helpers/hostile-state.ts';
import {parseXml, type XmlElement} from '../helpers/parse-xml.ts';
import {environment, snapshot} from '../helpers/results-fixture.ts';
import {planFixture} from '../helpers/snapshot-fixture.ts';

/** Tests source/text/width.ts: the gate that text of others passes, in every output. */

/** Random texts of others, many at once: another one in each field of an input, and every output is searched. */

type Outputs = Readonly<Record<string, string>>;

const printed = async (lines: readonly string[]): Promise<string> => {
	const stream = new PassThrough();
	await writeLines(stream, lines);
	return String(stream.read() ?? '');
};

/** Places whose text somebody else may choose: what is read takes a text there. */
const freePlaces = (value: unknown, read: (value: unknown) => void): ReadonlySet<string> =>
	new Set(
		[...plantings(value)]
			.filter(({place, value: hostile}) => {
				try {
					if (!place.endsWith(' (name)')) {
						read(hostile);
						return true;
					}
				} catch {}
				return false;
			})
			.map(({place}) => place),
	);

const results = JSON.parse(JSON.stringify(resultsOf(snapshot(), environment))) as Results;
const readText = (value: unknown): Results => readResults(JSON.stringify(value), 'results.json');
const placesOfResults = freePlaces(results, readText);

const pagesOf = async (next: () => string): Promise<Outputs> => {
	const read = readText(plantAll(results, next, placesOfResults));
	const runs = [
		{name: next(), results: read},
		{name: next(), results},
	];
	const picture = await drawChart(comparisonChart(runs));
	const pictures = new Map([['chart.svg', picture]]);
	return {
		'report.html': await reportHtml(read, {
			charts: ['chart.svg'],
			pictures,
			answersFile: undefined,
			files: ['summary.md'],
		}),
		'compare.html': htmlOf(comparisonPage(runs), new Map()),
		'summary.md': summaryMarkdown(read, ['chart.svg']),
		'quota-increase.md': quotaIncreaseMarkdown(read),
		'comparison.md': comparisonMarkdown(runs),
		'compare, in the terminal': comparisonLines([{name: next(), results: read}], 120).join('\n'),
		'results.json': resultsText(read),
	};
};

/** Half a character is refused in a preset. */
const whole = (texts: readonly string[]): readonly string[] => texts.map((text) => text.toWellFormed());

const preset = {
	name: 'own',
	description: 'words',
	task: 'Say it',
	items: [{text: 'one', label: 'a'}],
	variants: [{name: 'one', instruction: '{{task}} {{item}}', system: 'words', stop: ['end']}],
	checks: [{contains: 'words'}],
	models: ['amazon.nova-lite-v1:0'],
	load: {shape: 'measure', requests: 1},
};

describe('random texts of others', () => {
	it('mean nothing in Markdown and HTML, and show no secret, wherever a results.json has them', async () => {
		expect(placesOfResults.size).toBeGreaterThan(25);
		const harmless = await pagesOf(inTurn(Array.from({length: 25}, (_unused, index) => `word ${index}`)));
		await fc.assert(
			fc.asyncProperty(manyHostileTexts, async (texts) => {
				const {'results.json': data = '', ...read} = await pagesOf(inTurn(texts));
				expectHarmless(data, 'results.json');
				for (const [name, text] of Object.entries(read)) {
					expectSafe(text, name);
					if (name.endsWith('.md')) {
						expect(markdownMeaning(text), name).toEqual(markdownMeaning(harmless[name] ?? ''));
					} else if (name.endsWith('.html')) {
						expect(htmlMeaning(text), name).toEqual(htmlMeaning(harmless[name] ?? ''));
					}
				}
			}),
			hostileRuns,
		);
	});

	it('do nothing in a terminal, in a log and in the files that a run streams, wherever a run has them', async () => {
		const folder = newFolder();
		const {flags} = parseArguments(['run', 'classify']);
		const config = await resolveRun('classify', flags, async () => '');
		let at = 0;
		await fc.assert(
			fc.asyncProperty(manyHostileTexts, async (texts) => {
				const next = inTurn(texts);
				const own = path.join(folder, String(at++));
				mkdirSync(own);
				const run = snapshotWith(next);
				const note = keepLog(
					{onReport: (hear: (report: unknown) => void) => hear({type: 'ended', snapshot: run})} as never,
					path.join(own, 'run.log'),
					() => {},
				);
				note('log', next());
				const verdicts = answerRecord.verdicts.map((each) => ({
					...each,
					text: next(),
					expected: next(),
					reason: next(),
					answer: next(),
				}));
				const record = {
					...answerRecord,
					verdicts,
					variant: next(),
					model: next(),
					answer: next(),
					stopReason: next(),
					tier: next(),
					latencyMode: next(),
				};
				const file = path.join(own, 'answers.jsonl');
				const writer = openAnswers({file}, {run: 'r', config}, () => {});
				writer.write(record);
				writer.unjudged(record);
				await writer.close();
				expectHarmless(readFileSync(file, 'utf8'), 'answers.jsonl');

				const lost = {...record, reason: 'timeout'} as never;
				const outputs: Outputs = {
					'run.log': readFileSync(path.join(own, 'run.log'), 'utf8'),
					'requests.csv': requestsCsvLine(record) + lostRequestCsvLine(lost),
					summary: summaryLines(run, {width: 100, theme: undefined, ascii: false}).join('\n'),
					progress: progressLine(run, {width: 160, ascii: false}),
					plan: await printed(planLines({...planFixture(), remarks: [next()], priceSource: next()}, config)),
					fault: await printed(errorLines(new UserError(next(), {exitCode: 1, hint: next()}), {width: 100})),
				};
				for (const [name, text] of Object.entries(outputs)) {
					expectSafe(text, name);
				}
			}),
			hostileRuns,
		);
	});

	it('do nothing in the plan of a preset that has them in every field', async () => {
		const file = path.join(newFolder(), 'preset.yaml');
		const {flags} = parseArguments(['run']);
		const load = (value: unknown) => {
			writeFileSync(file, stringify(value));
			return loadPreset(file);
		};
		const places = freePlaces(preset, load);
		expect(places.size).toBeGreaterThan(6);
		await fc.assert(
			fc.asyncProperty(manyHostileTexts, async (texts) => {
				const config = await resolveRun(
					load(plantAll(preset, inTurn(whole(texts)), places)),
					flags,
					async () => '',
				);
				expectSafe(await printed(planLines(planFixture(), config)), 'the plan');
			}),
			hostileRuns,
		);
	});
});

const drawn =
	/^(?:svg|title|desc|defs|pattern|clipPath|linearGradient|stop|g|path|rect|circle|line|text|tspan)?$/;

const expectOnlyPictures = ({name, children}: XmlElement, where: string): void => {
	expect(name, where).toMatch(drawn);
	for (const child of children) {
		if (typeof child !== 'string') {
			expectOnlyPictures(child, where);
		}
	}
};

describe.skipIf(!isBuilt)('the built program (skipped where dist/ is not built)', () => {
	it('writes nothing of a preset with random texts that a terminal, Markdown or a browser obeys', async () => {
		const cwd = newFolder();
		const file = path.join(cwd, 'p.yaml');
		const [texts = []] = fc.sample(manyHostileTexts, {...hostileRuns, numRuns: 1} as fc.Parameters<string[]>);
		const places = freePlaces(preset, (value) => {
			writeFileSync(file, stringify(value));
			loadPreset(file);
		});
		const hostile = plantAll(preset, inTurn([planted, ...whole(texts)]), places);
		// Another model would answer nothing.
		writeFileSync(file, stringify({...hostile, models: preset.models}));
		const flags = ['--demo', '--requests', '2', '--out', 'out', '--csv', '--log-file', 'run.log'];
		const {stdout, stderr} = await runProgram(['run', 'p.yaml', ...flags], {cwd});
		expectSafe(stdout + stderr, 'the terminal');
		const files = readdirSync(cwd, {recursive: true, withFileTypes: true})
			.filter((entry) => entry.isFile() && entry.name !== 'p.yaml')
			.map(({parentPath, name}) => [name, readFileSync(path.join(parentPath, name), 'utf8')] as const);
		expect(files.map(([name]) => name)).toEqual(
			expect.arrayContaining(['results.json', 'answers.jsonl', 'summary.md', 'latency.svg', 'run.log']),
		);
		for (const [name, text] of files) {
			// Prompts and answers are kept as they are where programs read them.
			(/\.jsonl?$/.test(name) ? expectHarmless : expectSafe)(text, name);
			if (name.endsWith('.md')) {
				expect(markdownMeaning(text).join(''), name).not.toContain('<');
			}
			if (name.endsWith('.svg')) {
				expectOnlyPictures(parseXml(text), name);
			}
		}
	});
});
