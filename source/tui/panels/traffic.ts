import {bucketKey} from '../../domain/account-snapshot.ts';
import type {Distribution} from '../../domain/figures-schema.ts';
import type {TapClient} from '../../domain/tap.ts';
import {
	formatCount,
	formatDurationMs,
	formatNumber,
	formatPercent,
	formatTokens,
	formatUsd,
} from '../../text/numbers.ts';
import {hangingLines, type Line, segment} from '../../text/segment.ts';
import {fitColumns, formatHeader, rowLine} from '../../text/table.ts';
import {cleanText, wrapText} from '../../text/width.ts';
import {chosenColumns} from '../../view/columns/columns.ts';
import {keyOf} from '../../view/keymap.ts';
import {listWords} from '../../view/lists.ts';
import {shownSnapshot} from '../../view/selectors.ts';
import type {State} from '../../view/state.ts';
import {
	type ClientRow,
	cacheMissWords,
	clientColumns,
	clientName,
	requestCount,
} from '../../view/tap/client-rows.ts';
import {listedTraffic, selectedClient} from '../../view/tap/traffic-list.ts';
import {type FrameTitle, firstShown, panelInside, scrolledLines} from '../frame.ts';
import type {Tier} from '../layout.ts';
import {gaugesNow, isDayShown} from './gauges.ts';

/** The Traffic view: the buckets that clients of a tap draw from, the clients, and all about the selected one. */

/** A panel of a view that stacks its own. */
type StackedPanel = {
	readonly title: FrameTitle;
	readonly lines: readonly Line[];
	readonly height: number;
	/** It has its title where there are no borders too. */
	readonly isTitled: boolean;
};

/** Rows that stay for the table and its header, whatever else there is. */
const minTableRows = 5;
const minDetailRows = 7;
/** Part of the height that gauges take at most, where there are several buckets. */
const gaugesPart = 0.4;

/** The panels from the top, of `height` lines together. */
export function trafficPanels(
	state: State,
	width: number,
	height: number,
	tier: Tier,
): readonly StackedPanel[] {
	const inside = (rows: number) => panelInside(width, rows, tier, true);
	if (state.stage.kind === 'failed' || requestsOf(state) === 0) {
		const lines =
			state.stage.kind === 'failed' ? faultLines(state, inside(0).width) : introLines(state, inside(0).width);
		const title = {title: [segment('Traffic', 'title'), segment(' · no request so far')]};
		return [{title, lines, height, isTitled: true}];
	}
	if (state.isDetailOpen) {
		return [detailPanel(state, width, height, tier)];
	}
	const gauges = gaugePanels(state, width, height, tier);
	const left = height - gauges.reduce((sum, panel) => sum + panel.height, 0);
	const {rows, folded} = listedTraffic(state);
	const frame = tier === 'narrow' ? 1 : 2;
	const wanted = Math.max(1, rows.length) + 1 + (folded > 0 ? 1 : 0) + frame;
	const advice = adviceOf(state, inside(0).width);
	const below = split(left - wanted, advice.length === 0 ? 0 : advice.flat().length + frame, frame);
	const shown = wholeWithin(advice, below.advice - frame);
	const adviceHeight = shown.length === 0 ? 0 : shown.flat().length + frame;
	const detailHeight = below.detail === 0 ? 0 : below.detail + below.advice - adviceHeight;
	const tableHeight = left - adviceHeight - detailHeight;
	const hidden = advice.length - shown.length;
	const more = hidden === 0 ? [] : [segment(`${formatCount(hidden)} more advice: Enter`, 'muted')];
	const table: StackedPanel = {
		title: shown.length === 0 && hidden > 0 ? {...tableTitle(state), note: more} : tableTitle(state),
		lines: tableLines(state, inside(tableHeight).width, inside(tableHeight).height),
		height: tableHeight,
		isTitled: true,
	};
	return [
		...gauges,
		table,
		...(adviceHeight === 0
			? []
			: [
					{
						title: {title: [segment('Advice', 'title')], note: more},
						lines: shown.flat(),
						height: adviceHeight,
						isTitled: true,
					},
				]),
		...(detailHeight === 0 ? [] : [detailPanel(state, width, detailHeight, tier)]),
	];
}

