import {watchCostWords} from '../../account/poll-plan.ts';
import {measuredPeriod, type WhatToChange} from '../../account/what-to-change.ts';
import {
	type AccountBucket,
	type AccountRegion,
	incompleteMinutes,
	type ModelDurations,
} from '../../domain/account-snapshot.ts';
import {dayQuotaOf, type Limit, limitKinds, limitsInForce} from '../../domain/target.ts';
import {ceilingWords} from '../../metrics/figures/measured-ceiling.ts';
import {gaugeBar} from '../../text/bars.ts';
import {chartColumns, lineChartLines} from '../../text/line-chart.ts';
import {
	formatCount,
	formatDurationMs,
	formatNumber,
	formatPercent,
	formatTokens,
	formatUsd,
	unknownMark,
} from '../../text/numbers.ts';
import {hangingLines, type Line, segment} from '../../text/segment.ts';
import {cleanText, fitText, wrapText} from '../../text/width.ts';
import {
	type AccountRow,
	accountDayWords,
	limitCell,
	provisionedWords,
	selectedAdvice,
	selectedBucket,
} from '../../view/account/account-rows.ts';
import {fleetCountWords, memberLines} from '../../view/fleet.ts';
import {sourceWords} from '../../view/quotas.ts';
import type {State} from '../../view/state.ts';
import type {FrameTitle} from '../frame.ts';

/** What the Account view says below its table: the detail of a row, what to change about it, what is missing, the day. */

/** What a chart of a bucket counts. */
export type AccountChartKind = 'requests' | 'quotaTokens';

/** One value per column: the maximum of its minutes, so that no peak is lost. */
function stretched(values: readonly number[], columns: number): readonly number[] {
	return Array.from({length: columns}, (_, column) => {
		const from = Math.floor((column * values.length) / columns);
		const to = Math.max(from + 1, Math.floor(((column + 1) * values.length) / columns));
		return Math.max(0, ...values.slice(from, to));
	});
}

/** The last hour of a bucket against its limit, in exactly `height` lines of exactly `width` cells. */
export function accountChartLines(
	{series, quota, minute}: AccountBucket,
	kind: AccountChartKind,
	size: {readonly width: number; readonly height: number; readonly isAscii: boolean},
): readonly Line[] {
	const limit = kind === 'requests' ? quota.requestsPerMinute : quota.tokensPerMinute;
	const endSecond = minute === null ? undefined : minute / 1000 + 60;
	return lineChartLines({
		...size,
		span:
			endSecond === undefined
				? undefined
				: {fromSecond: endSecond - 3600, toSecond: endSecond, isTimeOfDay: true},
		// Incomplete minutes would look like a drop.
		values:
			minute === null ? [] : stretched(series[kind].slice(0, -incompleteMinutes), chartColumns(size.width)),
		limit: limit.state === 'known' ? limit.value : null,
		format: formatTokens,
	});
}

/** Its title: what is counted, and the quota. */
export function accountChartTitle({quota}: AccountBucket, kind: AccountChartKind): FrameTitle {
	const limit = kind === 'requests' ? quota.requestsPerMinute : quota.tokensPerMinute;
	return {
		title: [segment(kind === 'requests' ? 'Requests' : 'Quota tokens', 'title'), segment(' per minute')],
		note: [
			...(limit.state === 'known' ? [segment('╌ quota', 'warning'), segment(' · ', 'muted')] : []),
			segment('last hour, whole minutes'),
		],
	};
}

const labelWidth = 14;

/** Title of the detail of a bucket, with the lines of it that are on screen where not all are. */
export function accountDetailTitle(row: AccountRow, position: string | undefined): FrameTitle {
	const {model, scope, region} = row.bucket;
	return {
		title: [segment(cleanText(model), 'title'), segment(` · ${scope} · ${cleanText(region)}`)],
		note: [segment(row.bucket.callable === null ? 'Esc closes' : 'b benchmarks it · Esc closes', 'muted')],
		position,
	};
}

