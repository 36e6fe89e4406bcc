import {Box, Text} from 'ink';
import type {Line} from '../text/segment.ts';
import {paint, useAppearance} from './appearance.tsx';
import {boxed} from './frame.ts';

type Props = {
	readonly lines: readonly Line[];
	readonly width: number;
	readonly height: number;
};

/**
 * Lines in a box of exactly that size. They are one text node, because Ink lays out, squashes and checks each one anew.
 * The text carries its own colours.
 */
export function Lines({lines, width, height}: Props) {
	const appearance = useAppearance();
	const painted = boxed(lines, width, height).map((line) => paint(line, appearance));
	return (
		<Box width={width} height={height} flexShrink={0}>
			<Text wrap="truncate">{painted.join('\n')}</Text>
		</Box>
	);
}
