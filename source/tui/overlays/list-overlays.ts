import {comparisonColumns} from '../../reports/compare/comparison-table.ts';
import {formatCount, formatSecondsLeft, formatUsd, unknownMark} from '../../text/numbers.ts';
import {fitLine, hangingLines, type Line, segment} from '../../text/segment.ts';
import {type Column, fitColumns, formatHeader, rowLine} from '../../text/table.ts';
import {cleanText, wrapText} from '../../text/width.ts';
import {roomWords} from '../../view/account/account-columns.ts';
import {isDemoOffered} from '../../view/availability.ts';
import {runColumns} from '../../view/history/history.ts';
import {keyOf} from '../../view/keymap.ts';
import {type PickerRow, pickerRows, roomOf} from '../../view/picker.ts';
import {limitWords, minuteLimits} from '../../view/quotas.ts';
import {shownRegions} from '../../view/selectors.ts';
import type {ComparedRuns, HistoryList, Overlay, Picker, RemoteList, State} from '../../view/state.ts';
import {type Content, firstShown} from '../frame.ts';

/** Overlays that are lists: models, presets and Regions to pick from, and earlier runs. */

/** The size does not depend on the number of rows, so that nothing jumps while the user types. */
const usualSize = {width: 96, rows: 16} as const;

/** A picker in a room of that size: what is typed, then the rows around the selected one. */
export function pickerContent(state: State, picker: Picker, roomWidth: number, roomHeight: number): Content {
	const width = Math.max(1, Math.min(roomWidth, usualSize.width));
	const height = Math.max(1, Math.min(roomHeight, usualSize.rows + 2));
	const rows = pickerRows(state, picker);
	const marks = picker.marked.length === 0 ? '' : ` · ${formatCount(picker.marked.length)} marked`;
	const typed: Line = [
		segment('/', 'accent'),
		segment(`${cleanText(picker.filter)}_`),
		segment(marks === '' ? '' : marks, 'accent'),
	];
	const body =
		rows.length === 0 ? emptyLines(state, picker, width) : rowLines(state, picker, rows, width, height - 1);
	const lines = [fitLine(typed, width), ...body];
	return {
		title: [segment(titles[picker.of], 'title')],
		note: [segment(noteOf(picker, width), 'muted')],
		lines: Array.from({length: height}, (_, index) => fitLine(lines[index] ?? [], width)),
	};
}

const titles: Readonly<Record<Picker['of'], string>> = {
	models: 'Models',
	presets: 'Presets',
	regions: 'Regions of the account',
};

function noteOf({of}: Picker, width: number): string {
	if (width < 60) {
		return 'Enter accepts';
	}
	return of !== 'presets'
		? 'type to find, Space marks several, Enter accepts, Esc closes'
		: 'type to find, Enter accepts, Esc closes';
}

/** Why there is nothing to choose from. */
function emptyLines(state: State, {of}: Picker, width: number): readonly Line[] {
	const listing: RemoteList<unknown> = of === 'models' ? state.models : state.presets;
	switch (listing.kind) {
		case 'loading': {
			const waited = formatSecondsLeft(Math.floor((state.nowMs - listing.sinceMs) / 1000) * 1000);
			return [[segment(`asking for the list (${waited})`, 'muted')]];
		}
		case 'failed': {
			const {message, hint = ''} = listing.fault;
			return [
				...wrapText(cleanText(message), width).map((line): Line => [segment(line, 'bad')]),
				...wrapText(cleanText(hint), width).map((line): Line => [segment(line)]),
				...(of === 'models' ? [[segment('A model can be typed: ID, profile or ARN.', 'muted')]] : []),
				...(isDemoOffered(state)
					? [
							[
								segment('Esc, then '),
								segment(keyOf(state, 'start-demo'), 'accent'),
								segment(' shows the demo, which needs no account.'),
							],
						]
					: []),
			];
		}
		case 'idle':
		case 'known':
			return [[segment('The list is empty.', 'muted')]];
	}
}

