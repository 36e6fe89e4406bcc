import {formatNumber} from '../../text/numbers.ts';
import type {Results} from '../results-schema.ts';
import {formatLimit} from '../words.ts';
import {
	type Chart,
	type ChartInput,
	colours,
	emptySpec,
	frame,
	ground,
	ink,
	limitLine,
	type Panel,
	panelTitle,
	subtitleOf,
	titleOf,
	valueChannel,
} from './chart.ts';

type Timeline = Results['timeline'];

/** Use of a bucket at one moment, over the minute before it. */
type MinutePoint = {
	readonly second: number;
	readonly requests: number;
	readonly quotaTokens: number;
	/** Quota tokens that were set aside for requests without an answer, at this moment. */
	readonly reserved: number;
	readonly throttled: number;
};

/**
 * Sums over the last 60 s, as a quota counts, at each interval. Where an interval is longer than a minute, its sums are
 * scaled to one.
 *
 * @param timeline Points of one target; intervals in which nothing happened may be missing.
 * @returns One point per interval without gaps, from the start to the last point.
 */
export function rollingMinute({intervalSeconds, points}: Timeline): readonly MinutePoint[] {
	const last = points.at(-1);
	if (last === undefined) {
		return [];
	}
	const bySlot = new Map(points.map((point) => [Math.round(point.second / intervalSeconds), point]));
	const slots = Math.round(last.second / intervalSeconds) + 1;
	const window = Math.max(1, Math.round(60 / intervalSeconds));
	const scale = Math.min(1, 60 / (window * intervalSeconds));
	const result: MinutePoint[] = [];
	let requests = 0;
	let quotaTokens = 0;
	for (let slot = 0; slot < slots; slot += 1) {
		const point = bySlot.get(slot);
		const gone = bySlot.get(slot - window);
		requests += (point?.requests ?? 0) - (gone?.requests ?? 0);
		quotaTokens += (point?.quotaTokens ?? 0) - (gone?.quotaTokens ?? 0);
		result.push({
			second: slot * intervalSeconds,
			requests: requests * scale,
			quotaTokens: quotaTokens * scale,
			reserved: point?.reserved ?? 0,
			throttled: point?.throttled ?? 0,
		});
	}
	return result;
}

/** Shown instead of an empty chart. */
const nothingSent = 'Nothing was sent, so no use can be shown.';

/** A limit further away than this many times the highest use would flatten the curve: it is left to words. */
const farAway = 6;

type Series = {
	readonly title: string;
	readonly words: string;
	readonly limit: number | null;
	readonly colour: string;
	readonly points: ReadonlyArray<{
		readonly second: number;
		readonly used: number;
		readonly reserved: number | null;
		readonly throttled: number;
	}>;
};

/** Use of the quota over time: requests and quota tokens of the last 60 s, what is set aside, the limit, throttles. */
export function throughputVersusQuota(input: ChartInput): Chart {
	const {results, target} = input;
	const title = titleOf(results, 'Throughput against the quota');
	const points = rollingMinute(results.timeline);
	const {requestsPerMinute, tokensPerMinute} = target.quota;
	const throttled = points.reduce((sum, point) => sum + point.throttled, 0);
	const series: readonly Series[] = [
		{
			title: 'Requests in the last 60 s',
			words: formatLimit(requestsPerMinute),
			limit: requestsPerMinute.value,
			colour: colours.skyBlue,
			points: points.map(({second, requests, throttled}) => ({
				second,
				used: requests,
				reserved: null,
				throttled,
			})),
		},
		{
			title: 'Quota tokens in the last 60 s',
			words: formatLimit(tokensPerMinute),
			limit: tokensPerMinute.value,
			colour: colours.orange,
			points: points.map(({second, quotaTokens, reserved, throttled}) => ({
				second,
				used: quotaTokens,
				reserved: quotaTokens + reserved,
				throttled,
			})),
		},
	];
	return {
		name: 'throughput-vs-quota',
		title,
		description:
			points.length === 0
				? nothingSent
				: `${series.map(describe).join(' ')} ${formatNumber(throttled)} attempts were throttled.`,
		spec:
			points.length === 0
				? emptySpec(title, subtitleOf(input), nothingSent)
				: {
						...frame(title, subtitleOf(input)),
						spacing: 22,
						vconcat: series.map((one, index) => timePanel(one, points, index === series.length - 1)),
					},
	};
}

