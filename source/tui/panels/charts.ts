import type {BucketState, Snapshot, Timeline} from '../../domain/snapshot.ts';
import type {Limit} from '../../domain/target.ts';
import {
	chartColumns,
	filledColumns,
	lineChartLines,
	markLine,
	type TimeSpan,
	timeLine,
} from '../../text/line-chart.ts';
import {formatDurationMs, formatTokens} from '../../text/numbers.ts';
import {type Line, segment} from '../../text/segment.ts';
import {displayWidth, fitText} from '../../text/width.ts';
import {oncePerState, shownSnapshot, shownWindowSeconds} from '../../view/selectors.ts';
import type {State} from '../../view/state.ts';
import {lastSecond, latencyColumns, maxValues, minuteSums} from '../../view/timeline.ts';
import {listedRows, selectedRow, type VariantRow} from '../../view/variant-rows.ts';
import {type FrameTitle, firstShown} from '../frame.ts';

export type ChartKind = 'requests' | 'tokens' | 'traffic' | 'rate';

type ChartInput = {
	readonly kind: ChartKind;
	readonly snapshot: Snapshot | undefined;
	readonly targetIndex: number;
	readonly windowSeconds: number;
	readonly isAscii: boolean;
};

/** The columns of a chart: which target, and which seconds of the run. */
function queryOf(snapshot: Snapshot, target: number, windowSeconds: number, columns: number) {
	const endSecond = Math.max(lastSecond(snapshot.timeline), Math.ceil(snapshot.elapsedMs / 1000));
	return {target, windowSeconds, endSecond, columns};
}

function spanOf({endSecond, windowSeconds}: ReturnType<typeof queryOf>): TimeSpan {
	return {fromSecond: endSecond - windowSeconds, toSecond: endSecond};
}

/** A chart in exactly `height` lines of exactly `width` cells. */
export function chartLines(input: ChartInput, width: number, height: number): readonly Line[] {
	const {kind, snapshot, targetIndex, windowSeconds, isAscii} = input;
	if (snapshot === undefined) {
		return [];
	}
	const query = queryOf(snapshot, targetIndex, windowSeconds, chartColumns(width));
	return lineChartLines({
		values: valuesOf(kind, snapshot.timeline, query),
		width,
		height,
		limit: limitOf(input)?.value ?? null,
		format: formatTokens,
		isFilled: kind === 'rate',
		marks:
			kind === 'rate' || kind === 'traffic' ? maxValues(snapshot.timeline, 'throttled', query) : undefined,
		span: spanOf(query),
		isAscii,
	});
}

function valuesOf(
	kind: ChartKind,
	timeline: Timeline,
	query: ReturnType<typeof queryOf>,
): ReadonlyArray<number | null> {
	switch (kind) {
		case 'traffic':
			return maxValues(timeline, 'inFlight', query);
		case 'rate':
			return maxValues(timeline, 'requests', query).map((count) =>
				count === null ? null : count / timeline.intervalSeconds,
			);
		case 'requests':
			return minuteSums(timeline, 'requests', query);
		case 'tokens':
			return minuteSums(timeline, 'quotaTokens', query);
	}
}

/** The quota that the values of a chart are held against. */
function limitOf({kind, snapshot, targetIndex}: ChartInput): Limit | undefined {
	const quota = snapshot?.targets[targetIndex]?.quota;
	switch (kind) {
		case 'requests':
			return quota?.requestsPerMinute;
		case 'tokens':
			return quota?.tokensPerMinute;
		case 'traffic':
		case 'rate':
			return undefined;
	}
}

/** The limit of a bucket of which a greater part is taken; tokens where neither is. */
export function nearerLimit(bucket: BucketState | undefined): 'requests' | 'tokens' {
	const takenOf = (kind: 'requests' | 'tokens'): number => {
		const {used = 0, reserved = 0, limit = null} = bucket?.[kind] ?? {};
		return limit === null ? 0 : (used + reserved) / Math.max(limit, 1);
	};
	return takenOf('requests') > takenOf('tokens') ? 'requests' : 'tokens';
}

const titles: Readonly<Record<ChartKind, readonly [what: string, per: string]>> = {
	requests: ['Requests', ' per minute'],
	tokens: ['Quota tokens', ' per minute'],
	traffic: ['In flight', ''],
	rate: ['Requests', ' per second'],
};

/** Title of a chart: what it counts, over which window, and what the dashed line is. */
export function chartTitle(input: ChartInput): FrameTitle {
	const {kind, windowSeconds} = input;
	const [what, per] = titles[kind];
	const hasLine = limitOf(input)?.value != null;
	return {
		title: [segment(what, 'title'), ...(per === '' ? [] : [segment(per)])],
		note: [
			...(hasLine ? [segment('╌ quota', 'warning'), segment(' · ', 'muted')] : []),
			segment(`last ${windowWords(windowSeconds)}`),
		],
	};
}

function windowWords(seconds: number): string {
	if (seconds < 120) {
		return `${seconds} s`;
	}
	return seconds < 7200 ? `${seconds / 60} min` : `${seconds / 3600} h`;
}

