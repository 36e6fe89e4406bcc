import {formatCount, formatDurationMs} from './numbers.ts';
import {type Line, type Segment, segment, type Tone} from './segment.ts';

/** One limit: what is used, set aside for answers in flight, used by the fleet and by others, and the limit; null: unlimited. */
type GaugeFigures = {
	readonly used: number;
	readonly reserved: number;
	/** By other members of a fleet. */
	readonly fleet?: number;
	readonly others?: number;
	readonly limit: number | null;
};

/** How near a limit is: below 70%, from 70%, from 90%. */
type GaugeLevel = 'ok' | 'near' | 'full';

/** From these fractions on a limit is said to be near, or reached. */
const nearFraction = 0.7;
const fullFraction = 0.9;

/** Part of the limit that is used, by whomever, or set aside; null without a limit. A limit of 0 is always taken whole. */
export function gaugeFraction({used, reserved, fleet = 0, others = 0, limit}: GaugeFigures): number | null {
	if (limit === null) {
		return null;
	}
	return limit > 0 ? (used + reserved + fleet + others) / limit : 1;
}

/** The level of a fraction of a limit. */
export function gaugeLevel(fraction: number | null): GaugeLevel {
	if (fraction === null || fraction < nearFraction) {
		return 'ok';
	}
	return fraction < fullFraction ? 'near' : 'full';
}

/** A level has a word, a glyph and a tone, so that the tone alone never carries it. */
export const gaugeLevels: Readonly<
	Record<GaugeLevel, {readonly word: string; readonly glyph: string; readonly tone: Tone}>
> = {
	ok: {word: 'ok', glyph: '•', tone: 'good'},
	near: {word: 'near limit', glyph: '!', tone: 'warning'},
	full: {word: 'at limit', glyph: 'x', tone: 'bad'},
};

/** How the parts of a gauge are drawn. */
export const gaugeGlyphs = {used: '█', fleet: '▓', others: '░', reserved: '▒', free: '·'} as const;

/**
 * The bar of a gauge in exactly `width` cells: used, fleet, others, reserved and free apart by glyph.
 * Whatever is above 0 shows at least one cell where there are as many, whatever is left of the limit as well.
 */
export function gaugeBar(figures: GaugeFigures, width: number): Line {
	const cells = Math.max(0, Math.floor(width));
	const {limit} = figures;
	if (limit === null) {
		return cells > 0 ? [segment(gaugeGlyphs.free.repeat(cells), 'muted')] : [];
	}
	const parts = {
		used: Math.max(0, figures.used),
		fleet: Math.max(0, figures.fleet ?? 0),
		others: Math.max(0, figures.others ?? 0),
		reserved: Math.max(0, figures.reserved),
	};
	const beside = parts.others + parts.reserved;
	const sum = parts.used + parts.fleet + beside;
	const taken = limit > 0 ? partOf(cells, sum / limit) : cells;
	// A limit of 0 is taken whole, by nobody.
	const used = sum > 0 || limit > 0 ? partOf(taken, parts.used / sum) : taken;
	const fleet = partOf(taken - used, parts.fleet / (parts.fleet + beside));
	const others = partOf(taken - used - fleet, parts.others / beside);
	const {tone} = gaugeLevels[gaugeLevel(gaugeFraction({...parts, limit}))];
	return [
		segment(gaugeGlyphs.used.repeat(used), tone),
		segment(gaugeGlyphs.fleet.repeat(fleet), tone),
		segment(gaugeGlyphs.others.repeat(others), tone),
		segment(gaugeGlyphs.reserved.repeat(taken - used - fleet - others), tone),
		segment(gaugeGlyphs.free.repeat(cells - taken), 'muted'),
	].filter(({text}: Segment) => text !== '');
}

/** A fraction of some cells, rounded, but neither nothing for something nor everything for less than all. */
function partOf(cells: number, fraction: number): number {
	if (!(fraction > 0) || cells === 0) {
		return 0;
	}
	if (fraction >= 1) {
		return cells;
	}
	return Math.max(1, Math.min(cells - 1, Math.round(cells * fraction)));
}

/** A value with its interval; both ends are null where there is none. */
type Interval = {readonly value: number | null; readonly low: number | null; readonly high: number | null};

/**
 * A bar up to the low end of an interval, and the interval behind it: `████├─┼─┤`. Without an interval it goes up to the
 * value. An interval that leaves the scale ends with an arrow.
 * @returns exactly `width` cells.
 */
