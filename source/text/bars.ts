import {formatCount, formatDurationMs} from './numbers.ts';
import {type Line, type Segment, segment, type Tone} from './segment.ts';

/** One limit: what is used, what is set aside for answers in flight, and the limit; null: unlimited. */
type GaugeFigures = {readonly used: number; readonly reserved: number; readonly limit: number | null};

/** How near a limit is: below 70%, from 70%, from 90%. */
type GaugeLevel = 'ok' | 'near' | 'full';

/** From these fractions on a limit is said to be near, or reached. */
const nearFraction = 0.7;
const fullFraction = 0.9;

/** Part of the limit that is used or set aside; null without a limit. A limit of 0 is always taken whole. */
export function gaugeFraction({used, reserved, limit}: GaugeFigures): number | null {
	if (limit === null) {
		return null;
	}
	return limit > 0 ? (used + reserved) / limit : 1;
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

const glyphs = {used: '█', reserved: '▒', free: '·'};

/**
 * The bar of a gauge in exactly `width` cells: used, reserved and free apart by glyph.
 * Whatever is above 0 shows at least one cell, whatever is left of the limit as well.
 */
export function gaugeBar(figures: GaugeFigures, width: number): Line {
	const cells = Math.max(0, Math.floor(width));
	const {limit} = figures;
	if (limit === null) {
		return cells > 0 ? [segment(glyphs.free.repeat(cells), 'muted')] : [];
	}
	const used = Math.max(0, figures.used);
	const reserved = Math.max(0, figures.reserved);
	const taken = limit > 0 ? partOf(cells, (used + reserved) / limit) : cells;
	const usedCells =
		used + reserved > 0 ? Math.min(taken, partOf(taken, used / (used + reserved))) : limit > 0 ? 0 : taken;
	const {tone} = gaugeLevels[gaugeLevel(gaugeFraction({used, reserved, limit}))];
	return [
		segment(glyphs.used.repeat(usedCells), tone),
		segment(glyphs.reserved.repeat(taken - usedCells), tone),
		segment(glyphs.free.repeat(cells - taken), 'muted'),
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

const levels = '▁▂▃▄▅▆▇█';

/**
 * A line of bars in `width` cells, the oldest value first: each cell is the greatest of its values, so that no peak is lost.
 * Nothing is blank; whatever is above 0 shows.
 */
export function sparkline(values: readonly number[], width: number): string {
	const cells = Math.max(0, Math.floor(width));
	const greatest = Math.max(0, ...values.filter((value) => Number.isFinite(value)));
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

/**
 * A histogram with a bar a bin, in at most `height` lines of at most `width` cells; neighbouring bins are joined where
 * there are more.
 */
export function histogramLines(bins: Bins, width: number, height: number): readonly Line[] {
	const rows = joinBins(
		bins.filter(([, count]) => count > 0),
		height,
	);
	const greatest = Math.max(0, ...rows.map(([, count]) => count));
	const room = width - labelWidth - countWidth - 3;
	if (greatest === 0 || room < 1) {
		return [];
	}
	return rows.map(([upperMs, count]) => [
		segment(`${formatDurationMs(upperMs).padStart(labelWidth)} `, 'muted'),
		segment('█'.repeat(Math.max(1, Math.round((count / greatest) * room))), 'accent'),
		segment(` ${formatCount(count)}`),
	]);
}

function joinBins(bins: Bins, most: number): Bins {
	if (most <= 0) {
		return [];
	}
	const each = Math.max(1, Math.ceil(bins.length / most));
	const joined: Array<readonly [number, number]> = [];
	for (let index = 0; index < bins.length; index += each) {
		const part = bins.slice(index, index + each);
		joined.push([part.at(-1)?.[0] ?? 0, part.reduce((sum, [, count]) => sum + count, 0)]);
	}
	return joined;
}