function describe({title, words, points}: Series): string {
	return `${title}: at most ${formatNumber(Math.max(...points.map(({used}) => used)))}, quota ${words}.`;
}

/** Width of a panel over time, in pixels. */
export const timeWidth = 580;

function timePanel(
	{title, words, limit, colour, points}: Series,
	all: readonly MinutePoint[],
	isLast: boolean,
): Panel {
	const highest = Math.max(1, ...points.map(({used, reserved}) => Math.max(used, reserved ?? 0)));
	const isLimitDrawn = limit !== null && limit > 0 && limit <= farAway * highest;
	const top = Math.max(highest, isLimitDrawn ? limit : 0) * 1.15;
	const end = Math.max(1, all.at(-1)?.second ?? 1);
	const x = timeChannel(end, isLast);
	const y = valueChannel(top, {grid: true});
	const legendParts = [
		'area: used',
		...(points.some(({reserved}) => reserved !== null) ? ['thin line: used and set aside'] : []),
		isLimitDrawn
			? `dashed line: quota ${words}`
			: `quota ${words}${limit === null ? '' : ', beyond the axis'}`,
		...(all.some(({throttled}) => throttled > 0) ? ['▼ throttled'] : []),
	];
	return {
		title: panelTitle(title, timeWidth, legendParts.join(' · ')),
		width: timeWidth,
		height: 130,
		data: {values: [...points]},
		layer: [
			{
				mark: {type: 'area', color: colour, line: {color: ink, strokeWidth: 1}, opacity: 0.85},
				encoding: {x, y: {...y, field: 'used'}},
			},
			...(points.some(({reserved}) => reserved !== null)
				? [
						{
							mark: {type: 'line' as const, color: colours.blue, strokeWidth: 1},
							encoding: {x, y: {...y, field: 'reserved'}},
						},
					]
				: []),
			...(isLimitDrawn
				? [
						{
							...limitLine,
							encoding: {y: {...y, datum: limit}},
						},
					]
				: []),
			{
				data: {values: throttleMarks(points, end)},
				mark: {
					type: 'point',
					shape: 'triangle-down',
					filled: true,
					size: 70,
					opacity: 1,
					color: colours.vermillion,
					stroke: ground,
					strokeWidth: 0.75,
				},
				encoding: {x, y: {...y, datum: top * 0.97}},
			},
		],
	};
}

/** Where attempts were throttled: at most one mark for each of 80 parts of the time. */
function throttleMarks(
	points: Series['points'],
	endSeconds: number,
): ReadonlyArray<{readonly second: number}> {
	const part = endSeconds / 80;
	const marked = new Map<number, number>();
	for (const {second, throttled} of points) {
		const index = Math.floor(second / part);
		if (throttled > 0 && !marked.has(index)) {
			marked.set(index, second);
		}
	}
	return [...marked.values()].map((second) => ({second}));
}

/** Seconds since the start along x. @param hasTitle The last of several panels has it. */
export function timeChannel(end: number, hasTitle: boolean) {
	return {
		field: 'second',
		type: 'quantitative' as const,
		scale: {domain: [0, end], nice: false},
		axis: {
			title: hasTitle ? 'time since the start' : null,
			grid: false,
			...timeTicks(end),
			labelFlush: true,
		},
	};
}

/** Round marks on a time axis: seconds below three minutes, then minutes, then hours; at most ten of them. */
function timeTicks(endSeconds: number) {
	const unit =
		endSeconds < 180
			? {seconds: 1, word: 's'}
			: endSeconds < 10_800
				? {seconds: 60, word: 'min'}
				: {seconds: 3600, word: 'h'};
	const end = endSeconds / unit.seconds;
	const step = [1, 2, 5, 10, 15, 20, 30, 50, 100, 200, 500, 1000].find((size) => end / size <= 10) ?? end;
	return {
		values: Array.from({length: Math.floor(end / step) + 1}, (_, index) => index * step * unit.seconds),
		labelExpr: `datum.value / ${unit.seconds} + ' ${unit.word}'`,
	};
}
