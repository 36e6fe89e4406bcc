import type {Snapshot} from '../domain/snapshot.ts';
import * as account from './account/account-commands.ts';
import type {Action, OverlayAction} from './actions.ts';
import {disabledReason} from './availability.ts';
import {type Change, changeWith, only, withFlash} from './change.ts';
import type {Command} from './keymap/bindings.ts';
import {type ViewName, viewAfter} from './keymap/views.ts';
import {move, zoom} from './list-commands.ts';
import {inOverlay} from './overlay-actions.ts';
import * as pickers from './picker-commands.ts';
import * as runs from './run-commands.ts';
import * as screen from './screen-commands.ts';
import {finalSnapshot} from './selectors.ts';
import {openSettings} from './settings-commands.ts';
import {sortAfter} from './sort.ts';
import {keptLogLines, type State} from './state.ts';

/**
 * What an action makes of the state. Pure and total: any action in any state gives a state, the same every time.
 * @returns the next state and what the world is asked to do.
 */
export function reduce(before: State, action: Action): Change {
	const flash = before.flash !== undefined && action.atMs < before.flash.untilMs ? before.flash : undefined;
	const state: State = {...before, nowMs: Math.max(before.nowMs, action.atMs), flash};
	switch (action.type) {
		case 'preparation-progressed': {
			const {stage} = state;
			return only(stage.kind === 'preparing' ? {...state, stage: {...stage, step: action.step}} : state);
		}
		case 'run-prepared': {
			return prepared({...state, plan: action.plan}, action.snapshot);
		}
		case 'snapshot-received': {
			return account.withAlarms(withSnapshot(state, action.snapshot));
		}
		case 'run-ended': {
			const ended: State = {
				...withSnapshot(state, action.snapshot),
				stage: {kind: 'ended'},
				asked: undefined,
			};
			return isOver(state) ? screen.leave(ended) : only(closedQuestion(ended));
		}
		case 'engine-failed': {
			const failed: State = {...state, stage: {kind: 'failed', fault: action.fault}, asked: undefined};
			return isOver(state) ? screen.leave(failed) : only(closedQuestion(failed));
		}
		case 'engine-logged': {
			return only({...state, log: [...state.log, action.text].slice(-keptLogLines)});
		}
		case 'command-given': {
			return given(state, action.command);
		}
		case 'text-typed':
		case 'text-erased':
		case 'overlay-moved':
		case 'overlay-turned':
		case 'overlay-marked':
		case 'overlay-accepted':
		case 'overlay-closed': {
			return state.overlay === undefined
				? only(withTyped(state, action))
				: inOverlay(state, state.overlay, action);
		}
		case 'typing-ended': {
			return only({...state, isTyping: false, filter: action.isKept ? state.filter : ''});
		}
		case 'models-listed': {
			return only({...state, models: {kind: 'known', entries: action.models}});
		}
		case 'models-failed': {
			return only({...state, models: {kind: 'failed', fault: action.fault}});
		}
		case 'presets-listed': {
			return only({...state, presets: {kind: 'known', entries: action.presets}});
		}
		case 'presets-failed': {
			return only({...state, presets: {kind: 'failed', fault: action.fault}});
		}
		case 'preset-loaded': {
			return pickers.takePreset(state, action.config);
		}
		case 'demo-started': {
			return state.stage.kind === 'running' ? only(state) : runs.takeDemo(state, action.config);
		}
		case 'demo-failed':
		case 'preset-failed': {
			return only(withFlash(state, action.fault.message));
		}
		case 'account-opened': {
			return account.watchAccount(state);
		}
		case 'account-received': {
			return account.takeAccount(state, action.account);
		}
		case 'export-finished': {
			return only({
				...state,
				isExporting: false,
				flash: undefined,
				overlay: state.overlay ?? {kind: 'exported', files: action.files},
			});
		}
		case 'export-failed': {
			return only(withFlash({...state, isExporting: false}, `not written: ${action.message}`));
		}
		case 'time-passed': {
			return only(state);
		}
	}
}

function prepared(state: State, snapshot: Snapshot): Change {
	const {stage} = state;
	if (stage.kind !== 'preparing') {
		return only(state);
	}
	if (stage.isStale) {
		return runs.prepare(state, stage.startsThen);
	}
	const ready: State = {
		...state,
		lastRun: finalSnapshot(state),
		snapshot,
		frozen: undefined,
		stage: {kind: 'planned'},
	};
	// Others use the bucket, and the run would fill it: that is asked first, even where nothing costs money.
	if (stage.startsThen && state.plan?.crowding === undefined) {
		return runs.start(ready);
	}
	return state.hasKeys ? only(ready) : screen.leave(ready);
}