function rowLines(
	state: State,
	picker: Picker,
	rows: readonly PickerRow[],
	width: number,
	height: number,
): readonly Line[] {
	const selected = Math.min(picker.index, rows.length - 1);
	const hasHeader = picker.of === 'models' && rows[0]?.kind === 'model' && height > 3;
	const count = height - (hasHeader ? 1 : 0);
	const first = firstShown(selected, count, rows.length);
	const fitted = fitColumns(columnsOf(state, picker.of), rows, width - 4);
	const lines = rows.slice(first, first + count).map((row, index): Line => {
		const isSelected = first + index === selected;
		const isMarked = picker.marked.includes(row.key);
		const isInForce = inForce(state, picker.of).includes(row.key);
		return [
			segment(isSelected ? '› ' : '  ', 'accent'),
			segment(isMarked ? '✓ ' : isInForce ? '• ' : '  ', 'accent'),
			...(row.kind === 'typed'
				? [segment(`"${cleanText(row.key)}" as typed`, isSelected ? 'strong' : 'plain')]
				: rowLine(fitted, row)),
		];
	});
	return hasHeader ? [[segment(`    ${formatHeader(fitted)}`, 'muted')], ...lines] : lines;
}

/** Keys of the rows that are in use now. */
function inForce({config, account}: State, of: Picker['of']): readonly string[] {
	switch (of) {
		case 'models':
			return config.models;
		case 'presets':
			return config.preset === null ? [] : [config.preset];
		case 'regions':
			return shownRegions(account).map(({region}) => region);
	}
}

function columnsOf(state: State, of: Picker['of']): ReadonlyArray<Column<PickerRow>> {
	return of === 'models' ? modelColumns(state) : presetColumns;
}

function modelColumns(state: State): ReadonlyArray<Column<PickerRow>> {
	const isWatched = shownRegions(state.account).length > 0;
	return [
		{
			key: 'model',
			header: 'Model',
			align: 'left',
			priority: 9,
			minWidth: 30,
			cut: 'middle',
			format: ({key}) => cleanText(key),
			tone: () => 'strong',
		},
		modelColumn('scope', 'Scope', 4, ({scope}) => scope),
		modelColumn('requests', '', 3, ({quota}) => {
			// Where there is one of output, requests have none.
			const [requests, output] = minuteLimits(quota);
			const {limit, unit} = output.field === 'output' ? output : requests;
			return limitWords(limit, unit);
		}),
		modelColumn('tokens', 'Quota', 5, ({quota}) =>
			// Where there is room for one limit alone, a blocked one is what counts.
			quota.requestsPerMinute.state === 'blocked'
				? limitWords(quota.requestsPerMinute, 'RPM')
				: limitWords(quota.tokensPerMinute, 'TPM'),
		),
		// What others leave is known where the account is watched.
		...(isWatched
			? [
					modelColumn('free', 'Free', 8, (model) => {
						const room = roomOf(state, model);
						return room === undefined ? unknownMark : roomWords(room);
					}),
				]
			: []),
		modelColumn('input', '$/M in', 7, ({price}) => perMillion(price?.input)),
		modelColumn('output', '$/M out', 6, ({price}) => perMillion(price?.output)),
	];
}

function perMillion(usdPerToken: number | undefined): string {
	return usdPerToken === undefined ? unknownMark : formatUsd(usdPerToken * 1e6);
}

type ModelRow = Extract<PickerRow, {kind: 'model'}>;

function modelColumn(
	key: string,
	header: string,
	priority: number,
	format: (model: ModelRow['model']) => string,
): Column<PickerRow> {
	return {
		key,
		header,
		align: key === 'scope' ? 'left' : 'right',
		priority,
		format: (row) => (row.kind === 'model' ? format(row.model) : ''),
	};
}

const presetColumns: ReadonlyArray<Column<PickerRow>> = [
	{
		key: 'name',
		header: '',
		align: 'left',
		priority: 9,
		format: ({key}) => cleanText(key),
		tone: () => 'strong',
	},
	{
		key: 'description',
		header: '',
		align: 'left',
		priority: 8,
		minWidth: 24,
		cut: 'end',
		format: (row) => (row.kind === 'preset' ? cleanText(row.preset.description) : ''),
	},
	{
		key: 'note',
		header: '',
		align: 'right',
		priority: 7,
		format: (row) => (row.kind === 'preset' ? cleanText(row.preset.note) : ''),
		tone: () => 'muted',
	},
];

const usualWidth = 150;
const markWidth = 4;

function paragraph(text: string, width: number): readonly Line[] {
	return wrapText(cleanText(text), Math.max(1, width)).map((line) => [segment(line, 'bad')]);
}

