import type {CandidateFigures, SearchFigures} from '../domain/figures-schema.ts';
import {finalistsOf} from '../metrics/decisions/search/search-figures.ts';
import {searchTexts} from '../reports/search-words.ts';
import {formatCount, formatNumber, formatPercent} from '../text/numbers.ts';
import {type Line, segment} from '../text/segment.ts';
import {type Column, fitColumns, formatHeader, rowLine} from '../text/table.ts';
import {cleanText, wrapText} from '../text/width.ts';

type Row = {readonly figures: CandidateFigures; readonly isOnFront: boolean};

const right = (
	key: string,
	header: string,
	priority: number,
	format: (figures: CandidateFigures) => string,
): Column<Row> => ({key, header, align: 'right', priority, format: ({figures}) => format(figures)});

const columns: ReadonlyArray<Column<Row>> = [
	{
		key: 'candidate',
		header: 'candidate',
		align: 'left',
		minWidth: 12,
		priority: 100,
		cut: 'middle',
		format: ({figures}) => cleanText(figures.name),
	},
	right('items', 'items', 60, ({items}) => formatCount(items.sent)),
	right('useful', 'useful', 95, ({usefulRate}) => formatPercent(usefulRate.value)),
	right('low', '95 % from', 70, ({usefulRate}) => formatPercent(usefulRate.low)),
	right('high', 'to', 69, ({usefulRate}) => formatPercent(usefulRate.high)),
	right('quota', 'quota tokens/useful item', 90, ({quotaTokensPerUseful}) =>
		formatNumber(quotaTokensPerUseful),
	),
	{
		key: 'front',
		header: '',
		align: 'left',
		priority: 80,
		format: ({isOnFront}) => (isOnFront ? 'front' : ''),
	},
];

/** The finalists of a search, those on the front marked, and what was tried; nothing for a run that was none. */
export function searchTableLines(search: SearchFigures | undefined, width: number): readonly Line[] {
	if (search === undefined) {
		return [];
	}
	const rows = finalistsOf(search).map((figures) => ({
		figures,
		isOnFront: search.front.includes(figures.name),
	}));
	const fitted = fitColumns(columns, rows, width);
	return [
		[segment('Search: quality against quota', 'title')],
		[segment(formatHeader(fitted).trimEnd(), 'strong')],
		...rows.map((row) => rowLine(fitted, row)),
		...searchTexts(search).flatMap((text) => wrapText(text, width).map((line) => [segment(line, 'muted')])),
		[],
	];
}
