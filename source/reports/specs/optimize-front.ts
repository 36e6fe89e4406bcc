import {formatNumber, formatPercent} from '../../text/numbers.ts';
import {cleanText} from '../../text/width.ts';
import {type Chart, type ChartInput, colours, emptySpec, frame, subtitleOf, titleOf} from './chart.ts';

const width = 480;
const leaderLine = '#b4bcc5';
/** Pixels from one name beside the chart to the next. */
const labelStep = 16;
/** From this ratio of the most to the fewest tokens on, their axis is logarithmic. */
const wideRatio = 8;

/** Where names stand: as near to their values as they can without lying over each other. @returns In the order of the values. */
function apart(
	values: readonly number[],
	tokens: readonly number[],
	{step, bottom, top}: {readonly step: number; readonly bottom: number; readonly top: number},
): readonly number[] {
	// Of equal ones the rightmost comes first, so that the lines to the names cross less.
	const order = [...values.keys()].sort(
		(one, other) => (values[other] ?? 0) - (values[one] ?? 0) || (tokens[other] ?? 0) - (tokens[one] ?? 0),
	);
	const places: number[] = [];
	let next = top;
	for (const [rank, index] of order.entries()) {
		// Those below it need room too.
		const least = bottom + (order.length - 1 - rank) * step;
		const place = Math.max(least, Math.min(next, values[index] ?? 0));
		places[index] = place;
		next = place - step;
	}
	return places;
}

/** Quality against quota of an optimisation: each candidate on the select items, those on the front marked. */
export function optimizeFront(input: ChartInput): Chart {
	const {results} = input;
	const {candidates = [], front = [], baseline = ''} = results.optimize ?? {};
	const title = titleOf(results, 'Quality against quota tokens');
	const rows = candidates.flatMap(({name, usefulRate, quotaTokensPerUseful}) =>
		usefulRate.value === null || quotaTokensPerUseful === null
			? []
			: [
					{
						name: cleanText(name),
						useful: usefulRate.value,
						tokens: quotaTokensPerUseful,
						state: front.includes(name) ? 'front' : 'beaten',
					},
				],
	);
	const description = rows
		.map(
			({name, useful, tokens, state}) =>
				`${name}: ${formatPercent(useful)} useful, ${formatNumber(tokens)} quota tokens per useful item${state === 'front' ? ', on the front' : ''}`,
		)
		.join('. ');
	const height = Math.max(320, rows.length * labelStep);
	const tokens = rows.map((row) => row.tokens);
	const useful = rows.map((row) => row.useful);
	const isWide = Math.max(...tokens) > wideRatio * Math.min(...tokens);
	const [left, right] = [Math.min(...tokens) * 0.85, Math.max(...tokens) * 1.1];
	const [bottom, top] = [Math.max(0, Math.min(...useful) - 0.05), Math.min(1, Math.max(...useful)) + 0.05];
	const labelsAt = apart(useful, tokens, {step: ((top - bottom) * labelStep) / height, bottom, top});
	return {
		name: 'optimize-front',
		title,
		description:
			rows.length === 0 ? 'No candidate was measured.' : `To beat: ${cleanText(baseline)}. ${description}.`,
		spec:
			rows.length === 0
				? emptySpec(title, subtitleOf(input), 'No candidate was measured.')
				: {
						...frame(title, [...subtitleOf(input), 'upwards: useful items, more is better']),
						width,
						height,
						data: {values: rows.map((row, index) => ({...row, edge: right, at: labelsAt[index]}))},
						encoding: {
							x: {
								field: 'tokens',
								type: 'quantitative',
								title: 'quota tokens per useful item (less is better)',
								scale: {type: isWide ? 'log' : 'linear', domain: [left, right], nice: false},
								axis: {tickCount: 6},
							},
							y: {
								field: 'useful',
								type: 'quantitative',
								title: null,
								axis: {format: '.0%', tickCount: 6},
								scale: {domain: [bottom, top], nice: false},
							},
						},
						layer: [
							{
								mark: {type: 'rule', color: leaderLine, strokeWidth: 1},
								encoding: {x2: {field: 'edge'}, y2: {field: 'at'}},
							},
							{
								mark: {type: 'point', filled: true, size: 90},
								encoding: {
									color: {
										field: 'state',
										type: 'nominal',
										scale: {domain: ['front', 'beaten'], range: [colours.green, colours.orange]},
									},
									shape: {
										field: 'state',
										type: 'nominal',
										scale: {domain: ['front', 'beaten'], range: ['circle', 'triangle-up']},
									},
								},
							},
							{
								mark: {type: 'text', align: 'left', dx: 6},
								encoding: {
									x: {field: 'edge', type: 'quantitative'},
									y: {field: 'at', type: 'quantitative'},
									text: {field: 'name', type: 'nominal'},
								},
							},
						],
					},
	};
}