/** The list of earlier runs in a room of that size, newest first, around the selected one. */
export function historyContent(
	state: State,
	list: HistoryList,
	roomWidth: number,
	roomHeight: number,
): Content {
	const width = Math.max(1, Math.min(roomWidth, usualWidth));
	const problem = list.problem === undefined ? [] : paragraph(list.problem, width);
	const room = Math.max(1, roomHeight - problem.length);
	const lines = [...listLines(state, list, width, room), ...problem];
	return {
		title: [segment('Earlier runs', 'title'), segment(countWords(state))],
		note: [
			segment(
				width < 76 ? 'Enter Space c Esc' : 'Enter reopens, Space marks, c compares two, Esc closes',
				'muted',
			),
		],
		lines: lines.map((line) => fitLine(line, width)),
	};
}

function countWords({history}: State): string {
	return history?.kind === 'known' ? ` · ${formatCount(history.entries.length)}` : '';
}

function listLines(state: State, list: HistoryList, width: number, height: number): readonly Line[] {
	const {history, nowMs} = state;
	switch (history?.kind) {
		case 'known':
			break;
		case 'loading':
			return [
				[
					segment(
						`reading (${formatSecondsLeft(Math.floor((nowMs - history.sinceMs) / 1000) * 1000)})`,
						'muted',
					),
				],
			];
		default:
			return [];
	}
	const runs = history.entries;
	if (runs.length === 0) {
		return [[segment('No run is kept here yet: each is when it ends.', 'muted')]];
	}
	const hasHeader = height > 4;
	const selected = Math.min(list.index, runs.length - 1);
	const count = Math.max(1, height - (hasHeader ? 1 : 0));
	const first = firstShown(selected, count, runs.length);
	const shown = runs.slice(first, first + count);
	const fitted = fitColumns(runColumns, shown, width - markWidth);
	return [
		...(hasHeader ? [[segment(' '.repeat(markWidth)), segment(formatHeader(fitted), 'muted')]] : []),
		...shown.map(
			(run, index): Line => [
				segment(first + index === selected ? '› ' : '  ', 'accent'),
				segment(
					list.marked.includes(run.folder) ? '✓ ' : state.earlier?.folder === run.folder ? '• ' : '  ',
					'accent',
				),
				...rowLine(fitted, run),
			],
		),
	];
}

/** Below this width a table would cut the intervals off: each figure is a sentence. */
const tableWidth = 100;

function sentenceLines(
	{variant, figure, values, differences}: ComparedRuns['rows'][number],
	width: number,
): readonly Line[] {
	return [
		...(variant === '' ? [] : [[segment(variant, 'strong')]]),
		...hangingLines(segment('  '), `${figure}: ${values.join(' → ')}; ${differences.join('; ')}`, width),
	];
}

/** Two runs side by side: figures, and differences with their intervals. */
export function comparisonContent(
	{table, scroll}: Overlay & {kind: 'comparison'},
	roomWidth: number,
	roomHeight: number,
): Content {
	const width = Math.max(1, Math.min(roomWidth, usualWidth));
	const fitted = fitColumns(comparisonColumns(table), table.rows, width);
	const remarks = table.remarks.flatMap((remark) =>
		wrapText(cleanText(remark), width).map((line): Line => [segment(line, 'warning')]),
	);
	const isTable = width >= tableWidth;
	const rows = isTable
		? table.rows.map((row) => rowLine(fitted, row))
		: [
				...hangingLines(segment('', 'muted'), table.names.join(' → '), width),
				...table.rows.flatMap((row) => sentenceLines(row, width)),
			];
	const body: readonly Line[] = [...remarks, ...rows];
	const header: readonly Line[] = isTable ? [[segment(formatHeader(fitted), 'muted')]] : [];
	const room = Math.max(1, roomHeight - header.length);
	const first = Math.min(scroll, Math.max(0, body.length - room));
	const last = Math.min(body.length, first + room);
	return {
		title: [segment('Runs side by side', 'title')],
		note: [
			segment(
				body.length > room ? `lines ${first + 1}-${last} of ${body.length}, ↑ ↓ scroll, Esc` : 'Esc returns',
				'muted',
			),
		],
		lines: [...header, ...body.slice(first, last)].map((line) => fitLine(line, width)),
	};
}
