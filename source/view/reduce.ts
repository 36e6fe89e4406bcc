import type {Snapshot} from '../domain/snapshot.ts';
import {formatDurationMs} from '../text/numbers.ts';
import * as account from './account/account-commands.ts';
import {
	type Action,
	isOverlayAction,
	noEffect,
	type OverlayAction,
	type Transition,
	withEffects,
	withFlash,
} from './actions.ts';
import {disabledReason, refusalWords} from './availability.ts';
import {inColumns, openColumns} from './columns/columns.ts';
import * as history from './history/history.ts';
import * as items from './items.ts';
import type {KeyCommand, Keymap, ViewName} from './keymap.ts';
import {currentList} from './lists.ts';
import {changedSettings, withLog} from './log-lines.ts';
import * as pickers from './picker.ts';
import * as more from './run-commands.ts';
import * as runs from './run-commands.ts';
import * as listing from './screen-commands.ts';
import * as screen from './screen-commands.ts';
import {copy, withCopied} from './screen-commands.ts';
import {finalSnapshot} from './selectors.ts';
import {inSettings, openSettings, remember, takeRemembered} from './settings.ts';
import {leaveDeadlineOf, type Overlay, type State} from './state.ts';
import {statusOf, windowTitle} from './status.ts';
import * as traffic from './tap/traffic-list.ts';

/**
 * The state after an action. Pure and total: any action in any state gives a state, the same every time.
 * @returns the next state and the effects to run.
 */
export function reduce(before: State, action: Action): Transition {
	if (before.present !== undefined) {
		return history.besideEarlier(before, before.present, action, reduce);
	}
	const next = reduced(before, action);
	const {state, effects} = next.state.view === 'items' ? items.withReading(next) : next;
	const isChanged = state.config !== before.config || state.switchedOff !== before.switchedOff;
	// The settings of an earlier run are nobody's change.
	return isChanged && state.earlier === undefined
		? {state: withLog(state, 'setting', ...changedSettings(before, state)), effects}
		: {state, effects};
}

