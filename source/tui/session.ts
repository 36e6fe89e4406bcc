import type {Pointer} from '../text/terminal-manners.ts';
import {cleanText} from '../text/width.ts';
import type {EngineReport} from '../threads/messages.ts';
import {initialAccount} from '../view/account/account-state.ts';
import type {Action} from '../view/actions.ts';
import {actionForKey, isTakingText} from '../view/key-actions.ts';
import {activeConfig} from '../view/selectors.ts';
import {initialState, leaveDeadlineOf, liveState, type ScreenSize, type State} from '../view/state.ts';
import {createStore, type Store} from '../view/store.ts';
import {createEffects, type ScreenPorts, type TerminalActions} from './effects.ts';
import {planInFrame} from './overlays/overlay-lines.ts';
import {type Drawn, keysOfClick} from './pointer.ts';
import {detailEnd, visibleRowIds} from './screen-layout.ts';

/** The screen without a screen: store, keys and engine put together. */
export type Session = {
	readonly store: Store;
	readonly press: (keyName: string) => void;
	/** The terminal now has this size. */
	readonly resize: (size: ScreenSize) => void;
	/** A frame of this state has been drawn: a plan in it may be started. */
	readonly frameDrawn: (state: State) => void;
	/** Pasted text: used only where text is typed, never as commands. */
	readonly paste: (text: string) => void;
	/** The mouse was used. */
	readonly point: (pointer: Pointer) => void;
	/** What is where on the screen, for the mouse. */
	readonly drawn: Drawn;
	/** Resolves when the screen is to close; the state then says why. */
	readonly left: Promise<void>;
	/** Asks the engine for the run; call it once the screen is open. */
	readonly open: () => void;
	/** Stops a running run because of a signal, and waits for its end for a short time. */
	readonly stopBySignal: () => Promise<void>;
	readonly close: () => void;
};

/** Extra time for the engine after the deadline, in milliseconds. */
const graceMs = 500;

