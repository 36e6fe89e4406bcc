import {formatNumber} from '../../text/numbers.ts';
import type {VariantResults} from '../results-schema.ts';
import {formatLimit} from '../words.ts';
import {
	type Chart,
	type ChartInput,
	colours,
	emptySpec,
	frame,
	ink,
	limitLine,
	type Panel,
	panelTitle,
	rowChannel,
	rowStep,
	subtitleOf,
	textWidth,
	titleOf,
	valueChannel,
	variantLabels,
} from './chart.ts';

/** One bar: a value with its interval, and what is written behind it. */
type BarRow = {
	readonly label: string;
	readonly value: number | null;
	readonly low: number | null;
	readonly high: number | null;
	readonly text: string;
};

type BarPanelOptions = {
	readonly title: string;
	readonly subtitle: string;
	readonly rows: readonly BarRow[];
	/** Drawn as a dashed line where it fits on the axis. */
	readonly limit: number | null;
	readonly colour: string;
	/** Names stand beside the first panel only. */
	readonly hasNames: boolean;
};

const panelWidth = 265;
/** Part of the axis that is kept free for the text behind the longest bar. */
const axisRoom = 1.35;
const textGap = 6;
/** A limit further away than this many times the longest bar would flatten every bar: it is left to words. */
const farAway = 6;

/** Whether a limit can be drawn beside bars of these lengths. */
export function isLimitDrawn(limit: number | null, rows: readonly BarRow[]): limit is number {
	return limit !== null && limit > 0 && limit <= farAway * longest(rows);
}

/** Horizontal bars with 95% intervals and, where it fits, a limit: one row for each variant. */
export function barPanel({title, subtitle, rows, limit, colour, hasNames}: BarPanelOptions): Panel {
	const drawnLimit = isLimitDrawn(limit, rows) ? limit : undefined;
	const end = Math.max(longest(rows), drawnLimit ?? 0) || 1;
	const pixel = (end * axisRoom) / panelWidth;
	const values = rows.map((row) => {
		const rowEnd = Math.max(row.value ?? 0, row.high ?? 0);
		const textEnd = rowEnd + (textGap * 2 + textWidth(row.text, 11, false)) * pixel;
		// Text that would run through the limit's line stands behind it.
		const isCrossing = drawnLimit !== undefined && rowEnd < drawnLimit && textEnd > drawnLimit;
		return {...row, end: isCrossing ? drawnLimit : rowEnd};
	});
	const intervals = values.filter(({low, high}) => low !== null && high !== null);
	const x = valueChannel(end * axisRoom);
	const y = rowChannel(
		rows.map((row) => row.label),
		hasNames,
	);
	return {
		title: panelTitle(title, panelWidth, subtitle),
		width: panelWidth,
		height: {step: rowStep},
		data: {values},
		layer: [
			{
				mark: {type: 'bar', color: colour, cornerRadiusEnd: 2},
				encoding: {x: {...x, field: 'value'}, y},
			},
			{
				data: {values: intervals},
				mark: {type: 'rule', color: ink, strokeWidth: 1.5},
				encoding: {x: {...x, field: 'low'}, x2: {field: 'high'}, y},
			},
			{
				data: {values: intervals.flatMap(({label, low, high}) => [low, high].map((at) => ({label, at})))},
				mark: {type: 'tick', color: ink, thickness: 1.5, size: 7},
				encoding: {x: {...x, field: 'at'}, y},
			},
			...(drawnLimit === undefined
				? []
				: [
						{
							...limitLine,
							encoding: {x: {...x, datum: drawnLimit}},
						},
					]),
			{
				mark: {type: 'text', align: 'left', dx: textGap, color: ink},
				encoding: {x: {...x, field: 'end'}, y, text: {field: 'text', type: 'nominal'}},
			},
		],
	};
}

function longest(rows: readonly BarRow[]): number {
	return Math.max(0, ...rows.map((row) => Math.max(row.value ?? 0, row.high ?? 0)));
}

