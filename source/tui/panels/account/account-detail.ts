import type {AccountBucket} from '../../../domain/account-snapshot.ts';
import {type Limit, limitKinds} from '../../../domain/target.ts';
import {hangingLines} from '../../../text/hanging.ts';
import {
	formatCount,
	formatDurationMs,
	formatNumber,
	formatPercent,
	formatTokens,
	formatUsd,
} from '../../../text/numbers.ts';
import {type Line, segment} from '../../../text/segment.ts';
import {cleanText} from '../../../text/width.ts';
import type {AccountRow} from '../../../view/account/account-row.ts';
import {limitCell} from '../../../view/account/account-row.ts';
import type {FrameTitle} from '../../frame.ts';
import {rowNotes} from './account-notes.ts';

const labelWidth = 14;

export function accountDetailTitle(row: AccountRow): FrameTitle {
	const {model, scope, region} = row.bucket;
	return {
		title: [segment(cleanText(model), 'title'), segment(` · ${scope} · ${cleanText(region)}`)],
		note: [segment('b benchmarks it · Esc closes', 'muted')],
	};
}

/** All that is known of a bucket, in lines of at most `width` cells. */
export function accountDetailLines(row: AccountRow, width: number): readonly Line[] {
	const {bucket, fractions} = row;
	const entries: ReadonlyArray<readonly [string, string]> = [
		['in use', inUseWords(bucket, fractions)],
		['of it', partWords(bucket)],
		['tokens', tokenWords(bucket)],
		['last hour', hourWords(bucket)],
		['day', dayWords(bucket, fractions.day)],
		...bucket.durations.map((durations): readonly [string, string] => [
			'latency',
			`${cleanText(durations.modelId)}: first token ${formatDurationMs(durations.firstTokenP50)} p50, ${formatDurationMs(durations.firstTokenP90)} p90; total ${formatDurationMs(durations.latencyP50)} p50, ${formatDurationMs(durations.latencyP90)} p90`,
		]),
		['ModelIds', bucket.modelIds.length === 0 ? 'none in use' : cleanText(bucket.modelIds.join(', '))],
		...limitKinds.map((kind): readonly [string, string] => [
			limitNames[kind],
			limitWords(bucket.quota[kind]),
		]),
		[
			'burndown',
			`an output token costs ${formatNumber(bucket.burndown.value)} quota ${bucket.burndown.value === 1 ? 'token' : 'tokens'} (${bucket.burndown.source})`,
		],
	];
	return [
		...entries.flatMap(([label, text]) =>
			hangingLines(segment(label.padEnd(labelWidth), 'muted'), text, width),
		),
		...rowNotes(row).flatMap((note) => hangingLines(segment('! ', 'warning'), note, width)),
	];
}

const limitNames = {requestsPerMinute: 'RPM', tokensPerMinute: 'TPM', tokensPerDay: 'TPD'} as const;

function inUseWords({use, quota, minute}: AccountBucket, fractions: AccountRow['fractions']): string {
	if (minute === null) {
		return 'not known';
	}
	const requests = limitCell(quota.requestsPerMinute, formatCount);
	const tokens = limitCell(quota.tokensPerMinute, formatTokens);
	return `${formatNumber(use.requests)} requests of ${requests} (${formatPercent(fractions.requests)}), ${formatTokens(use.quotaTokens)} quota tokens of ${tokens} (${formatPercent(fractions.tokens)}), minute ${new Date(minute).toISOString().slice(11, 16)} UTC`;
}

/** Who uses it: runs of this program in real time, everybody else as CloudWatch told it. */
function partWords({own, others}: AccountBucket): string {
	return `${formatNumber(own.requests)} requests and ${formatTokens(own.quotaTokens)} quota tokens are of this program (now), ${formatNumber(others.requests)} and ${formatTokens(others.quotaTokens)} of others (mean of three minutes)`;
}

function tokenWords({told}: AccountBucket): string {
	return `${formatTokens(told.inputTokens)} input, ${formatTokens(told.outputTokens)} output, ${formatTokens(told.cacheReadTokens)} cache read (free of quota), ${formatTokens(told.cacheWriteTokens)} cache write; ${formatCount(told.throttles)} throttled, ${formatCount(told.clientErrors)} client and ${formatCount(told.serverErrors)} server errors`;
}

function hourWords({peak, hourThrottles, hourErrors, costPerHourUsd, priceRegion}: AccountBucket): string {
	const prices = priceRegion === undefined ? 'list prices' : `list prices of ${priceRegion}`;
	return `peak minute ${formatCount(peak.requests)} requests, ${formatTokens(peak.quotaTokens)} quota tokens; ${formatCount(hourThrottles)} throttled, ${formatCount(hourErrors)} errors; ${formatUsd(costPerHourUsd)} at ${prices}`;
}

function dayWords({dayTokens, quota}: AccountBucket, fraction: number | null): string {
	return dayTokens === null
		? 'not limited, or not known'
		: `${formatTokens(dayTokens)} quota tokens since midnight UTC (when the service begins the day is not documented), of ${limitCell(quota.tokensPerDay, formatTokens)} (${formatPercent(fraction)})`;
}

function limitWords(limit: Limit): string {
	const {state, source, applied, default: standard, code, name} = limit;
	if (state === 'none') {
		return 'the service sets none';
	}
	const value = limitCell(limit, formatTokens);
	const facts = [
		`${value} ${source ?? ''}`.trim(),
		...(applied === null || source === 'applied' ? [] : [`applied ${formatTokens(applied)}`]),
		...(standard === null || source === 'default' ? [] : [`default ${formatTokens(standard)}`]),
		...(code === null ? [] : [code]),
		...(name === null ? [] : [`"${cleanText(name)}"`]),
	];
	return facts.join(', ');
}
