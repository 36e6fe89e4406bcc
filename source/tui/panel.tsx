import {Box, Text} from 'ink';
import {useContext} from 'react';
import type {Line} from '../text/segment.ts';
import {paint, useAppearance} from './appearance.tsx';
import {boxed, type FrameTitle, framed, ruled} from './frame.ts';
import type {Tier} from './layout.ts';
import {DrawnContext, placed} from './pointer.ts';

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
