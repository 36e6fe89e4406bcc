import {Box, Text} from 'ink';
import {memo} from 'react';
import type {Line} from '../text/segment.ts';
import {paint, useAppearance} from './appearance.tsx';
import {boxed} from './frame.ts';

type RowProps = {readonly text: string};

/**
 * One line as one text node: a node a cell would cost four times as much a frame. The text carries its own colours, so
 * that a line that did not change is not even looked at.
 */
const Row = memo(({text}: RowProps) => <Text wrap="truncate">{text}</Text>);
Row.displayName = 'Row';

type Props = {
	readonly lines: readonly Line[];
	readonly width: number;
	readonly height: number;
};

/** Lines in a box of exactly that size. */
export function Lines({lines, width, height}: Props) {
	const appearance = useAppearance();
	return (
		<Box flexDirection="column" width={width} height={height} flexShrink={0}>
			{boxed(lines, width, height).map((line, index) => (
				// biome-ignore lint/suspicious/noArrayIndexKey: a line is its place on screen
				<Row key={index} text={paint(line, appearance) || ' '} />
			))}
		</Box>
	);
}
