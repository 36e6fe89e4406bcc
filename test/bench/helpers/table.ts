import {type Column, renderTable} from '../../../source/text/table.ts';
import type {Row} from './bench-case.ts';

const verdict = ({isMet}: Row): string => (isMet === undefined ? '' : isMet ? 'ok' : 'MISSED');

const column = (key: string, header: string, format: (row: Row) => string): Column<Row> => ({
	key,
	header,
	align: 'left',
	priority: 1,
	format,
});

const columns: ReadonlyArray<Column<Row>> = [
	column('name', 'case', ({name}) => name),
	column('ours', 'ours', ({ours}) => ours),
	column('comparison', 'comparison', ({comparison}) => comparison),
	column('relation', 'ratio or difference', ({relation}) => relation),
	column('bound', 'bound', ({bound}) => bound),
	column('verdict', '', verdict),
];

/** All columns at their full width: a table of measurements that drops one is of no use. */
const anyWidth = 1000;

/** The table of one group, as lines. */
export const tableLines = (rows: readonly Row[]): readonly string[] => renderTable(columns, rows, anyWidth);
