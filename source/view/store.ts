import type {Clock} from '../domain/clock.ts';
import {type Action, type Effect, isData} from './actions.ts';
import {reduce} from './reduce.ts';
import {nextTickMs} from './selectors.ts';
import type {State} from './state.ts';

/** Holds the state and notifies the views: of data at most twice per second, of keys and changes of phase at once. */
export type Store = {
	/** Folds an action in and has its effects run. */
	readonly dispatch: (action: Action) => void;
	/** The state that the views were last notified of; the same value until the next time. */
	readonly shown: () => State;
	/** The state with everything folded in. */
	readonly latest: () => State;
	readonly subscribe: (listener: () => void) => () => void;
	/** Cancels what is scheduled; the views are not notified any more. */
	readonly close: () => void;
};

type StoreOptions = {
	readonly initial: State;
	readonly clock: Clock;
	readonly onEffect: (effect: Effect) => void;
	/** Ids of the account's rows that a state puts on screen. */
	readonly visibleRows?: (state: State) => readonly string[];
};

/**
 * Every React commit lays out the whole screen, however little is painted, so commits are limited here and not by the
 * renderer's frame rate. With this interval a wide screen takes 4% of a core (test/bench).
 */
const dataIntervalMs = 500;

/** A store before its first action. */
export function createStore({initial, clock, onEffect, visibleRows = () => []}: StoreOptions): Store {
	const listeners = new Set<() => void>();
	let latest = initial;
	let shown = initial;
	let watchedRows: readonly string[] = [];
	let isClosed = false;
	let lastDataMs = Number.NEGATIVE_INFINITY;
	let cancelData: (() => void) | undefined;
	let cancelTick: (() => void) | undefined;

	const publish = () => {
		cancelData?.();
		cancelData = undefined;
		if (shown !== latest) {
			shown = latest;
			for (const listener of listeners) {
				listener();
			}
			watchRows();
		}
	};

	const watchRows = () => {
		const ids = visibleRows(shown);
		if (ids.join('\n') !== watchedRows.join('\n')) {
			watchedRows = ids;
			onEffect({type: 'watch-rows', ids});
		}
	};

	const publishData = () => {
		const waitMs = lastDataMs + dataIntervalMs - clock.now();
		if (waitMs <= 0) {
			lastDataMs = clock.now();
			publish();
		} else {
			cancelData ??= clock.after(waitMs, () => {
				lastDataMs = clock.now();
				publish();
			});
		}
	};

	const scheduleTick = () => {
		cancelTick?.();
		const delayMs = nextTickMs(latest);
		cancelTick =
			delayMs === undefined
				? undefined
				: clock.after(delayMs, () => {
						dispatch({type: 'time-passed', atMs: clock.now()});
					});
	};

	const dispatch = (action: Action) => {
		if (isClosed) {
			return;
		}
		const {state, effects} = reduce(latest, action);
		const isNewPhase = state.snapshot?.phase !== latest.snapshot?.phase;
		latest = state;
		for (const effect of effects) {
			onEffect(effect);
		}
		if (isClosed) {
			return;
		}
		if (isData(action) && !isNewPhase) {
			publishData();
		} else {
			publish();
		}
		scheduleTick();
	};

	scheduleTick();
	return {
		dispatch,
		shown: () => shown,
		latest: () => latest,
		subscribe(listener) {
			listeners.add(listener);
			return () => {
				listeners.delete(listener);
			};
		},
		close() {
			isClosed = true;
			cancelData?.();
			cancelTick?.();
			listeners.clear();
		},
	};
}
