import {describe, expect, it} from 'vitest';
import {drawChart} from '../../source/reports/draw.ts';
import {resultsOf} from '../../source/reports/results.ts';
import type {Chart} from '../../source/reports/specs/chart.ts';
import {chartsOf} from '../../source/reports/specs/charts.ts';
import {chartCases} from '../helpers/chart-cases.ts';
import {elementsOf, parseXml, textOf, type XmlElement} from '../helpers/parse-xml.ts';
import {environment} from '../helpers/results-fixture.ts';
import {overlaps, textBoxes} from '../helpers/svg-text.ts';

type Drawn = {readonly svg: string; readonly root: XmlElement};

const drawn = new Map<Chart, Promise<Drawn>>();

/** Drawing and parsing are the slow part, so each chart is drawn once for all that is asked of it. */
function draw(chart: Chart): Promise<Drawn> {
	const picture = drawn.get(chart) ?? drawChart(chart).then((svg) => ({svg, root: parseXml(svg)}));
	drawn.set(chart, picture);
	return picture;
}

describe.each(Object.entries(chartCases))('charts of %s', (_, makeSnapshot) => {
	const snapshot = makeSnapshot();
	const charts = chartsOf(resultsOf(snapshot, environment));

	it.each(charts.map(({fileName, chart}) => ({fileName, chart})))('$fileName', async ({chart}) => {
		const {svg, root} = await draw(chart);
		const elements = elementsOf(root);

		expect(root.name).toBe('svg');
		expect(root.attributes.role).toBe('img');
		const labelled = root.attributes['aria-labelledby']?.split(' ') ?? [];
		const [title, description] = labelled.map((id) => elements.find(({attributes}) => attributes.id === id));
		expect(title?.name).toBe('title');
		expect(title && textOf(title)).toBe(chart.title);
		expect(description?.name).toBe('desc');
		expect(description && textOf(description)).toBe(chart.description);
		expect(textOf(title ?? root).includes('SIMULATED')).toBe(snapshot.simulated);

		// Nothing that runs, and nothing from elsewhere.
		const names = new Set(elements.map(({name}) => name));
		for (const name of ['script', 'foreignObject', 'image', 'use', 'a', 'style', 'iframe']) {
			expect(names).not.toContain(name);
		}

		const attributes = elements.flatMap(({attributes}) => Object.entries(attributes));
		expect(attributes.filter(([name]) => name.startsWith('on') || name.includes('href'))).toEqual([]);
		const references = attributes.filter(([name, value]) => name !== 'xmlns' && /url\(|:\/\//.test(value));
		expect(references.filter(([, value]) => !/^url\(#[\w-]+\)$/.test(value))).toEqual([]);

		// Patterns that are referred to are there.
		const ids = new Set(elements.map(({attributes}) => attributes.id));
		for (const [, value] of references) {
			expect(ids).toContain(value.slice(5, -1));
		}

		expect(Buffer.byteLength(svg)).toBeLessThanOrEqual(200_000);
	});

	it.each(charts)('no text of $fileName is cut or lies over another', async ({chart}) => {
		const {root} = await draw(chart);
		const boxes = textBoxes(root);
		const [, , width = 0, height = 0] = (root.attributes.viewBox ?? '').split(' ').map(Number);

		expect(boxes.length).toBeGreaterThan(0);
		expect(overlaps(boxes)).toEqual([]);
		expect(
			boxes.filter((box) => box.left < 0 || box.top < 0 || box.right > width || box.bottom > height),
		).toEqual([]);
	});
});
