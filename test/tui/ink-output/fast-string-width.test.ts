import fc from 'fast-check';
import stringWidth from 'string-width';
import {expect, test} from 'vitest';
import fastStringWidth from '../../../source/tui/ink-output/fast-string-width.ts';

const anyText = fc.oneof(
	fc.string({unit: 'binary'}),
	fc.string({unit: 'grapheme'}),
	fc
		.array(
			fc.constantFrom(
				'\u001B[1;36m',
				'\u001B[0m',
				'\u001B[2J',
				'\u001B]8;;x\u0007',
				'│',
				'█',
				'╌',
				'漢',
				'👩‍👩‍👧',
				'·',
				'a',
				' ',
				'\u00AD',
			),
		)
		.map((parts) => parts.join('')),
);

test('has the widths of string-width, asked once or again', () => {
	fc.assert(
		fc.property(anyText, (text) => {
			expect(fastStringWidth(text)).toBe(stringWidth(text));
			expect(fastStringWidth(text)).toBe(stringWidth(text));
			expect(fastStringWidth(text, {countAnsiEscapeCodes: true})).toBe(
				stringWidth(text, {countAnsiEscapeCodes: true}),
			);
		}),
		{numRuns: 1000},
	);
});

test('keeps its memory bounded and its answers right', () => {
	for (let index = 0; index < 20_000; index++) {
		const text = `│ ${index}`;
		if (fastStringWidth(text) !== text.length) {
			expect(fastStringWidth(text)).toBe(text.length);
		}
	}
});