/** Builds a session; nothing happens before `open`. */
export function createSession(ports: ScreenPorts, terminal: TerminalActions): Session {
	const {engine, clock, config, isDemo, startsAtOnce} = ports;
	const drawn: Drawn = new Map();
	const {promise: left, resolve: leave} = Promise.withResolvers<void>();
	let cancelDeadline: (() => void) | undefined;

	const runEffect = createEffects(ports, {
		...terminal,
		leave,
		dispatch: (action) => store.dispatch({...action, atMs: clock.now()} as Action),
		latest: () => store.latest(),
	});

	const store = createStore({
		initial: initialState(
			{
				config,
				isDemo,
				startsAtOnce,
				hasKeys: ports.stdin.isTTY,
				hasDemo: ports.startDemo !== undefined,
				nextSteps: ports.nextSteps ?? [],
				nowMs: clock.now(),
				epochMs: clock.epoch() - clock.now(),
				size: {columns: ports.stdout.columns || 80, rows: ports.stdout.rows || 24},
				account: initialAccount({regions: ports.regions ?? [], alerts: ports.alerts ?? []}),
				...(ports.history === undefined ? {} : {history: {kind: 'idle'}}),
				...(ports.opensOnAccount ? {view: 'account'} : {}),
				...(ports.keymap === undefined ? {} : {keymap: ports.keymap}),
				...(ports.columns === undefined ? {} : {columns: ports.columns}),
				...(ports.tap === undefined ? {} : {tap: {...ports.tap, isFolded: true}}),
			},
			ports.opensOnRuns !== undefined,
		),
		clock,
		onEffect: runEffect,
		visibleRows: visibleRowIds,
	});
	ports.history?.onKept?.(() => store.dispatch({type: 'run-kept', atMs: clock.now()}));
	const stopListening = engine.onReport((report) => {
		const action = actionForReport(report, clock.now());
		if (action !== undefined) {
			store.dispatch(action);
		}
	});

	const press = (keyName: string) => {
		const state = store.latest();
		const action = actionForKey(state, keyName, clock.now());
		const isInDetail = action.type === 'command-given' && state.isDetailOpen;
		store.dispatch(isInDetail ? {...action, detailEnd: detailEnd(state)} : action);
		if (store.latest().isLeaving) {
			// An engine that does not answer must not keep the screen open.
			cancelDeadline ??= clock.after(leaveDeadlineOf(state) + graceMs, leave);
		}
	};

	const stopBySignal = async () => {
		const state = liveState(store.latest());
		// A tap goes on without its screen for as long as its requests take.
		if (state.stage.kind !== 'running' || state.tap !== undefined) {
			return;
		}
		const deadlineMs = leaveDeadlineOf(state);
		const {promise: ended, resolve: end} = Promise.withResolvers<void>();
		const cancel = clock.after(deadlineMs + graceMs, end);
		const unsubscribe = store.subscribe(() => {
			if (liveState(store.latest()).stage.kind !== 'running') {
				end();
			}
		});
		engine.send({type: 'stop', stoppedBy: 'signal', deadlineMs});
		await ended;
		cancel();
		unsubscribe();
	};

	return {
		store,
		press,
		resize(size) {
			const {columns, rows} = store.latest().size;
			if (columns !== size.columns || rows !== size.rows) {
				store.dispatch({type: 'screen-resized', size, atMs: clock.now()});
			}
		},
		frameDrawn(state) {
			const plan = planInFrame(state);
			if (plan !== undefined && store.latest().shownPlan !== plan) {
				store.dispatch({type: 'plan-shown', plan, atMs: clock.now()});
			}
		},
		paste(text) {
			if (isTakingText(store.latest())) {
				store.dispatch({type: 'text-typed', text: cleanText(text).trim(), atMs: clock.now()});
			} else {
				store.dispatch({type: 'key-refused', keyName: 'pasted text', atMs: clock.now()});
			}
		},
		point({what, column, row}) {
			const keys =
				what === 'wheel-up'
					? ['↑']
					: what === 'wheel-down'
						? ['↓']
						: keysOfClick(store.latest(), drawn, column, row);
			for (const key of keys) {
				press(key);
			}
		},
		drawn,
		left,
		open() {
			const state = store.latest();
			if (ports.opensOnAccount || (ports.alerts ?? []).length > 0) {
				store.dispatch({type: 'account-opened', atMs: clock.now()});
			}
			if (ports.opensOnRuns !== undefined) {
				press('H');
				if (ports.opensOnRuns !== 'list') {
					runEffect({type: 'read-run', run: ports.opensOnRuns});
				}
				return;
			}
			if (ports.opensOnAccount || ports.tap !== undefined) {
				return;
			}
			runEffect(
				state.stage.kind === 'choosing'
					? {type: 'list-models', config}
					: {type: 'prepare', config: activeConfig(state)},
			);
		},
		stopBySignal,
		close() {
			cancelDeadline?.();
			stopListening();
			store.close();
		},
	};
}

function actionForReport(report: EngineReport, atMs: number): Action | undefined {
	switch (report.type) {
		case 'preparing':
			return {type: 'preparation-progressed', step: report.step, atMs};
		case 'prepared':
			return {type: 'run-prepared', plan: report.plan, snapshot: report.snapshot, atMs};
		case 'account':
			return {type: 'account-received', account: report.account, atMs};
		case 'models-listed':
			return {type: 'models-listed', models: report.models, atMs};
		case 'models-failed':
			return {type: 'models-failed', fault: report.fault, atMs};
		case 'snapshot':
			return {type: 'snapshot-received', snapshot: report.snapshot, atMs};
		case 'items': {
			const {run, file, entries} = report;
			return {type: 'items-received', run, file, entries, atMs};
		}
		case 'ended':
			return {type: 'run-ended', snapshot: report.snapshot, atMs};
		case 'failed':
			return {type: 'engine-failed', fault: report.fault, atMs};
		case 'log':
		case 'warning':
			return {type: 'engine-logged', text: report.text, atMs};
		case 'closed':
			return undefined;
	}
}
