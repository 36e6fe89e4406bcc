import {type Line, type Segment, segment, type Tone} from './segment.ts';
import {displayWidth, wrapText} from './width.ts';

/** Below this width the text goes on below its label instead of beside it. */
const leastBesideWidth = 46;

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
	const isBeside = width >= leastBesideWidth;
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
