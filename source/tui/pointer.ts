import type {DOMElement} from 'ink';
import {createContext} from 'react';
import {type Line, lineText} from '../text/segment.ts';
import {isTakingText} from '../view/key-actions.ts';
import {keyOf, views} from '../view/keymap.ts';
import type {State} from '../view/state.ts';
import {placeOverlay} from './overlays/overlay-lines.ts';

/** The mouse: a click does what some keys do, so that nothing can be done with it alone. */

/** Boxes of lines that are on screen. */
export type Drawn = Map<DOMElement, readonly Line[]>;

/** Undefined: nobody asks what is where. */
export const DrawnContext = createContext<Drawn | undefined>(undefined);

/** The attribute of a box that keeps it in `drawn` with its lines. */
export function placed(drawn: Drawn | undefined, lines: readonly Line[]) {
	return drawn === undefined
		? undefined
		: {
				ref: (node: DOMElement) => {
					drawn.set(node, lines);
					return () => {
						drawn.delete(node);
					};
				},
			};
}

/**
 * The keys that a click stands for: the key of a view, arrows to the clicked row, and on the selected row Enter.
 * @param column Of the clicked cell, from 0; so is the row.
 */
export function keysOfClick(state: State, drawn: Drawn, column: number, row: number): readonly string[] {
	if (state.overlay !== undefined) {
		const {rect, lines} = placeOverlay(state, state.overlay, state.size.columns, state.size.rows);
		const isInside =
			column >= rect.left &&
			column < rect.left + rect.width &&
			row >= rect.top &&
			row < rect.top + rect.height;
		return isInside ? keysOfRow(lines, row - rect.top) : ['Esc'];
	}
	for (const [node, lines] of drawn) {
		const {left, top} = placeOf(node);
		const {yogaNode} = node;
		const width = yogaNode?.getComputedWidth() ?? 0;
		const height = yogaNode?.getComputedHeight() ?? 0;
		if (column >= left && column < left + width && row >= top && row < top + height) {
			const tab = top === 0 && !isTakingText(state) ? tabAt(state, lines[row], column) : undefined;
			return tab === undefined ? keysOfRow(lines, row - top) : [tab];
		}
	}
	return [];
}

/** The mark of the selected row, behind a border. */
const selection = /^[│ ]*›/;

function keysOfRow(lines: readonly Line[], index: number): readonly string[] {
	const at = lines.findIndex((line) => selection.test(lineText(line)));
	const isRow = /[^\s│─╭╮╰╯]/.test(lineText(lines[index] ?? []));
	if (at === -1 || !isRow) {
		return [];
	}
	return index === at
		? ['Enter']
		: Array.from({length: Math.abs(index - at)}, () => (index > at ? '↓' : '↑'));
}

/** The key of the view whose name is at a column of the header. */
function tabAt(state: State, line: Line = [], column: number): string | undefined {
	const text = lineText(line);
	return views
		.map(({name, title}) => ({title, key: keyOf(state, `open-${name}`)}))
		.find(({title, key}) => {
			const at = text.indexOf(`${key} ${title}`);
			return at !== -1 && column >= at - 1 && column <= at + title.length + key.length + 1;
		})?.key;
}

/** The place of a box on the screen. */
function placeOf(node: DOMElement): {readonly left: number; readonly top: number} {
	let left = 0;
	let top = 0;
	for (let each: DOMElement | undefined = node; each !== undefined; each = each.parentNode) {
		left += each.yogaNode?.getComputedLeft() ?? 0;
		top += each.yogaNode?.getComputedTop() ?? 0;
	}
	return {left, top};
}
