import type {Line, Segment, Tone} from './segment.ts';

/** How meanings look on a terminal: colours as SGR codes, never a background; and its characters under `--ascii`. */

export const themeNames = ['auto', 'dark', 'light', 'mono', 'high-contrast', 'colour-blind'] as const;
export type ThemeName = (typeof themeNames)[number];

/** What the terminal draws on, as far as it has said so. */
type Background = 'dark' | 'light';

/** The codes of each tone; an empty list is the terminal's own foreground. */
export type Theme = Readonly<Record<Tone, readonly string[]>>;

const bold = '1';
const inverse = '7';
/** One of the 256 colours, which are the same on every terminal that has them. */
const palette = (index: number): string => `38;5;${index}`;

/** The one grey that reads on black and on white. Bright black (90) is the background of some colour schemes. */
const grey = palette(243);

/** For a black background: of the 16 colours that every terminal has, those with a contrast of 4.5:1. */
const dark: Theme = {
	plain: [],
	strong: [bold],
	muted: [],
	border: [],
	title: [bold],
	accent: ['36'],
	good: ['32'],
	warning: ['33'],
	bad: ['91'],
	throttled: ['95'],
	inverse: [inverse],
};

/** For a white background, where green, yellow and cyan of the 16 colours cannot be read. */
const light: Theme = {
	...dark,
	accent: ['34'],
	good: [bold],
	warning: ['35'],
	bad: ['31'],
	throttled: [bold, '35'],
};

/** Each theme in the 16 colours. */
const basic: Readonly<Record<ThemeName, Theme>> = {
	auto: dark,
	dark,
	light,
	mono: {...dark, accent: [], good: [], warning: [bold], bad: [bold], throttled: [bold]},
	'high-contrast': {
		...dark,
		accent: [bold, '96'],
		good: [bold, '92'],
		warning: [bold, '93'],
		bad: [bold, '91'],
		throttled: [bold, '95'],
	},
	// Cyan, yellow and bold magenta differ for every kind of colour blindness; red and green do not.
	'colour-blind': {
		...dark,
		good: ['36'],
		accent: [],
		warning: ['33'],
		bad: [bold, '95'],
		throttled: [bold, '95'],
	},
};

/** What changes where the terminal has 256 colours. */
const rich: Readonly<Partial<Record<ThemeName, Partial<Theme>>>> = {
	// Before the terminal has named its background: colours that read on both. No yellow and no brown does.
	auto: {
		muted: [grey],
		border: [grey],
		accent: [palette(63)],
		good: [palette(29)],
		warning: [bold],
		bad: [palette(131)],
		throttled: [palette(163)],
	},
	dark: {muted: [palette(245)], border: [grey]},
	light: {
		muted: [palette(241)],
		border: [grey],
		accent: [palette(25)],
		good: [palette(22)],
		warning: [palette(94)],
		bad: [palette(160)],
		throttled: [palette(127)],
	},
	'colour-blind': {muted: [palette(245)], border: [grey]},
};

/** How many colours there are: none (`--no-color`, NO_COLOR, TERM=dumb), the 16 that every terminal has, or 256. */
export type ColorCount = 0 | 16 | 256;

/**
 * The theme of that name; undefined where nothing may be coloured.
 * @param background What `auto` goes by; undefined: not known.
 */
export function themeNamed(name: ThemeName, colors: ColorCount, background?: Background): Theme | undefined {
	const chosen = name === 'auto' ? (background ?? 'auto') : name;
	switch (colors) {
		case 0:
			return undefined;
		case 16:
			return basic[chosen];
		case 256:
			return {...basic[chosen], ...rich[chosen]};
	}
}

/**
 * The line as a string for a terminal; without a theme it is bare text. Attributes are opened and closed as Ink writes
 * them, so that Ink finds the line in its cache of parsed lines.
 */
export function paintLine(line: Line, theme: Theme | undefined): string {
	if (theme === undefined) {
		return line.map(withLink).join('');
	}
	let painted = '';
	let codes: readonly string[] = [];
	for (const part of line) {
		const {text, tone} = part;
		if (text === '') {
			continue;
		}
		// Blanks look the same in any colour.
		const wanted = tone !== 'inverse' && !codes.includes(inverse) && text.trim() === '' ? codes : theme[tone];
		painted += (wanted === codes ? '' : change(codes, wanted)) + withLink(part);
		codes = wanted;
	}
	return painted + change(codes, []);
}

/** The text, within its link where it has one (OSC 8), which takes no cells. */
function withLink({text, link}: Segment): string {
	return link === undefined ? text : `\u001B]8;;${link}\u001B\\${text}\u001B]8;;\u001B\\`;
}

/** The codes that turn one set of attributes into another. */
function change(from: readonly string[], to: readonly string[]): string {
	const closing = from
		.filter((code) => !to.some((other) => endOf(other) === endOf(code)))
		.map((code) => endOf(code));
	const opening = to.filter((code) => !from.includes(code));
	return [...closing.toReversed(), ...opening].map((code) => `\u001B[${code}m`).join('');
}

/** The code that ends an attribute. */
function endOf(code: string): string {
	return code === bold ? '22' : code === inverse ? '27' : '39';
}

/** Every drawn character beyond ASCII that the program uses of its own accord, with what stands for it under `--ascii`. */
const substitutes: Readonly<Record<string, string>> = {
	'…': '~',
	'–': '-',
	'—': '-',
	'·': '.',
	'•': '*',
	'×': 'x',
	'±': '~',
	'→': '>',
	'←': '<',
	'↑': '^',
	'↓': 'v',
	'›': '>',
	'▸': '>',
	'★': '*',
	'▲': '^',
	'▼': 'v',
	'✓': '+',
	'✗': 'x',
	'█': '#',
	'▓': '%',
	'▒': '=',
	'░': ':',
	'▏': '.',
	'▎': '.',
	'▍': '-',
	'▌': '-',
	'▋': '-',
	'▊': '=',
	'▉': '=',
	'▁': '_',
	'▂': '_',
	'▃': '-',
	'▄': '-',
	'▅': '=',
	'▆': '=',
	'▇': '#',
	'│': '|',
	'┤': '|',
	'├': '|',
	'┼': '+',
	'╶': '-',
	'╴': '-',
	'─': '-',
	'╌': '-',
	'┄': '-',
	'╰': "'",
	'╯': "'",
	'╭': '.',
	'╮': '.',
	'┌': '+',
	'┐': '+',
	'└': '+',
	'┘': '+',
	'┬': '+',
	'┴': '+',
};

const drawn = new RegExp(`[${Object.keys(substitutes).join('')}]`, 'gu');

/** The line drawn with ASCII characters alone, cell for cell. Text in other scripts is left as it is. */
export function toAscii(line: string): string {
	return line.replaceAll(drawn, (glyph) => substitutes[glyph] ?? glyph);
}
