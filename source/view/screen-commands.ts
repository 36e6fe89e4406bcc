import {formatDurationMs} from '../text/numbers.ts';
import {watchAccount} from './account/account-commands.ts';
import {noEffect, type Transition, withEffects, withFlash} from './actions.ts';
import {type ViewName, viewAfter} from './keymap.ts';
import {currentList, withList} from './lists.ts';
import {finalSnapshot, isRunning, neighbourWindow, shownWindowSeconds} from './selectors.ts';
import {type ExportKind, leaveDeadlineOf, type Overlay, type State} from './state.ts';
import {askInTap} from './tap/traffic-list.ts';

/** Commands that move, change what is shown, write files, or leave. */

/** The next window that is longer (positive) or shorter. */
export function zoom(state: State, steps: number): Transition {
	return withWindow(state, neighbourWindow(state, steps) ?? state.windowSeconds);
}

/** Another window of the charts; undefined: the usual one. */
export function withWindow(state: State, windowSeconds: number | undefined): Transition {
	const next: State = {...state, windowSeconds};
	return noEffect(withFlash(next, `charts show ${formatDurationMs(shownWindowSeconds(next) * 1000)}`));
}

export function toggleFreeze(state: State): Transition {
	const {frozen, snapshot, nowMs} = state;
	if (frozen !== undefined || snapshot === undefined) {
		return noEffect({...state, frozen: undefined});
	}
	return noEffect({...state, frozen: {snapshot, sinceMs: nowMs, items: state.items.table}});
}

export function openView(state: State, view: ViewName): Transition {
	const opened: State = {...state, view, isDetailOpen: false, detailScroll: 0, isTyping: false};
	return view === 'account' ? watchAccount(opened) : noEffect(opened);
}

/** The next view that has something to show, or the one before. */
export function nextView(state: State, steps: number): Transition {
	return openView(state, viewAfter(state.view, steps, state.tap !== undefined));
}

/** Scrolls the open detail by a number of lines; positive is down. */
export function scrollDetail(state: State, lines: number): State {
	const {detailScroll, detailEnd} = state;
	const detail = Math.max(0, Math.min(detailEnd, Math.min(detailEnd, detailScroll) + lines));
	return {...state, detailScroll: detail};
}

/** Closes one thing: the detail, then the filter; never the program. */
export function close(state: State): Transition {
	if (state.isDetailOpen) {
		return noEffect({...state, isDetailOpen: false});
	}
	const name = currentList(state);
	return noEffect(
		name === undefined || state.lists[name].filter === ''
			? {...state, flash: undefined}
			: withList(state, name, {filter: ''}),
	);
}

const exportWords: Readonly<Record<ExportKind, string>> = {
	charts: 'writing the charts',
	increase: 'writing the figures for a quota increase',
	winner: 'writing the winning request',
};

/** Asks for files about the newest run, which continues meanwhile. */
export function write(state: State, what: ExportKind): Transition {
	const snapshot = finalSnapshot(state);
	if (snapshot === undefined) {
		return noEffect(state);
	}
	const config = state.startedConfig ?? state.config;
	return withEffects(
		{...withFlash(state, exportWords[what]), exporting: [...state.exporting, what]},
		{type: 'export', what, snapshot, config},
	);
}

/** The box with the files that were written; files that are finished while it is open are added to it. */
export function withWritten(overlay: Overlay | undefined, files: readonly string[]): Overlay {
	if (overlay?.kind === 'exported') {
		return {...overlay, files: [...overlay.files, ...files]};
	}
	return overlay ?? {kind: 'exported', files};
}

/** Asks once while a run spends money; a tap takes no new requests, and leaves once those in flight are over; asked again, or with nothing at stake, leaves. */
export function quit(state: State): Transition {
	if (state.isLeaving || !isRunning(state)) {
		return leave(state);
	}
	if (state.tap !== undefined && (state.asked === 'stop' || state.snapshot?.phase === 'draining')) {
		return leave(state);
	}
	if (state.tap?.program !== undefined && state.overlay?.kind !== 'tap-question') {
		return askInTap(state, 'quit');
	}
	if (state.tap === undefined && !state.isDemo && state.overlay?.kind !== 'quit-question') {
		return noEffect({...state, overlay: {kind: 'quit-question'}});
	}
	return withEffects(
		{...state, overlay: undefined, isLeaving: true, asked: 'stop', stoppedMs: state.nowMs},
		{type: 'stop', deadlineMs: leaveDeadlineOf(state)},
	);
}

/** Closes the screen without waiting for anything. */
export function leave(state: State): Transition {
	return withEffects({...state, isLeaving: true}, {type: 'leave'});
}
