import {cleanLines} from '../text/width.ts';

/** CSV as RFC 4180 has it: commas, CRLF, quotes doubled; and safe to open in a spreadsheet. */

export type Cell = string | number | boolean | null | undefined;

/** A spreadsheet takes a text that begins like this for a formula and would run it. */
const formulaStart = /^[=+\-@\t\r]/;

const cellText = (cell: Cell): string => {
	if (cell === null || cell === undefined) {
		return '';
	}
	// Cleaned first: what begins with something invisible begins with what follows it.
	const clean = typeof cell === 'string' ? cleanLines(cell) : String(cell);
	const text = typeof cell === 'string' && formulaStart.test(clean) ? `'${clean}` : clean;
	return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/**
 * One row with its end of line.
 * @param cells What is not known is an empty cell; a text that begins with = + - @ gets an apostrophe before it.
 */
export const csvLine = (cells: readonly Cell[]): string => `${cells.map(cellText).join(',')}\r\n`;
