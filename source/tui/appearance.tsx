import type {RenderOptions} from 'ink';
import {createContext, useContext} from 'react';
import {toAscii} from '../text/glyphs.ts';
import {type Line, lineText} from '../text/segment.ts';
import {paintLine, type Theme} from '../text/themes.ts';

/**
 * How every screen is rendered: on the alternate screen, Ctrl+C handled as a key, and only changes written.
 */
export const screenOptions = {
	alternateScreen: true,
	exitOnCtrlC: false,
	patchConsole: false,
	interactive: true,
	incrementalRendering: true,
	isScreenReaderEnabled: false,
} as const satisfies RenderOptions;

/** How everything on screen looks. */
export type Appearance = {
	/** Undefined: no colour and no other attribute at all. */
	readonly theme: Theme | undefined;
	/** Draws with ASCII characters alone. */
	readonly isAscii: boolean;
	/** The terminal takes links. */
	readonly hasLinks?: boolean;
};

export const AppearanceContext = createContext<Appearance>({theme: undefined, isAscii: false});

/** Paints a line for the terminal. */
export function paint(line: Line, {theme, isAscii, hasLinks = false}: Appearance): string {
	const drawn = isAscii ? line.map((part) => ({...part, text: toAscii(part.text)})) : line;
	return theme === undefined && !hasLinks
		? lineText(drawn)
		: paintLine(hasLinks ? drawn : withoutLinks(drawn), theme);
}

function withoutLinks(line: Line): Line {
	return line.some(({link}) => link !== undefined) ? line.map(({text, tone}) => ({text, tone})) : line;
}

/** The appearance in force. */
export function useAppearance(): Appearance {
	return useContext(AppearanceContext);
}