function reduced(before: State, action: Action): Transition {
	const flash = before.flash !== undefined && action.atMs < before.flash.untilMs ? before.flash : undefined;
	const state: State = {...before, nowMs: Math.max(before.nowMs, action.atMs), flash};
	if (isOverlayAction(action)) {
		return state.overlay === undefined
			? noEffect(withTyped(state, action))
			: inOverlay(state, state.overlay, action);
	}
	switch (action.type) {
		case 'preparation-progressed': {
			const {stage} = state;
			return noEffect(stage.kind === 'preparing' ? {...state, stage: {...stage, step: action.step}} : state);
		}
		case 'run-prepared':
			return prepared({...state, plan: action.plan}, action.snapshot);
		case 'plan-shown':
			return noEffect({...state, shownPlan: action.plan});
		case 'snapshot-received':
			return account.withAlerts(withSnapshot(state, action.snapshot));
		case 'run-ended': {
			const ended: State = {
				...withEnd(withSnapshot(state, action.snapshot), action.snapshot),
				stage: {kind: 'ended'},
				asked: undefined,
			};
			return isOver(state) ? screen.leave(ended) : announced(runs.withoutQuestion(ended), action.snapshot);
		}
		case 'engine-failed': {
			const failed: State = {
				...withLog(state, 'fault', action.fault.message),
				stage: {kind: 'failed', fault: action.fault},
				asked: undefined,
			};
			return isOver(state) ? screen.leave(failed) : noEffect(runs.withoutQuestion(failed));
		}
		case 'engine-logged':
			return noEffect(withLog(state, 'engine', action.text));
		case 'command-given':
			return given({...state, detailEnd: action.detailEnd ?? state.detailEnd}, action.command);
		case 'items-received':
			return noEffect(items.takeItems(state, action));
		case 'answers-read':
			return noEffect(items.takeAnswers(state, action.key, action));
		case 'items-opened':
			return noEffect(
				state.earlier?.folder === action.folder
					? {...state, items: {...state.items, table: action.table}}
					: state,
			);
		case 'key-refused':
			return noEffect(withFlash(state, refusalWords(state, action.keyName)));
		case 'typing-ended':
			return noEffect({
				...(action.isKept ? state : listing.typeFilter(state, () => '')),
				isTyping: false,
			});
		case 'models-listed':
			return noEffect({...state, models: {kind: 'known', entries: action.models}});
		case 'models-failed':
			return noEffect({...state, models: {kind: 'failed', fault: action.fault}});
		case 'presets-listed':
			return noEffect({...state, presets: {kind: 'known', entries: action.presets}});
		case 'presets-failed':
			return noEffect({...state, presets: {kind: 'failed', fault: action.fault}});
		case 'preset-loaded':
			return pickers.takePreset(state, action.config);
		case 'demo-started':
			return state.stage.kind === 'running' ? noEffect(state) : runs.takeDemo(state, action.config);
		case 'demo-failed':
		case 'preset-failed':
			return noEffect(withFlash(state, action.fault.message));
		case 'account-opened':
			return account.watchAccount(state);
		case 'account-received':
			return account.takeAccount(state, action.account);
		case 'export-finished':
			return noEffect({
				...withLog(state, 'written', ...action.files),
				exporting: state.exporting.filter((what) => what !== action.what),
				flash: undefined,
				overlay: screen.withWritten(state.overlay, action.files),
			});
		case 'export-failed':
			return noEffect(
				withFlash(
					{
						...withLog(state, 'not written', action.message),
						exporting: state.exporting.filter((what) => what !== action.what),
					},
					`not written: ${action.message}`,
				),
			);
		case 'run-kept':
		case 'runs-listed':
		case 'run-read':
		case 'runs-compared':
		case 'history-failed':
			return history.takeHistory(state, action);
		case 'copied':
			return noEffect(withCopied(state, action));
		case 'remembered':
			return noEffect(withLog(takeRemembered(state, action), 'written', action.file));
		case 'remember-failed':
			return noEffect(withFlash(state, `not remembered: ${action.fault.message}`));
		case 'screen-resized':
			return noEffect({...state, size: action.size});
		case 'time-passed':
			return noEffect(state);
	}
}

/** The keys while an overlay is open. */
function inOverlay(state: State, overlay: Overlay, action: OverlayAction): Transition {
	if (overlay.kind === 'settings') {
		return inSettings(state, overlay, action);
	}
	if (overlay.kind === 'columns') {
		return inColumns(state, overlay, action);
	}
	if (action.type === 'overlay-closed') {
		return noEffect({...state, overlay: overlay.kind === 'comparison' ? overlay.list : undefined});
	}
	switch (overlay.kind) {
		case 'history':
			return history.inHistory(state, overlay, action);
		case 'comparison':
			return history.inComparison(state, overlay, action);
		case 'help':
		case 'start-question':
			return action.type === 'overlay-moved'
				? noEffect({
						...state,
						overlay: {...overlay, scroll: scrolled(state.keymap, overlay.scroll, action.lines)},
					})
				: noEffect(state);
		case 'picker':
			return pickers.inPicker(state, overlay, action);
		case 'more-question':
			return action.type === 'overlay-accepted' ? more.sendMore(state) : noEffect(state);
		case 'tap-question':
			return action.type === 'overlay-accepted'
				? traffic.acceptInTap(state, overlay.of, leaveDeadlineOf(state))
				: noEffect(state);
		case 'quit-question':
		case 'exported':
			return noEffect(state);
	}
}

/** A line of help may take several on a narrow screen; the overlay stops at its own last one. */
function scrolled({groups}: Keymap, scroll: number, lines: number): number {
	const last = groups.reduce((sum, {entries}) => sum + 3 * entries.length + 2, 0);
	return Math.min(last, Math.max(0, scroll + lines));
}

