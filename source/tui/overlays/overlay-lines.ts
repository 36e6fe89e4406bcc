import {hangingLines} from '../../text/hanging.ts';
import {formatCount} from '../../text/numbers.ts';
import {fitLine, type Line, lineWidth, segment} from '../../text/segment.ts';
import {cleanText, wrapText} from '../../text/width.ts';
import {keyGroups} from '../../view/keymap/render.ts';
import type {Overlay, State} from '../../view/state.ts';
import {type Content, framed} from '../frame.ts';
import type {Rect} from '../layout.ts';
import {pickerContent} from './picker-lines.ts';
import {settingsContent} from './settings-lines.ts';

/** An overlay with its place: as large as it needs to be, in the middle of what is free. */
export type PlacedOverlay = {readonly rect: Rect; readonly lines: readonly Line[]};

/** Places an overlay between header and footer. */
export function placeOverlay(state: State, overlay: Overlay, columns: number, rows: number): PlacedOverlay {
	const roomWidth = Math.max(1, columns - 2);
	const roomHeight = Math.max(1, rows - 1);
	const {title, note, lines} = overlayContent(state, overlay, roomWidth - 4, roomHeight - 2);
	const wanted = Math.max(
		lineWidth(title) + lineWidth(note) + 10,
		...lines.map((line) => lineWidth(line) + 4),
	);
	const width = Math.min(roomWidth, wanted);
	const height = Math.min(roomHeight, lines.length + 2);
	const scroll =
		overlay.kind === 'help' ? Math.min(overlay.scroll, Math.max(0, lines.length - (height - 2))) : 0;
	return {
		rect: {
			left: Math.max(0, Math.floor((columns - width) / 2)),
			top: Math.max(0, Math.floor((rows - height) / 2)),
			width,
			height,
		},
		lines: framed({title, note}, lines.slice(scroll), width, height),
	};
}

function overlayContent(state: State, overlay: Overlay, width: number, height: number): Content {
	switch (overlay.kind) {
		case 'picker': {
			return pickerContent(state, overlay, width, height);
		}
		case 'settings': {
			return settingsContent(state, overlay, width, height);
		}
		case 'help': {
			return {
				title: [segment('Keys', 'title')],
				note: [segment('↑ ↓ scroll, Esc closes', 'muted')],
				lines: helpLines(width),
			};
		}
		case 'quit-question': {
			return {title: [segment('Quit?', 'warning')], note: [], lines: questionLines(state)};
		}
		case 'exported': {
			return {
				title: [segment('Written', 'good')],
				note: [segment('any key closes', 'muted')],
				lines: overlay.files.flatMap((file) =>
					wrapText(cleanText(file), Math.max(1, width)).map((line): Line => [segment(line)]),
				),
			};
		}
	}
}

function questionLines({snapshot}: State): readonly Line[] {
	const inFlight = snapshot?.progress.inFlight ?? 0;
	return [
		[segment('A run that costs money is under way.')],
		[segment(`${formatCount(inFlight)} requests are in flight; what was measured is kept.`)],
		[
			segment('q', 'accent'),
			segment(' stops it and quits   '),
			segment('Esc', 'accent'),
			segment(' goes on'),
		],
	];
}

const twoColumnWidth = 104;
const columnGap = 3;

/** The keys by group; two groups beside each other where there is room. */
function helpLines(width: number): readonly Line[] {
	const isDouble = width >= twoColumnWidth;
	const blockWidth = isDouble ? Math.floor((width - columnGap) / 2) : width;
	const blocks = keyGroups.map(({title, entries}): readonly Line[] => [
		[segment(title, 'title')],
		...entries.flatMap(({keys, description}) =>
			hangingLines(segment(`${keys.join(' ').padEnd(10)} `, 'accent'), description, blockWidth),
		),
	]);
	if (!isDouble) {
		return stacked(blocks);
	}
	const half = Math.ceil(blocks.length / 2);
	const left = stacked(blocks.slice(0, half));
	const right = stacked(blocks.slice(half));
	return Array.from({length: Math.max(left.length, right.length)}, (_, index) => [
		...fitLine(left[index] ?? [], blockWidth + columnGap),
		...(right[index] ?? []),
	]);
}

/** Blocks below each other with an empty line between them. */
function stacked(blocks: ReadonlyArray<readonly Line[]>): readonly Line[] {
	return blocks.flatMap((block, index) => (index === 0 ? block : [[], ...block]));
}
