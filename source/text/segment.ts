import {hostname} from 'node:os';
import {pathToFileURL} from 'node:url';
import {type Align, displayWidth, fitText, takeStart, wrapText} from './width.ts';

/** Meaning of a piece of text; a theme turns meanings into colours, without one words and glyphs carry them. */
export const tones = [
	'plain',
	'strong',
	'muted',
	'border',
	'title',
	'accent',
	'good',
	'warning',
	'bad',
	'throttled',
	'inverse',
] as const;
export type Tone = (typeof tones)[number];

/** A piece of a line with one meaning. */
export type Segment = {
	readonly text: string;
	readonly tone: Tone;
	/** Where it leads, for terminals with links (OSC 8). */
	readonly link?: string;
};

/** One line of the screen or of a printout. */
export type Line = readonly Segment[];

/** A segment; `plain` by default. */
export function segment(text: string, tone: Tone = 'plain'): Segment {
	return {text, tone};
}

/** A piece of a line about a file, which leads to it. @param text What is shown of its name. */
export function fileSegment(file: string, text: string): Segment {
	// The terminal may run on another machine than this program, and then opens nothing.
	const host = process.platform === 'win32' ? '' : hostname();
	return {...segment(text), link: `file://${host}${pathToFileURL(file).pathname}`};
}

/** The line as bare text. */
export function lineText(line: Line): string {
	return line.map(({text}) => text).join('');
}

/** Width of the line in cells. */
export function lineWidth(line: Line): number {
	return line.reduce((cells, {text}) => cells + displayWidth(text), 0);
}

/** The line in exactly `width` cells: cut at the end with a mark, or filled with blanks on the side that `align` leaves. */
export function fitLine(line: Line, width: number, align: Align = 'left'): Line {
	if (width <= 0) {
		return [];
	}
	const cells = lineWidth(line);
	if (cells > width) {
		return cutLine(line, width);
	}
	const blanks = width - cells;
	if (blanks === 0) {
		return line;
	}
	const before = align === 'left' ? 0 : align === 'right' ? blanks : Math.floor(blanks / 2);
	return [
		...(before > 0 ? [segment(' '.repeat(before))] : []),
		...line,
		...(blanks > before ? [segment(' '.repeat(blanks - before))] : []),
	];
}

function cutLine(line: Line, width: number): Line {
	const kept: Segment[] = [];
	let left = width - 1;
	for (const part of line) {
		const cells = displayWidth(part.text);
		if (cells <= left) {
			kept.push(part);
			left -= cells;
			continue;
		}
		// A wide character may leave one cell over; fitText fills it.
		const cut = `${takeStart(part.text, left)}…`;
		kept.push({...part, text: fitText(cut, left + 1)});
		break;
	}
	return kept;
}

/** Two lines on one row: the right one against the right edge, dropped when both do not fit. */
export function spreadLine(left: Line, right: Line, width: number): Line {
	const room = width - lineWidth(right);
	return lineWidth(left) + 1 <= room ? [...fitLine(left, room), ...right] : fitLine(left, width);
}

/** Puts `separator` between the lines that are not empty. */
export function joinLines(lines: readonly Line[], separator: Segment): Line {
	return lines
		.filter((line) => line.length > 0)
		.flatMap((line, index) => (index === 0 ? line : [separator, ...line]));
}

/** Puts parts one after the other, on a new line where the next one does not fit; a part that is wider is cut. */
export function flowLines(parts: readonly Line[], separator: Segment, width: number): readonly Line[] {
	const lines: Line[] = [];
	for (const part of parts.filter(({length}) => length > 0)) {
		const joined = joinLines([lines.at(-1) ?? [], part], separator);
		if (lines.length > 0 && lineWidth(joined) <= width) {
			lines[lines.length - 1] = joined;
		} else {
			lines.push(fitLine(part, Math.min(width, lineWidth(part))));
		}
	}
	return lines;
}

/** Below this width the text continues below its label instead of beside it. */
const minBesideWidth = 46;

/**
 * A label with a text beside it that is broken into lines of at most `width` cells; on narrow screens the further lines
 * begin below the label.
 */
export function hangingLines(
	label: Segment,
	text: string,
	width: number,
	tone: Tone = 'plain',
): readonly Line[] {
	const isBeside = width >= minBesideWidth;
	const shownLabel = isBeside ? label : {...label, text: `${label.text.trimEnd()} `};
	const labelWidth = displayWidth(shownLabel.text);
	const indent = isBeside ? labelWidth : Math.min(2, labelWidth);
	const [first = '', ...others] = wrapAfter(text, width, labelWidth, indent);
	return [
		[shownLabel, segment(first, tone)],
		...others.map((line): Line => [segment(' '.repeat(indent)), segment(line, tone)]),
	];
}

/** Lines of which the first has less room than the others. */
function wrapAfter(text: string, width: number, firstIndent: number, indent: number): readonly string[] {
	const [first = '', ...rest] = wrapText(text, width - firstIndent);
	return rest.length === 0 || firstIndent === indent
		? [first, ...rest]
		: [first, ...wrapText(text.slice(first.length).trimStart(), width - indent)];
}
