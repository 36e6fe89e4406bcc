import type {Distribution, Mean, TurnFigures, VariantFigures} from '../../domain/figures-schema.ts';
import {dayBoundOf} from '../../metrics/decisions/sustainable.ts';
import {minSamples} from '../../metrics/statistics/intervals.ts';
import {cachingEntries, compressionText} from '../../reports/words.ts';
import {histogramLines} from '../../text/bars.ts';
import {
	formatCount,
	formatDurationMs,
	formatNumber,
	formatPercent,
	formatTokens,
	formatUsd,
	formatUsdWithin,
	unknownMark,
} from '../../text/numbers.ts';
import {hangingLines, type Line, segment} from '../../text/segment.ts';
import {cleanText} from '../../text/width.ts';
import type {State} from '../../view/state.ts';
import {selectedRow, throttledTotal} from '../../view/variant-rows.ts';
import type {FrameTitle} from '../frame.ts';

/** A figure of a variant in words. */
type DetailEntry = {readonly label: string; readonly text: string};

/** All figures of a variant in words, without those that are not known or did not happen. */
export function detailEntries(figures: VariantFigures): readonly DetailEntry[] {
	const {perRequest, latencyMs, costUsdWithin} = figures;
	const entries: ReadonlyArray<readonly [string, string | undefined]> = [
		['requests', requestWords(figures)],
		['failed', failedWords(figures)],
		['tokens/request', tokenWords(figures)],
		['cost/request', formatUsd(perRequest.costUsd.mean)],
		['cost', costUsdWithin === undefined ? undefined : formatUsdWithin(null, costUsdWithin)],
		['first token', distributionWords(latencyMs.timeToFirstToken)],
		['total', distributionWords(latencyMs.total)],
		['sustainable', sustainableWords(figures)],
		['quality', qualityWords(figures)],
		...cachingEntries(figures).map(({label, text}) => [label, text] as const),
		['compressed', compressionText(figures)],
		['max tokens', maxTokensWords(figures)],
		['stop reasons', countWords(figures.stopReasons) ?? unknownMark],
	];
	return [
		...entries.flatMap(([label, text]) => (text === undefined ? [] : [{label, text}])),
		...(figures.turns ?? []).map((turn) => ({label: `turn ${turn.turn}`, text: turnWords(turn)})),
	];
}

function turnWords({
	requests,
	inputTokens,
	outputTokens,
	quotaTokens,
	timeToFirstToken,
}: TurnFigures): string {
	const firstToken =
		timeToFirstToken.count === 0
			? []
			: [
					`first token p50 ${formatDurationMs(timeToFirstToken.p50)}, p90 ${formatDurationMs(timeToFirstToken.p90)}`,
				];
	return [
		`${formatCount(requests)} answers`,
		`${meanWords(inputTokens)} in`,
		`${meanWords(outputTokens)} out`,
		`${meanWords(quotaTokens)} quota`,
		...firstToken,
	].join(', ');
}

function requestWords({requests, items}: VariantFigures): string {
	return [
		`${formatCount(requests.sent)} sent`,
		`${formatCount(items.useful)} of ${formatCount(items.sent)} items useful`,
		`${formatCount(requests.truncated)} truncated`,
		`${formatCount(requests.refused)} refused`,
		`${formatCount(throttledTotal(requests.throttled))} throttled`,
	].join(', ');
}

function failedWords({requests}: VariantFigures): string | undefined {
	return countWords(requests.failed);
}

function countWords(counts: Readonly<Record<string, number>>): string | undefined {
	const words = Object.entries(counts)
		.filter(([, count]) => count > 0)
		.map(([name, count]) => `${formatCount(count)}x ${cleanText(name)}`);
	return words.length === 0 ? undefined : words.join(', ');
}

function tokenWords({perRequest, tokens}: VariantFigures): string {
	return [
		`${meanWords(perRequest.inputTokens)} in`,
		`${meanWords(perRequest.outputTokens)} out`,
		`${meanWords(perRequest.quotaTokens)} quota`,
		`${formatTokens(perRequest.reservedTokens.mean)} reserved${tokens.estimated ? ' (estimated)' : ''}`,
	].join(', ');
}

function sustainableWords({sustainable}: VariantFigures): string {
	const {usefulPerMinute, low, high, limitedBy, afterOthers} = sustainable;
	const day = dayBoundOf(sustainable);
	if (usefulPerMinute === null) {
		return 'not known';
	}
	const interval = low === null || high === null ? '' : ` (${formatNumber(low)} to ${formatNumber(high)})`;
	const beside =
		afterOthers === undefined
			? ''
			: `${formatNumber(afterOthers.usefulPerMinute)} beside others, who use ${formatPercent(afterOthers.othersShare)}; whole quota: `;
	return `${beside}${formatNumber(usefulPerMinute)} useful items per minute${interval}, limited by ${limitedBy}${day === undefined ? '' : `; ${formatNumber(day)} per day`}`;
}

