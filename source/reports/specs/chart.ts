import type {TopLevelSpec} from 'vega-lite';
import {formatNumber} from '../../text/numbers.ts';
import {cleanText, truncateMiddle} from '../../text/width.ts';
import type {Results, TargetResults} from '../results-schema.ts';
import {formatLimit, formatTarget} from '../words.ts';

/** A chart before it is drawn: plain data. */
export type Chart = {
	/** Becomes the file's name and the identifiers in it. */
	readonly name: string;
	/** For screen readers: what is shown, and the numbers themselves. */
	readonly title: string;
	readonly description: string;
	readonly spec: TopLevelSpec;
};

/** One plot of several that stand beside or below each other. */
export type Panel = Extract<TopLevelSpec, {hconcat: unknown}>['hconcat'][number];

/** The part of some results that is about one target: what one chart is made from. */
export type ChartInput = {readonly results: Results; readonly target: TargetResults};

/** Results cut to one target, for the charts of one model. */
export function chartInput(results: Results, index: number): ChartInput | undefined {
	const target = results.targets[index];
	return (
		target && {
			target,
			results: {
				...results,
				variants: results.variants.filter((variant) => variant.target === index),
				best: results.best.filter((best) => best.target === index),
				timeline: {
					...results.timeline,
					points: results.timeline.points.filter((point) => point.target === index),
					...latenciesOf(results, index),
				},
			},
		}
	);
}

/** Latencies over time of the variants on a target, in their order. */
function latenciesOf(
	{variants, timeline: {latencyMs}}: Results,
	index: number,
): Pick<Results['timeline'], 'latencyMs'> {
	return latencyMs === undefined
		? {}
		: {
				latencyMs: {
					...latencyMs,
					cells: latencyMs.cells.filter((_, cell) => variants[cell]?.target === index),
				},
			};
}

/** Title with the mark that nothing here came from AWS. */
export function titleOf(results: Results, title: string): string {
	return results.simulated ? `${title} (SIMULATED)` : title;
}

/** Two or three short lines below the title: target, limits, and whether counts are estimated. */
export function subtitleOf({results, target}: ChartInput): string[] {
	const sent = results.variants.reduce((sum, variant) => sum + variant.requests.sent, 0);
	const limits = [
		`quota per minute: ${formatLimit(target.quota.requestsPerMinute)} requests, ${formatLimit(target.quota.tokensPerMinute)} tokens`,
		`${formatNumber(sent)} requests sent, ${results.startedAt.slice(0, 16).replace('T', ' ')} UTC`,
	];
	const isEstimated = results.variants.some((variant) => variant.tokens.estimated);
	return [
		truncateMiddle(formatTarget(target), 300),
		limits.join(' · '),
		...(isEstimated ? ['~ token counts are estimated: the service reported none'] : []),
	];
}

/** Pixels that a line below the title takes at most: about what the widest charts take. */
const subtitleWidth = 640;

/** Look of every chart; a spec is `{...frame(...), hconcat: [...]}`. */
export function frame(title: string, subtitle: readonly string[]) {
	return {
		$schema: 'https://vega.github.io/schema/vega-lite/v6.json',
		background: ground,
		padding: 16,
		title: {text: title, subtitle: subtitle.flatMap((line) => wrapped(line, subtitleWidth, 12))},
		config: {
			aria: false,
			font: fontFamily,
			title: {
				anchor: 'start',
				frame: 'bounds',
				offset: 14,
				fontSize: 17,
				fontWeight: 'bold',
				color: ink,
				subtitleColor: quietInk,
				subtitleFontSize: 12,
				subtitleLineHeight: 16,
				subtitlePadding: 5,
			},
			view: {stroke: null},
			axis: {
				labelColor: ink,
				titleColor: quietInk,
				labelFontSize: 11,
				titleFontSize: 11,
				titleFontWeight: 'normal',
				domain: false,
				ticks: false,
				gridColor: gridLine,
				labelPadding: 5,
				// Ticks are few enough; looking for overlaps costs a tenth of the drawing.
				labelOverlap: false,
				// Names are shortened before they get here, and then never cut.
				labelLimit: 0,
				titleLimit: 0,
			},
			legend: {
				labelColor: ink,
				labelFontSize: 12,
				labelLimit: 0,
				titleColor: quietInk,
				orient: 'top',
				direction: 'horizontal',
				title: null,
				offset: 10,
			},
			text: {color: ink, fontSize: 11},
			// The data has no gaps to filter out: an unknown value has no row, or length 0.
			mark: {invalid: null},
		},
	} as const satisfies Partial<TopLevelSpec>;
}

