import type {ThemeName} from '../config/resolve-output.ts';
import type {Line, Tone} from './segment.ts';

/** How meanings are shown: select-graphic-rendition codes of the 16 colours every terminal has, never a background. */

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

/** The line as a string for a terminal; without a theme it is bare text. */
export function paintLine(line: Line, theme: Theme | undefined): string {
	if (theme === undefined) {
		return line.map(({text}) => text).join('');
	}
	let painted = '';
	let codes: readonly number[] = [];
	for (const {text, tone} of line) {
		const wanted = text.trim() === '' && tone !== 'inverse' ? codes : theme[tone];
		if (wanted !== codes) {
			painted += codes.length > 0 ? '\u001B[0m' : '';
			painted += wanted.length > 0 ? `\u001B[${wanted.join(';')}m` : '';
			codes = wanted;
		}
		painted += text;
	}
	return codes.length > 0 ? `${painted}\u001B[0m` : painted;
}
