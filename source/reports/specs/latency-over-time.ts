import {formatDurationMs} from '../../text/numbers.ts';
import {
	type Chart,
	type ChartInput,
	colours,
	emptySpec,
	frame,
	gridLine,
	ink,
	subtitleOf,
	titleOf,
	variantLabels,
} from './chart.ts';
import {timeChannel, timeWidth} from './throughput-vs-quota.ts';

/** Height of a variant's row in pixels. */
const rowHeight = 38;

const noAnswers = 'Nothing was answered, so no latency can be shown.';
const notMeasured = 'The latency over time was not measured.';

/** Mean total time of the answers of each variant over time: a row each, all to the same scale. */
export function latencyOverTime(input: ChartInput): Chart {
	const {results} = input;
	const {latencyMs, points} = results.timeline;
	const title = titleOf(results, 'Latency by variant over time');
	const labels = variantLabels(results);
	const rows = labels.map((label, index) => ({label, means: latencyMs?.cells[index] ?? []}));
	const values = rows.flatMap(({label, means}) =>
		means.flatMap((ms, index) =>
			ms === null ? [] : [{label, second: index * (latencyMs?.intervalSeconds ?? 1), ms}],
		),
	);
	const most = Math.max(1, ...values.map(({ms}) => ms));
	const end = Math.max(1, points.at(-1)?.second ?? 0, ...values.map(({second}) => second));
	const reason = latencyMs === undefined ? notMeasured : noAnswers;
	return {
		name: 'latency-over-time',
		title,
		description:
			values.length === 0
				? reason
				: `Mean total time by interval. ${rows.map(({label, means}) => `${label}: ${rangeText(means)}`).join('. ')}.`,
		spec:
			values.length === 0
				? emptySpec(title, subtitleOf(input), reason)
				: {
						...frame(title, [
							...subtitleOf(input),
							`mean total time by ${latencyMs?.intervalSeconds} s · each row from 0 to ${formatDurationMs(most)} · behind a row: its least and greatest mean`,
						]),
						data: {values: withRanges(rows, values, end)},
						facet: {
							row: {
								field: 'label',
								type: 'nominal',
								sort: [...labels],
								header: {
									title: null,
									labelAngle: 0,
									labelAlign: 'left',
									labelFontSize: 12,
									labelColor: ink,
									labelLimit: 0,
								},
							},
						},
						spacing: 6,
						spec: {
							width: timeWidth,
							height: rowHeight,
							view: {stroke: gridLine},
							layer: [
								{
									mark: {
										type: 'line',
										color: colours.blue,
										strokeWidth: 1.5,
										point: {size: 12, color: colours.blue},
									},
									encoding: {
										x: timeChannel(end, true),
										y: {
											field: 'ms',
											type: 'quantitative',
											scale: {domain: [0, most * 1.05], nice: false},
											axis: null,
										},
									},
								},
								{
									transform: [{filter: "datum.text !== ''"}],
									mark: {type: 'text', align: 'left', dx: 8, y: rowHeight / 2},
									encoding: {
										x: {...timeChannel(end, true), field: 'end'},
										text: {field: 'text', type: 'nominal'},
									},
								},
							],
						},
					},
	};
}

type Value = {readonly label: string; readonly second: number; readonly ms: number};

/** The first value of each row says what is written behind the row; a row without an answer keeps its place. */
function withRanges(
	rows: ReadonlyArray<{readonly label: string; readonly means: ReadonlyArray<number | null>}>,
	values: readonly Value[],
	end: number,
) {
	return rows.flatMap(({label, means}) => {
		const own = values.filter((value) => value.label === label);
		const text = rangeText(means);
		const [first = {label, second: 0, ms: null}, ...others] = own;
		return [{...first, text, end}, ...others.map((value) => ({...value, text: '', end}))];
	});
}

function rangeText(means: ReadonlyArray<number | null>): string {
	const known = means.filter((ms) => ms !== null);
	return known.length === 0
		? 'no answer'
		: `${formatDurationMs(Math.min(...known))} to ${formatDurationMs(Math.max(...known))}`;
}
