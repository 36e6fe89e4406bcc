import {oneCell} from '../../text/simple-text.ts';

// One character at a time: a repetition within the repetition would try every way to part a long text that does not match.
const simplePainted = new RegExp(String.raw`^(?:[\n${oneCell}]|\u001B\[[\d;]*m)*$`);

/**
 * Whether the text is lines of characters that take one cell each and of attributes, with nothing in it that a terminal
 * must not get.
 */
export function isSimplePainted(text: string): boolean {
	return simplePainted.test(text);
}
