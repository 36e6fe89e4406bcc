/**
 * Whether every character takes one cell: ASCII, Latin letters, and the dashes, arrows, boxes and blocks that the screen
 * is drawn with. Nearly everything on screen is; measuring the rest costs a hundred times as much.
 */
export function isSimple(text: string): boolean {
	return simple.test(text);
}

const simple =
	/^[\u0020-\u007E\u00A0-\u00AC\u00AE-\u02FF\u2010-\u2027\u2039\u203A\u2190-\u2193\u2500-\u259F\u2605]*$/;

/** Whether the text is lines of such characters and of attributes, with nothing in it that a terminal must not get. */
export function isSimplePainted(text: string): boolean {
	return simplePainted.test(text);
}

const simplePainted =
	/^(?:[\n\u0020-\u007E\u00A0-\u00AC\u00AE-\u02FF\u2010-\u2027\u2039\u203A\u2190-\u2193\u2500-\u259F\u2605]+|\u001B\[\d*(?:;\d*)*m)*$/;
