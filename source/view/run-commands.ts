import {methods} from '../domain/backend.ts';
import type {RunConfig} from '../domain/run-config.ts';
import {goals} from '../domain/run-spec.ts';
import {answerGraceMs} from '../domain/timeouts.ts';
import {initialAccount} from './account/account-state.ts';
import {noEffect, type Transition, withEffects, withFlash} from './actions.ts';
import {activeConfig} from './selectors.ts';
import type {State} from './state.ts';
import {selectedRow} from './variant-rows.ts';

/** Commands that change the run. Each is only called while it is not disabled. */

/** Asks for the run with the current configuration. */
export function prepare(state: State, startsThen: boolean): Transition {
	return withEffects(
		{
			...state,
			stage: {kind: 'preparing', step: 'starting', sinceMs: state.nowMs, startsThen, isStale: false},
			asked: undefined,
		},
		{type: 'prepare', config: activeConfig(state)},
	);
}

/** Starts what is prepared. */
export function start(state: State): Transition {
	return withEffects(
		{
			...state,
			stage: {kind: 'running'},
			startedConfig: activeConfig(state),
			asked: undefined,
			stoppedMs: undefined,
			frozen: undefined,
		},
		{type: 'start'},
	);
}

/** Starts the planned run; after an end or a fault it is prepared again first. */
export function run(state: State): Transition {
	return state.stage.kind === 'planned' ? start(state) : prepare(state, state.startsAtOnce);
}

/** The simulator listens: the account is not used any more. */
export function takeDemo(state: State, config: RunConfig): Transition {
	return prepare(
		{
			...state,
			config,
			isDemo: true,
			startsAtOnce: true,
			// The account's figures are not the simulator's.
			account: initialAccount({regions: state.account.regions, alerts: state.account.alerts}),
			view: state.view === 'account' ? 'dashboard' : state.view,
			models: {kind: 'idle'},
			overlay: undefined,
			flash: undefined,
		},
		true,
	);
}

export function stop(state: State): Transition {
	return withEffects(
		{...state, asked: 'stop', stoppedMs: state.nowMs},
		{type: 'stop', deadlineMs: answerGraceMs},
	);
}

export function togglePause(state: State): Transition {
	const isPaused = state.asked === undefined ? state.snapshot?.phase === 'paused' : state.asked === 'pause';
	return isPaused
		? withEffects({...state, asked: 'resume'}, {type: 'resume'})
		: withEffects({...state, asked: 'pause'}, {type: 'pause'});
}

export function toggleVariant(state: State): Transition {
	const name = selectedRow(state)?.variant;
	if (name === undefined) {
		return noEffect(state);
	}
	const switchedOff = state.switchedOff.includes(name)
		? state.switchedOff.filter((each) => each !== name)
		: [...state.switchedOff, name];
	return reconfigured({...state, switchedOff});
}

export function nextMethod(state: State): Transition {
	const method = after(methods, state.config.method);
	return reconfigured({...state, config: {...state.config, method}});
}

/** In a run the new goal decides from now on which variant is sent. */
export function nextGoal(state: State): Transition {
	const goal = after(goals, state.config.goal);
	const next = {...state, config: {...state.config, goal}};
	return state.stage.kind === 'running' ? withEffects(next, {type: 'set-goal', goal}) : reconfigured(next);
}

/** Asks for the plan of a changed configuration; it is shown before anything is sent. */
export function replan(state: State): Transition {
	switch (state.stage.kind) {
		case 'preparing':
			return noEffect({...state, stage: {...state.stage, isStale: true, startsThen: false}});
		case 'planned':
		case 'ended':
		case 'failed':
			return prepare(state, false);
		case 'choosing':
		case 'running':
			return noEffect(state);
	}
}

function after<Value>(values: readonly Value[], value: Value): Value {
	return values[(values.indexOf(value) + 1) % values.length] ?? value;
}

/**
 * Plans a changed configuration where that loses nothing: the figures of an ended run stay on screen until the next run
 * is asked for.
 */
function reconfigured(state: State): Transition {
	const {stage} = state;
	switch (stage.kind) {
		case 'planned':
			return prepare(state, false);
		case 'preparing':
			return noEffect({...state, stage: {...stage, isStale: true}});
		case 'ended':
		case 'failed':
			return noEffect(withFlash(state, 'from the next run on (r)'));
		case 'choosing':
		case 'running':
			return noEffect(state);
	}
}