/** All that is known of a bucket, in lines of at most `width` cells. */
export function accountDetailLines(
	row: AccountRow,
	advice: WhatToChange | undefined,
	width: number,
): readonly Line[] {
	const {bucket, fractions} = row;
	const entries: ReadonlyArray<readonly [string, string]> = [
		...(advice === undefined ? [] : [['now', advice.state] as const]),
		...(advice?.changes ?? []).map(
			(change, index) => [index === 0 ? 'to change' : '', `${index + 1}. ${change}`] as const,
		),
		['in use', inUseWords(bucket, fractions)],
		['by whom', partWords(bucket)],
		['tokens', tokenWords(bucket)],
		['last hour', hourWords(bucket)],
		['today', dayWords(bucket, fractions.day)],
		...bucket.durations
			.filter(isMeasured)
			.map((durations): readonly [string, string] => [
				'latency',
				`${cleanText(durations.modelId)}: first token ${formatDurationMs(durations.firstTokenP50)} p50, ${formatDurationMs(durations.firstTokenP90)} p90; total ${formatDurationMs(durations.latencyP50)} p50, ${formatDurationMs(durations.latencyP90)} p90`,
			]),
		...(bucket.projects === undefined ? [] : [['projects', cleanText(bucket.projects.join(', '))] as const]),
		['model IDs', bucket.modelIds.length === 0 ? 'none in use' : cleanText(bucket.modelIds.join(', '))],
		...limitsOf(bucket).map((kind): readonly [string, string] => [
			limitNames[kind],
			limitWords(limitsInForce(bucket.quota)[kind], kind),
		]),
		...(bucket.measured === null
			? []
			: [['measured', ceilingWords(bucket.measured, bucket.quota, measuredPeriod)] as const]),
		[
			'burndown',
			`an output token costs ${formatNumber(bucket.burndown.value)} quota ${bucket.burndown.value === 1 ? 'token' : 'tokens'} (${bucket.burndown.source})`,
		],
	];
	const {fleet} = bucket;
	return [
		...entries.flatMap(([label, text]) =>
			hangingLines(segment(label.padEnd(labelWidth), 'muted'), text, width),
		),
		...(fleet === undefined ? [] : memberLines(segment(fleetCountWords(fleet), 'strong'), fleet, width)),
		...rowNotes(row).flatMap((note) => hangingLines(segment('! ', 'warning'), note, width)),
	];
}

const isMeasured = ({firstTokenP50, latencyP50}: ModelDurations): boolean =>
	firstTokenP50 !== null || latencyP50 !== null;

const limitNames = {
	requestsPerMinute: 'RPM',
	tokensPerMinute: 'TPM',
	outputTokensPerMinute: 'output TPM',
	tokensPerDay: 'TPD',
} as const;

/** Those of bedrock-mantle are two: of input and of output. */
const limitsOf = ({quota}: AccountBucket): ReadonlyArray<keyof typeof limitNames> =>
	quota.outputTokensPerMinute === undefined ? limitKinds : ['tokensPerMinute', 'outputTokensPerMinute'];

function inUseWords(
	{use, quota, minute, reported}: AccountBucket,
	fractions: AccountRow['fractions'],
): string {
	if (quota.outputTokensPerMinute !== undefined) {
		const [input, output] = minute === null ? [null, null] : [use.quotaTokens, reported.outputTokens];
		return `${formatTokens(input)} input and output of ${limitCell(quota.tokensPerMinute, formatTokens)}, ${formatTokens(output)} output of ${limitCell(quota.outputTokensPerMinute, formatTokens)} tokens per minute (${formatPercent(fractions.tokens)})`;
	}
	const requests = limitCell(quota.requestsPerMinute, formatCount);
	const tokens = limitCell(quota.tokensPerMinute, formatTokens);
	if (minute === null) {
		return `${unknownMark} requests of ${requests}, ${unknownMark} quota tokens of ${tokens}`;
	}
	return `${formatNumber(use.requests)} requests of ${requests} (${formatPercent(fractions.requests)}), ${formatTokens(use.quotaTokens)} quota tokens of ${tokens} (${formatPercent(fractions.tokens)}), minute ${new Date(minute).toISOString().slice(11, 16)} UTC`;
}

/** Who uses it: this program live, others as CloudWatch reports it. */
function partWords({own, others, minute}: AccountBucket): string {
	const known = (words: string): string => (minute === null ? unknownMark : words);
	return `this program ${formatNumber(own.requests)} requests, ${formatTokens(own.quotaTokens)} tokens · others ${known(`${formatNumber(others.requests)} requests, ${formatTokens(others.quotaTokens)} tokens (3-minute mean)`)}. AWS does not report which program uses a quota: bedrock-top tap -- COMMAND meters one that you start, model invocation logging records each caller, an application inference profile gives a program a model ID of its own.`;
}