/** A run that was long enough to look elsewhere is announced, unless it was ended by a key. */
function announced(state: State, {elapsedMs, stoppedBy}: Snapshot): Transition {
	return elapsedMs < announcedFromMs || stoppedBy === 'key'
		? noEffect(state)
		: withEffects(state, {type: 'announce', text: windowTitle(state)});
}

const announcedFromMs = 30_000;

function prepared(state: State, snapshot: Snapshot): Transition {
	const {stage} = state;
	if (stage.kind !== 'preparing') {
		return noEffect(state);
	}
	if (stage.isStale) {
		return runs.prepare(state, stage.startsThen);
	}
	const ready: State = {
		...state,
		lastRun: finalSnapshot(state),
		snapshot,
		snapshotMs: state.nowMs,
		frozen: undefined,
		items: {...state.items, run: undefined, table: undefined},
		stage: {kind: 'planned'},
	};
	// Others use the bucket, and the run would fill it: ask first, even where nothing costs money.
	const mayStart = state.plan?.crowding === undefined && state.plan?.refusal === undefined;
	if (stage.startsThen && state.isDemo && mayStart) {
		return runs.begin(ready);
	}
	return state.hasKeys ? noEffect(ready) : screen.leave(ready);
}

/** Takes a snapshot in; a request to the engine is done once the snapshot shows it. */
function withSnapshot(state: State, snapshot: Snapshot): State {
	if (state.stage.kind === 'preparing' || state.stage.kind === 'failed') {
		return state;
	}
	const isSeen =
		(state.asked === 'pause' && snapshot.phase === 'paused') ||
		(state.asked === 'resume' && snapshot.phase === 'running') ||
		(state.asked === 'stop' && (snapshot.phase === 'draining' || snapshot.phase === 'ended'));
	return {...state, snapshot, snapshotMs: state.nowMs, asked: isSeen ? undefined : state.asked};
}

/** The end of a run in the log, with its reason where the engine has not logged that. */
function withEnd(state: State, snapshot: Snapshot): State {
	if (snapshot.outcome === 'stopped' && snapshot.events.some(({kind}) => kind === 'stopped')) {
		return withLog(state, 'ended', `The run ended after ${formatDurationMs(snapshot.elapsedMs)}.`);
	}
	const {word, detail} = statusOf({...state, stage: {kind: 'ended'}, snapshot});
	return withLog(
		state,
		word.toLowerCase(),
		`The ${state.tap === undefined ? 'run' : 'tap'} ${word.toLowerCase()} ${detail.split(/ · \S+ (?:runs|quits)/)[0]}.`,
	);
}

/** Whether the screen closes once the run has ended. */
function isOver({isLeaving, hasKeys}: State): boolean {
	return isLeaving || !hasKeys;
}

function given(state: State, command: KeyCommand): Transition {
	const free = behindBox(state, command);
	const reason = disabledReason(free, command);
	if (reason !== undefined) {
		return noEffect(withFlash(free, reason));
	}
	return handlers[command](free);
}

/** A box that only shows something is closed by the command that is given while it is open. */
function behindBox(state: State, command: KeyCommand): State {
	switch (state.overlay?.kind) {
		case 'help':
			return {...state, overlay: undefined};
		case 'exported':
			return command === 'copy' ? state : {...state, overlay: undefined};
		case 'start-question':
			return command === 'run' ? state : {...state, overlay: undefined};
		default:
			return state;
	}
}

/** Text typed into the filter of a view. */
function withTyped(state: State, action: OverlayAction): State {
	if (!state.isTyping) {
		return state;
	}
	switch (action.type) {
		case 'text-typed':
			return listing.typeFilter(state, (filter) => `${filter}${action.text}`);
		case 'text-erased':
			return listing.typeFilter(state, (filter) => [...filter].slice(0, -1).join(''));
		default:
			return state;
	}
}

