import * as vega from 'vega';
import {compile} from 'vega-lite';
import {type Chart, patternDefinitions, textWidth} from './specs/chart.ts';

/** Vega exports this table for hosts that know their fonts, but its types leave it out. */
type TextMetrics = {width: (item: TextItem, text: unknown) => number};
type TextItem = {readonly fontSize?: number; readonly fontWeight?: string | number};

const {textMetrics} = vega as unknown as {readonly textMetrics: TextMetrics};
textMetrics.width = ({fontSize = 11, fontWeight}, text) =>
	textWidth(String(text ?? ''), fontSize, fontWeight === 'bold' || Number(fontWeight) >= 600);

/**
 * Draws a chart as a self-contained SVG: text as text, no script, no external reference, with a title and a description
 * for screen readers. Takes about 50 ms of CPU, so only the reports worker calls it.
 */
export async function drawChart(chart: Chart): Promise<string> {
	// Vega writes into the data that it draws; a spec stays as it was.
	const compiled = compile(structuredClone(chart.spec), {logger: quiet}).spec;
	const view = new vega.View(vega.parse(compiled), {renderer: 'none', logger: quiet, logLevel: vega.Error});
	try {
		return describeSvg(compactSvg(await view.toSVG()), chart);
	} finally {
		view.finalize();
	}
}

/** Vega-lite warns about specs; here a test checks them. */
const quiet = {
	level() {
		return this;
	},
	error() {
		return this;
	},
	warn() {
		return this;
	},
	info() {
		return this;
	},
	debug() {
		return this;
	},
} as unknown as vega.LoggerInterface;

/** Coordinates to a hundredth of a pixel and no hooks for styles and scripts: half the size, the same picture. */
function compactSvg(svg: string): string {
	return svg.replaceAll(/<[^>]+>/g, (tag) =>
		tag
			.replaceAll(/ (?:class|role|aria-[a-z]+|pointer-events)="[^"]*"/g, '')
			.replaceAll(/-?\d+\.\d{3,}(?:e-?\d+)?/g, (number) => String(Number(Number(number).toFixed(2)))),
	);
}

function describeSvg(svg: string, {name, title, description}: Chart): string {
	const end = svg.indexOf('>') + 1;
	const titleId = `bedrock-top-${name}-title`;
	const descriptionId = `bedrock-top-${name}-description`;
	const head = svg.slice(0, end - 1).replace(' xmlns:xlink="http://www.w3.org/1999/xlink"', '');
	return (
		`${head} role="img" aria-labelledby="${titleId} ${descriptionId}">` +
		`<title id="${titleId}">${escapeXml(title)}</title>` +
		`<desc id="${descriptionId}">${escapeXml(description)}</desc>` +
		patternDefinitions(svg) +
		svg.slice(end)
	);
}

const escapeXml = (text: string): string =>
	text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
