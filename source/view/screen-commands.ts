import {watchAccount} from './account/account-commands.ts';
import type {ExportKind} from './actions.ts';
import {type Change, changeWith, only, withFlash} from './change.ts';
import type {ViewName} from './keymap/views.ts';
import {finalSnapshot, isRunning} from './selectors.ts';
import {leaveDeadlineMs, type State} from './state.ts';

/** Commands that change what is shown, and those that leave. */

export function toggleFreeze(state: State): Change {
	const {frozen, snapshot, nowMs} = state;
	if (frozen !== undefined || snapshot === undefined) {
		return only({...state, frozen: undefined});
	}
	return only({...state, frozen: {snapshot, sinceMs: nowMs}});
}

export function openView(state: State, view: ViewName): Change {
	// A filter belongs to what it was typed for: variants or buckets.
	const filter = (view === 'account') === (state.view === 'account') ? state.filter : '';
	const opened: State = {...state, view, filter, isDetailOpen: false, isTyping: false, scroll: 0};
	return view === 'account' ? watchAccount(opened) : only(opened);
}

/** Closes one thing: the detail, then the filter; never the program. */
export function close(state: State): Change {
	if (state.isDetailOpen) {
		return only({...state, isDetailOpen: false});
	}
	return only(
		state.filter === '' || (state.view !== 'variants' && state.view !== 'account')
			? {...state, flash: undefined}
			: {...state, filter: ''},
	);
}

const exportWords: Readonly<Record<ExportKind, string>> = {
	charts: 'writing the charts',
	increase: 'writing the figures for a quota increase',
	winner: 'writing the winning request',
};

/** Has something written about the newest run, which goes on meanwhile. */
export function write(state: State, what: ExportKind): Change {
	const snapshot = finalSnapshot(state);
	if (snapshot === undefined) {
		return only(state);
	}
	const config = state.startedConfig ?? state.config;
	return changeWith(
		{...withFlash(state, exportWords[what]), isExporting: true},
		{type: 'export', what, snapshot, config},
	);
}

/** Asks once while a run spends money; asked again, or with nothing at stake, leaves. */
export function quit(state: State): Change {
	if (state.isLeaving || !isRunning(state)) {
		return leave(state);
	}
	if (!state.isDemo && state.overlay?.kind !== 'quit-question') {
		return only({...state, overlay: {kind: 'quit-question'}});
	}
	return changeWith(
		{...state, overlay: undefined, isLeaving: true, asked: 'stop', stoppedMs: state.nowMs},
		{type: 'stop', deadlineMs: leaveDeadlineMs},
	);
}

/** Closes the screen without waiting for anything. */
export function leave(state: State): Change {
	return changeWith({...state, isLeaving: true}, {type: 'leave'});
}
