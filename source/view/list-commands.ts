import {moveInAccount} from './account/account-commands.ts';
import {type Change, only} from './change.ts';
import {neighbourWindow} from './chart-window.ts';
import {logLines} from './log-lines.ts';
import type {State} from './state.ts';
import {listedRows, selectedRow} from './variant-rows.ts';

/** Commands that move through lists and time. */

/** Moves the selection, or the log, by so many lines; positive is down. */
export function move(state: State, lines: number): Change {
	if (state.view === 'log') {
		const most = Math.max(0, logLines(state).length - 1);
		return only({...state, scroll: Math.min(most, Math.max(0, state.scroll - lines))});
	}
	if (state.view === 'account') {
		return moveInAccount(state, lines);
	}
	const rows = listedRows(state);
	const selected = selectedRow(state, rows);
	if (selected === undefined) {
		return only(state);
	}
	const index = Math.min(rows.length - 1, Math.max(0, rows.indexOf(selected) + lines));
	return only({...state, selected: rows[index]?.key});
}

/** The next window that is longer (positive) or shorter. */
export function zoom(state: State, steps: number): Change {
	return only({...state, windowSeconds: neighbourWindow(state, steps) ?? state.windowSeconds});
}
