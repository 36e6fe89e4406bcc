import {fitLine, type Line, lineWidth, segment} from '../text/segment.ts';
import {type Tier, tierOf} from './layout.ts';

/** Text in the upper border of a panel. */
export type FrameTitle = {
	readonly title: Line;
	readonly note?: Line;
	/** Which lines are on screen, where not all are: it stays where the note has no room. */
	readonly position?: string | undefined;
};

/** Content of an overlay, before it has its place. */
export type Content = {readonly title: Line; readonly note: Line; readonly lines: readonly Line[]};

const minTitledWidth = 6;

/**
 * Lines within a border.
 * @returns exactly `height` lines of exactly `width` cells; what does not fit is left out at the bottom.
 */
export function framed(
	title: FrameTitle,
	lines: readonly Line[],
	width: number,
	height: number,
): readonly Line[] {
	if (height < 2 || width < minTitledWidth) {
		return boxed(lines, width, height);
	}
	const inner = boxed(lines, width - 4, height - 2).map((line) => [
		segment('│ ', 'border'),
		...line,
		segment(' │', 'border'),
	]);
	return [upperBorder(title, width), ...inner, [segment(`╰${'─'.repeat(width - 2)}╯`, 'border')]];
}

/** A title on a rule, for panels without a border; exactly `width` cells. */
export function ruled(frame: FrameTitle, width: number): Line {
	const {title, note} = headed(frame, width);
	const left: Line = [...title, segment(' ')];
	const right: Line = lineWidth(note) > 0 ? [segment(' '), ...note] : [];
	const rule = width - lineWidth(left) - lineWidth(right);
	return fitLine(rule > 0 ? [...left, segment('─'.repeat(rule), 'border'), ...right] : left, width);
}

/** Exactly `height` lines of exactly `width` cells, without a border. */
export function boxed(lines: readonly Line[], width: number, height: number): readonly Line[] {
	return Array.from({length: Math.max(0, height)}, (_, index) => fitLine(lines[index] ?? [], width));
}

/**
 * The lines of a detail that are on screen.
 * @param scroll Lines above the first of them, as far as there are that many.
 * @returns them and, where not all fit, which they are: `lines 12-29/48`.
 */
export function scrolledLines(
	lines: readonly Line[],
	height: number,
	scroll: number,
): {readonly lines: readonly Line[]; readonly position: string | undefined} {
	if (lines.length <= height) {
		return {lines, position: undefined};
	}
	const first = Math.max(0, Math.min(scroll, lines.length - height));
	const shown = lines.slice(first, first + height);
	return {lines: shown, position: `lines ${first + 1}-${first + shown.length}/${lines.length}`};
}

/** The first of `count` rows out of `total` that has row `at` in its middle, as far as the ends allow. */
export function firstShown(at: number, count: number, total: number): number {
	return Math.max(0, Math.min(at - Math.floor(count / 2), total - count));
}

/** Size of the space within a panel. */
export function panelInside(
	width: number,
	height: number,
	tier: Tier,
	isTitled = false,
): {width: number; height: number} {
	return tier === 'narrow'
		? {width, height: Math.max(0, height - (isTitled ? 1 : 0))}
		: {width: innerWidth(width), height: Math.max(0, height - 2)};
}

/** The room for the content of an overlay: within a border, or all of a screen that has no room for one. */
export function overlayRoom(
	columns: number,
	rows: number,
): {readonly width: number; readonly height: number} {
	// Windows consoles scroll when the last cell of the last row is written (Ink issue 969).
	return tierOf(columns, rows) === 'tiny'
		? {width: Math.max(1, columns - 1), height: Math.max(1, rows)}
		: {width: Math.max(1, columns - 6), height: Math.max(1, rows - 3)};
}

/** Cells within a border. */
export function innerWidth(width: number): number {
	return Math.max(0, width - 4);
}

/** A note needs its text, two blanks and a piece of border that keeps it apart from the title. */
const noteGap = 3;

/** Title and note as they fit into `room` cells: the note gives way first, the position last. */
function headed(
	{title, note = [], position}: FrameTitle,
	room: number,
): {readonly title: Line; readonly note: Line} {
	const marked = position === undefined ? [] : [segment(position, 'muted')];
	const full = marked.length > 0 && note.length > 0 ? [...marked, segment(' · ', 'muted'), ...note] : [];
	const shown = [full, marked, note].find((line) => lineWidth(line) > 0) ?? [];
	const left = (line: Line): number => room - lineWidth(line) - noteGap;
	if (lineWidth(title) <= left(shown)) {
		return {title, note: shown};
	}
	return left(marked) > 0 && marked.length > 0
		? {title: lineWidth(title) > left(marked) ? fitLine(title, left(marked)) : title, note: marked}
		: {title: lineWidth(title) > room ? fitLine(title, Math.max(0, room)) : title, note: []};
}

function upperBorder(frame: FrameTitle, width: number): Line {
	const room = width - minTitledWidth;
	const {title, note} = headed(frame, room);
	const hasNote = note.length > 0;
	const rule = room - lineWidth(title) - (hasNote ? lineWidth(note) + 2 : 0);
	return [
		segment('╭─ ', 'border'),
		...title,
		segment(` ${'─'.repeat(Math.max(0, rule))}`, 'border'),
		...(hasNote ? [segment(' '), ...note, segment(' ')] : []),
		segment('─╮', 'border'),
	];
}
