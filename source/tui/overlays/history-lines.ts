import {comparisonColumns} from '../../reports/compare/comparison-table.ts';
import {formatCount, formatSecondsLeft} from '../../text/numbers.ts';
import {fitLine, hangingLines, type Line, segment} from '../../text/segment.ts';
import {fitColumns, formatHeader, rowLine} from '../../text/table.ts';
import {cleanText, wrapText} from '../../text/width.ts';
import {runColumns} from '../../view/history/history.ts';
import type {ComparedRuns, HistoryList, Overlay, State} from '../../view/state.ts';
import {type Content, firstShown} from '../frame.ts';

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