/** Takes a snapshot in; what was asked of the engine is forgotten once it shows. */
function withSnapshot(state: State, snapshot: Snapshot): State {
	if (state.stage.kind === 'preparing' || state.stage.kind === 'failed') {
		return state;
	}
	const isSeen =
		(state.asked === 'pause' && snapshot.phase === 'paused') ||
		(state.asked === 'resume' && snapshot.phase === 'running') ||
		(state.asked === 'stop' && (snapshot.phase === 'draining' || snapshot.phase === 'ended'));
	return {...state, snapshot, asked: isSeen ? undefined : state.asked};
}

/** Whether nothing is waited for once the run has ended. */
function isOver({isLeaving, hasKeys}: State): boolean {
	return isLeaving || !hasKeys;
}

/** A run that is over spends nothing: the question about it is gone. */
function closedQuestion(state: State): State {
	return state.overlay?.kind === 'quit-question' ? {...state, overlay: undefined} : state;
}

function given(state: State, command: Command): Change {
	const reason = disabledReason(state, command);
	if (reason !== undefined) {
		return only(withFlash(state, reason));
	}
	return handlers[command](state);
}

/** Text typed into the filter of a view. */
function withTyped(state: State, action: OverlayAction): State {
	if (!state.isTyping) {
		return state;
	}
	switch (action.type) {
		case 'text-typed': {
			return {...state, filter: `${state.filter}${action.text}`.slice(0, 80)};
		}
		case 'text-erased': {
			return {...state, filter: [...state.filter].slice(0, -1).join('')};
		}
		default: {
			return state;
		}
	}
}

/** What a command of lists does in the Account view, and what elsewhere. */
const byView =
	(inAccount: (state: State) => Change, elsewhere: (state: State) => Change) =>
	(state: State): Change =>
		state.view === 'account' ? inAccount(state) : elsewhere(state);

const opener = (view: ViewName) => (state: State) => screen.openView(state, view);

const handlers: Readonly<Record<Command, (state: State) => Change>> = {
	run: runs.run,
	stop: runs.stop,
	'toggle-pause': runs.togglePause,
	'toggle-variant': runs.toggleVariant,
	'next-method': runs.nextMethod,
	'next-goal': runs.nextGoal,
	'start-demo': (state) => changeWith(withFlash(state, 'starting the simulator'), {type: 'start-demo'}),
	models: pickers.openModels,
	presets: pickers.openPresets,
	settings: openSettings,
	benchmark: account.benchmark,
	regions: pickers.openRegions,
	'toggle-freeze': byView(account.freezeAccount, screen.toggleFreeze),
	'open-account': opener('account'),
	'open-dashboard': opener('dashboard'),
	'open-variants': opener('variants'),
	'open-timeline': opener('timeline'),
	'open-quotas': opener('quotas'),
	'open-log': opener('log'),
	'next-view': (state) => screen.openView(state, viewAfter(state.view, 1)),
	'previous-view': (state) => screen.openView(state, viewAfter(state.view, -1)),
	close: screen.close,
	up: (state) => move(state, -1),
	down: (state) => move(state, 1),
	'page-up': (state) => move(state, -10),
	'page-down': (state) => move(state, 10),
	detail: (state) => only({...state, isDetailOpen: !state.isDetailOpen}),
	filter: (state) => only({...state, isTyping: true, isDetailOpen: false}),
	'next-sort': byView(account.nextAccountSort, (state) => only({...state, sort: sortAfter(state.sort)})),
	invert: byView(account.invertAccount, (state) => only({...state, isInverted: !state.isInverted})),
	'zoom-in': (state) => zoom(state, -1),
	'zoom-out': (state) => zoom(state, 1),
	'zoom-reset': (state) => only({...state, windowSeconds: undefined}),
	export: (state) => screen.write(state, 'charts'),
	'export-increase': (state) => screen.write(state, 'increase'),
	'export-winner': (state) => screen.write(state, 'winner'),
	help: (state) => only({...state, overlay: {kind: 'help', scroll: 0}}),
	redraw: (state) => changeWith(state, {type: 'redraw'}),
	suspend: (state) => changeWith(state, {type: 'suspend'}),
	quit: screen.quit,
};