/** A command that differs in the Account view. */
const byView =
	(inAccount: (state: State) => Transition, elsewhere: (state: State) => Transition) =>
	(state: State): Transition =>
		state.view === 'account' ? inAccount(state) : elsewhere(state);

const opener = (view: ViewName) => (state: State) => screen.openView(state, view);

/** An open detail scrolls; else the cursor of the list moves. */
function moveOrScroll(state: State, lines: number): Transition {
	return state.isDetailOpen ? noEffect(screen.scrollDetail(state, lines)) : listing.move(state, lines);
}

/** The detail of the row before or after this one; in the list of items the variant beside. */
function turn(state: State, steps: number): Transition {
	if (state.isDetailOpen) {
		return listing.move({...state, detailScroll: 0}, steps);
	}
	return noEffect(state.view === 'items' ? items.moveColumn(state, steps) : state);
}

/** Opens the detail; that of a variant goes on to its items. */
function openDetail(state: State): Transition {
	return noEffect(
		state.isDetailOpen && currentList(state) === 'variants'
			? items.openItemsOfVariant(state)
			: {...listing.withCursorKept(state), isDetailOpen: !state.isDetailOpen, detailScroll: 0},
	);
}

const handlers: Readonly<Record<KeyCommand, (state: State) => Transition>> = {
	run: runs.run,
	'add-requests': more.addRequests,
	stop: runs.stop,
	'toggle-pause': runs.togglePause,
	'toggle-variant': runs.toggleVariant,
	'next-method': runs.nextMethod,
	'next-goal': runs.nextGoal,
	'start-demo': (state) => withEffects(withFlash(state, 'starting the simulator'), {type: 'start-demo'}),
	models: pickers.openModels,
	presets: pickers.openPresets,
	settings: openSettings,
	history: history.openHistory,
	benchmark: account.benchmark,
	regions: pickers.openRegions,
	'fold-idle': byView(account.foldIdle, traffic.foldTraffic),
	'toggle-freeze': byView(account.freezeAccount, screen.toggleFreeze),
	'open-account': opener('account'),
	'open-dashboard': opener('dashboard'),
	'open-variants': opener('variants'),
	'open-timeline': opener('timeline'),
	'open-quotas': opener('quotas'),
	'open-log': opener('log'),
	'open-items': opener('items'),
	'open-traffic': opener('traffic'),
	'next-view': (state) => screen.nextView(state, 1),
	'previous-view': (state) => screen.nextView(state, -1),
	close: screen.close,
	up: (state) => moveOrScroll(state, -1),
	down: (state) => moveOrScroll(state, 1),
	'page-up': (state) => moveOrScroll(state, -10),
	'page-down': (state) => moveOrScroll(state, 10),
	home: (state) => moveOrScroll(state, Number.NEGATIVE_INFINITY),
	end: (state) => moveOrScroll(state, Number.POSITIVE_INFINITY),
	previous: (state) => turn(state, -1),
	next: (state) => turn(state, 1),
	detail: openDetail,
	'failures-only': (state) =>
		noEffect({...state, items: {...state.items, isFailuresOnly: !state.items.isFailuresOnly}}),
	filter: (state) => noEffect({...state, isTyping: true, isDetailOpen: false}),
	'next-sort': listing.nextSort,
	invert: listing.invert,
	'zoom-in': (state) => screen.zoom(state, -1),
	'zoom-out': (state) => screen.zoom(state, 1),
	'zoom-reset': (state) => screen.withWindow(state, undefined),
	export: (state) => screen.write(state, 'charts'),
	'export-increase': (state) => screen.write(state, 'increase'),
	'export-winner': (state) => screen.write(state, 'winner'),
	columns: openColumns,
	remember,
	copy,
	help: (state) => noEffect({...state, overlay: {kind: 'help', scroll: 0}}),
	redraw: (state) => withEffects(state, {type: 'redraw'}),
	suspend: (state) => withEffects(state, {type: 'suspend'}),
	quit: screen.quit,
};
