import type {VariantFigures} from '../../domain/figures-schema.ts';
import type {Goal} from '../../domain/run-config.ts';
import {percentileBounds} from '../../metrics/statistics/intervals.ts';
import {intervalBar} from '../../text/bars.ts';
import {formatDurationMs, formatNumber, formatPercent, formatTokens, formatUsd} from '../../text/numbers.ts';
import {type Line, segment} from '../../text/segment.ts';
import {cleanText, displayWidth, fitText} from '../../text/width.ts';
import {oncePerState, shownSnapshot} from '../../view/selectors.ts';
import type {State} from '../../view/state.ts';
import {isBesideOthers, listedRows, selectedRow, type VariantRow} from '../../view/variant-rows.ts';
import {type FrameTitle, firstShown} from '../frame.ts';

/** Bars by variant with 95% intervals: the goal of the run first, further figures as far as there is room. */

type Measured = {readonly value: number | null; readonly low: number | null; readonly high: number | null};

type Figure = {
	readonly title: string;
	readonly goal: Goal | undefined;
	readonly isMoreBetter: boolean;
	readonly of: (figures: VariantFigures) => Measured;
	readonly format: (value: number | null) => string;
};

const figures: readonly Figure[] = [
	{
		title: 'Useful items per minute',
		goal: 'throughput',
		isMoreBetter: true,
		of: ({sustainable: {usefulPerMinute, low, high}}) => ({value: usefulPerMinute, low, high}),
		format: formatNumber,
	},
	{title: 'Total time p50', goal: 'latency', isMoreBetter: false, of: medianOf, format: formatDurationMs},
	{
		title: 'Quota tokens per request',
		goal: 'efficiency',
		isMoreBetter: false,
		of: ({perRequest: {quotaTokens}}) => ({...quotaTokens, value: quotaTokens.mean}),
		format: formatTokens,
	},
	{
		title: 'Cost per 1,000 requests',
		goal: 'cost',
		isMoreBetter: false,
		of: ({perRequest: {costUsd}}) => ({
			value: timesThousand(costUsd.mean),
			low: timesThousand(costUsd.low),
			high: timesThousand(costUsd.high),
		}),
		format: formatUsd,
	},
	{
		title: 'Passed checks',
		goal: undefined,
		isMoreBetter: true,
		of: ({quality: {score, low, high}}) => ({value: score, low, high}),
		format: formatPercent,
	},
];

function timesThousand(value: number | null): number | null {
	return value === null ? null : value * 1000;
}

function medianOf({latencyMs: {total}}: VariantFigures): Measured {
	const bounds = total.p50 === null ? undefined : percentileBounds(total.histogram, 0.5);
	return {value: total.p50, low: bounds?.low ?? null, high: bounds?.high ?? null};
}

type Bar = Measured & {readonly row: VariantRow};
type Section = {readonly figure: Figure; readonly bars: readonly Bar[]};

/** The figures that some variant has, that of the goal first; computed once for all panels of a frame. */
const sections = oncePerState((state): readonly Section[] => {
	const rows = listedRows(state).filter((row) => row.figures !== undefined);
	return figures
		.toSorted(
			(one, other) => Number(other.goal === state.config.goal) - Number(one.goal === state.config.goal),
		)
		.map((figure) => ({
			figure,
			bars: rows.map((row) => ({
				row,
				...(row.figures === undefined ? {value: null, low: null, high: null} : figure.of(row.figures)),
			})),
		}))
		.filter(({bars}) => bars.some(({value}) => value !== null));
});

/** Title of the bars: the first figure, and how to read it. */
export function barsTitle(state: State): FrameTitle {
	const [first] = sections(state);
	return {
		title: [
			segment(first?.figure.title ?? 'Variants', 'title'),
			segment(first === undefined ? '' : wholeQuotaWords(first.figure, state)),
		],
		note: first === undefined ? [] : [segment(`├─┤ 95% · ${betterWords(first.figure)}`, 'muted')],
	};
}

