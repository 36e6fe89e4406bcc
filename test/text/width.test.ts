import fc from 'fast-check';
import stringWidth from 'string-width';
import {expect, it} from 'vitest';
import {toAscii} from '../../source/text/themes.ts';
import {
	cleanText,
	displayWidth,
	fitText,
	truncateEnd,
	truncateMiddle,
	wrapText,
} from '../../source/text/width.ts';

const anyText = fc.oneof(
	fc.string({unit: 'binary'}),
	fc.string({unit: 'grapheme'}),
	fc
		.array(
			fc.constantFrom(
				'\u001B[31m',
				'\u001B]0;x\u0007',
				'\u0000',
				'\u009B',
				'\r\n',
				'漢',
				'👩‍👩‍👧',
				'é',
				'e\u0301',
				'\u202E',
				'a',
				' ',
			),
		)
		.map((parts) => parts.join('')),
);

it('cleaned text holds no control character, nothing invisible and no line break', () => {
	fc.assert(
		fc.property(anyText, (text) => {
			expect(cleanText(text)).not.toMatch(/[\p{Control}\p{Default_Ignorable_Code_Point}\u2028\u2029]/u);
		}),
	);
});

it('cleaning keeps what can be read', () => {
	expect(cleanText('\u001B[1;31mred\u001B[0m\ttab\r\nline \u001B]8;;http://x\u0007link')).toBe(
		'red tab line link',
	);
	expect(cleanText('a\u202Eb\u200Dc')).toBe('abc');
	expect(cleanText('日本 é 🦄')).toBe('日本 é 🦄');
});

it('the fast way to measure agrees with string-width', () => {
	const anyLatin = fc.string({
		unit: fc.integer({min: 0x20, max: 0x25_9f}).map((code) => String.fromCodePoint(code)),
	});
	fc.assert(
		fc.property(anyLatin, (text) => {
			const cleaned = cleanText(text);
			expect(displayWidth(cleaned)).toBe(stringWidth(cleaned));
		}),
	);
});

it('fitted text is exactly as wide as asked, for any text', () => {
	fc.assert(
		fc.property(
			anyText,
			fc.integer({min: 0, max: 40}),
			fc.constantFrom('left', 'right', 'center'),
			fc.constantFrom('end', 'middle'),
			(text, width, align, cut) => {
				expect(stringWidth(fitText(cleanText(text), width, align, cut))).toBe(width);
			},
		),
	);
});

it('cut text is never wider than asked and says that it was cut', () => {
	fc.assert(
		fc.property(anyText, fc.integer({min: 1, max: 40}), (text, width) => {
			const cleaned = cleanText(text);
			for (const cut of [truncateEnd(cleaned, width), truncateMiddle(cleaned, width)]) {
				expect(stringWidth(cut)).toBeLessThanOrEqual(width);
				expect(cut === cleaned || cut.includes('…')).toBe(true);
			}
		}),
	);
});

it('a name is cut in the middle', () => {
	expect(truncateMiddle('us.anthropic.claude-sonnet-4-5-20250929-v1:0', 20)).toBe('us.anthro…50929-v1:0');
	expect(truncateEnd('detailed', 5)).toBe('deta…');
});

it('wrapped lines fit and keep every word', () => {
	fc.assert(
		fc.property(anyText, fc.integer({min: 2, max: 30}), (text, width) => {
			const cleaned = cleanText(text);
			const lines = wrapText(cleaned, width);
			for (const line of lines) {
				expect(stringWidth(line)).toBeLessThanOrEqual(width);
			}
			expect(lines.join('').replaceAll(' ', '')).toBe(cleaned.replaceAll(' ', ''));
		}),
	);
	expect(wrapText('route the tickets of support', 12)).toEqual(['route the', 'tickets of', 'support']);
});

it('ASCII drawing keeps the cells', () => {
	const drawing = '╭─╮ █▒·│ ╰─╯ ┤┼╌ … – ★';
	expect(toAscii(drawing)).toMatch(/^[ -~]+$/);
	expect(toAscii(drawing)).toHaveLength(displayWidth(drawing));
});
