import {answerGraceMs, methods} from '../domain/backend.ts';
import type {RunConfig} from '../domain/run-config.ts';
import {goals} from '../domain/run-spec.ts';
import {formatCount, formatUsd} from '../text/numbers.ts';
import {cleanText} from '../text/width.ts';
import {initialAccount} from './account/account-state.ts';
import {noEffect, type Transition, withEffects, withFlash} from './actions.ts';
import {activeConfig, isPaused} from './selectors.ts';
import type {State} from './state.ts';
import {askInTap} from './tap/traffic-list.ts';
import {selectedRow} from './variant-rows.ts';

/** Commands that change the run. Each is only called while it is not disabled. */

/** Asks for the run with the current configuration. */
export function prepare(state: State, startsThen: boolean): Transition {
	return withEffects(
		{
			...withoutQuestion(state),
			stage: {kind: 'preparing', step: 'starting', sinceMs: state.nowMs, startsThen, isStale: false},
			asked: undefined,
		},
		{type: 'prepare', config: activeConfig(state)},
	);
}

/** A question about a run that is over, or about a plan that is not the current one any more, is closed. */
export function withoutQuestion(state: State): State {
	const questions: readonly unknown[] = ['quit-question', 'start-question', 'tap-question'];
	return questions.includes(state.overlay?.kind) ? {...state, overlay: undefined} : state;
}

/** Starts what is prepared. Where that costs money, its plan must have been on screen: else it is shown, with the question. */
export function begin(state: State): Transition {
	if (!state.isDemo && state.shownPlan !== state.plan) {
		return noEffect(
			state.overlay?.kind === 'start-question'
				? withFlash(state, 'enlarge the terminal to see the plan first')
				: {...state, overlay: {kind: 'start-question', scroll: 0}},
		);
	}
	return withEffects(
		{
			...withoutQuestion(state),
			stage: {kind: 'running'},
			startedWords: startedWords(state),
			startedConfig: activeConfig(state),
			asked: undefined,
			stoppedMs: undefined,
			frozen: undefined,
		},
		{type: 'start'},
	);
}

/** What is sent at most, for the log. */
function startedWords({plan, config, switchedOff}: State): string | undefined {
	if (plan === undefined) {
		return undefined;
	}
	const {requests, costUsd} = plan;
	const count = config.variants.length - switchedOff.length;
	return [
		requests === null ? 'requests until stopped' : `${formatCount(requests)} requests`,
		`${count} ${count === 1 ? 'variant' : 'variants'}`,
		costUsd === null ? 'cost not known' : `at most ${formatUsd(costUsd)}`,
	].join(', ');
}

/** Starts the planned run; after an end or a fault it is prepared again first. */
export function run(state: State): Transition {
	return state.stage.kind === 'planned' ? begin(state) : prepare(state, state.startsAtOnce);
}

/** The simulator listens: the account is not used any more. */
export function takeDemo(state: State, config: RunConfig): Transition {
	return prepare(
		{
			...state,
			config,
			known: {...state.known, config},
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
	if (state.tap !== undefined) {
		return askInTap(state, 'end');
	}
	return withEffects(
		{...state, asked: 'stop', stoppedMs: state.nowMs},
		{type: 'stop', deadlineMs: answerGraceMs},
	);
}

export function togglePause(state: State): Transition {
	if (isPaused(state)) {
		return withEffects({...state, asked: 'resume'}, {type: 'resume'});
	}
	return state.tap === undefined
		? withEffects({...state, asked: 'pause'}, {type: 'pause'})
		: askInTap(state, 'hold');
}

export function toggleVariant(state: State): Transition {
	const name = selectedRow(state)?.variant;
	if (name === undefined) {
		return noEffect(state);
	}
	const isOn = !state.switchedOff.includes(name);
	const switchedOff = isOn ? [...state.switchedOff, name] : state.switchedOff.filter((each) => each !== name);
	return reconfigured({...state, switchedOff}, `${cleanText(name)} ${isOn ? 'off' : 'on'}`);
}

export function nextMethod(state: State): Transition {
	const method = after(methods, state.config.method);
	return reconfigured({...state, config: {...state.config, method}}, method);
}

/** In a run the new goal decides from now on which variant is sent. */
export function nextGoal(state: State): Transition {
	const goal = after(goals, state.config.goal);
	const next = {...state, config: {...state.config, goal}};
	return state.stage.kind === 'running'
		? withEffects(withFlash(next, `goal ${goal}`), {type: 'set-goal', goal})
		: reconfigured(next, `goal ${goal}`, true);
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
 * @param words What has changed, for the footer.
 * @param isAtOnce What is on screen follows it, whatever runs next.
 */
function reconfigured(state: State, words: string, isAtOnce = false): Transition {
	const {stage} = state;
	const changed = withFlash(state, words);
	switch (stage.kind) {
		case 'planned':
			return prepare(changed, false);
		case 'preparing':
			return noEffect({...changed, stage: {...stage, isStale: true}});
		case 'ended':
		case 'failed':
			return noEffect(isAtOnce ? changed : withFlash(state, `${words} from the next run on (r)`));
		case 'choosing':
		case 'running':
			return noEffect(changed);
	}
}
