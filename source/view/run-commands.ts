import {answerGraceMs, isMantleMethod, mantleMethods, runtimeMethods} from '../domain/backend.ts';
import {goals, type RunConfig} from '../domain/run-config.ts';
import type {MoreRequests} from '../domain/snapshot.ts';
import {formatCount, formatSpan, formatUsd} from '../text/numbers.ts';
import {cleanText} from '../text/width.ts';
import {initialAccount} from './account/account-state.ts';
import {noEffect, type Transition, withEffects, withFlash} from './actions.ts';
import {keyOf} from './keymap.ts';
import {activeConfig, isPaused, isRunning} from './selectors.ts';
import type {State} from './state.ts';
import {askInTap} from './tap/traffic-list.ts';
import {selectedRow} from './variant-rows.ts';

/** Commands that change the run, or add requests to one that has just ended (`a`). Each is only called while it is not disabled. */

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
	// Models that are all on bedrock-mantle are called by a method of that, whatever was typed.
	const planned = state.plan?.method;
	const now = planned !== undefined && isMantleMethod(planned) ? planned : state.config.method;
	// What one endpoint takes the other may not know: a key changes none.
	const method = isMantleMethod(now) ? after(mantleMethods, now) : after(runtimeMethods, now);
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

type Offer = Extract<MoreRequests, {kind: 'offered'}>;

/** What can be added now; undefined where nothing can. */
export function offeredMore({stage, snapshot}: State): Offer | undefined {
	return stage.kind === 'ended' && snapshot?.more?.kind === 'offered' ? snapshot.more : undefined;
}

/** Why nothing can be added now, as half a sentence; undefined where something can. */
export function notAddable(state: State): string | undefined {
	if (isRunning(state)) {
		return 'adds requests once the run has ended';
	}
	if (state.stage.kind !== 'ended') {
		return `no run has just ended: ${keyOf(state, 'run')} runs one`;
	}
	const more = state.snapshot?.more;
	return more?.kind === 'refused'
		? more.reason
		: more === undefined
			? 'nothing can be added to this run'
			: undefined;
}

/** Cost and time of what is added: `about $0.005, about 10 s`. */
function priceWords({costUsd, durationMs}: Offer, isDemo: boolean): string {
	const cost = costUsd === null ? 'price not known' : `about ${formatUsd(costUsd)}`;
	const time = durationMs === null ? [] : [`about ${formatSpan(durationMs)}`];
	return [...(isDemo ? [] : [cost]), ...time].join(', ');
}

/** For a line beside the verdict: `adds 20 to each (about $0.005, about 10 s)`. */
export function moreHint(offer: Offer, isDemo: boolean): string {
	const whom = offer.variants.length > 1 ? ' to each' : '';
	return `adds ${formatCount(offer.perVariant)}${whom} (${priceWords(offer, isDemo)})`;
}

/** What would be added, in two sentences. */
export function moreQuestion(offer: Offer): readonly string[] {
	const {requests, perVariant, variants, isDeciding} = offer;
	const names = variants.map((name) => cleanText(name)).join(', ');
	const each = variants.length > 1 ? `, ${formatCount(perVariant)} each for ${names}` : ` for ${names}`;
	return [
		`${formatCount(requests)} more ${requests === 1 ? 'request' : 'requests'}${each}: ${priceWords(offer, false)}.`,
		isDeciding || variants.length < 2
			? 'What was measured is kept.'
			: 'What was measured is kept. They will hardly change the verdict.',
	];
}

/** Adds requests; where they cost money, asks first. */
export function addRequests(state: State): Transition {
	const offer = offeredMore(state);
	if (offer === undefined) {
		return noEffect(state);
	}
	return state.isDemo
		? sendMore(withFlash(state, moreHint(offer, true)))
		: noEffect({...state, overlay: {kind: 'more-question'}});
}

/** The answer to the question was yes. */
export function sendMore(state: State): Transition {
	const offer = offeredMore(state);
	if (offer !== undefined && !state.isDemo && state.shownPlan !== offer) {
		return noEffect(withFlash(state, 'enlarge the terminal to see what it costs first'));
	}
	const closed: State = {...state, overlay: undefined};
	return offer === undefined
		? noEffect(closed)
		: withEffects(
				{...closed, stage: {kind: 'running'}, asked: undefined, stoppedMs: undefined, frozen: undefined},
				{type: 'send-more'},
			);
}
