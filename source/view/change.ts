import type {Effect} from './actions.ts';
import type {State} from './state.ts';

/** What an action makes of the state, and what it asks of the world. */
export type Change = {readonly state: State; readonly effects: readonly Effect[]};

/** The state alone changes. */
export function only(state: State): Change {
	return {state, effects: []};
}

/** The state changes and the world is asked for something. */
export function changeWith(state: State, ...effects: readonly Effect[]): Change {
	return {state, effects};
}

const flashMs = 4000;

/** A passing remark above the footer. */
export function withFlash(state: State, text: string): State {
	return {...state, flash: {text, untilMs: state.nowMs + flashMs}};
}
