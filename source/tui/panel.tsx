import {Box, type RenderOptions, Text} from 'ink';
import {createContext, useContext} from 'react';
import {type Line, lineText} from '../text/segment.ts';
import {paintLine, type Theme, toAscii} from '../text/themes.ts';
import {boxed, type FrameTitle, framed, ruled} from './frame.ts';
import type {Tier} from './layout.ts';
import {DrawnContext, placed} from './pointer.ts';

/** How lines come to the screen: their colours and characters, in a box or a panel. */

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
function paint(line: Line, {theme, isAscii, hasLinks = false}: Appearance): string {
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

type LinesProps = {
	readonly lines: readonly Line[];
	readonly width: number;
	readonly height: number;
};

/**
 * Lines in a box of exactly that size. They are one text node, because Ink lays out, squashes and checks each node.
 * The text carries its own colours.
 */
export function Lines({lines, width, height}: LinesProps) {
	const appearance = useAppearance();
	const drawn = useContext(DrawnContext);
	const painted = boxed(lines, width, height).map((line) => paint(line, appearance));
	return (
		<Box {...placed(drawn, lines)} width={width} height={height} flexShrink={0}>
			<Text wrap="truncate">{painted.join('\n')}</Text>
		</Box>
	);
}

type PanelProps = {
	readonly title: FrameTitle;
	readonly lines: readonly Line[];
	readonly width: number;
	readonly height: number;
	readonly tier: Tier;
	/** Keeps its title where there is no border. */
	readonly isTitled?: boolean;
};

/** Lines with a titled border; narrow screens have no cells to spare for one. */
export function Panel({title, lines, width, height, tier, isTitled = false}: PanelProps) {
	const shown =
		tier === 'narrow'
			? isTitled
				? [ruled(title, width), ...lines]
				: lines
			: framed(title, lines, width, height);
	return <Lines lines={shown} width={width} height={height} />;
}
