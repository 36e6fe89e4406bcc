/** Characters that take one cell: ASCII, Latin letters, and the dashes, arrows, boxes and blocks of the screen. */
const oneCell = String.raw`\u0020-\u007E\u00A0-\u00AC\u00AE-\u02FF\u2010-\u2027\u2039\u203A\u2190-\u2193\u2500-\u259F\u2605`;

const simple = new RegExp(`^[${oneCell}]*$`);

/**
 * Whether every character takes one cell. Nearly everything on screen does; measuring anything else costs a hundred
 * times as much.
 */
export function isSimple(text: string): boolean {
	return simple.test(text);
}

// One character at a time: a repetition within the repetition would try every way to part a long text that does not match.
const simplePainted = new RegExp(String.raw`^(?:[\n${oneCell}]|\u001B\[[\d;]*m)*$`);

/**
 * Whether the text is lines of characters that take one cell each and of attributes, with nothing in it that a terminal
 * must not get.
 */
export function isSimplePainted(text: string): boolean {
	return simplePainted.test(text);
}
