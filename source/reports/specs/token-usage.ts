import {formatNumber} from '../../text/numbers.ts';
import type {VariantResults} from '../results-schema.ts';
import {
	type Chart,
	type ChartInput,
	emptySpec,
	fillOf,
	frame,
	ink,
	patterns,
	rowChannel,
	rowStep,
	subtitleOf,
	titleOf,
	valueChannel,
	variantLabels,
} from './chart.ts';

const parts = [
	{key: 'input', word: 'input', pattern: patterns.input},
	{key: 'cacheWrite', word: 'cache write', pattern: patterns.cacheWrite},
	{key: 'cacheRead', word: 'cache read', pattern: patterns.cacheRead},
	{key: 'output', word: 'output', pattern: patterns.output},
] as const;

/** Mean tokens per answered request by kind: one stacked bar for each variant. */
export function tokenUsage(input: ChartInput): Chart {
	const {results} = input;
	const title = titleOf(results, 'Tokens per request by variant');
	const labels = variantLabels(results);
	const rows = results.variants.map((variant, index) => ({
		label: labels[index] ?? '',
		means: meansOf(variant),
	}));
	const texts = rows.map(({means}) => totalText(means));
	const used = parts.filter(({key}) =>
		key !== 'cacheRead' && key !== 'cacheWrite' ? true : rows.some(({means}) => means && means[key] > 0),
	);
	const segments = rows.flatMap(({label, means}) =>
		used.flatMap(({key, word}, order) =>
			means === null || means[key] === 0 ? [] : [{label, part: word, order, tokens: means[key]}],
		),
	);
	const ends = rows.map(({label, means}, index) => ({label, end: totalOf(means), text: texts[index]}));
	const end = Math.max(1, ...ends.map((row) => row.end)) * 1.6;
	const description = rows.map(({label}, index) => `${label}: ${texts[index]}`).join('. ');
	const x = valueChannel(end, {tickCount: 6});
	const y = rowChannel(labels, true);
	return {
		name: 'token-usage',
		title,
		description:
			rows.length === 0 ? 'No variant was run.' : `Mean tokens per answered request. ${description}.`,
		spec:
			rows.length === 0
				? emptySpec(title, subtitleOf(input), 'No variant was run.')
				: {
						...frame(title, subtitleOf(input)),
						width: 580,
						height: {step: rowStep},
						layer: [
							{
								data: {values: segments},
								mark: {type: 'bar', stroke: ink, strokeWidth: 0.5},
								encoding: {
									x: {...x, field: 'tokens', stack: 'zero'},
									y,
									order: {field: 'order', type: 'quantitative'},
									color: {
										field: 'part',
										type: 'nominal',
										sort: null,
										scale: {
											domain: used.map(({word}) => word),
											range: used.map(({pattern}) => fillOf(pattern)),
										},
										legend: {symbolType: 'square', symbolSize: 160, symbolStrokeColor: ink},
									},
								},
							},
							{
								data: {values: ends},
								mark: {type: 'text', align: 'left', dx: 6},
								encoding: {
									x: {...x, field: 'end'},
									y,
									text: {field: 'text', type: 'nominal'},
								},
							},
						],
					},
	};
}

type Means = Readonly<Record<(typeof parts)[number]['key'], number>>;

/** Null where nothing was answered. */
function meansOf({requests, tokens}: VariantResults): Means | null {
	const {succeeded} = requests;
	return succeeded === 0
		? null
		: {
				input: tokens.input / succeeded,
				cacheWrite: tokens.cacheWrite / succeeded,
				cacheRead: tokens.cacheRead / succeeded,
				output: tokens.output / succeeded,
			};
}

const totalOf = (means: Means | null): number =>
	means === null ? 0 : means.input + means.cacheWrite + means.cacheRead + means.output;

function totalText(means: Means | null): string {
	if (means === null) {
		return 'no answer';
	}
	const sum = parts
		.filter(({key}) => means[key] > 0)
		.map(({key, word}) => `${formatNumber(means[key])} ${word}`);
	return `${formatNumber(totalOf(means))}${sum.length > 1 ? ` = ${sum.join(' + ')}` : ''}`;
}