function qualityWords({quality}: VariantFigures): string | undefined {
	const {score, checked, low, high, gate = 'none'} = quality;
	if (score === null) {
		return undefined;
	}
	const interval =
		low === null || high === null ? '' : ` (95%: ${formatPercent(low)} to ${formatPercent(high)})`;
	const state = gate === 'none' ? '' : `; minimum quality ${gate}`;
	return `${formatPercent(score)} of ${formatCount(checked)} checked items passed${interval}${state}`;
}

function maxTokensWords({maxTokensAdvice}: VariantFigures): string | undefined {
	const {value, truncationRisk} = maxTokensAdvice;
	if (value === null) {
		return undefined;
	}
	const risk =
		truncationRisk === null ? '' : `; ${formatPercent(truncationRisk)} of the answers would be cut`;
	return `${formatCount(value)} is enough${risk}`;
}

function meanWords({mean, low, high}: Mean): string {
	const spread = low === null || high === null ? '' : ` ±${formatTokens((high - low) / 2)}`;
	return `${formatTokens(mean)}${spread}`;
}

/** A distribution in words; undefined where nothing was measured, as the first token of a method without a stream. */
function distributionWords({count, p50, p90, p99, max}: Distribution): string | undefined {
	if (count === 0) {
		return undefined;
	}
	const values = [
		['p50', p50],
		['p90', p90],
		['p99', p99],
		['max', max],
	] as const;
	const shown = values.map(([name, value]) =>
		value === null && name !== 'max'
			? `${name} ${unknownMark} (${formatCount(count)} of ${formatCount(minSamples[name])} answers)`
			: `${name} ${formatDurationMs(value)}`,
	);
	const isComplete = values.every(([, value]) => value !== null);
	return [...shown, ...(isComplete ? [`${formatCount(count)} answers`] : [])].join(', ');
}

const labelWidth = 16;
const histogramRows = 8;

/** @param position Which lines of the detail are on screen, where not all fit. */
export function detailTitle(state: State, position?: string): FrameTitle {
	const row = selectedRow(state);
	const words = state.isDetailOpen ? ['← → variants', 'Enter items', 'Esc closes'] : ['Enter enlarges'];
	return {
		title: [segment(row?.name ?? 'no variant', 'title')],
		note: [segment(words.join(' · '), 'muted')],
		position,
	};
}

/** Figures, latency histogram, and a request with its answer, in lines of at most `width` cells. */
export function detailLines(state: State, width: number): readonly Line[] {
	const row = selectedRow(state);
	if (row === undefined) {
		return [];
	}
	const {figures} = row;
	if (figures === undefined) {
		return [[segment(row.isOn ? 'not measured yet' : 'off · Space includes it', 'muted')]];
	}
	return [
		...detailEntries(figures).flatMap(({label, text}) => entry(label, text, width)),
		...histogramOf(figures.latencyMs.total, width),
		...exampleLines(figures, width),
	];
}

/** A prompt with the answer to it: of the first request with a failed item, where there is one. */
function exampleLines({example, prompt, sample}: VariantFigures, width: number): readonly Line[] {
	if (example === undefined) {
		return [
			...textEntry('system', prompt.system, width),
			...textEntry('user', prompt.user, width),
			...textEntry('answer', sample, width),
		];
	}
	const {system, user, answer, failed} = example;
	const why = failed === null ? '' : failed.why.replace(/^expected: /, '');
	return [
		...(failed === null
			? []
			: hangingLines(
					segment('failed'.padEnd(labelWidth), 'muted'),
					cleanText(`${failed.check}${why === '' ? '' : ` ${why}`}`),
					width,
					'bad',
				)),
		...textEntry('answer', answer, width),
		...textEntry('user', user, width),
		...textEntry('system', system, width),
	];
}

function entry(label: string, text: string, width: number): readonly Line[] {
	return hangingLines(segment(label.padEnd(labelWidth), 'muted'), text, width);
}

function textEntry(label: string, text: string | null, width: number): readonly Line[] {
	return text === null || text === '' ? [] : entry(label, cleanText(text), width);
}

function histogramOf({histogram, p50, p90}: Distribution, width: number): readonly Line[] {
	const marks = [
		{label: 'p50', value: p50},
		{label: 'p90', value: p90},
	];
	return histogramLines(histogram, Math.max(0, width - labelWidth), histogramRows, marks).map(
		(line, index) => [segment((index === 0 ? 'total times' : '').padEnd(labelWidth), 'muted'), ...line],
	);
}