function tokenWords({reported, minute}: AccountBucket): string {
	if (minute === null) {
		return unknownMark;
	}
	return `${formatTokens(reported.inputTokens)} input, ${formatTokens(reported.outputTokens)} output, ${formatTokens(reported.cacheReadTokens)} cache read (free of quota), ${formatTokens(reported.cacheWriteTokens)} cache write; ${formatCount(reported.throttles)} throttled, ${formatCount(reported.clientErrors)} client and ${formatCount(reported.serverErrors)} server errors`;
}

function hourWords({
	minute,
	peak,
	hourThrottles,
	hourErrors,
	costPerHourUsd,
	priceRegion,
}: AccountBucket): string {
	if (minute === null) {
		return unknownMark;
	}
	const prices = priceRegion === undefined ? 'list prices' : `list prices of ${priceRegion}`;
	return `peak minute ${formatCount(peak.requests)} requests, ${formatTokens(peak.quotaTokens)} quota tokens; ${formatCount(hourThrottles)} throttled, ${formatCount(hourErrors)} errors; ${formatUsd(costPerHourUsd)} at ${prices}`;
}

function dayWords({dayTokens, dayPace, quota}: AccountBucket, fraction: number | null): string {
	const {limit, isShared} = dayQuotaOf(quota);
	if (dayTokens === null) {
		return limit.state === 'none' ? 'no daily limit' : unknownMark;
	}
	const hourly = dayPace?.perMinute == null ? unknownMark : formatTokens(dayPace.perMinute * 60);
	return `${formatTokens(dayTokens)} of ${limitCell(limit, formatTokens)} tokens${isShared ? ' of all models' : ''} (${formatPercent(fraction)}${isShared ? ', estimate: AWS counts by price' : ''}), ${hourly} per hour, since 00:00 UTC (assumed: AWS does not document when the day begins)`;
}

