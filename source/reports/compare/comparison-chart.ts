import {cleanText, truncateMiddle} from '../../text/width.ts';
import {
	type Chart,
	colours,
	emptySpec,
	frame,
	ink,
	type Panel,
	panelTitle,
	rowChannel,
	uniqueLabels,
	valueChannel,
} from '../specs/chart.ts';
import {compareRuns, type NamedRun} from './comparison.ts';

const figures = ['sustainable useful items per minute', 'quota tokens per request', 'total p50'] as const;
const runColours = [
	colours.skyBlue,
	colours.orange,
	colours.green,
	colours.purple,
	colours.blue,
	colours.vermillion,
];
const barHeight = 15;
const panelWidth = 190;

/** Runs side by side: for each variant one bar per run, numbered as in the legend, with its 95% interval. */
export function comparisonChart(runs: readonly NamedRun[]): Chart {
	const name = 'compare';
	const title = titleFor(runs);
	const compared = compareRuns(runs);
	const labels = runs.map((run, index) => `${index + 1} ${truncateMiddle(cleanText(run.name), 36)}`);
	const names = [...new Set(compared.map(({variant}) => variant))];
	const variants = uniqueLabels(names.map((each) => truncateMiddle(each, 30)));
	const rows = compared.flatMap(({variant, figure, values, format}) =>
		values.map(({value, low, high}, index) => ({
			label: variants[names.indexOf(variant)] ?? variant,
			figure,
			run: labels[index] ?? '',
			value,
			low,
			high,
			end: Math.max(value ?? 0, high ?? 0),
			text: `${index + 1}: ${value === null ? 'not there' : format(value)}`,
		})),
	);
	const shown = figures.filter((figure) => rows.some((row) => row.figure === figure));
	const subtitle = labels.map((label) => label.replace(' ', ': '));
	return {
		name,
		title,
		description: compared
			.filter(({figure}) => shown.some((each) => each === figure))
			.map(
				({variant, figure, values, format}) =>
					`${variant}, ${figure}: ${values.map(({value}) => format(value)).join(', ')}`,
			)
			.join('. '),
		spec:
			variants.length === 0
				? emptySpec(title, subtitle, 'No variant was answered in any of the runs.')
				: {
						...frame(title, subtitle),
						spacing: 24,
						hconcat: shown.map((figure, index) =>
							runsPanel(
								figure,
								rows.filter((row) => row.figure === figure),
								variants,
								labels,
								index === 0,
							),
						),
					},
	};
}

function titleFor(runs: readonly NamedRun[]): string {
	const simulated = runs.filter(({results}) => results.simulated).length;
	const mark = simulated === 0 ? '' : simulated === runs.length ? ' (SIMULATED)' : ' (SIMULATED in part)';
	return `Runs side by side${mark}`;
}

type Row = {
	readonly label: string;
	readonly run: string;
	readonly value: number | null;
	readonly low: number | null;
	readonly high: number | null;
	readonly end: number;
	readonly text: string;
};

function runsPanel(
	figure: string,
	rows: readonly Row[],
	variants: readonly string[],
	labels: readonly string[],
	hasNames: boolean,
): Panel {
	const x = valueChannel(Math.max(1, ...rows.map(({end}) => end)) * 1.4, {tickCount: 3});
	const y = rowChannel(variants, hasNames);
	const yOffset = {field: 'run', type: 'nominal' as const, sort: null, scale: {domain: [...labels]}};
	return {
		title: panelTitle(figure === 'total p50' ? 'total p50, ms' : figure, panelWidth),
		width: panelWidth,
		height: variants.length * (labels.length * barHeight + 10),
		data: {values: [...rows]},
		layer: [
			{
				mark: {type: 'bar', stroke: ink, strokeWidth: 0.5},
				encoding: {
					x: {...x, field: 'value'},
					y,
					yOffset,
					color: {
						field: 'run',
						type: 'nominal',
						sort: null,
						legend: null,
						scale: {
							domain: [...labels],
							range: labels.map((_, index) => runColours[index % runColours.length] ?? ink),
						},
					},
				},
			},
			{
				data: {values: rows.filter(({low, high}) => low !== null && high !== null)},
				mark: {type: 'rule', color: ink, strokeWidth: 1.5},
				encoding: {x: {...x, field: 'low'}, x2: {field: 'high'}, y, yOffset},
			},
			{
				mark: {type: 'text', align: 'left', dx: 6, fontSize: 10},
				encoding: {x: {...x, field: 'end'}, y, yOffset, text: {field: 'text', type: 'nominal'}},
			},
		],
	};
}
