import {formatNumber, formatPercent} from '../../text/numbers.ts';
import {cleanText} from '../../text/width.ts';
import {type Chart, type ChartInput, colours, emptySpec, frame, subtitleOf, titleOf} from './chart.ts';

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
	return {
		name: 'optimize-front',
		title,
		description:
			rows.length === 0 ? 'No candidate was measured.' : `To beat: ${cleanText(baseline)}. ${description}.`,
		spec:
			rows.length === 0
				? emptySpec(title, subtitleOf(input), 'No candidate was measured.')
				: {
						...frame(title, subtitleOf(input)),
						width: 640,
						height: 320,
						data: {values: rows},
						encoding: {
							x: {
								field: 'tokens',
								type: 'quantitative',
								title: 'quota tokens per useful item (less is better)',
								scale: {zero: false},
							},
							y: {
								field: 'useful',
								type: 'quantitative',
								title: 'useful items (more is better)',
								axis: {format: '.0%'},
								scale: {zero: false},
							},
						},
						layer: [
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
								mark: {type: 'text', align: 'left', dx: 8, dy: -6},
								encoding: {text: {field: 'name', type: 'nominal'}},
							},
						],
					},
	};
}