export function intervalBar(
	{value, low, high}: Interval,
	maximum: number,
	width: number,
	tone: Tone = 'accent',
): Line {
	const cells = Math.max(0, Math.floor(width));
	const at = (x: number) =>
		maximum > 0 ? Math.min(cells, Math.max(0, Math.round((x / maximum) * cells))) : 0;
	if (value === null || cells === 0) {
		return [segment(' '.repeat(cells))];
	}
	if (low === null || high === null) {
		const filled = value > 0 ? Math.max(1, at(value)) : 0;
		return [segment('█'.repeat(filled), tone), segment(' '.repeat(cells - filled))];
	}
	const from = Math.min(cells - 1, at(low));
	const to = Math.max(from + 1, at(high));
	const drawn = Array.from({length: to - from}, () => '─');
	drawn[0] = '├';
	drawn[drawn.length - 1] = high > maximum ? '→' : '┤';
	const middle = at(value) - from;
	if (middle > 0 && middle < drawn.length - 1) {
		drawn[middle] = '┼';
	}
	return [
		segment('█'.repeat(from), tone),
		segment(drawn.join(''), 'strong'),
		segment(' '.repeat(cells - to)),
	];
}

const levels = '▁▂▃▄▅▆▇█';

/**
 * A line of bars in `width` cells, the oldest value first: each cell is the greatest of its values, so that no peak is lost.
 * Nothing is blank; whatever is above 0 shows.
 * @param limit Value of a whole bar, unless a value is greater.
 */
export function sparkline(values: readonly number[], width: number, limit = 0): string {
	const cells = Math.max(0, Math.floor(width));
	const greatest = Math.max(0, limit, ...values.filter((value) => Number.isFinite(value)));
	return Array.from({length: cells}, (_, cell) => {
		const from = Math.floor((cell * values.length) / cells);
		const to = Math.max(from + 1, Math.floor(((cell + 1) * values.length) / cells));
		const value = Math.max(0, ...values.slice(from, to));
		if (!(value > 0) || !(greatest > 0)) {
			return ' ';
		}
		return levels[Math.min(levels.length - 1, Math.floor((value / greatest) * levels.length))] ?? ' ';
	}).join('');
}

/** `[upper bound in ms, count]`, ascending. */
type Bins = ReadonlyArray<readonly [number, number]>;

const labelWidth = 8;
const countWidth = 7;
/** Cells for a mark behind a row. */
const markWidth = 9;

/** A value to point at in a histogram, such as a percentile; null is not drawn. */
type HistogramMark = {readonly label: string; readonly value: number | null};

/**
 * A histogram with a row for each bucket, in at most `height` lines of at most `width` cells. The buckets are equally wide
 * on a logarithmic scale, because latencies are skewed; each is named by its upper bound, and one without an answer is empty.
 */
export function histogramLines(
	bins: Bins,
	width: number,
	height: number,
	marks: readonly HistogramMark[] = [],
): readonly Line[] {
	const buckets = logBuckets(bins, height);
	const greatest = Math.max(0, ...buckets.map(({count}) => count));
	const room = width - labelWidth - countWidth - markWidth - 3;
	if (greatest === 0 || room < 1) {
		return [];
	}
	return buckets.map(({upper, count}, index) => {
		const lower = index === 0 ? 0 : (buckets[index - 1]?.upper ?? 0);
		const isLast = index === buckets.length - 1;
		const named = marks
			.filter(({value}) => value !== null && value > lower && (value <= upper || isLast))
			.map(({label}) => label);
		return [
			segment(`${formatDurationMs(upper).padStart(labelWidth)} `, 'muted'),
			segment('█'.repeat(count === 0 ? 0 : Math.max(1, Math.round((count / greatest) * room))), 'accent'),
			segment(`${count === 0 ? '' : ' '}${formatCount(count)}`, count === 0 ? 'muted' : 'plain'),
			...(named.length === 0 ? [] : [segment(` ${named.join(' ')}`, 'strong')]),
		];
	});
}

/** Bins counted into buckets that are equally wide on a logarithmic scale; as many as the number of values deserves (Sturges). */
function logBuckets(
	bins: Bins,
	most: number,
): ReadonlyArray<{readonly upper: number; readonly count: number}> {
	const filled = bins.filter(([, count]) => count > 0);
	const total = filled.reduce((sum, [, count]) => sum + count, 0);
	const lowest = Math.max(0.01, filled[0]?.[0] ?? 0);
	const highest = Math.max(lowest, filled.at(-1)?.[0] ?? 0);
	const wanted = highest > lowest ? Math.ceil(Math.log2(total)) + 1 : 1;
	const number = Math.max(0, Math.min(wanted, Math.floor(most)));
	const ratio = Math.log(highest / lowest) / Math.max(1, number);
	const counts = Array.from({length: number}, () => 0);
	for (const [upper, count] of filled) {
		const bucket = ratio > 0 ? Math.ceil(Math.log(Math.max(upper, lowest) / lowest) / ratio - 1e-9) - 1 : 0;
		const index = Math.min(number - 1, Math.max(0, bucket));
		counts[index] = (counts[index] ?? 0) + count;
	}
	return counts.map((count, index) => ({
		upper: index === number - 1 ? highest : lowest * Math.exp(ratio * (index + 1)),
		count,
	}));
}
