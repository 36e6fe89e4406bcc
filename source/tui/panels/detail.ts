import type {Distribution, Mean, VariantFigures} from '../../metrics/snapshot.ts';
import {throttledTotal} from '../../state/sort.ts';
import type {State} from '../../state/state.ts';
import {selectedRow} from '../../state/variant-rows.ts';
import {histogramLines} from '../../text/histogram.ts';
import {
	formatCount,
	formatDurationMs,
	formatNumber,
	formatPercent,
	formatTokens,
	formatUsd,
	unknownMark,
} from '../../text/numbers.ts';
import {type Line, segment} from '../../text/segment.ts';
import {cleanText, wrapText} from '../../text/width.ts';
import type {FrameTitle} from '../frame.ts';

/** All that is known of the selected variant. */

const labelWidth = 16;

export function detailTitle(state: State): FrameTitle {
	const row = selectedRow(state);
	return {
		title: [segment(row?.name ?? 'no variant', 'title')],
		note: [segment(state.isDetailOpen ? 'Esc closes' : 'Enter enlarges', 'muted')],
	};
}

/** Figures, latency histogram, prompts as sent and a sample answer, in lines of at most `width` cells. */
export function detailLines(state: State, width: number): readonly Line[] {
	const row = selectedRow(state);
	if (row === undefined) {
		return [];
	}
	const {figures} = row;
	if (figures === undefined) {
		return [[segment(row.isOn ? 'not measured yet' : 'switched off: Space takes it into the run', 'muted')]];
	}
	return [
		...figureLines(figures),
		...histogramOf('total', figures.latencyMs.total, width),
		...textLines('system', figures.prompt.system, width),
		...textLines('user', figures.prompt.user, width),
		...textLines('answer', figures.sample, width),
	];
}

function figureLines(figures: VariantFigures): readonly Line[] {
	const {requests, items, tokens, perRequest, latencyMs, sustainable, quality, maxTokensAdvice} = figures;
	const failed = Object.entries(requests.failed).filter(([, count]) => count > 0);
	return [
		entry(
			'requests',
			`${formatCount(requests.sent)} sent, ${formatCount(items.useful)} of ${formatCount(items.sent)} items useful, ${formatCount(requests.truncated)} truncated, ${formatCount(requests.refused)} refused, ${formatCount(throttledTotal(requests.throttled))} throttled`,
		),
		...(failed.length === 0
			? []
			: [entry('failed', failed.map(([name, count]) => `${formatCount(count)}x ${name}`).join(', '))]),
		entry(
			'tokens/request',
			`${meanWords(perRequest.inputTokens)} in, ${meanWords(perRequest.outputTokens)} out, ${meanWords(perRequest.quotaTokens)} quota, ${formatTokens(perRequest.reservedTokens.mean)} reserved${tokens.estimated ? ' (estimated)' : ''}`,
		),
		entry('cost/request', formatUsd(perRequest.costUsd.mean)),
		entry('first token', distributionWords(latencyMs.timeToFirstToken)),
		entry('total', distributionWords(latencyMs.total)),
		entry(
			'sustainable',
			sustainable.usefulPerMinute === null
				? 'not known'
				: `${formatNumber(sustainable.usefulPerMinute)} useful items a minute (${formatNumber(sustainable.low)} to ${formatNumber(sustainable.high)}), limited by ${sustainable.limitedBy}`,
		),
		...(quality.score === null
			? []
			: [
					entry(
						'quality',
						`${formatPercent(quality.score)} of ${formatCount(quality.checked)} checked items passed`,
					),
				]),
		...(maxTokensAdvice.value === null
			? []
			: [
					entry(
						'max tokens',
						`${formatCount(maxTokensAdvice.value)} would do; ${formatPercent(maxTokensAdvice.truncationRisk)} of the answers would be cut`,
					),
				]),
		entry('stop reasons', stopWords(figures)),
	];
}

function stopWords({stopReasons}: VariantFigures): string {
	const words = Object.entries(stopReasons)
		.filter(([, count]) => count > 0)
		.map(([reason, count]) => `${formatCount(count)}x ${cleanText(reason)}`);
	return words.length === 0 ? unknownMark : words.join(', ');
}

function meanWords({mean, low, high}: Mean): string {
	const spread = low === null || high === null ? '' : ` ±${formatTokens((high - low) / 2)}`;
	return `${formatTokens(mean)}${spread}`;
}

function distributionWords({count, p50, p90, p99, max}: Distribution): string {
	return [
		`p50 ${formatDurationMs(p50)}`,
		`p90 ${formatDurationMs(p90)}`,
		`p99 ${formatDurationMs(p99)}`,
		`max ${formatDurationMs(max)}`,
		`${formatCount(count)} answers`,
	].join('  ');
}

function histogramOf(label: string, {histogram}: Distribution, width: number): readonly Line[] {
	return histogramLines(histogram, Math.max(0, width - labelWidth), 8).map((line, index) => [
		segment((index === 0 ? `${label} times` : '').padEnd(labelWidth), 'muted'),
		...line,
	]);
}

function textLines(label: string, text: string | null, width: number): readonly Line[] {
	if (text === null || text === '') {
		return [];
	}
	return wrapText(cleanText(text), Math.max(1, width - labelWidth)).map((line, index) => [
		segment((index === 0 ? label : '').padEnd(labelWidth), 'muted'),
		segment(line),
	]);
}

function entry(label: string, text: string): Line {
	return [segment(label.padEnd(labelWidth), 'muted'), segment(text)];
}
