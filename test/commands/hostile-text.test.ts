import {readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import path from 'node:path';
import {PassThrough} from 'node:stream';
import {describe, expect, it, onTestFinished} from 'vitest';
import {stringify} from 'yaml';
import {requestLines} from '../../source/commands/prompt.ts';
import {readResultsFile} from '../../source/commands/report.ts';
import {loadPreset} from '../../source/config/load-preset.ts';
import {parseArguments} from '../../source/config/parse-arguments.ts';
import {resolveRun} from '../../source/config/resolve-run.ts';
import {UserError} from '../../source/domain/user-error.ts';
import {planLines} from '../../source/plain/run.ts';
import {summaryLines} from '../../source/plain/summary.ts';
import type {BestRequest} from '../../source/reports/best-request.ts';
import {comparisonMarkdown} from '../../source/reports/compare/comparison-table.ts';
import {quotaIncreaseMarkdown} from '../../source/reports/quota-increase-markdown.ts';
import {reportHtml} from '../../source/reports/report-html.ts';
import {resultsOf, resultsText} from '../../source/reports/results.ts';
import {readResults} from '../../source/reports/results-schema.ts';
import {summaryMarkdown} from '../../source/reports/run-sections.ts';
import {errorLines, writeJson, writeLines} from '../../source/terminal/io.ts';
import {isBuilt, newFolder, runProgram} from '../helpers/built-program.ts';
import {expectHarmless, expectSafe, plantAll, planted, plantings} from '../helpers/hostile.ts';
import {environment, snapshot} from '../helpers/results-fixture.ts';
import {planFixture} from '../helpers/snapshot-fixture.ts';

/** Tests source/terminal/io.ts and every printer of commands: text of others is planted in every field of every input, and every output is searched for what could harm. */

const printed = async (write: (stream: PassThrough) => Promise<void>): Promise<string> => {
	const stream = new PassThrough();
	await write(stream);
	return String(stream.read() ?? '');
};

/** What a command prints of a fault. */
const faultText = async (error: unknown): Promise<string> => {
	if (!(error instanceof UserError)) {
		throw error;
	}
	return printed(async (stream) => writeLines(stream, errorLines(error, {width: 100})));
};

describe('a results.json of somebody else', () => {
	const results = resultsOf(snapshot(), environment);
	const cases = [...plantings(JSON.parse(JSON.stringify(results)))];

	it('harms no reader of a report, a comparison or a fault', async () => {
		expect(cases.length).toBeGreaterThan(100);
		const taken = new Set<string>();
		for (const {place, value} of cases) {
			try {
				const read = readResults(JSON.stringify(value), 'results.json');
				taken.add(place);
				if (place.endsWith(' (name)')) {
					expectSafe(summaryMarkdown(read, ['chart.svg']), `summary.md of ${place}`);
				}
			} catch (error) {
				expectSafe(await faultText(error), `the fault of ${place}`);
			}
		}
		expect(taken.size).toBeGreaterThan(200);
		const read = readResults(JSON.stringify(plantAll(results, () => planted, taken)), 'results.json');
		const texts = [
			summaryMarkdown(read, ['chart.svg']),
			quotaIncreaseMarkdown(read),
			comparisonMarkdown([
				{name: planted, results: read},
				{name: 'b', results},
			]),
		];
		const html = await reportHtml(read, {
			charts: [planted],
			pictures: new Map(),
			answersFile: undefined,
			files: [],
		});
		for (const text of [...texts, html]) {
			expectSafe(text, 'Markdown or HTML');
			expect(text).not.toContain('<script>');
		}
		expectHarmless(resultsText(read), 'results.json');
		expectHarmless(await printed(async (stream) => writeJson(stream, read)), '--json');
	});

	it('harms nobody who reads a summary in the terminal', () => {
		for (const {place, value} of plantings(snapshot())) {
			try {
				const lines = summaryLines(
					value as ReturnType<typeof snapshot>,
					{width: 100, isColoured: false} as never,
				);
				expectSafe(lines.join('\n'), place);
			} catch (error) {
				// Only what is no longer a snapshot may fail.
				expect(error).not.toBeInstanceOf(UserError);
				if (error instanceof Error && error.name === 'AssertionError') {
					throw error;
				}
			}
		}
	});

	it('harms nobody who copies a request: what is sent stays the same', () => {
		const request = {
			note: planted,
			variant: planted,
			method: 'converse',
			model: planted,
			region: planted,
			body: {text: planted},
			sdk: {
				typescript: JSON.stringify(planted),
				python: JSON.stringify(planted),
				curl: JSON.stringify(planted),
			},
		} as unknown as BestRequest;
		const text = requestLines(request).join('\n');
		expectHarmless(text, 'prompt');
		const [, body = ''] = /Body\n(\{[\s\S]*?\n\})/.exec(text) ?? [];
		expect(JSON.parse(body)).toEqual({text: planted});
	});
});

describe('a command line of somebody else', () => {
	it.each([
		['run', planted],
		['report', planted],
		['run', 'summarize', `--${planted}`],
		['run', 'summarize', '--max-cost', planted],
	])('is quoted in its faults so that it harms nobody: %j', async (...argv) => {
		const call = async (): Promise<unknown> => {
			const given = parseArguments(argv);
			return given.command.name === 'report'
				? readResultsFile(given.words[0] ?? '')
				: resolveRun(given.words[0], given.flags, async () => '');
		};
		const error: unknown = await call().catch((caught: unknown) => caught);
		expect(error).toBeInstanceOf(UserError);
		expectSafe(await faultText(error), argv[0]);
	});
});

describe('a preset of somebody else', () => {
	const preset = {
		name: 'own',
		description: 'words',
		task: 'Say it',
		content: 'words',
		models: ['amazon.nova-lite-v1:0'],
		variants: [{name: 'one', instruction: '{{task}} {{input}}', system: 'words', stop: ['end']}, 'minimal'],
		checks: [{contains: 'words'}],
		load: {shape: 'measure', requests: 1},
		goal: 'cost',
		method: 'converse',
	};

	it('harms nobody who reads its plan or its faults', async () => {
		const folder = newFolder();
		const {flags} = parseArguments(['run']);
		for (const {place, value} of plantings(preset)) {
			const file = path.join(folder, 'preset.yaml');
			writeFileSync(file, stringify(value));
			try {
				const config = await resolveRun(loadPreset(file), flags, async () => '');
				const lines = planLines({...planFixture(), remarks: [planted]}, config);
				expectSafe(await printed(async (stream) => writeLines(stream, lines)), place);
			} catch (error) {
				expectSafe(await faultText(error), place);
			}
		}
	});

	it.each(['items.csv', 'items.jsonl', 'items.txt', `${planted.replaceAll('/', '')}.csv`])(
		'nor whose items (%#) are damaged or named so',
		async (name) => {
			const folder = newFolder();
			for (const text of [planted, `{"${planted}"`, `a,a\n"${planted}`, `{"${planted}": 1}\n{`]) {
				writeFileSync(path.join(folder, name), text);
				const file = path.join(folder, 'preset.yaml');
				writeFileSync(file, stringify({name: 'own', task: `Say {${planted}}`, items: {file: name}}));
				try {
					loadPreset(file);
				} catch (error) {
					expectSafe(await faultText(error), name);
				}
			}
		},
	);
});

describe.skipIf(!isBuilt)('the built program (skipped where dist/ is not built)', () => {
	const textsIn = (folder: string): ReadonlyArray<readonly [string, string]> =>
		readdirSync(folder, {recursive: true, withFileTypes: true})
			.filter((entry) => entry.isFile())
			.map(({parentPath, name}) => [name, readFileSync(path.join(parentPath, name), 'utf8')]);

	it('passes on no message of a service as it is', async () => {
		const server = createServer((request, response) => {
			request.resume();
			response.writeHead(400, {
				'content-type': 'application/json',
				'x-amzn-errortype': planted.replaceAll(/[^ -~]/g, ''),
			});
			response.end(JSON.stringify({message: planted, Message: planted, __type: planted}));
		});
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		onTestFinished(() => {
			server.close();
		});
		const cwd = newFolder();
		const own = {
			AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
			AWS_REGION: 'us-east-1',
			AWS_ACCESS_KEY_ID: 'simulated',
			AWS_SECRET_ACCESS_KEY: 'simulated',
		};
		const model = ['-m', 'amazon.nova-lite-v1:0'];
		const commands = [
			[
				'run',
				'summarize',
				...model,
				'--requests',
				'1',
				'--yes',
				'--out',
				'out',
				'--log-file',
				'run.log',
				'--csv',
			],
			['quotas', 'amazon.nova-lite-v1:0'],
			['models'],
			['batch', '--list'],
			['run', 'summarize', ...model, '--profile', planted],
			[planted],
		];
		await Promise.all(
			commands.map(async (argv) => {
				const {stdout, stderr} = await runProgram(argv, {cwd, environment: own});
				expectSafe(stdout + stderr, argv.join(' ').slice(0, 40));
				expect(stdout + stderr).not.toBe('');
			}),
		);
		for (const [name, text] of textsIn(cwd)) {
			expectSafe(text, name);
		}
	});
});
