/**
 * Width of text in Arial, whose metrics Helvetica and Liberation Sans share: without a canvas Vega guesses 0.8 em for
 * every character, which makes margins twice as wide as they need be.
 */

/** Advance widths of U+0020 to U+007E in thousandths of an em (Helvetica's published font metrics). */
const widths = [
	278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556,
	556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278,
	500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469,
	556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500,
	278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

/** A font that stands in for Arial may be a little wider. */
const allowance = 1.04;
const wideCharacter =
	/[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\p{Emoji_Presentation}]/u;
const combining = /\p{Mark}/u;

/**
 * @param text One line.
 * @param fontSize In pixels.
 * @param isBold Bold is about 7 % wider.
 * @returns Width in pixels.
 */
export function textWidth(text: string, fontSize: number, isBold: boolean): number {
	let thousandths = 0;
	for (const character of text) {
		thousandths += widths[character.charCodeAt(0) - 0x20] ?? otherWidth(character);
	}

	return (thousandths / 1000) * fontSize * (isBold ? 1.07 : 1) * allowance;
}

function otherWidth(character: string): number {
	if (combining.test(character)) {
		return 0;
	}

	return wideCharacter.test(character) ? 1000 : 620;
}