/** How often the service throttled, for the title of the traffic chart; empty while it did not. */
export function throttleNote({snapshot, targetIndex, windowSeconds}: ChartInput): Line {
	if (snapshot === undefined) {
		return [];
	}
	const from = lastSecond(snapshot.timeline) - windowSeconds;
	const count = snapshot.timeline.points
		.filter(({second, target}) => target === targetIndex && second >= from)
		.reduce((sum, {throttled}) => sum + throttled, 0);
	return count === 0 ? [] : [segment(`T ${formatTokens(count)} throttled`, 'throttled')];
}

const valueWidth = 7;
const maxNameWidth = 20;
/** From this many rows for each variant on one of them stays empty, so that neighbours are apart. */
const rowsWithGap = 3;
const maxRowsEach = 8;

/** The rows of the shown target, with the columns of their answers. */
function latencyRows(state: State, columns: number, most: number) {
	const snapshot = shownSnapshot(state);
	const selected = selectedRow(state);
	const series = snapshot?.timeline.latencyMs;
	if (snapshot === undefined || series === undefined) {
		return undefined;
	}
	const target = selected?.targetIndex ?? 0;
	const query = queryOf(snapshot, target, shownWindowSeconds(state), columns);
	const rows = listedRows(state).filter(
		({targetIndex, figures}) => targetIndex === target && figures !== undefined,
	);
	const first = firstShown(selected === undefined ? 0 : rows.indexOf(selected), most, rows.length);
	const shown = rows.slice(first, first + most).map((row) => ({
		row,
		values: latencyColumns(series, cellOf(snapshot, row), query),
	}));
	return {shown, query, timeline: snapshot.timeline, selected};
}

/** The end of the scale of the strips: the longest mean in the window, of any variant on the shown target. */
const longestMean = oncePerState((state): number => {
	const snapshot = shownSnapshot(state);
	const series = snapshot?.timeline.latencyMs;
	if (snapshot === undefined || series === undefined) {
		return 0;
	}
	const target = selectedRow(state)?.targetIndex ?? 0;
	const {fromSecond, toSecond} = spanOf(queryOf(snapshot, target, shownWindowSeconds(state), 0));
	const from = Math.max(0, Math.floor(fromSecond / series.intervalSeconds));
	const to = Math.ceil(toSecond / series.intervalSeconds);
	const means = snapshot.variants.flatMap((variant, cell) =>
		variant.target === target ? (series.cells[cell]?.slice(from, to) ?? []) : [],
	);
	return Math.max(0, ...means.map((mean) => mean ?? 0));
});

function cellOf({variants}: Snapshot, {figures}: VariantRow): number {
	return figures === undefined ? -1 : variants.indexOf(figures);
}

/**
 * What the answers of each variant took over time, a strip for each on one scale, with the throttles and the times below:
 * at most `height` lines of at most `width` cells.
 */
export function latencyLines(state: State, width: number, height: number): readonly Line[] {
	const names = listedRows(state).map(({name}) => displayWidth(name));
	const nameWidth = Math.min(maxNameWidth, Math.floor(width / 3), Math.max(0, ...names));
	const columns = Math.max(0, width - nameWidth - 1 - valueWidth);
	// The times are worth a row more than one more variant; the throttles are not.
	const found =
		columns === 0 || height === 0 ? undefined : latencyRows(state, columns, Math.max(1, height - 1));
	const greatest = longestMean(state);
	if (found === undefined || greatest === 0) {
		return [[segment('no answer in this window yet', 'muted')]];
	}
	const {shown, query, timeline, selected} = found;
	const marks = maxValues(timeline, 'throttled', query);
	const hasMarks = height > shown.length + 1 && marks.some((mark) => mark !== null && mark > 0);
	const footer: readonly Line[] = [
		...(hasMarks ? [markLine(marks, columns, nameWidth + 1)] : []),
		...(height > shown.length ? [timeLine(spanOf(query), columns, nameWidth + 1)] : []),
	];
	const each = Math.max(1, Math.min(maxRowsEach, Math.floor((height - footer.length) / shown.length)));
	const drawn = each >= rowsWithGap ? each - 1 : each;
	const spare = height - footer.length - each * shown.length;
	return [
		...shown.flatMap(({row, values}, place) => {
			const grid = filledColumns(values, drawn, greatest);
			const strip = grid.map((cells, index): Line => {
				const isNamed = index === drawn - 1;
				const latest = values.findLast((value) => value !== null);
				return [
					segment(fitText(isNamed ? row.name : '', nameWidth), row === selected ? 'strong' : 'plain'),
					segment(' '),
					segment(cells.join(''), row.isBest ? 'good' : 'accent'),
					segment(isNamed ? formatDurationMs(latest).padStart(valueWidth) : ''),
				];
			});
			// All strips are of one height, so that they can be compared; what cannot be shared out parts the first ones.
			const blanks = each - drawn + (place < spare ? 1 : 0);
			return [...Array.from({length: blanks}, (): Line => []), ...strip];
		}),
		...footer,
	];
}

/** Title of the strips: their scale, and what stands behind them. */
export function latencyTitle(state: State): FrameTitle {
	const greatest = longestMean(state);
	return {
		title: [segment('Mean total time', 'title')],
		note: [
			...(greatest === 0 ? [] : [segment(`0 to ${formatDurationMs(greatest)} · right: latest · `, 'muted')]),
			segment(`last ${windowWords(shownWindowSeconds(state))}`),
		],
	};
}
