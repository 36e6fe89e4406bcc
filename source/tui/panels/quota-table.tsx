import {Text} from 'ink';
import {Table} from 'ink-table';
import {createContext, type ReactNode, useContext} from 'react';
import type {Gauge} from '../../domain/snapshot.ts';
import type {Limit} from '../../domain/target.ts';
import {gaugeFraction} from '../../text/bars.ts';
import {formatPercent, formatTokens, unknownMark} from '../../text/numbers.ts';
import {segment, type Tone} from '../../text/segment.ts';
import {type Column, type FittedColumn, fitColumns} from '../../text/table.ts';
import {fitText} from '../../text/width.ts';
import {listedQuotas, type QuotaRow, selectedQuota} from '../../view/quota-rows.ts';
import {limitWords} from '../../view/quota-words.ts';
import type {State} from '../../view/state.ts';
import {paint, useAppearance} from '../appearance.tsx';
import {firstShown} from '../frame.ts';

/** Texts of the cells, by row and column. */
const Texts = createContext<ReadonlyArray<readonly string[]>>([]);

/** First of the characters that represent a row; shown text never contains them (`cleanText`). */
const firstStandIn = 0xe0_00;
const standIns = /[\uE000-\uF8FF]+/;
const maxRows = 0xf8_ff - firstStandIn + 1;

type PieceProps = {readonly children?: ReactNode};

/** One piece of the table in a tone. */
function Piece({children, tone}: PieceProps & {readonly tone: Tone}) {
	const appearance = useAppearance();
	return <Text>{paint([segment(String(children), tone)], appearance)}</Text>;
}

const Header = ({children}: PieceProps) => <Piece tone="title">{children}</Piece>;
const Skeleton = ({children}: PieceProps) => <Piece tone="border">{children}</Piece>;

/** Replaces the stand-in of a cell by its text. */
function Cell({children, column}: PieceProps & {readonly column: number}) {
	const texts = useContext(Texts);
	const shown = String(children).replace(
		standIns,
		(standIn) => texts[standIn.charCodeAt(0) - firstStandIn]?.[column] ?? '',
	);
	return <Piece tone="plain">{shown}</Piece>;
}

type TableProps<Row> = {
	readonly columns: ReadonlyArray<FittedColumn<Row>>;
	readonly rows: readonly Row[];
};

/**
 * A table drawn by ink-table. It counts a text's UTF-16 units where a terminal counts cells, so it is given one
 * stand-in character per cell, and every text is fitted into its cells here.
 */
function AlignedTable<Row>({columns, rows}: TableProps<Row>) {
	const shown = rows.slice(0, maxRows);
	const texts = shown.map((row) =>
		columns.map(({column, width}) => fitText(column.format(row), width, column.align, column.cut)),
	);
	const data = shown.map((_, index) =>
		Object.fromEntries(
			columns.map(({column, width}) => [
				column.header,
				String.fromCharCode(firstStandIn + index).repeat(width),
			]),
		),
	);
	return (
		<Texts value={texts}>
			<Table
				data={data}
				columns={columns.map(({column}) => column.header)}
				header={Header}
				cell={Cell}
				skeleton={Skeleton}
			/>
		</Texts>
	);
}

const columns: ReadonlyArray<Column<QuotaRow>> = [
	{
		key: 'Model',
		header: 'Model',
		align: 'left',
		priority: 9,
		minWidth: 24,
		cut: 'middle',
		format: ({model}) => model,
	},
	{key: 'Scope', header: 'Scope', align: 'left', priority: 5, format: ({scope}) => scope},
	{
		key: 'Quota',
		header: 'Quota',
		align: 'right',
		priority: 10,
		format: ({limit, unit}) => limitWords(limit, unit),
	},
	{
		key: 'Source',
		header: 'Source',
		align: 'left',
		priority: 8,
		format: ({limit}) => limit.source ?? unknownMark,
	},
	{key: 'Used', header: 'Used', align: 'right', priority: 7, format: ({gauge}) => usedWords(gauge)},
	{
		key: 'Applied',
		header: 'Applied',
		align: 'right',
		priority: 4,
		format: ({limit}) => formatTokens(limit.applied),
	},
	{
		key: 'Default',
		header: 'Default',
		align: 'right',
		priority: 3,
		format: ({limit}) => formatTokens(limit.default),
	},
	{key: 'Increase', header: 'Increase', align: 'left', priority: 2, format: ({limit}) => raiseWords(limit)},
	{key: 'Code', header: 'Code', align: 'left', priority: 1, format: ({limit}) => limit.code ?? unknownMark},
];

function usedWords(gauge: Gauge | undefined): string {
	if (gauge === undefined) {
		return unknownMark;
	}
	const fraction = gaugeFraction(gauge);
	return `${formatTokens(gauge.used)}${fraction === null ? '' : ` ${formatPercent(fraction)}`}`;
}

function raiseWords({adjustable}: Limit): string {
	if (adjustable === null) {
		return unknownMark;
	}
	return adjustable ? 'on request' : 'not adjustable';
}

/** Cells that ink-table adds to each column: a blank on either side and a rule. */
const cellExtra = 3;

type QuotaTableProps = {readonly state: State; readonly width: number; readonly height: number};

/** Every limit of every bucket of the run. The rows are cut to the width before ink-table sees them. */
export function QuotaTable({state, width, height}: QuotaTableProps) {
	const rows = listedQuotas(state);
	const fitted = fitColumns(columns, rows, width - cellExtra - 1, cellExtra);
	// Each row has a rule above it; heading and lower border take three lines more.
	const count = Math.max(0, Math.floor((height - 3) / 2));
	const selected = selectedQuota(state);
	const first = firstShown(selected === undefined ? 0 : rows.indexOf(selected), count, rows.length);
	const shown = rows.slice(first, first + count);
	if (shown.length === 0) {
		return (
			<Text>
				{rows.length === 0 ? 'No quota is known before the run is prepared.' : 'enlarge the window'}
			</Text>
		);
	}
	return <AlignedTable columns={fitted} rows={shown} />;
}
