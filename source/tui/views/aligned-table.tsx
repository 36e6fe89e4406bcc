import {Text} from 'ink';
import {Table} from 'ink-table';
import {createContext, type ReactNode, useContext} from 'react';
import {segment, type Tone} from '../../text/segment.ts';
import type {FittedColumn} from '../../text/table.ts';
import {fitText} from '../../text/width.ts';
import {paint, useAppearance} from '../appearance.tsx';

/** Texts of the cells, by row and column. */
const Texts = createContext<ReadonlyArray<readonly string[]>>([]);

/** First of the characters that stand for a row; text that may be shown has none of them (`cleanText`). */
const firstStandIn = 0xe0_00;
const standIns = /[\uE000-\uF8FF]+/;
const mostRows = 0xf8_ff - firstStandIn + 1;

type PieceProps = {readonly children?: ReactNode};

/** One piece of the table in a tone. */
function Piece({children, tone}: PieceProps & {readonly tone: Tone}) {
	const appearance = useAppearance();
	return <Text>{paint([segment(String(children), tone)], appearance)}</Text>;
}

const Header = ({children}: PieceProps) => <Piece tone="title">{children}</Piece>;
const Skeleton = ({children}: PieceProps) => <Piece tone="border">{children}</Piece>;

/** Puts the text of a cell in the place of what stood for it. */
function Cell({children, column}: PieceProps & {readonly column: number}) {
	const texts = useContext(Texts);
	const shown = String(children).replace(
		standIns,
		(standIn) => texts[standIn.charCodeAt(0) - firstStandIn]?.[column] ?? '',
	);
	return <Piece tone="plain">{shown}</Piece>;
}

type Props<Row> = {
	readonly columns: ReadonlyArray<FittedColumn<Row>>;
	readonly rows: readonly Row[];
};

/**
 * A table drawn by ink-table. It counts a text's UTF-16 units where a terminal counts cells, so it is given characters
 * that stand for a cell each, and every text is fitted into its cells here.
 */
export function AlignedTable<Row>({columns, rows}: Props<Row>) {
	const shown = rows.slice(0, mostRows);
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
