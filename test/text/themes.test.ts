import fc from 'fast-check';
import {expect, it} from 'vitest';
import {segment, tones} from '../../source/text/segment.ts';
import {paintLine, themeNamed} from '../../source/text/themes.ts';

const themeNames = ['auto', 'mono', 'high-contrast', 'colour-blind'] as const;
const anyLine = fc.array(
	fc.record({text: fc.constantFrom('text', ' ', '', '│', 'more text'), tone: fc.constantFrom(...tones)}),
	{maxLength: 12},
);

it('without colour there is nothing but the text', () => {
	expect(themeNamed('auto', false)).toBeUndefined();
	expect(paintLine([segment('bad', 'bad'), segment(' plain')], undefined)).toBe('bad plain');
});

it('attributes are opened once and closed at the end', () => {
	const theme = themeNamed('auto', true);
	expect(paintLine([segment('a', 'bad'), segment(' '), segment('b', 'good')], theme)).toBe(
		'\u001B[31ma \u001B[32mb\u001B[39m',
	);
	expect(paintLine([segment('T', 'title'), segment('x', 'accent'), segment('y')], theme)).toBe(
		'\u001B[1mT\u001B[22m\u001B[36mx\u001B[39my',
	);
	expect(paintLine([segment(' S ', 'inverse'), segment('  ')], theme)).toBe('\u001B[7m S \u001B[27m  ');
});

it.each(themeNames)('%s paints the same text, and leaves no attribute open', (name) => {
	fc.assert(
		fc.property(anyLine, (line) => {
			const painted = paintLine(line, themeNamed(name, true));
			const open = new Set<string>();
			for (const [, code = ''] of painted.matchAll(/\u001B\[(\d+)m/g)) {
				const end = {1: '22', 7: '27'}[code] ?? (/^(?:3|9)[0-7]$/.test(code) ? '39' : undefined);
				if (end === undefined) {
					open.delete(code);
				} else {
					open.add(end);
				}
			}
			expect([...open]).toEqual([]);
			expect(painted.replaceAll(/\u001B\[\d+m/g, '')).toBe(line.map(({text}) => text).join(''));
		}),
	);
});

it('mono has no colour, and no theme has a background', () => {
	for (const name of themeNames) {
		for (const codes of Object.values(themeNamed(name, true) ?? {})) {
			for (const code of codes) {
				const isColor = (code >= 30 && code <= 37) || (code >= 90 && code <= 97);
				expect(code === 1 || code === 7 || (isColor && name !== 'mono')).toBe(true);
				// Pure blue cannot be read on black.
				expect([34, 94]).not.toContain(code);
			}
		}
	}
});

it('what must be told apart is in colours of its own where there are colours', () => {
	for (const name of ['auto', 'high-contrast', 'colour-blind'] as const) {
		const theme = themeNamed(name, true);
		const levels = [theme?.good, theme?.warning, theme?.bad].map((codes) => String(codes));
		expect(new Set(levels).size).toBe(3);
	}
});
