import {formatCount, unknownMark} from '../../text/numbers.ts';
import {type Column, renderTable} from '../../text/table.ts';
import {cleanText} from '../../text/width.ts';
import type {ComparedRuns} from '../../view/state.ts';
import {type Block, markdownOf, type Page, sectionOf} from '../page.ts';
import {
	type ComparedFigure,
	compareRuns,
	differenceText,
	mismatchesOf,
	type NamedRun,
	valueText,
} from './comparison.ts';

/** A comparison in words. */
export function comparedRuns(runs: readonly NamedRun[]): ComparedRuns {
	const rows = compareRuns(runs);
	const isFirstOf = (row: ComparedFigure) => rows.find(({variant}) => variant === row.variant) === row;
	return {
		names: runs.map(({name}) => cleanText(name)),
		remarks: headerLines(runs),
		rows: rows.map((row) => ({
			variant: isFirstOf(row) ? row.variant : '',
			figure: row.figure,
			values: row.values.map((value) => valueText(value, row.format)),
			differences: row.differences.map((difference) => differenceText(difference, row)),
		})),
	};
}

type Row = ComparedRuns['rows'][number];

/** Columns of a comparison, on the screen and for a pipe. */
export function comparisonColumns({names}: Pick<ComparedRuns, 'names'>): ReadonlyArray<Column<Row>> {
	return [
		{
			key: 'variant',
			header: 'Variant',
			align: 'left',
			minWidth: 8,
			priority: 100,
			cut: 'middle',
			format: ({variant}) => variant,
		},
		{
			key: 'figure',
			header: 'Figure',
			align: 'left',
			minWidth: 12,
			priority: 90,
			cut: 'end',
			format: ({figure}) => figure,
		},
		...names.flatMap(
			(name, index): Array<Column<Row>> => [
				{
					key: `value-${index}`,
					header: name,
					align: 'right',
					minWidth: 8,
					priority: 80,
					cut: 'middle',
					format: ({values}) => values[index] ?? unknownMark,
				},
				...(index === 0
					? []
					: [
							{
								key: `difference-${index}`,
								header: 'Difference (95%)',
								align: 'left' as const,
								// The interval is what the comparison is about: names give way first.
								minWidth: 24,
								priority: 85,
								cut: 'end' as const,
								format: ({differences}: Row) => differences[index - 1] ?? unknownMark,
							},
						]),
			],
		),
	];
}

/** A comparison as a table for a terminal or a pipe. @returns Lines of at most `width` cells. */
export function comparisonLines(runs: readonly NamedRun[], width: number): readonly string[] {
	const table = comparedRuns(runs);
	return [...table.remarks, ...renderTable(comparisonColumns(table), table.rows, width)];
}

/**
 * A comparison as a page.
 * @param picture The chart beside it.
 */
export function comparisonPage(runs: readonly NamedRun[], picture?: string): Page {
	const rows = compareRuns(runs);
	const [first, ...others] = runs;
	return {
		title: 'bedrock-top: runs side by side',
		sections: [
			...sectionOf('Verdict', {type: 'lines', lines: headerLines(runs)}, ...verdictBlocks(runs, rows)).map(
				(section) => ({...section, isLead: true}),
			),
			...sectionOf('Figures', {
				type: 'table',
				header: [
					'Variant',
					'Figure',
					first?.name ?? '',
					...others.flatMap(({name}) => [name, 'Difference (95%)']),
				],
				rows: rows.map((row) => [
					row.variant,
					row.figure,
					...row.values.flatMap((value, index) => [
						valueText(value, row.format),
						...(index === 0 ? [] : [differenceText(row.differences[index - 1], row)]),
					]),
				]),
			}),
			...sectionOf('Chart', {type: 'pictures', files: picture === undefined ? [] : [picture]}),
		],
	};
}

/** What surely differs between the first run and each other one: what is worse first. */
function verdictBlocks(runs: readonly NamedRun[], rows: readonly ComparedFigure[]): readonly Block[] {
	const [first, ...others] = runs;
	return others.flatMap(({name}, index): readonly Block[] => {
		const of = (verdict: 'worse' | 'better'): readonly string[] =>
			rows
				.filter(({differences}) => differences[index]?.verdict === verdict)
				.map((row) => `${row.variant}, ${row.figure}: ${differenceText(row.differences[index], row)}`);
		const [worse, better] = [of('worse'), of('better')];
		const found =
			worse.length + better.length === 0
				? 'no figure is surely better or worse'
				: `${formatCount(worse.length)} ${worse.length === 1 ? 'figure is' : 'figures are'} surely worse, ${formatCount(better.length)} better`;
		return [
			{type: 'lines', lines: [`${name} against ${first?.name}: ${found}.`]},
			{type: 'list', items: [...worse, ...better]},
		];
	});
}

/** A comparison as Markdown. */
export function comparisonMarkdown(runs: readonly NamedRun[], picture?: string): string {
	return markdownOf(comparisonPage(runs, picture));
}

function headerLines(runs: readonly NamedRun[]): readonly string[] {
	return [
		...(runs.some(({results}) => results.simulated)
			? ['SIMULATED: some of these answers came from a simulator.']
			: []),
		...mismatchesOf(runs),
	];
}
