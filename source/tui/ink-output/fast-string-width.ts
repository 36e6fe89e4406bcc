import stringWidth, {type Options} from 'string-width';
import {isSimple} from '../../text/simple-text.ts';

/**
 * What Ink gets (ink-patch.ts) in place of `string-width`: the same widths, without measuring every line of every frame
 * anew. Ink 8 asks for the width of each line at each paint; on a screen of box-drawing characters and colours that was
 * four fifths of a paint (test/bench).
 */

const attributes = /\u001B\[[\d;]*m/g;

const keptWidths = 4096;
let widths = new Map<string, number>();

function measured(text: string): number {
	const bare = text.includes('\u001B[') ? text.replace(attributes, '') : text;
	return isSimple(bare) ? bare.length : stringWidth(text);
}

/**
 * Cells that a text takes on a terminal, as `string-width` has it.
 * @param options As of `string-width`; anything but the defaults is left to it.
 */
// biome-ignore lint/style/noDefaultExport: stands in for a module with a default export
export default function fastStringWidth(text: string, options?: Options): number {
	if (options !== undefined || typeof text !== 'string') {
		return stringWidth(text, options);
	}
	const known = widths.get(text);
	if (known !== undefined) {
		return known;
	}
	if (widths.size >= keptWidths) {
		widths = new Map();
	}
	const width = measured(text);
	widths.set(text, width);
	return width;
}