/** Use of the quota per minute by a variant, measured or possible, with 95% intervals where they are known. */
type Throughput = {
	readonly requests: number | null;
	readonly requestsLow: number | null;
	readonly requestsHigh: number | null;
	readonly tokens: number | null;
	readonly tokensLow: number | null;
	readonly tokensHigh: number | null;
};

/**
 * Requests and quota tokens per minute of each variant against the quota: as measured, or, in `measure`, which has no
 * rate, as the quota would sustain them.
 */
export function throughputComparison(input: ChartInput): Chart {
	const {results, target} = input;
	const isMeasured = results.variants.some((variant) => variant.rate.requestsPerMinute !== null);
	const title = titleOf(results, isMeasured ? 'Throughput by variant' : 'Throughput that the quota sustains');
	const figures = results.variants.map(isMeasured ? measured : sustained);
	const labels = variantLabels(results);
	const rowsOf = (part: 'requests' | 'tokens'): BarRow[] =>
		figures.map((figure, index) => ({
			label: labels[index] ?? '',
			value: figure[part],
			low: figure[`${part}Low`],
			high: figure[`${part}High`],
			text: figure[part] === null ? 'not known' : formatNumber(figure[part]),
		}));
	const description = figures.map(
		(figure, index) =>
			`${labels[index]}: ${formatNumber(figure.requests)} requests and ${formatNumber(figure.tokens)} quota tokens per minute`,
	);
	const panel = (part: 'requests' | 'tokens') => {
		const limit = part === 'requests' ? target.quota.requestsPerMinute : target.quota.tokensPerMinute;
		const rows = rowsOf(part);
		const note = isLimitDrawn(limit.value, rows) ? 'dashed line: quota' : 'quota';
		return barPanel({
			title: part === 'requests' ? 'Requests per minute' : 'Quota tokens per minute',
			subtitle: `${note} ${formatLimit(limit)}${limit.value !== null && note === 'quota' ? ', beyond the axis' : ''}`,
			rows,
			limit: limit.value,
			colour: part === 'requests' ? colours.skyBlue : colours.orange,
			hasNames: part === 'requests',
		});
	};
	return {
		name: 'throughput-comparison',
		title,
		description:
			description.length === 0
				? 'No variant was run.'
				: `${isMeasured ? 'Measured rates.' : 'Rates that the quota would sustain.'} ${description.join('. ')}. Quota per minute: ${formatLimit(target.quota.requestsPerMinute)} requests, ${formatLimit(target.quota.tokensPerMinute)} tokens.`,
		spec:
			results.variants.length === 0
				? emptySpec(title, subtitleOf(input), 'No variant was run.')
				: {
						...frame(title, subtitleOf(input)),
						spacing: 24,
						hconcat: [panel('requests'), panel('tokens')],
					},
	};
}

/** Rates as they were; the tokens' interval is that of the quota tokens per request, at the measured requests. */
function measured({rate, perRequest: {quotaTokens}}: VariantResults): Throughput {
	const perToken = ratio(rate.tokensPerMinute, quotaTokens.mean);
	return {
		requests: rate.requestsPerMinute,
		requestsLow: null,
		requestsHigh: null,
		tokens: rate.tokensPerMinute,
		tokensLow: product(perToken, quotaTokens.low),
		tokensHigh: product(perToken, quotaTokens.high),
	};
}

/** The sustainable rate in requests and quota tokens, by what a useful item took in this run. */
function sustained({sustainable, items, requests, tokens}: VariantResults): Throughput {
	const requestsEach = items.useful === 0 ? null : requests.succeeded / items.useful;
	const tokensEach = items.useful === 0 ? null : tokens.quota / items.useful;
	return {
		requests: product(sustainable.usefulPerMinute, requestsEach),
		requestsLow: product(sustainable.low, requestsEach),
		requestsHigh: product(sustainable.high, requestsEach),
		tokens: product(sustainable.usefulPerMinute, tokensEach),
		tokensLow: product(sustainable.low, tokensEach),
		tokensHigh: product(sustainable.high, tokensEach),
	};
}

const product = (a: number | null, b: number | null): number | null =>
	a === null || b === null ? null : a * b;
const ratio = (a: number | null, b: number | null): number | null =>
	a === null || b === null || b === 0 ? null : a / b;
