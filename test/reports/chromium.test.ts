import {execFile} from 'node:child_process';
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
import {environment} from '../helpers/results-fixture.ts';

/** Tests source/reports/draw.ts and source/reports/specs in a browser. */

const browser = [process.env.CHROME_PATH ?? '', '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
	existsSync,
);

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

describe.skipIf(browser === undefined)('in Chromium (skipped where it is not installed)', () => {
	it('no text is cut or lies over another', {timeout: 120_000}, async () => {
		const sections: string[] = [];
		for (const [name, make] of Object.entries(chartCases)) {
			const results = resultsOf(make(), environment);
			const runs = ['before', 'after'].map((run) => ({name: run, results}));
			for (const chart of [...chartsOf(results).map((file) => file.chart), comparisonChart(runs)]) {
				sections.push(`<section id="${name}: ${chart.name}">${await drawChart(chart)}</section>`);
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
			const {pictures, faults} = JSON.parse(json ?? '{}') as {pictures: number; faults: readonly string[]};
			expect(pictures).toBe(sections.length);
			expect(faults).toEqual([]);
		} finally {
			await rm(folder, {recursive: true, force: true, maxRetries: 3});
		}
	});
});
