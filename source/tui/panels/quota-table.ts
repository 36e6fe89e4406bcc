import type {Gauge} from '../../domain/snapshot.ts';
import {gaugeFraction, gaugeLevel, gaugeLevels} from '../../text/bars.ts';
import {formatPercent, formatTokens, unknownMark} from '../../text/numbers.ts';
import {hangingLines, type Line, segment, type Tone} from '../../text/segment.ts';
import {type Column, fitColumns, formatHeader, rowLine} from '../../text/table.ts';
import {cleanText} from '../../text/width.ts';
import {chosenColumns} from '../../view/columns/columns.ts';
import {fleetWords, isApart, memberLines} from '../../view/fleet.ts';
import {listWords} from '../../view/lists.ts';
import {
	factorWords,
	increaseWords,
	limitColumns,
	limitFactor,
	listedQuotas,
	type QuotaRow,
	selectedQuota,
} from '../../view/quotas.ts';
import {bucketNow, snapshotNowMs} from '../../view/selectors.ts';
import type {State} from '../../view/state.ts';
import {type FrameTitle, firstShown} from '../frame.ts';

/** The Quotas view: every limit of every bucket of the run, and what the selected one means. */

type TableRow = QuotaRow & {readonly isSelected: boolean};

const markColumn: Column<TableRow> = {
	key: 'mark',
	header: '',
	align: 'left',
	minWidth: 1,
	priority: 100,
	format: ({isSelected}) => (isSelected ? '›' : ' '),
	tone: () => 'strong',
};

const usedColumn: Column<TableRow> = {
	key: 'used',
	header: 'Used',
	align: 'right',
	priority: 7,
	format: ({gauge}) => usedWords(gauge),
	tone: ({gauge}) => usedTone(gauge),
};

const columns: ReadonlyArray<Column<TableRow>> = [
	markColumn,
	...limitColumns<TableRow>().flatMap((column) =>
		column.key === 'applied' ? [usedColumn, column] : [column],
	),
];

/** What is used and reserved, with its part of the limit and the glyph of a limit that is near. */
function usedWords(gauge: Gauge | undefined): string {
	if (gauge === undefined) {
		return unknownMark;
	}
	const fraction = gaugeFraction(gauge);
	const level = gaugeLevel(fraction);
	const part = fraction === null ? '' : ` ${formatPercent(fraction)}`;
	return `${formatTokens(gauge.used + gauge.reserved)}${part}${level === 'ok' ? '' : ` ${gaugeLevels[level].glyph}`}`;
}

function usedTone(gauge: Gauge | undefined): Tone {
	const level = gauge === undefined ? 'ok' : gaugeLevel(gaugeFraction(gauge));
	return level === 'ok' ? 'plain' : gaugeLevels[level].tone;
}

/** Title of the view: how many limits there are, and which of them are shown in which order. */
export function quotasTitle(state: State): FrameTitle {
	const count = listedQuotas(state).length;
	const words = ['', `${count} ${count === 1 ? 'limit' : 'limits'}`, ...listWords(state, 'quotas')];
	return {
		title: [segment('Quotas', 'title'), segment(words.join(' · '))],
		note: [segment('used: last 60 s with what is reserved, day since the start', 'muted')],
	};
}

/** Below this width the names of models need the cells between the columns. */
const widthForGaps = 130;

/**
 * The table, and where there is room below it the selected limit in words and the fleet that shares it: at most `height`
 * lines of at most `width` cells.
 */
export function quotaLines(state: State, width: number, height: number): readonly Line[] {
	const listed = listedQuotas(state);
	if (listed.length === 0) {
		const {filter} = state.lists.quotas;
		const words =
			filter === ''
				? `no quota is known before ${state.tap === undefined ? 'a run is prepared' : 'the first request'}`
				: `no quota matches "${cleanText(filter)}"; Esc clears the filter`;
		return [[segment(words, 'muted')]];
	}
	const selected = selectedQuota(state);
	const rows = listed.map((row): TableRow => ({...row, isSelected: row === selected}));
	const fitted = fitColumns(
		chosenColumns(columns, 'quotas', state.columns),
		rows,
		width,
		width < widthForGaps ? 1 : 2,
	);
	const words = selected === undefined ? [] : selectedLines(selected, width);
	const room = height - rows.length - 2;
	const explained = words.length <= room ? words : [];
	const fleet = fleetLines(state, selected, width, room - explained.length - 1);
	const count = Math.max(1, height - 1);
	const first = firstShown(selected === undefined ? 0 : listed.indexOf(selected), count, rows.length);
	return [
		[segment(formatHeader(fitted), 'muted')],
		...rows.slice(first, first + count).map((row) => rowLine(fitted, row)),
		...[explained, fleet].flatMap((block) => (block.length === 0 ? [] : [[], ...block])),
	];
}

/** The members of the fleet that shares the bucket of a limit, in at most `height` lines. */
function fleetLines(state: State, row: QuotaRow | undefined, width: number, height: number): readonly Line[] {
	const fleet = row?.of === undefined ? undefined : bucketNow(state, row.of.target)?.fleet;
	if (fleet === undefined) {
		return [];
	}
	const tone = isApart(fleet) ? 'warning' : 'strong';
	return memberLines(segment(fleetWords(fleet, snapshotNowMs(state)), tone), fleet.rows, width, height);
}

const labelWidth = 10;

/** The selected limit: its name at AWS, why it is a multiple of what is applied, and how it is raised. */
function selectedLines({limit, scope, unit}: QuotaRow, width: number): readonly Line[] {
	const factor = limitFactor(limit);
	const applied = limit.source === 'default' ? limit.default : limit.applied;
	const entries: ReadonlyArray<readonly [string, string | undefined]> = [
		['quota', limit.name === null ? undefined : cleanText(limit.name)],
		[
			`x${factor}`,
			factor > 1
				? `${formatTokens(limit.value)} ${unit} in force, ${formatTokens(applied)} ${limit.source ?? ''}. ${factorWords(limit)}`
				: undefined,
		],
		['no limit', limit.state === 'none' ? `AWS sets no ${unit} limit for ${scope} calls.` : undefined],
		[
			'not known',
			limit.state === 'unknown'
				? limit.value === null
					? 'No source has this limit.'
					: 'No source has this limit: the number is assumed.'
				: undefined,
		],
		[
			'increase',
			limit.code === null || limit.adjustable === null
				? undefined
				: `${increaseWords(limit)} · Service Quotas code ${cleanText(limit.code)}`,
		],
	];
	return entries.flatMap(([label, text]) =>
		text === undefined ? [] : hangingLines(segment(label.padEnd(labelWidth), 'muted'), text, width),
	);
}
