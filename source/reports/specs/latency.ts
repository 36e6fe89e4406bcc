import {formatDurationMs} from '../../text/numbers.ts';
import type {VariantResults} from '../results-schema.ts';
import {
	type Chart,
	type ChartInput,
	colours,
	emptySpec,
	frame,
	ground,
	ink,
	type Panel,
	panelTitle,
	rowChannel,
	rowStep,
	subtitleOf,
	titleOf,
	valueChannel,
	variantLabels,
} from './chart.ts';

type Times = VariantResults['latencyMs']['total'];

const percentiles = ['p50', 'p90', 'p99'] as const;
const shapes = ['circle', 'diamond', 'triangle-up'];
const shapeColours = [colours.blue, colours.orange, colours.vermillion];

/** Strips of the distribution are drawn while they fit the file: this many in all. */
const maxStrips = 900;
const stripsPerRow = 30;

/** Shown instead of an empty chart. */
const noAnswers = 'Nothing was answered, so no latency can be shown.';

/** Time to first token and total time of each variant: p50, p90, p99 over the distribution as a strip of grey. */
export function latency(input: ChartInput): Chart {
	const {results} = input;
	const title = titleOf(results, 'Latency by variant');
	const labels = variantLabels(results);
	const firstToken = results.variants.map(({latencyMs}) => latencyMs.timeToFirstToken);
	const total = results.variants.map(({latencyMs}) => latencyMs.total);
	const hasFirstToken = firstToken.some((times) => times.count > 0);
	const description = results.variants.map((_, index) => {
		const first = hasFirstToken ? `time to first token ${timesText(firstToken[index])}, ` : '';
		return `${labels[index]}: ${first}total ${timesText(total[index])}`;
	});
	const isEmpty = !results.variants.some(({latencyMs}) => latencyMs.total.count > 0);
	const panels = hasFirstToken
		? [
				timesPanel('Time to first token', labels, firstToken, 265, true),
				timesPanel('Total', labels, total, 265, false),
			]
		: [timesPanel('Total', labels, total, 560, true)];
	return {
		name: 'latency',
		title,
		description: isEmpty ? noAnswers : `p50, p90 and p99. ${description.join('. ')}.`,
		spec: isEmpty
			? emptySpec(title, subtitleOf(input), noAnswers)
			: {...frame(title, subtitleOf(input)), spacing: 24, hconcat: panels},
	};
}

function timesPanel(
	title: string,
	labels: readonly string[],
	times: readonly Times[],
	width: number,
	hasNames: boolean,
): Panel {
	const label = (index: number) => labels[index] ?? '';
	const marks = times.flatMap((row, index) =>
		percentiles.flatMap((name) =>
			row[name] === null ? [] : [{label: label(index), percentile: name, ms: row[name]}],
		),
	);
	const longest = (row: Times): number => Math.max(0, ...percentiles.map((name) => row[name] ?? 0));
	const end = Math.max(1, ...times.map(longest));
	const texts = times.map((row, index) => ({
		label: label(index),
		// Behind the marks, and behind the strips that are drawn.
		end: Math.max(longest(row), Math.min(end, row.histogram.at(-1)?.[0] ?? 0)),
		text: shortText(row),
	}));
	const strips =
		times.length * stripsPerRow <= maxStrips
			? times.flatMap((row, index) => stripsOf(row, label(index), end))
			: [];
	const x = valueChannel(end * 1.75, {
		labelExpr:
			"datum.value === 0 ? '0' : datum.value < 1000 ? format(datum.value, ',~g') + ' ms' : format(datum.value / 1000, ',~g') + ' s'",
	});
	const y = rowChannel(labels, hasNames);
	const shape = {
		field: 'percentile',
		type: 'nominal' as const,
		sort: null,
		scale: {domain: [...percentiles], range: shapes},
	};
	return {
		title: panelTitle(title, width),
		width,
		height: {step: rowStep},
		layer: [
			{
				data: {values: strips},
				mark: {type: 'rect', color: ink},
				encoding: {
					x: {...x, field: 'from'},
					x2: {field: 'to'},
					y,
					opacity: {field: 'share', type: 'quantitative', scale: null, legend: null},
				},
			},
			{
				data: {values: marks},
				mark: {type: 'point', filled: true, size: 64, opacity: 1, stroke: ground, strokeWidth: 1},
				encoding: {
					x: {...x, field: 'ms'},
					y,
					shape,
					color: {...shape, scale: {domain: [...percentiles], range: shapeColours}},
				},
			},
			{
				data: {values: texts},
				mark: {type: 'text', align: 'left', dx: 9},
				encoding: {x: {...x, field: 'end'}, y, text: {field: 'text', type: 'nominal'}},
			},
		],
	};
}

/** The histogram in at most 30 strips up to the longest percentile; a darker strip has more answers. */
function stripsOf(row: Times, label: string, end: number) {
	const width = end / stripsPerRow;
	const counts = new Map<number, number>();
	for (const [upper, count] of row.histogram) {
		const index = Math.min(stripsPerRow, Math.floor(upper / width));
		counts.set(index, (counts.get(index) ?? 0) + count);
	}
	const most = Math.max(1, ...counts.values());
	return [...counts]
		.filter(([index]) => index < stripsPerRow)
		.map(([index, count]) => ({
			label,
			from: index * width,
			to: (index + 1) * width,
			share: 0.04 + 0.26 * (count / most),
		}));
}

function timesText(times: Times | undefined): string {
	return times === undefined || times.count === 0
		? 'not known'
		: percentiles.map((name) => `${name} ${formatDurationMs(times[name])}`).join(', ');
}

/** `640 ms · 0.9 s · 2.1 s`: the three percentiles; fewer where there are too few samples. */
function shortText(times: Times): string {
	const known = percentiles.filter((name) => times[name] !== null);
	if (times.count === 0) {
		return 'no answer';
	}
	return known.length === 0
		? `${times.count} answers: too few`
		: known.map((name) => formatDurationMs(times[name])).join(' · ');
}
