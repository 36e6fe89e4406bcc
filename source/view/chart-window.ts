import {shownSnapshot} from './selectors.ts';
import type {State} from './state.ts';

/** The span of time that the charts show. */

/** Windows in seconds. */
export const chartWindows = [15, 30, 60, 120, 300, 900, 3600, 14_400] as const;

/** The longest window that is taken of its own accord. */
const usualWindowSeconds = 120;

/** The window in force: the one chosen, or the shortest usual one that holds the run so far. */
export function shownWindowSeconds(state: State): number {
	const elapsedSeconds = (shownSnapshot(state)?.elapsedMs ?? 0) / 1000;
	const fitting = chartWindows.find((seconds) => seconds >= elapsedSeconds) ?? usualWindowSeconds;
	return state.windowSeconds ?? Math.min(usualWindowSeconds, fitting);
}

/** The window so many steps longer (positive) or shorter; undefined where there is none. */
export function neighbourWindow(state: State, steps: number): number | undefined {
	const shown = shownWindowSeconds(state);
	const windows: readonly number[] = chartWindows;
	return windows[windows.indexOf(shown) + steps];
}
