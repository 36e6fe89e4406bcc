import stringWidth from 'string-width';
import stripAnsi from 'strip-ansi';
import {withoutSecretForms} from './secrets.ts';
import {isSimple} from './simple-text.ts';

/** Text measured in terminal cells. All functions but `cleanText` take text without control sequences. */

const printableAscii = /^[\u0020-\u007E]*$/;

/** Cells that the text takes on a terminal: 2 for a wide character, 0 for a combining one. */
export function displayWidth(text: string): number {
	return isSimple(text) ? text.length : stringWidth(text);
}

/**
 * Cleans text from outside (service, preset, file, crash) before it is shown: no control sequences, no
 * control characters, nothing invisible (bidirectional overrides, joiners, tags), line breaks and tabs as one space, and
 * nothing that has the form of a credential.
 */
export function cleanText(text: string): string {
	return withoutSecretForms(withoutControls(text));
}

/** `cleanText` for lines of a printout: line ends and tabs stay. */
export function cleanLines(text: string): string {
	return withoutSecretForms(
		text
			.split('\n')
			.map((line) => line.split('\t').map(withoutControls).join('\t'))
			.join('\n'),
	);
}

/** For JSON, or code with such strings: escapes what a terminal would obey or not show, so that no value changes. */
export function escapeUnseen(json: string): string {
	return json.replaceAll(
		/[\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/g,
		(unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
	);
}

function withoutControls(text: string): string {
	if (printableAscii.test(text)) {
		return text;
	}
	return stripAnsi(text)
		.toWellFormed()
		.replaceAll(/[\t\n\v\f\r\u0085\u2028\u2029]+/g, ' ')
		.replaceAll(
			/[\p{Control}\p{Default_Ignorable_Code_Point}\p{Private_Use}\p{Noncharacter_Code_Point}]/gu,
			'',
		);
}

let madeSegmenter: Intl.Segmenter | undefined;

/** Grapheme clusters. The segmenter is made when first needed, because that is slow. */
function clustersOf(text: string): Iterable<Intl.SegmentData> {
	madeSegmenter ??= new Intl.Segmenter();
	return madeSegmenter.segment(text);
}

/** The longest beginning that fits into `width` cells. */
export function takeStart(text: string, width: number): string {
	if (isSimple(text)) {
		return text.slice(0, Math.max(0, width));
	}
	let taken = '';
	let cells = 0;
	for (const {segment} of clustersOf(text)) {
		cells += displayWidth(segment);
		if (cells > width) {
			break;
		}
		taken += segment;
	}
	return taken;
}

/** The longest end that fits into `width` cells. */
function takeEnd(text: string, width: number): string {
	if (isSimple(text)) {
		return width > 0 ? text.slice(-width) : '';
	}
	let taken = '';
	let cells = 0;
	for (const {segment: part} of [...clustersOf(text)].toReversed()) {
		cells += displayWidth(part);
		if (cells > width) {
			break;
		}
		taken = part + taken;
	}
	return taken;
}

const ellipsis = '…';

/** Cuts the end of text that is wider than `width` cells and marks the cut. */
export function truncateEnd(text: string, width: number): string {
	if (displayWidth(text) <= width) {
		return text;
	}
	return width <= 0 ? '' : takeStart(text, width - 1) + ellipsis;
}

/** Cuts the middle of text that is wider than `width` cells: an ARN's beginning and end say more than its middle. */
export function truncateMiddle(text: string, width: number): string {
	if (displayWidth(text) <= width) {
		return text;
	}
	if (width <= 2) {
		return truncateEnd(text, width);
	}
	const end = takeEnd(text, Math.ceil((width - 1) / 2));
	const start = takeStart(text, width - 1 - displayWidth(end));
	return start + ellipsis + end;
}

export type Align = 'left' | 'right' | 'center';
export type Cut = 'end' | 'middle';

/** Text of exactly `width` cells: cut where it is wider, filled with blanks where it is narrower. */
export function fitText(text: string, width: number, align: Align = 'left', cut: Cut = 'end'): string {
	if (width <= 0) {
		return '';
	}
	const shown = cut === 'middle' ? truncateMiddle(text, width) : truncateEnd(text, width);
	const blanks = width - displayWidth(shown);
	if (blanks === 0) {
		return shown;
	}
	if (align === 'right') {
		return ' '.repeat(blanks) + shown;
	}
	const before = align === 'center' ? Math.floor(blanks / 2) : 0;
	return ' '.repeat(before) + shown + ' '.repeat(blanks - before);
}

/**
 * Breaks text at blanks into lines of at most `width` cells; a word wider than that is broken.
 * @returns at least one line.
 */
export function wrapText(text: string, width: number): readonly string[] {
	const room = Math.max(1, width);
	const lines: string[] = [];
	let line = '';
	for (const word of text.split(/ +/)) {
		const joined = line === '' ? word : `${line} ${word}`;
		if (displayWidth(joined) <= room) {
			line = joined;
			continue;
		}
		if (line !== '') {
			lines.push(line);
		}
		line = word;
		while (displayWidth(line) > room) {
			// A wide character in a single cell cannot be shown; it is dropped rather than looped on.
			const start = takeStart(line, room) || [...line].slice(0, 1).join('');
			lines.push(takeStart(start, room));
			line = line.slice(start.length);
		}
	}
	return [...lines, line];
}

/** Text from outside, with a full stop unless it has an end: what follows then begins a sentence. */
export function asSentence(text: string): string {
	const trimmed = text.trimEnd();
	return trimmed === '' || /[.!?…。！？]["'”’)\]]*$/.test(trimmed)
		? trimmed
		: `${trimmed.replace(/[,;:]$/, '')}.`;
}
