import type {OverlayAction} from './actions.ts';
import {type Change, only} from './change.ts';
import {keyGroups} from './keymap/render.ts';
import {acceptPicked, filterPicker, markPicked, movePicker} from './picker-commands.ts';
import {inSettings} from './settings-commands.ts';
import type {Overlay, State} from './state.ts';

/** What an open overlay makes of the keys. */
export function inOverlay(state: State, overlay: Overlay, action: OverlayAction): Change {
	if (overlay.kind === 'settings') {
		return inSettings(state, overlay, action);
	}
	if (action.type === 'overlay-closed') {
		return only({...state, overlay: undefined});
	}
	switch (overlay.kind) {
		case 'help': {
			return action.type === 'overlay-moved'
				? only({...state, overlay: {...overlay, scroll: scrolled(overlay.scroll, action.lines)}})
				: only(state);
		}
		case 'picker': {
			return inPicker(state, overlay, action);
		}
		case 'quit-question':
		case 'exported': {
			return only(state);
		}
	}
}

/** A line of help may take several on a narrow screen; the overlay stops at its own last one. */
function scrolled(scroll: number, lines: number): number {
	const last = keyGroups.reduce((sum, {entries}) => sum + 3 * entries.length + 2, 0);
	return Math.min(last, Math.max(0, scroll + lines));
}

function inPicker(state: State, picker: Overlay & {kind: 'picker'}, action: OverlayAction): Change {
	switch (action.type) {
		case 'text-typed': {
			return filterPicker(state, picker, `${picker.filter}${action.text}`.slice(0, 300));
		}
		case 'text-erased': {
			return filterPicker(state, picker, [...picker.filter].slice(0, -1).join(''));
		}
		case 'overlay-turned': {
			return only(state);
		}
		case 'overlay-moved': {
			return movePicker(state, picker, action.lines);
		}
		case 'overlay-marked': {
			return markPicked(state, picker);
		}
		case 'overlay-accepted': {
			return acceptPicked(state, picker);
		}
		case 'overlay-closed': {
			return only({...state, overlay: undefined});
		}
	}
}
