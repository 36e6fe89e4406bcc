import type {Line} from '../text/segment.ts';
import {type FrameTitle, framed} from './frame.ts';
import type {Tier} from './layout.ts';
import {Lines} from './lines.tsx';

type Props = {
	readonly title: FrameTitle;
	readonly lines: readonly Line[];
	readonly width: number;
	readonly height: number;
	readonly tier: Tier;
};

/** Lines with a titled border; narrow screens have no cells to spare for one. */
export function Panel({title, lines, width, height, tier}: Props) {
	const shown = tier === 'narrow' ? lines : framed(title, lines, width, height);
	return <Lines lines={shown} width={width} height={height} />;
}

/** Size of the space within a panel. */
export function panelInside(width: number, height: number, tier: Tier): {width: number; height: number} {
	return tier === 'narrow'
		? {width, height}
		: {width: Math.max(0, width - 4), height: Math.max(0, height - 2)};
}
