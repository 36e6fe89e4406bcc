import fc from 'fast-check';
import {expect, it} from 'vitest';
import {segment, tones} from '../../source/text/segment.ts';
import {paintLine, themeNamed, themeNames} from '../../source/text/themes.ts';

const anyLine = fc.array(
	fc.record({text: fc.constantFrom('text', ' ', '', '│', 'more text'), tone: fc.constantFrom(...tones)}),
	{maxLength: 12},
);

it('without colour there is nothing but the text', () => {
	expect(themeNamed('auto', 0)).toBeUndefined();
	expect(paintLine([segment('bad', 'bad'), segment(' plain')], undefined)).toBe('bad plain');
});

it('attributes are opened once and closed at the end', () => {
	const theme = themeNamed('dark', 16);
	expect(paintLine([segment('a', 'bad'), segment(' '), segment('b', 'good')], theme)).toBe(
		'\u001B[91ma \u001B[32mb\u001B[39m',
	);
	expect(paintLine([segment('T', 'title'), segment('x', 'accent'), segment('y')], theme)).toBe(
		'\u001B[1mT\u001B[22m\u001B[36mx\u001B[39my',
	);
	expect(paintLine([segment(' S ', 'inverse'), segment('  ')], theme)).toBe('\u001B[7m S \u001B[27m  ');
});

const cases = themeNames.flatMap((name) => ([16, 256] as const).map((colors) => ({name, colors})));

it.each(cases)(
	'$name in $colors colours paints the same text, and leaves no attribute open',
	({name, colors}) => {
		fc.assert(
			fc.property(anyLine, (line) => {
				const painted = paintLine(line, themeNamed(name, colors));
				const open = new Set<string>();
				for (const [, code = ''] of painted.matchAll(/\u001B\[([\d;]+)m/g)) {
					const end = {1: '22', 7: '27'}[code] ?? (isColor(code) ? '39' : undefined);
					if (end === undefined) {
						open.delete(code);
					} else {
						open.add(end);
					}
				}
				expect([...open]).toEqual([]);
				expect(painted.replaceAll(/\u001B\[[\d;]+m/g, '')).toBe(line.map(({text}) => text).join(''));
			}),
		);
	},
);

it('mono has no colour, no theme has a background, and 256 colours are used only where they are', () => {
	for (const {name, colors} of cases) {
		for (const code of Object.values(themeNamed(name, colors) ?? {}).flat()) {
			expect(code === '1' || code === '7' || (isColor(code) && name !== 'mono')).toBe(true);
			expect(code.startsWith('38;5;') && colors === 16).toBe(false);
		}
	}
});

it('what must be told apart is in colours of its own where there are colours', () => {
	for (const {name, colors} of cases.filter((each) => each.name !== 'mono')) {
		const theme = themeNamed(name, colors);
		const levels = [theme?.good, theme?.warning, theme?.bad].map((codes) => String(codes));
		expect(new Set(levels).size).toBe(3);
	}
});

/** What each theme is drawn on. In 16 colours nothing reads on both: there `auto` is for black until the terminal answers. */
const drawnOn = ({name, colors}: (typeof cases)[number]): readonly Rgb[] => {
	switch (name) {
		case 'light':
			return [white];
		case 'auto':
			return colors === 256 ? [black, white] : [black];
		case 'mono':
			return [black, white];
		default:
			return [black];
	}
};

it.each(cases)('$name in $colors colours: every tone has a contrast of 4.5:1', (each) => {
	for (const background of drawnOn(each)) {
		for (const [tone, codes] of Object.entries(themeNamed(each.name, each.colors) ?? {})) {
			for (const code of codes.filter(isColor)) {
				const found = contrast(rgbOf(code), background);
				expect(found, `${tone} (${code}) on ${String(background)}`).toBeGreaterThanOrEqual(4.5);
			}
		}
	}
});

it('auto becomes what the background asks for', () => {
	for (const colors of [16, 256] as const) {
		expect(themeNamed('auto', colors, 'light')).toEqual(themeNamed('light', colors));
		expect(themeNamed('auto', colors, 'dark')).toEqual(themeNamed('dark', colors));
		// What was asked for by name stays.
		expect(themeNamed('mono', colors, 'light')).toEqual(themeNamed('mono', colors));
	}
});

it('frames do not vanish on Solarized, whose bright black is its background', () => {
	const solarized: readonly Rgb[] = [
		[0x00, 0x2b, 0x36],
		[0xfd, 0xf6, 0xe3],
	];
	for (const [index, name] of (['dark', 'light'] as const).entries()) {
		for (const color of themeNamed(name, 256)?.border ?? []) {
			expect(contrast(rgbOf(color), solarized[index] ?? black)).toBeGreaterThan(3);
		}
	}
	expect(cases.flatMap(({name, colors}) => themeNamed(name, colors)?.border ?? [])).not.toContain('90');
});

function isColor(code: string): boolean {
	return /^(?:[39][0-7]|38;5;\d{1,3})$/.test(code);
}

type Rgb = readonly [red: number, green: number, blue: number];
const black: Rgb = [0, 0, 0];
const white: Rgb = [255, 255, 255];

/** The first 16 colours of xterm. */
const first = [
	'000000 cd0000 00cd00 cdcd00 0000ee cd00cd 00cdcd e5e5e5',
	'7f7f7f ff0000 00ff00 ffff00 5c5cff ff00ff 00ffff ffffff',
].flatMap((line) => line.split(' '));
const levels = [0, 95, 135, 175, 215, 255];

/** The colour of a code on xterm. */
function rgbOf(code: string): Rgb {
	const number = Number(code.split(';').at(-1));
	const index = code.startsWith('38;5;') ? number : number >= 90 ? number - 82 : number - 30;
	if (index < 16) {
		const hex = Number.parseInt(first[index] ?? '', 16);
		return [hex >> 16, (hex >> 8) & 255, hex & 255];
	}
	if (index >= 232) {
		const grey = 8 + 10 * (index - 232);
		return [grey, grey, grey];
	}
	const cube = index - 16;
	const level = (place: number) => levels[Math.floor(cube / place) % 6] ?? 0;
	return [level(36), level(6), level(1)];
}

/** The contrast of WCAG 2. */
function contrast(one: Rgb, other: Rgb): number {
	const [darker = 0, brighter = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
	return (brighter + 0.05) / (darker + 0.05);
}

function luminance(rgb: Rgb): number {
	const [red = 0, green = 0, blue = 0] = rgb.map((value) => {
		const share = value / 255;
		return share <= 0.040_45 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
	});
	return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
