import type {Line, Tone} from './segment.ts';

/** Colours of meanings: SGR codes of the 16 colours that every terminal has, never a background. */

export const themeNames = ['auto', 'mono', 'high-contrast', 'colour-blind'] as const;
export type ThemeName = (typeof themeNames)[number];

/** The codes of each tone; an empty list is the terminal's own foreground. */
export type Theme = Readonly<Record<Tone, readonly number[]>>;

const bold = 1;
const inverse = 7;

const base: Theme = {
	plain: [],
	strong: [bold],
	// Data is never in this tone: bright black is hard to read on some terminals (htop issue 1013).
	muted: [90],
	border: [90],
	title: [bold],
	accent: [36],
	good: [32],
	warning: [33],
	bad: [31],
	throttled: [35],
	inverse: [inverse],
};

const themes: Readonly<Record<ThemeName, Theme>> = {
	auto: base,
	mono: {
		...base,
		muted: [],
		border: [],
		accent: [],
		good: [],
		warning: [bold],
		bad: [bold],
		throttled: [bold],
	},
	'high-contrast': {
		...base,
		muted: [],
		border: [],
		accent: [bold, 96],
		good: [bold, 92],
		warning: [bold, 93],
		bad: [bold, 91],
		throttled: [bold, 95],
	},
	// Cyan, yellow and bold magenta differ for every kind of colour blindness; red and green do not.
	'colour-blind': {...base, good: [36], accent: [], warning: [33], bad: [bold, 95], throttled: [bold, 95]},
};

/** The theme of that name; undefined where nothing may be coloured (`--no-color`, NO_COLOR, TERM=dumb). */
export function themeNamed(name: ThemeName, hasColor: boolean): Theme | undefined {
	return hasColor ? themes[name] : undefined;
}

/**
 * The line as a string for a terminal; without a theme it is bare text. Attributes are opened and closed as Ink writes
 * them, so that Ink finds the line in its cache of parsed lines.
 */
export function paintLine(line: Line, theme: Theme | undefined): string {
	if (theme === undefined) {
		return line.map(({text}) => text).join('');
	}
	let painted = '';
	let codes: readonly number[] = [];
	for (const {text, tone} of line) {
		if (text === '') {
			continue;
		}
		// Blanks look the same in any colour.
		const wanted = tone !== 'inverse' && !codes.includes(inverse) && text.trim() === '' ? codes : theme[tone];
		painted += wanted === codes ? text : change(codes, wanted) + text;
		codes = wanted;
	}
	return painted + change(codes, []);
}

/** The codes that turn one set of attributes into another. */
function change(from: readonly number[], to: readonly number[]): string {
	const closing = from
		.filter((code) => !to.some((other) => endOf(other) === endOf(code)))
		.map((code) => endOf(code));
	const opening = to.filter((code) => !from.includes(code));
	return [...closing.toReversed(), ...opening].map((code) => `\u001B[${code}m`).join('');
}

/** The code that ends an attribute. */
function endOf(code: number): number {
	return code === bold ? 22 : code === inverse ? 27 : 39;
}
