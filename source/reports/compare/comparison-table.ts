import {type Column, renderTable} from '../../text/table.ts';
import {cleanText} from '../../text/width.ts';
import {markdownTable} from '../markdown.ts';
import {
	type ComparedFigure,
	compareRuns,
	differenceText,
	mismatchesOf,
	type NamedRun,
	valueText,
} from './comparison.ts';

/** A comparison as a table for a terminal or a pipe. @returns Lines of at most `width` cells. */
export function comparisonLines(runs: readonly NamedRun[], width: number): readonly string[] {
	const rows = compareRuns(runs);
	const isFirstOf = (row: ComparedFigure) => rows.find(({variant}) => variant === row.variant) === row;
	const columns: ReadonlyArray<Column<ComparedFigure>> = [
		{
			key: 'variant',
			header: 'Variant',
			align: 'left',
			minWidth: 8,
			priority: 100,
			cut: 'middle',
			format: (row) => (isFirstOf(row) ? row.variant : ''),
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
		...runs.flatMap(
			({name}, index): Array<Column<ComparedFigure>> => [
				{
					key: `value-${index}`,
					header: cleanText(name),
					align: 'right',
					minWidth: 8,
					priority: 80,
					cut: 'middle',
					format: ({values, format}) => valueText(values[index], format),
				},
				...(index === 0
					? []
					: [
							{
								key: `difference-${index}`,
								header: 'Difference (95%)',
								align: 'left' as const,
								minWidth: 12,
								priority: 70,
								cut: 'end' as const,
								format: ({differences, format}: ComparedFigure) =>
									differenceText(differences[index - 1], format),
							},
						]),
			],
		),
	];
	return [...headerLines(runs), ...renderTable(columns, rows, width)];
}

/** A comparison as a Markdown page. */
export function comparisonMarkdown(runs: readonly NamedRun[]): string {
	const rows = compareRuns(runs);
	const [first, ...others] = runs;
	const header = [
		'Variant',
		'Figure',
		first?.name ?? '',
		...others.flatMap(({name}) => [name, 'Difference (95%)']),
	];
	const table = markdownTable(
		header,
		rows.map(({variant, figure, values, differences, format}) => [
			variant,
			figure,
			...values.flatMap((value, index) => [
				valueText(value, format),
				...(index === 0 ? [] : [differenceText(differences[index - 1], format)]),
			]),
		]),
	);
	return `${['# bedrock-top: runs side by side', '', ...headerLines(runs), '', ...table, '', '![runs side by side](compare.svg)'].join('\n')}\n`;
}

function headerLines(runs: readonly NamedRun[]): readonly string[] {
	return [
		...(runs.some(({results}) => results.simulated)
			? ['SIMULATED: some of these answers came from a simulator.']
			: []),
		...mismatchesOf(runs),
	];
}