/** Rates are those of the whole quota, also beside others: they come and go, and the verdict compares by the whole. */
function wholeQuotaWords({goal}: Figure, state: State): string {
	return goal === 'throughput' && isBesideOthers(state) ? ' · whole quota' : '';
}

function betterWords({isMoreBetter}: Figure): string {
	return isMoreBetter ? 'more is better' : 'less is better';
}

/** Bars in at most `height` lines of at most `width` cells. */
export function barLines(state: State, width: number, height: number): readonly Line[] {
	const [first, ...others] = sections(state);
	if (first === undefined) {
		return [[segment('no answer yet', 'muted')]];
	}
	const at = first.bars.findIndex(({row}) => row === selectedRow(state));
	const from = firstShown(Math.max(0, at), height, first.bars.length);
	const lines = [...sectionLines(first, state, width).slice(from, from + height)];
	const isSpaced = height >= (first.bars.length + 2) * (others.length + 1) - 2;
	for (const section of others) {
		const title: Line = [
			segment(section.figure.title, 'title'),
			segment(wholeQuotaWords(section.figure, state)),
			...(width < minWidthOfWords ? [] : [segment(`  ${betterWords(section.figure)}`, 'muted')]),
		];
		const more = [...(isSpaced ? [[]] : []), title, ...sectionLines(section, state, width)];
		if (lines.length + more.length > height) {
			break;
		}
		lines.push(...more);
	}
	return lines;
}

const maxLabelWidth = 36;
/** From this width on the ends of an interval are written out, and which end of a figure is better. */
const minWidthOfWords = 56;
/** A longer interval leaves the scale: it would flatten every bar. */
const farAway = 2;

function sectionLines({figure, bars}: Section, state: State, width: number): readonly Line[] {
	const labels = bars.map(({row}) => labelOf(row, state));
	const labelWidth = Math.min(
		maxLabelWidth,
		Math.floor(width * 0.35),
		Math.max(...labels.map((label) => displayWidth(label))),
	);
	const values = bars.map(({value}) => figure.format(value));
	const valueWidth = Math.max(...values.map((value) => displayWidth(value)));
	const words = bars.map((bar) => (width < minWidthOfWords ? '' : intervalWords(bar, figure)));
	const wordsWidth = Math.max(...words.map((each) => displayWidth(each)));
	const room = width - labelWidth - valueWidth - wordsWidth - (wordsWidth > 0 ? 2 : 0) - 4;
	const greatest = Math.max(...bars.map(({value}) => value ?? 0));
	const maximum = Math.min(farAway * greatest, Math.max(greatest, ...bars.map(({high}) => high ?? 0)));
	return bars.map((bar, index) => {
		const {isBest, isOn} = bar.row;
		return [
			segment(isBest ? '★ ' : '  ', 'good'),
			segment(fitText(labels[index] ?? '', labelWidth, 'left', 'middle'), isOn ? 'plain' : 'muted'),
			segment(' '),
			...intervalBar(bar, maximum, room, isBest ? 'good' : 'accent'),
			segment(` ${(values[index] ?? '').padStart(valueWidth)}`, 'strong'),
			...(wordsWidth > 0 ? [segment(`  ${words[index] ?? ''}`, 'muted')] : []),
		];
	});
}

function intervalWords({value, low, high}: Bar, {format}: Figure): string {
	if (value === null) {
		return '';
	}
	return low === null || high === null ? 'no interval yet' : `${format(low)} to ${format(high)}`;
}

/** The variant, with what else tells its row from others: the lane, the model. */
function labelOf({name, variant, targetIndex, figures: own}: VariantRow, state: State): string {
	const snapshot = shownSnapshot(state);
	const inLanes = snapshot?.variants.filter((each) => each.name === variant && each.target === targetIndex);
	const model =
		(snapshot?.targets.length ?? 0) > 1 ? cleanText(snapshot?.targets[targetIndex]?.model ?? '') : '';
	return [name, (inLanes?.length ?? 0) > 1 ? (own?.lane ?? '') : '', model]
		.filter((part) => part !== '')
		.join(' · ');
}