/** Rows below the table: advice first, as much of it as leaves the detail its least, then the detail. */
function split(
	spare: number,
	wanted: number,
	frame: number,
): {readonly advice: number; readonly detail: number} {
	const beside = Math.min(wanted, spare - minDetailRows);
	if (beside > frame || (wanted === 0 && spare >= minDetailRows)) {
		return {advice: beside, detail: spare - beside};
	}
	const alone = Math.min(wanted, spare);
	return {advice: alone > frame ? alone : 0, detail: 0};
}

/** What the traffic so far asks for; each sentence names its client. */
function adviceOf(state: State, width: number): ReadonlyArray<readonly Line[]> {
	const advice = shownSnapshot(state)?.advice ?? [];
	return advice.map(({text}) => hangingLines(segment('→ ', 'accent'), cleanText(text), width));
}

/** As many of the first sentences as fit: half of one says nothing. */
function wholeWithin(advice: ReadonlyArray<readonly Line[]>, height: number): ReadonlyArray<readonly Line[]> {
	const fits = (count: number): boolean => advice.slice(0, count).flat().length <= height;
	const tooMany = advice.findIndex((_, index) => !fits(index + 1));
	return tooMany === -1 ? advice : advice.slice(0, tooMany);
}

/** Advice for a client and for the buckets, which name no client. */
function adviceFor({name}: ClientRow, state: State): readonly string[] {
	const snapshot = shownSnapshot(state);
	const isOf = (client: string, text: string): boolean =>
		text.startsWith(`${client}: `) || text.startsWith(`${client} on `);
	const others = (snapshot?.tap?.clients ?? []).filter((client) => client.name !== name);
	return (snapshot?.advice ?? [])
		.map(({text}) => text)
		.filter((text) => isOf(name, text) || !others.some((client) => isOf(client.name, text)));
}

function requestsOf(state: State): number {
	const snapshot = shownSnapshot(state);
	return snapshot === undefined ? 0 : requestCount(snapshot);
}

/** How an application is pointed to the tap. */
function introLines(state: State, width: number): readonly Line[] {
	const sentence = (text: string) => wrapText(text, width).map((line): Line => [segment(line)]);
	return [
		...sentence('Point an application to this tap, in the shell that starts it:'),
		[],
		...(state.tap?.lines ?? []).flatMap((text) => folded(cleanText(text), width)),
		[],
		[segment(keyOf(state, 'copy'), 'accent'), segment(' copies these lines')],
		...sentence('They hold the secret of the tap: a program that has it uses your account.'),
	];
}

/** A line that must not be broken at blanks, which a shell would take for its end. */
function folded(text: string, width: number): readonly Line[] {
	const cells = Math.max(1, width);
	return Array.from(
		{length: Math.ceil(text.length / cells)},
		(_, index): Line => [segment(text.slice(index * cells, (index + 1) * cells), 'accent')],
	);
}

function faultLines(state: State, width: number): readonly Line[] {
	const {stage} = state;
	const {message, hint} = stage.kind === 'failed' ? stage.fault : {message: '', hint: undefined};
	return [message, ...(hint === undefined ? [] : [hint]), `${keyOf(state, 'quit')} quits.`].flatMap(
		(text, index) =>
			wrapText(cleanText(text), width).map((line): Line => [segment(line, index === 0 ? 'strong' : 'plain')]),
	);
}

/** A panel for each bucket; where there is no room for all, for those around the selected client's. */
function gaugePanels(state: State, width: number, height: number, tier: Tier): readonly StackedPanel[] {
	const snapshot = shownSnapshot(state);
	const targets = snapshot?.targets ?? [];
	const keys = targets.map((target) => `${target.region} ${bucketKey(target)}`);
	// Models of the same bucket share its gauges.
	const buckets = targets.flatMap((_, index) => (keys.indexOf(keys[index] ?? '') === index ? [index] : []));
	const {targetIndex = 0} = selectedClient(state) ?? {};
	const selected = buckets.indexOf(keys.indexOf(keys[targetIndex] ?? ''));
	const panels = buckets.map((index) => gaugePanel(state, index, width, tier, buckets.length > 1));
	const each = panels[0]?.height ?? 0;
	const room = Math.min(height * gaugesPart, height - minTableRows);
	const count = Math.max(1, Math.floor(room / Math.max(1, each)));
	const first = firstShown(Math.max(0, selected), count, panels.length);
	const shown = panels.slice(first, first + count);
	const hidden = panels.length - shown.length;
	return shown.map((panel, index) =>
		hidden > 0 && index === shown.length - 1
			? {...panel, title: {...panel.title, note: [segment(`${hidden} more: ↑ ↓`, 'muted')]}}
			: panel,
	);
}

