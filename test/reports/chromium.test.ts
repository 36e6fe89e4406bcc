import {execFile, execFileSync} from 'node:child_process';
import {existsSync} from 'node:fs';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {promisify} from 'node:util';
import {describe, expect, it} from 'vitest';
import {comparisonChart} from '../../source/reports/compare/comparison-chart.ts';
import {drawChart} from '../../source/reports/draw.ts';
import {resultsOf} from '../../source/reports/results.ts';
import {chartsOf} from '../../source/reports/specs/charts.ts';
import {chartCases} from '../helpers/chart-cases.ts';
import {inkAtBorder} from '../helpers/png.ts';
import {environment} from '../helpers/results-fixture.ts';

/**
 * Tests source/reports/draw.ts and source/reports/specs with real fonts, a narrow and a wide one, drawn by a browser and by
 * librsvg: whatever font a reader has lies between them.
 */

const browser = [process.env.CHROME_PATH ?? '', '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
	existsSync,
);
const hasLibrsvg = existsSync('/usr/bin/rsvg-convert');
const fonts = ['DejaVu Sans', 'Liberation Sans Narrow'];
const hasFonts = ((): boolean => {
	try {
		const found = execFileSync('fc-list', [':', 'family'], {encoding: 'utf8'});
		return fonts.every((font) => found.includes(font));
	} catch {
		return false;
	}
})();

/** Cases that between them have long, wide and many names, every legend and every state of a limit. */
const names = [
	'eight variants, measured rates, an hour',
	'forty variants with long names',
	'hostile names',
	'no, blocked and assumed limits',
	'estimated, cached, in lanes',
	'an optimisation with many candidates',
];

const drawn = new Map<string, Promise<string>>();

/** Charts of a case by their names, each drawn once. */
const chartsOfCase = async (name: string): Promise<ReadonlyArray<readonly [name: string, svg: string]>> => {
	const results = resultsOf(chartCases[name]?.() ?? expect.fail(`no case "${name}"`), environment);
	const runs = ['before', 'after'].map((run) => ({name: run, results}));
	const charts = [...chartsOf(results).map((file) => file.chart), comparisonChart(runs)];
	return Promise.all(
		charts.map(async (chart) => {
			const key = `${name}: ${chart.name}`;
			const svg = drawn.get(key) ?? drawChart(chart);
			drawn.set(key, svg);
			return [key, await svg] as const;
		}),
	);
};

const inFont = (svg: string, font: string): string =>
	svg.replaceAll(/font-family="[^"]*"/g, `font-family="${font}"`);

/** Runs in the page: pairs of texts that overlap, and texts that leave their picture, in real pixels. */
const measure = `
	const faults = [];
	for (const svg of document.querySelectorAll('svg')) {
		const frame = svg.getBoundingClientRect();
		const texts = [...svg.querySelectorAll('text')].map(element => ({
			text: element.textContent,
			box: element.getBoundingClientRect(),
		}));
		const name = svg.parentElement.id;
		for (const [index, {text, box}] of texts.entries()) {
			if (box.left < frame.left || box.right > frame.right || box.top < frame.top || box.bottom > frame.bottom) {
				faults.push(name + ': cut: ' + text);
			}
			for (const other of texts.slice(index + 1)) {
				const width = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
				// Boxes of lines are higher than their letters, so they may touch.
				const height = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
				if (width > 1 && height > 4) {
					faults.push(name + ': "' + text + '" over "' + other.text + '"');
				}
			}
		}
	}
	const pictures = document.querySelectorAll('svg').length;
	document.body.replaceChildren(JSON.stringify({pictures, faults}));
`;

describe.skipIf(browser === undefined || !hasFonts)(
	'in Chromium (skipped where it or a narrow and a wide font are not installed)',
	() => {
		it('no text is cut or lies over another', {timeout: 120_000}, async () => {
			const sections: string[] = [];
			for (const [key, svg] of (await Promise.all(names.map(chartsOfCase))).flat()) {
				for (const font of fonts) {
					sections.push(`<section id="${font}, ${key}">${inFont(svg, font)}</section>`);
				}
			}
			const folder = await mkdtemp(path.join(tmpdir(), 'bedrock-top-'));
			try {
				const page = path.join(folder, 'page.html');
				await writeFile(
					page,
					`<!doctype html><meta charset="utf8"><body>${sections.join('\n')}<script>${measure}</script></body>`,
				);
				const flags = [
					'--headless',
					'--no-sandbox',
					'--disable-gpu',
					'--disable-quic',
					'--no-first-run',
					'--disable-background-networking',
					'--disable-component-update',
					'--disable-sync',
					`--user-data-dir=${path.join(folder, 'profile')}`,
					'--dump-dom',
				];
				const {stdout} = await promisify(execFile)(browser ?? '', [...flags, `file://${page}`], {
					maxBuffer: 64 * 1024 * 1024,
				});
				const json = /\{"pictures".*\}/s
					.exec(stdout)?.[0]
					.replaceAll('&amp;', '&')
					.replaceAll('&lt;', '<')
					.replaceAll('&gt;', '>');
				const {pictures, faults} = JSON.parse(json ?? '{}') as {
					pictures: number;
					faults: readonly string[];
				};
				expect(pictures).toBe(sections.length);
				expect(faults).toEqual([]);
			} finally {
				await rm(folder, {recursive: true, force: true, maxRetries: 3});
			}
		});
	},
);

describe.skipIf(!hasLibrsvg || !hasFonts)(
	'in librsvg (skipped where it or a narrow and a wide font are not installed)',
	() => {
		it('no ink touches the border', async () => {
			for (const name of [names[0] ?? '', names[2] ?? '']) {
				for (const [key, svg] of await chartsOfCase(name)) {
					const png = execFileSync('rsvg-convert', {
						input: inFont(svg, fonts[0] ?? ''),
						maxBuffer: 50_000_000,
					});
					// A chart has a margin of 16 pixels around everything that it lays out.
					expect(inkAtBorder(png, 6), key).toEqual([]);
				}
			}
		});
	},
);