function limitWords(limit: Limit | undefined, kind: keyof typeof limitNames): string {
	if (limit === undefined) {
		return unknownMark;
	}
	const {state, source, applied, default: standard, code, name} = limit;
	if (state === 'none') {
		return kind === 'tokensPerDay' ? 'no daily limit' : 'no limit';
	}
	if (state === 'unknown' && applied === null && standard === null) {
		return unknownMark;
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

/** The lines of the detail of the selected bucket; none where no bucket is listed. */
export function openAccountLines(state: State, width: number): readonly Line[] {
	const row = selectedBucket(state);
	return row === undefined ? [] : accountDetailLines(row, selectedAdvice(state), width);
}

/**
 * Sentences below the table: what to change about the selected row, what is missing, and the cost of polling.
 * @returns at most `height` lines; a sentence that has no room is left out and not cut.
 */
export function accountNoteLines(
	regions: readonly AccountRegion[],
	selected: AccountRow | undefined,
	advice: WhatToChange | undefined,
	{width, height}: {readonly width: number; readonly height: number},
): readonly Line[] {
	const severalRegions = regions.length > 1;
	const rest = [
		...rowNotes(selected).map((note) => hangingLines(segment('› ', 'accent'), note, width)),
		...regions.flatMap(({provisioned = [], region, profile}) =>
			provisioned.map((each) =>
				hangingLines(
					segment('· ', 'muted'),
					`${severalRegions ? `${sourceWords({profile, region})}: ` : ''}${provisionedWords(each)}`,
					width,
				),
			),
		),
		...regions.flatMap(({remarks, region, profile}) =>
			remarks.map((remark) =>
				hangingLines(
					segment('! ', 'warning'),
					cleanText(severalRegions ? `${sourceWords({profile, region})}: ${remark}` : remark),
					width,
				),
			),
		),
		...(regions.every(({cost}) => cost.calls === 0)
			? []
			: [hangingLines(segment('$ ', 'muted'), costWords(regions), width, 'muted')]),
	];
	if (selected === undefined || advice === undefined) {
		return fitting(rest, height);
	}
	const [first, ...more] = advice.changes;
	const all = [...adviceLines(selected, advice, width), ...rest];
	if (more.length === 0 || all.flat().length <= height) {
		return fitting(all, height);
	}
	const brief = `${first} Enter: ${formatCount(more.length)} more.`;
	return fitting([...adviceLines(selected, {...advice, changes: [brief]}, width), ...rest], height);
}

const dayBarWidth = 10;

/** The quota of the day that all models share: a row with its gauge for each Region that has one. */
export function accountDayLines(regions: readonly AccountRegion[], width: number): readonly Line[] {
	return regions.flatMap(({region, profile, day, at}): readonly Line[] => {
		if (day === undefined) {
			return [];
		}
		const bar = gaugeBar({used: day.tokens ?? 0, reserved: 0, limit: day.limit.value}, dayBarWidth);
		const name = `day, all models${regions.length > 1 ? ` in ${sourceWords({profile, region})}` : ''}`;
		const text = fitText(
			`${name}  ${accountDayWords(day, at).join(' · ')}`,
			Math.max(1, width - dayBarWidth - 3),
		);
		return [[segment('  '), ...bar, segment(' '), segment(text)]];
	});
}

/** The sentences that fit, the first ones before the others. */
const fitting = (sentences: ReadonlyArray<readonly Line[]>, height: number): readonly Line[] => {
	const lines: Line[] = [];
	for (const sentence of sentences) {
		if (lines.length + sentence.length <= height) {
			lines.push(...sentence);
		}
	}
	return lines;
};

/** How the row stands, and what to change. */
const adviceLines = (
	{model, bucket}: AccountRow,
	{state, changes}: WhatToChange,
	width: number,
): ReadonlyArray<readonly Line[]> => [
	hangingLines(segment('› ', 'accent'), `${model} (${bucket.scope}): ${state}`, width),
	...changes.map((change) => hangingLines(segment('→ ', 'accent'), change, width)),
];

/** Notes about a row. */
function rowNotes(row: AccountRow | undefined): readonly string[] {
	if (row === undefined) {
		return [];
	}
	const {notes, disagreement, burndown, model, scope} = row.bucket;
	return [
		...notes.map((note) => cleanText(`${model} (${scope}): ${note}`)),
		...(disagreement === null
			? []
			: [
					`In the last hour the service counted ${formatTokens(disagreement.estimated)} quota tokens; the formula with burndown ${formatNumber(burndown.value)} (${burndown.source}) gives ${formatTokens(disagreement.computed)}${disagreement.burndown === null ? '.' : `: burndown ${formatNumber(disagreement.burndown)} would explain it (--burndown sets it).`}`,
				]),
	];
}

/** What each account costs, where several are watched. */
function perAccountWords(regions: readonly AccountRegion[]): string {
	const byProfile = Map.groupBy(regions, ({profile}) => profile);
	const words = [...byProfile].map(([profile = '', members]) => {
		const usd = members.reduce((sum, {cost}) => sum + cost.usdPerHour, 0);
		return `${cleanText(profile)} ${formatUsd(usd)}`;
	});
	return words.length < 2 ? '' : `; per hour ${words.join(', ')}`;
}

function costWords(regions: readonly AccountRegion[]): string {
	const next = Math.min(...regions.map(({nextPollSeconds}) => nextPollSeconds));
	const pace = Number.isFinite(next) && next > 90 ? `, next in ${formatDurationMs(next * 1000)}` : '';
	return `CloudWatch, read every minute${pace}: ${watchCostWords(regions.map(({cost}) => cost))}${perAccountWords(regions)}.`;
}

/**
 * Shown instead of rows: what is being loaded, or why there is nothing and what helps.
 * @param regions The Regions that the table is about.
 */
export function emptyTableLines(
	regions: readonly AccountRegion[],
	filter: string,
	width: number,
): readonly Line[] {
	if (filter !== '' && regions.some(({buckets}) => buckets.length > 0)) {
		return sentence(`nothing matches "${cleanText(filter)}"; Esc clears the filter`, width);
	}
	const waited = regions.filter(({phase}) => phase === 'loading');
	if (waited.length > 0 || regions.length === 0) {
		return waitingLines(waited, width);
	}
	const names = regions.map(({profile, region}) => sourceWords({profile, region})).join(', ');
	return sentence(
		regions.every(({phase}) => phase === 'failed')
			? `Nothing is known about ${names}: the reason is below. R chooses other Regions.`
			: `No bucket of ${names} is in use or has a known limit. What could not be read is below; R chooses other Regions, M lists the models that can be run.`,
		width,
	);
}

/** What the first report waits for. */
function waitingLines(regions: readonly AccountRegion[], width: number): readonly Line[] {
	const waitingFor = [...new Set(regions.flatMap((region) => region.waitingFor))];
	return waitingFor.length === 0
		? sentence('opening the account', width)
		: [
				...sentence('The first look at the account waits for', width),
				...waitingFor.flatMap((what) => hangingLines(segment('  · ', 'accent'), cleanText(what), width)),
			];
}

function sentence(text: string, width: number): readonly Line[] {
	return wrapText(text, width).map((line): Line => [segment(line, 'muted')]);
}