/** Own, reserved and others' part of each limit of a bucket. */
function gaugePanel(
	state: State,
	targetIndex: number,
	width: number,
	tier: Tier,
	isNamed: boolean,
): StackedPanel {
	const {lines, title, note} = gaugesNow(state, targetIndex, {
		width: panelInside(width, 0, tier).width,
		isDayShown: isDayShown(state, tier, targetIndex),
	});
	const [quota, ...rest] = title;
	const target = shownSnapshot(state)?.targets[targetIndex];
	const name = segment(cleanText(target?.model ?? ''), 'title');
	const isTitled = tier !== 'narrow' || isNamed;
	return {
		title: {
			title: isNamed ? [name, segment(' '), ...rest] : [...(quota === undefined ? [] : [quota]), ...rest],
			note,
		},
		lines,
		height: lines.length + (tier === 'narrow' ? (isNamed ? 1 : 0) : 2),
		isTitled,
	};
}

function tableTitle(state: State): FrameTitle {
	const {rows} = listedTraffic(state);
	const words = [
		'',
		`${formatCount(rows.length)} ${rows.length === 1 ? 'row' : 'rows'}`,
		...(state.tap?.isFolded === false ? ['by session'] : []),
		...listWords(state, 'traffic'),
	];
	return {
		title: [segment('Traffic', 'title'), segment(words.join(' · '))],
		note: [segment('Reserved and Settled in quota tokens', 'muted')],
	};
}

const wideFrom = 130;

/** A header and as many clients as fit, the selected one among them. */
function tableLines(state: State, width: number, height: number): readonly Line[] {
	const {rows, folded} = listedTraffic(state);
	if (rows.length === 0) {
		const words = `no client matches "${cleanText(state.lists.traffic.filter)}"; Esc clears the filter`;
		return [[segment(words, 'muted')]];
	}
	const selected = selectedClient(state);
	const hasFoldedLine = folded > 0 && height > 3;
	const count = Math.max(1, height - 1 - (hasFoldedLine ? 1 : 0));
	const first = firstShown(selected === undefined ? 0 : rows.indexOf(selected), count, rows.length);
	// The widths depend on all rows, so that nothing moves while scrolling.
	const fitted = fitColumns(
		chosenColumns(clientColumns, 'traffic', state.columns),
		rows,
		Math.max(1, width - 2),
		width >= wideFrom ? 2 : 1,
	);
	return [
		[segment('  '), segment(formatHeader(fitted), 'muted')],
		...rows
			.slice(first, first + count)
			.map((row): Line => [segment(row === selected ? '› ' : '  ', 'strong'), ...rowLine(fitted, row)]),
		...(hasFoldedLine
			? [
					[
						segment(`  ${formatCount(folded)} idle · `, 'muted'),
						segment(keyOf(state, 'fold-idle'), 'accent'),
						segment(' shows', 'muted'),
					],
				]
			: []),
	];
}

function detailPanel(state: State, width: number, height: number, tier: Tier): StackedPanel {
	const row = selectedClient(state);
	const inside = panelInside(width, height, tier, true);
	const {isDetailOpen, detailScroll} = state;
	const {lines, position} = scrolledLines(
		trafficDetailLines(state, inside.width),
		inside.height,
		isDetailOpen ? detailScroll : 0,
	);
	return {
		title: {
			title: [segment(row === undefined ? 'no client' : clientName(row), 'title')],
			note: [segment(isDetailOpen ? '← → clients · Esc closes' : 'Enter enlarges', 'muted')],
			position,
		},
		lines,
		height,
		isTitled: true,
	};
}

const labelWidth = 12;

