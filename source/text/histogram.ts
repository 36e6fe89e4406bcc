import {formatCount, formatDurationMs} from './numbers.ts';
import {type Line, segment} from './segment.ts';

/** `[upper bound in ms, count]`, ascending. */
export type Bins = ReadonlyArray<readonly [number, number]>;

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