/** A chart that says why there is nothing to draw. */
export function emptySpec(title: string, subtitle: readonly string[], reason: string): TopLevelSpec {
	return {
		...frame(title, subtitle),
		width: 640,
		height: 60,
		data: {values: [{reason}]},
		mark: {type: 'text', align: 'left', x: 0, fontSize: 13, color: quietInk},
		encoding: {text: {field: 'reason', type: 'nominal'}},
	};
}

/**
 * Okabe-Ito colours: distinct with every common colour blindness. Each is paired with a pattern, a shape or words, so
 * that none is needed to read a chart. Text is dark on an opaque white ground, which reads in light and dark pages alike.
 */
export const colours = {
	skyBlue: '#56B4E9',
	orange: '#E69F00',
	green: '#009E73',
	blue: '#0072B2',
	vermillion: '#D55E00',
	purple: '#CC79A7',
} as const;

export const ground = '#ffffff';
export const ink = '#1f2328';
const quietInk = '#57606a';
export const gridLine = '#e4e7eb';

/** Whatever of them a reader has: `textWidth` leaves room for the widest. */
const fontFamily = "Helvetica, Arial, 'Liberation Sans', sans-serif";

/** A fill with distinct lines as well as a distinct colour. */
type Pattern = {readonly id: string; readonly colour: string; readonly path: string};

/** The parts of a stacked bar in their order, each with its own fill. */
export const patterns = {
	input: {id: 'bt-plain', colour: colours.skyBlue, path: ''},
	cacheWrite: {id: 'bt-dots', colour: colours.purple, path: 'M1 1h2v2h-2zM5 5h2v2h-2z'},
	cacheRead: {id: 'bt-lines', colour: colours.green, path: 'M0 2h8v1h-8zM0 6h8v1h-8z'},
	output: {id: 'bt-slashes', colour: colours.orange, path: 'M-2 2l4 -4M0 8l8 -8M6 10l4 -4'},
} as const satisfies Record<string, Pattern>;

/** What a mark's `fill` is set to for a pattern. */
export function fillOf(pattern: Pattern): string {
	return pattern.path === '' ? pattern.colour : `url(#${pattern.id})`;
}

/** SVG definitions of the patterns that a drawing refers to; empty when it refers to none. */
export function patternDefinitions(svg: string): string {
	const used = Object.values(patterns).filter((pattern) => svg.includes(`url(#${pattern.id})`));
	return used.length === 0 ? '' : `<defs>${used.map(definition).join('')}</defs>`;
}

const definition = ({id, colour, path}: Pattern): string =>
	`<pattern id="${id}" width="8" height="8" patternUnits="userSpaceOnUse">` +
	`<rect width="8" height="8" fill="${colour}"/>` +
	`<path d="${path}" fill="#ffffff" stroke="#ffffff" stroke-width="1" opacity="0.55"/></pattern>`;

/** Text widths, labels, axes and titles that the charts share. */

/**
 * Advance widths of U+0020 to U+007E in thousandths of an em: the wider of Helvetica (as Arial and Liberation Sans) and DejaVu
 * Sans (close to Verdana) for each character. A reader's font is not known, and what is laid out for these is cut in neither.
 */
const widths = {
	regular: [
		318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636, 636, 636,
		636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 556, 1015, 684, 686, 722, 770, 667, 611, 778, 752, 295,
		500, 667, 557, 863, 748, 787, 667, 787, 722, 667, 611, 732, 684, 989, 685, 667, 685, 390, 337, 390, 838,
		556, 500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612, 635, 635, 411, 521,
		392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
	],
	bold: [
		348, 456, 521, 838, 696, 1002, 872, 306, 457, 457, 523, 838, 380, 415, 380, 365, 696, 696, 696, 696, 696,
		696, 696, 696, 696, 696, 400, 400, 838, 838, 838, 595, 1086, 774, 762, 773, 830, 714, 683, 832, 837, 372,
		535, 775, 637, 995, 837, 850, 733, 850, 773, 720, 682, 812, 774, 1103, 771, 724, 725, 457, 365, 457, 838,
		595, 500, 675, 716, 593, 716, 678, 435, 716, 712, 343, 343, 665, 343, 1042, 712, 687, 716, 716, 493, 595,
		478, 712, 652, 924, 645, 652, 582, 712, 365, 712, 838,
	],
} as const;

/** Verdana and others are a little wider in some characters. */
const allowance = 1.03;
const wideCharacter =
	/[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\p{Emoji_Presentation}]/u;
const combining = /\p{Mark}/u;

/**
 * Width that a text may take in the common sans-serif fonts: without a canvas Vega guesses 0.8 em for every character.
 * @param text One line.
 * @param fontSize In pixels.
 * @returns Width in pixels.
 */
