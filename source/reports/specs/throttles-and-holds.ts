import {formatCount} from '../../text/numbers.ts';
import type {Results} from '../results-schema.ts';
import {
	type Chart,
	type ChartInput,
	colours,
	emptySpec,
	frame,
	type Panel,
	panelTitle,
	subtitleOf,
	titleOf,
	valueChannel,
} from './chart.ts';
import {timeChannel, timeWidth} from './throughput-vs-quota.ts';

type Point = Results['timeline']['points'][number];

/** Bars that a panel has at most: of longer times several intervals are one. */
const maxBars = 145;

const nothing = 'Nothing was throttled, and nothing waited for room.';

/** When attempts were throttled, when requests waited for room in the quota, and how many were in flight. */
export function throttlesAndHolds(input: ChartInput): Chart {
	const {results} = input;
	const title = titleOf(results, 'Throttles and holds');
	const {intervalSeconds, points} = results.timeline;
	const throttled = points.reduce((sum, point) => sum + point.throttled, 0);
	const heldSeconds = points.filter(({held = 0}) => held > 0).length * intervalSeconds;
	const isTap = results.plan.load === 'tap';
	const text = `${formatCount(throttled)} attempts were throttled; requests waited for room in ${formatCount(heldSeconds)} of ${formatCount(points.length * intervalSeconds)} s.`;
	const isEmpty = throttled === 0 && heldSeconds === 0;
	const end = Math.max(1, (points.at(-1)?.second ?? 0) + intervalSeconds);
	const bars = barsOf(points, intervalSeconds);
	const panels: readonly Panel[] = [
		barsOverTime('Attempts throttled', `${formatCount(throttled)} in all`, {
			bars: bars.map((bar) => ({...bar, value: bar.throttled})),
			colour: colours.vermillion,
			end,
		}),
		barsOverTime(
			isTap ? 'Requests held' : 'Waiting for room',
			isTap
				? 'at once, at most · held until the quota had room'
				: '1 while requests waited for room in the quota',
			{bars: bars.map((bar) => ({...bar, value: bar.held})), colour: colours.orange, end},
		),
		barsOverTime('Requests in flight', 'at once, at most', {
			bars: bars.map((bar) => ({...bar, value: bar.inFlight})),
			colour: colours.skyBlue,
			end,
			isLast: true,
		}),
	];
	return {
		name: 'throttles-and-holds',
		title,
		description: isEmpty ? nothing : text,
		spec: isEmpty
			? emptySpec(title, subtitleOf(input), nothing)
			: {...frame(title, subtitleOf(input)), spacing: 16, vconcat: [...panels]},
	};
}

type Bar = {
	readonly second: number;
	readonly until: number;
	readonly throttled: number;
	readonly held: number;
	readonly inFlight: number;
};

function barsOf(points: readonly Point[], intervalSeconds: number): readonly Bar[] {
	const each = Math.max(1, Math.ceil(points.length / maxBars));
	return Array.from({length: Math.ceil(points.length / each)}, (_, index) => {
		const own = points.slice(index * each, (index + 1) * each);
		const second = own[0]?.second ?? 0;
		return {
			second,
			until: (own.at(-1)?.second ?? second) + intervalSeconds,
			throttled: own.reduce((sum, point) => sum + point.throttled, 0),
			held: Math.max(...own.map(({held = 0}) => held)),
			inFlight: Math.max(...own.map(({inFlight}) => inFlight)),
		};
	});
}

function barsOverTime(
	title: string,
	subtitle: string,
	{
		bars,
		colour,
		end,
		isLast = false,
	}: {
		readonly bars: ReadonlyArray<{readonly second: number; readonly until: number; readonly value: number}>;
		readonly colour: string;
		readonly end: number;
		readonly isLast?: boolean;
	},
): Panel {
	const most = Math.max(1, ...bars.map(({value}) => value));
	return {
		title: panelTitle(title, timeWidth, subtitle),
		width: timeWidth,
		height: 60,
		// A bar of nothing is not drawn.
		data: {
			values: bars.filter(({value}) => value > 0).map(({second, until, value}) => ({second, until, value})),
		},
		// The stroke closes the seams between neighbours.
		mark: {type: 'rect', color: colour, stroke: colour, strokeWidth: 0.5},
		encoding: {
			x: timeChannel(end, isLast),
			x2: {field: 'until'},
			y: {...valueChannel(most, {tickCount: 2, grid: true}), field: 'value'},
			y2: {datum: 0},
		},
	};
}
