import type {Action, Effect} from '../state/actions.ts';
import {actionForKey} from '../state/key-actions.ts';
import {activeConfig} from '../state/selectors.ts';
import {initialState} from '../state/state.ts';
import {createStore, type Store} from '../state/store.ts';
import type {EngineReport} from '../threads/messages.ts';
import type {ScreenPorts} from './screen-ports.ts';

/** What only the terminal can do. */
export type TerminalActions = {
	readonly redraw: () => void;
	readonly suspend: () => void;
};

/** The screen without a screen: store, keys and engine put together. */
export type Session = {
	readonly store: Store;
	readonly press: (keyName: string) => void;
	/** Resolves when the screen is to close; the state then says why. */
	readonly left: Promise<void>;
	/** Asks the engine for the run; call it once the screen is open. */
	readonly open: () => void;
	/**
	 * Stops a run that is under way because of a signal, and waits for its end, but not for long.
	 */
	readonly stopBySignal: () => Promise<void>;
	readonly close: () => void;
};

/** Time that requests in flight have to be answered once the run is stopped. */
const stopDeadlineMs = 2000;
/** What the engine may need on top of that before it is no longer waited for. */
const graceMs = 500;

/** Puts a session together; nothing happens before `open`. */
export function createSession(ports: ScreenPorts, terminal: TerminalActions): Session {
	const {engine, clock, config, isDemo, startsAtOnce} = ports;
	const {promise: left, resolve: leave} = Promise.withResolvers<void>();
	let cancelDeadline: (() => void) | undefined;

	const stop = (stoppedBy: 'key' | 'signal') => {
		engine.send({type: 'stop', stoppedBy, deadlineMs: stopDeadlineMs});
	};

	const exportReports = async (effect: Effect & {type: 'export'}) => {
		try {
			const files = await written(ports, effect);
			store.dispatch({type: 'export-finished', files, atMs: clock.now()});
		} catch (error) {
			const message = error instanceof Error ? error.message : String(error);
			store.dispatch({type: 'export-failed', message, atMs: clock.now()});
		}
	};

	const onEffect = (effect: Effect) => {
		switch (effect.type) {
			case 'prepare': {
				engine.send({type: 'prepare', config: effect.config});
				break;
			}
			case 'start': {
				engine.send({type: 'start', answers: ports.answers});
				break;
			}
			case 'pause':
			case 'resume': {
				engine.send({type: effect.type});
				break;
			}
			case 'stop': {
				stop('key');
				break;
			}
			case 'export': {
				void exportReports(effect);
				break;
			}
			case 'redraw': {
				terminal.redraw();
				break;
			}
			case 'suspend': {
				terminal.suspend();
				break;
			}
			case 'leave': {
				leave();
				break;
			}
		}
	};

	const store = createStore({
		initial: initialState({
			config,
			isDemo,
			startsAtOnce,
			hasKeys: ports.stdin.isTTY,
			nowMs: clock.now(),
		}),
		clock,
		onEffect,
	});
	const stopListening = engine.onReport((report) => {
		const action = actionForReport(report, clock.now());
		if (action !== undefined) {
			store.dispatch(action);
		}
	});

	const press = (keyName: string) => {
		const action = actionForKey(store.latest(), keyName, clock.now());
		if (action === undefined) {
			return;
		}
		store.dispatch(action);
		if (store.latest().isLeaving) {
			// An engine that does not answer must not keep the screen open.
			cancelDeadline ??= clock.after(stopDeadlineMs + graceMs, leave);
		}
	};

	const stopBySignal = async () => {
		if (store.latest().stage.kind !== 'running') {
			return;
		}
		const {promise: ended, resolve: end} = Promise.withResolvers<void>();
		const cancel = clock.after(stopDeadlineMs + graceMs, end);
		const unsubscribe = store.subscribe(() => {
			if (store.latest().stage.kind !== 'running') {
				end();
			}
		});
		stop('signal');
		await ended;
		cancel();
		unsubscribe();
	};

	return {
		store,
		press,
		left,
		open() {
			engine.send({type: 'prepare', config: activeConfig(store.latest())});
		},
		stopBySignal,
		close() {
			cancelDeadline?.();
			stopListening();
			store.close();
		},
	};
}

async function written(ports: ScreenPorts, effect: Effect & {type: 'export'}): Promise<readonly string[]> {
	const {what, snapshot, config} = effect;
	switch (what) {
		case 'charts': {
			return ports.exportReports(snapshot);
		}
		case 'increase': {
			return ports.exportIncrease(snapshot);
		}
		case 'winner': {
			return ports.exportWinningRequest(snapshot, config);
		}
	}
}

function actionForReport(report: EngineReport, atMs: number): Action | undefined {
	switch (report.type) {
		case 'preparing': {
			return {type: 'preparation-progressed', step: report.step, atMs};
		}
		case 'prepared': {
			return {type: 'run-prepared', plan: report.plan, snapshot: report.snapshot, atMs};
		}
		case 'snapshot': {
			return {type: 'snapshot-received', snapshot: report.snapshot, atMs};
		}
		case 'ended': {
			return {type: 'run-ended', snapshot: report.snapshot, atMs};
		}
		case 'failed': {
			return {type: 'engine-failed', fault: report.fault, atMs};
		}
		case 'log': {
			return {type: 'engine-logged', text: report.text, atMs};
		}
		case 'closed': {
			return undefined;
		}
	}
}