export function textWidth(text: string, fontSize: number, isBold: boolean): number {
	const table: readonly number[] = isBold ? widths.bold : widths.regular;
	let thousandths = 0;
	for (const character of text) {
		thousandths += table[character.charCodeAt(0) - 0x20] ?? otherWidth(character);
	}
	return (thousandths / 1000) * fontSize * allowance;
}

/** Signs that the charts use are up to an em wide. */
const wideSigns = /[…—▼★≤≥–]/u;

function otherWidth(character: string): number {
	if (combining.test(character)) {
		return 0;
	}
	return wideCharacter.test(character) || wideSigns.test(character) ? 1000 : 740;
}

/** Breaks a line at its middle dots into lines that fit a width; a part that is wider itself is broken anywhere. */
export function wrapped(line: string, width: number, fontSize: number): readonly string[] {
	const fits = (text: string): boolean => textWidth(text, fontSize, false) <= width;
	const lines: string[] = [];
	for (const part of line.split(' · ').flatMap((each) => pieces(each, fits))) {
		const joined = `${lines.at(-1) ?? ''} · ${part}`;
		if (lines.length > 0 && fits(joined)) {
			lines[lines.length - 1] = joined;
		} else {
			lines.push(part);
		}
	}
	return lines;
}

/** A text in pieces that fit: at blanks, else anywhere. */
function pieces(text: string, fits: (text: string) => boolean): readonly string[] {
	if (fits(text)) {
		return [text];
	}
	const characters = [...text];
	let end = characters.length;
	while (end > 1 && !fits(characters.slice(0, end).join(''))) {
		end--;
	}
	const start = characters.slice(0, end).join('');
	const blank = start.lastIndexOf(' ');
	const at = blank > 0 ? blank : start.length;
	return [text.slice(0, at), ...pieces(text.slice(at).trimStart(), fits)];
}

/** Longest name beside a chart, in characters of one cell. */
const nameLength = 30;

/**
 * Names of the variants as a chart shows them: short, unlike each other, with the lane where lanes are used and `~`
 * where the token counts are estimated. One for each variant, in their order.
 */
export function variantLabels(results: Pick<Results, 'variants'>): readonly string[] {
	const hasLanes = results.variants.some((variant) => variant.lane !== 'normal');
	return uniqueLabels(
		results.variants.map(({name, lane, tokens}) => {
			const short = truncateMiddle(cleanText(name).trim() || '(no name)', nameLength);
			return `${tokens.estimated ? '~ ' : ''}${short}${hasLanes ? ` (${lane})` : ''}`;
		}),
	);
}

/** The same labels, with a number after repeated ones. */
export function uniqueLabels(labels: readonly string[]): readonly string[] {
	const taken = new Set<string>();
	return labels.map((wanted) => {
		let label = wanted;
		for (let number = 2; taken.has(label); number += 1) {
			label = `${wanted} #${number}`;
		}
		taken.add(label);
		return label;
	});
}

/** An axis label that stays short: 800, 12k, 1.5M. */
const axisLabel = "datum.value >= 10000 ? format(datum.value, '~s') : format(datum.value, ',~g')";

/** Height of a variant's row in pixels. */
export const rowStep = 26;

/** A length from zero to `end`, along x or y. */
export function valueChannel(
	end: number,
	options: {tickCount?: number; labelExpr?: string; grid?: boolean} = {},
) {
	return {
		type: 'quantitative' as const,
		scale: {domain: [0, end], nice: false},
		axis: {
			title: null,
			labelExpr: options.labelExpr ?? axisLabel,
			tickCount: options.tickCount ?? 4,
			grid: options.grid ?? false,
		},
	};
}

/**
 * One row for each variant, in the order of the results.
 *
 * @param labels Every row, so that one without a mark keeps its place.
 * @param hasNames Names stand beside the first of several panels only.
 */
export function rowChannel(labels: readonly string[], hasNames: boolean) {
	return {
		field: 'label',
		type: 'nominal' as const,
		sort: null,
		scale: {domain: [...labels], paddingInner: 0.35, paddingOuter: 0.2},
		axis: hasNames ? {title: null, labelFontSize: 12} : null,
	};
}

/**
 * Title of one panel, with quiet lines that explain it.
 * @param width Of the panel, in pixels.
 */
export function panelTitle(text: string, width: number, subtitle?: string) {
	return {
		text,
		...(subtitle === undefined ? {} : {subtitle: [...wrapped(subtitle, width, 11)]}),
		fontSize: 13,
		subtitleFontSize: 11,
		anchor: 'start' as const,
		frame: 'group' as const,
		offset: 8,
	};
}

/** A quota as a dashed line across a panel, drawn once; its value is the caller's `datum` along x or y. */
export const limitLine = {
	data: {values: [{}]},
	mark: {type: 'rule' as const, color: colours.vermillion, strokeWidth: 2, strokeDash: [6, 4]},
};
