/** Characters that take one cell: ASCII, Latin letters, and the dashes, arrows, boxes and blocks of the screen. */
export const oneCell = String.raw`\u0020-\u007E\u00A0-\u00AC\u00AE-\u02FF\u2010-\u2027\u2039\u203A\u2190-\u2193\u2500-\u259F\u2605`;

const simple = new RegExp(`^[${oneCell}]*$`);

/**
 * Whether every character takes one cell. Nearly everything on screen does; measuring the rest costs a hundred times as
 * much.
 */
export function isSimple(text: string): boolean {
	return simple.test(text);
}