/** All that is known of the selected client, in lines of at most `width` cells. */
export function trafficDetailLines(state: State, width: number): readonly Line[] {
	const row = selectedClient(state);
	if (row === undefined) {
		return [];
	}
	const target = shownSnapshot(state)?.targets[row.targetIndex ?? -1];
	const burndown = target?.burndown.value ?? 1;
	const entries: ReadonlyArray<readonly [string, string]> = [
		['client', [row.name, ...(row.agent === null || row.agent === row.name ? [] : [row.agent])].join(' · ')],
		['model', [row.model, ...(target === undefined ? [] : [target.scope, target.region])].join(' · ')],
		['requests', requestWords(row)],
		...(row.holdMs.count === 0 ? [] : [['held', holdWords(row.holdMs)] as const]),
		['quota', quotaWords(row)],
		['output', outputWords(row, burndown)],
		['cache', cacheWords(row)],
		['first token', timeWords(row.timeToFirstToken)],
		['cost', row.costUsd === null ? 'not known' : formatUsd(row.costUsd)],
		...adviceFor(row, state).map((text, index) => [index === 0 ? 'advice' : '', text] as const),
		...(row.sessions.length < 2 ? [] : row.sessions.map((each, index) => sessionEntry(row, each, index))),
	];
	return entries.flatMap(([label, text]) =>
		hangingLines(segment(label.padEnd(labelWidth), 'muted'), cleanText(text), width),
	);
}

function requestWords({
	requests,
	inFlight,
	held,
	throttled,
	refused,
	retriesOfClient,
	aborted,
}: ClientRow): string {
	return [
		formatCount(requests),
		`${formatCount(inFlight)} in flight`,
		...(held === 0 ? [] : [`${formatCount(held)} held now`]),
		`${formatCount(throttled)} throttled`,
		...(refused === 0 ? [] : [`${formatCount(refused)} refused by the tap`]),
		`${formatCount(retriesOfClient)} retries of its SDK`,
		`${formatCount(aborted)} given up by the client`,
	].join(' · ');
}

function holdWords({count, mean, max}: Distribution): string {
	const requests = `${formatCount(count)} ${count === 1 ? 'request' : 'requests'}`;
	return `${requests}, ${formatDurationMs(mean)} on average, ${formatDurationMs(max)} at most`;
}

function quotaWords({tokens: {quota, reserved, estimated}, unusedShare}: ClientRow): string {
	const unused =
		unusedShare === undefined
			? ''
			: quota > reserved
				? ': answers cost more than was set aside'
				: `: ${formatPercent(unusedShare)} was set aside for nothing`;
	const mark = estimated ? ' (in part estimated)' : '';
	return `${formatTokens(reserved)} set aside, ${formatTokens(quota)} settled${unused}${mark}`;
}

function outputWords({tokens: {output}, outputShare}: ClientRow, burndown: number): string {
	const each = burndown === 1 ? '' : `, each costs ${formatNumber(burndown)} quota tokens`;
	return `${formatTokens(output)} tokens${each} · ${formatPercent(outputShare)} of what is settled`;
}

function cacheWords(row: ClientRow): string {
	const {input, cacheRead, cacheWrite} = row.tokens;
	const why = cacheMissWords(row);
	const figures = `${formatPercent(row.cacheShare)} of the input was read from the cache (${formatTokens(cacheRead)} read, ${formatTokens(cacheWrite)} written, ${formatTokens(input)} neither)`;
	return why === undefined ? figures : `${figures} · ${why}`;
}

function timeWords({count, p50, p90, p99, max}: Distribution): string {
	return count === 0
		? 'no stream so far'
		: `${formatDurationMs(p50)} p50, ${formatDurationMs(p90)} p90, ${formatDurationMs(p99)} p99, ${formatDurationMs(max)} at most, of ${formatCount(count)}`;
}

function sessionEntry(
	row: ClientRow,
	{session, model, requests, inFlight, tokens}: TapClient,
	index: number,
): readonly [string, string] {
	const words = [
		session ?? 'without a session',
		...(model === row.model ? [] : [model.slice(model.lastIndexOf('/') + 1)]),
		`${formatCount(requests)} ${requests === 1 ? 'request' : 'requests'}`,
		...(inFlight === 0 ? [] : [`${formatCount(inFlight)} in flight`]),
		`${formatTokens(tokens.quota)} settled`,
	];
	return [index === 0 ? 'sessions' : '', words.join(' · ')];
}
