import {mkdtempSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {drawChart} from '../../source/reports/draw.ts';
import {htmlOf} from '../../source/reports/page-html.ts';
import {reportHtml} from '../../source/reports/report-html.ts';
import {resultsOf} from '../../source/reports/results.ts';
import {chartsOf} from '../../source/reports/specs/charts.ts';
import {chartCases} from '../helpers/chart-cases.ts';
import {expectSafe, hostileRuns, htmlMeaning, inTurn, manyHostileTexts} from '../helpers/hostile.ts';
import {environment, snapshot, target, variant} from '../helpers/results-fixture.ts';

/** Tests source/reports/page.ts, page-html.ts, run-sections.ts and item-details.ts too. */

const names = ['concise', 'detailed'];
const results = resultsOf(snapshot({variants: names.map((name) => variant({name}))}), environment, [
	'run',
	'my.yaml',
	'--balance',
]);

type Line = {
	readonly variant: string;
	readonly item: number;
	readonly text: string;
	readonly expected: string;
	readonly answer: string;
	/** Why its check failed; undefined: it passed. */
	readonly why?: string;
};

/** answers.jsonl, as a run writes it. */
const answersFile = (lines: readonly Line[]): string => {
	const file = path.join(mkdtempSync(path.join(tmpdir(), 'bedrock-top-')), 'answers.jsonl');
	const records = lines.map(({variant: name, item, text, expected, answer, why}) => ({
		run: 'r',
		variant: name,
		model: target.model,
		answer,
		verdicts: [
			{
				item,
				text,
				expected,
				kind: why === undefined ? 'useful' : 'check-failed',
				answer,
				...(why === undefined ? {} : {failed: {check: 'expected', why}}),
			},
		],
	}));
	writeFileSync(file, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
	return file;
};

const plain = {charts: [], pictures: new Map<string, string>(), answersFile: undefined, files: []};

/** Texts of the page in their order, without its tags. */
const textOf = (html: string): string =>
	html
		.slice(html.indexOf('<body>'))
		.replaceAll(/<[^>]*>/g, ' ')
		.replaceAll(/\s+/g, ' ');

describe('report.html', () => {
	it('has the verdict first, then tables, charts, items, advice, environment and how to repeat it', async () => {
		const charts = chartsOf(results);
		const pictures = new Map<string, string>();
		for (const {fileName, chart} of charts.slice(0, 2)) {
			pictures.set(fileName, await drawChart(chart));
		}
		const html = await reportHtml(results, {
			charts: charts.map(({fileName}) => fileName),
			pictures,
			answersFile: answersFile([{variant: 'concise', item: 0, text: 'one', expected: 'a', answer: 'a'}]),
			files: ['results.json', 'summary.md'],
		});
		const headings = [...html.matchAll(/<h2>(.*?)<\/h2>/g)].map(([, heading]) => heading);
		expect(headings).toEqual([
			'Verdict',
			'us.amazon.nova-lite-v1:0 · cross-region · us-east-1',
			'Charts',
			'Failures',
			'Items',
			'Prompts as first sent',
			'Advice',
			'What is not exact',
			'Read timeouts',
			'Log',
			'Environment',
			'Repeat it',
			'Files',
		]);
		expect(html.match(/<figure>/g)).toHaveLength(2);
		expect(html).toContain('latency over time (latency-over-time.svg)');
		expect(html).toContain('<pre class="code">bedrock-top run my.yaml --balance</pre>');
		// Identifiers are there once, also of several drawings.
		const ids = [...html.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
		expect(new Set(ids).size).toBe(ids.length);
		for (const [, id] of html.matchAll(/(?:url\(|href=")#([^)"]*)/g)) {
			expect(ids).toContain(id);
		}
	});

	it('is one file: no script, nothing from elsewhere', async () => {
		const html = await reportHtml(results, plain);
		expect(html).not.toMatch(/<(?:script|link|iframe|object|embed|base|form|img)\b/i);
		const attributes = [...html.matchAll(/<[a-z][^>]*>/gi)].flatMap(([tag]) => [
			...tag.matchAll(/ ([\w-]+)="([^"]*)"/g),
		]);
		expect(attributes.filter(([, name = '']) => /^on|^src|^srcset|^action/i.test(name))).toEqual([]);
		const references = attributes.filter(
			([, name, value = '']) => name === 'href' || /url\(|\/\//.test(value),
		);
		expect(references.filter(([, , value = '']) => !/^#/.test(value))).toEqual([]);
		expect(html).toContain("default-src 'none'");
	});

	it('shows failed items first, with what their checks wanted', async () => {
		const item = (index: number, why?: string): Line => ({
			variant: index % 2 === 0 ? 'concise' : 'detailed',
			item: index,
			text: `ticket ${index}`,
			expected: 'billing',
			answer: why === undefined ? 'billing' : 'a <b>wrong</b> answer',
			...(why === undefined ? {} : {why}),
		});
		const file = answersFile([item(0), item(1), item(2, 'not "billing"'), item(3)]);
		const text = textOf(await reportHtml(results, {...plain, answersFile: file}));
		expect(text).toMatch(/1 of 4 items failed with at least one variant; they come first\./);
		const order = [...text.matchAll(/[✗✓] (\d) · ticket/g)].map(([, number]) => number);
		expect(order).toEqual(['3', '1', '2', '4']);
		expect(text).toContain('concise ✗ check-failed: expected, not &quot;billing&quot; a &lt;b&gt;wrong');
	});

	it('has at most 1 MB, and names the file with the rest', async () => {
		const many = Array.from({length: 8}, (_, index) => `variant ${index}`);
		const large = resultsOf(snapshot({variants: many.map((name) => variant({name}))}), environment);
		const lines = Array.from({length: 1000}, (_, item) =>
			many.map((name, index): Line => {
				const hasFailed = (item + index) % 3 === 0;
				return {
					variant: name,
					item,
					text: `A ticket of two hundred characters or so, number ${item}: ${'"words" & '.repeat(15)}`,
					expected: 'billing',
					answer: `Billing, I think: ${'because '.repeat(20)}`,
					...(hasFailed ? {why: 'not "billing"'} : {}),
				};
			}),
		).flat();
		const pictures = new Map(
			chartsOf(large).map(({fileName}) => [fileName, `<svg>${'x'.repeat(70_000)}</svg>`]),
		);
		const html = await reportHtml(large, {
			...plain,
			charts: [...pictures.keys()],
			pictures,
			answersFile: answersFile(lines),
		});
		expect(Buffer.byteLength(html)).toBeLessThanOrEqual(1_000_000);
		expect(Buffer.byteLength(html)).toBeGreaterThan(900_000);
		expect(html).toMatch(/[\d,]+ more items, and all texts and answers, are in answers\.jsonl/);
		expect(html.match(/<figure>/g)).toHaveLength(6);
		expect(html).toContain('throttles and holds (throttles-and-holds.svg)');
	});

	it('keeps hostile text of items and answers as text', async () => {
		const linesOf = (next: () => string): readonly Line[] =>
			names.flatMap((name, index) =>
				[0, 1].map(
					(item): Line => ({
						variant: name,
						item,
						text: next(),
						expected: next(),
						answer: next(),
						...(index === item ? {why: next()} : {}),
					}),
				),
			);
		const page = async (next: () => string): Promise<string> =>
			reportHtml(results, {...plain, answersFile: answersFile(linesOf(next))});
		const harmless = await page(inTurn(Array.from({length: 20}, (_, index) => `word ${index}`)));
		const spikes = [
			'<script>alert(1)</script>',
			'"><img src=x onerror=alert(1)>',
			'</details></pre>',
			']]>-->',
			"' onload='x",
		];
		for (const texts of [spikes, ...fc.sample(manyHostileTexts, hostileRuns as fc.Parameters<string[]>)]) {
			const html = await page(inTurn(texts));
			expectSafe(html, 'report.html');
			expect(htmlMeaning(html)).toEqual(htmlMeaning(harmless));
		}
	});

	it('has every rewrite of an optimisation as a diff, and hostile ones as text', async () => {
		const make = chartCases['an optimisation with many candidates'] ?? expect.fail('no such case');
		const html = await reportHtml(resultsOf(make(), environment), plain);
		expect(html).toContain(
			'<summary>&lt;b&gt;shorter&lt;/b&gt; from the preset · shorter-instruction · &lt;/details&gt;',
		);
		expect(html).toContain('+ &lt;img src=x&gt;');
		expect(html).not.toMatch(/<(?:b|img|script)\b/);
		expect(textOf(html)).toContain('stricter-output-with-a-long-name-25');
	});

	it('is read back from a file of 0.1.0, which has no words to repeat it, and of a tap', async () => {
		const {repeat: _, verdict: __, ...earlier} = results;
		expect(textOf(await reportHtml(earlier, plain))).toContain('bedrock-top run summarize -m us.amazon');
		const tap = {
			...results,
			plan: {...results.plan, load: 'tap' as const},
			tap: {clients: []},
			repeat: ['tap', '--pace'],
		};
		const text = textOf(await reportHtml(tap, plain));
		expect(text).toContain('bedrock-top tap --pace');
		expect(text).not.toContain('Verdict');
	});
});

describe('a page', () => {
	it('aligns figures to the right, and words to the left', () => {
		const html = htmlOf(
			{
				title: 't',
				sections: [
					{
						heading: 'h',
						blocks: [
							{
								type: 'table',
								header: ['Name', 'Figure', 'Money', 'Words'],
								rows: [
									['1', '152 (136 to 168)', '$0.0005', 'requests'],
									['2', '–', '≤$1.20', '3 items'],
								],
								marked: [1],
							},
						],
					},
				],
			},
			new Map(),
		);
		expect(html).toContain(
			'<tr><th>Name</th><th class="n">Figure</th><th class="n">Money</th><th>Words</th></tr>',
		);
		expect(html).toContain('<tr class="marked"><td>2</td>');
	});
});
