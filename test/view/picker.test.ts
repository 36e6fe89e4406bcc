import {describe, expect, it} from 'vitest';
import {nearestRoom} from '../../source/account/outlook.ts';
import type {Action} from '../../source/view/actions.ts';
import {disabledReason} from '../../source/view/availability.ts';
import {actionForKey, isTakingText} from '../../source/view/key-actions.ts';
import {roomOf} from '../../source/view/picker.ts';
import {reduce} from '../../source/view/reduce.ts';
import {initialState, type State} from '../../source/view/state.ts';
import {accountBucketFixture, accountRegionFixture} from '../helpers/account-fixture.ts';
import {
	configFixture,
	modelsFixture,
	planFixture,
	readySnapshotFixture,
} from '../helpers/snapshot-fixture.ts';

const plan = planFixture();
const planned: State = {
	...reduce(initialState({config: configFixture(), isDemo: false, startsAtOnce: false, nowMs: 0}), {
		type: 'run-prepared',
		plan,
		snapshot: readySnapshotFixture(),
		atMs: 0,
	}).state,
	shownPlan: plan,
};
const models: Action = {type: 'models-listed', models: modelsFixture(), atMs: 0};

/** Presses keys by name; the state after them and what was asked of the world. */
function press(initial: State, ...keys: readonly string[]) {
	return keys.reduce(
		({state, effects}, key) => {
			const action = actionForKey(state, key, 0);
			const change = reduce(state, action);
			return {state: change.state, effects: [...effects, ...change.effects]};
		},
		{state: initial, effects: [] as ReturnType<typeof reduce>['effects']},
	);
}

const letters = (text: string) => [...text];

describe('the model picker', () => {
	it('asks for the list once, and narrows it down by every letter', () => {
		const opened = press(planned, 'M');
		expect(opened.effects).toEqual([{type: 'list-models', config: configFixture()}]);
		const listed = reduce(opened.state, models).state;
		expect(press(listed, 'Esc', 'M').effects).toEqual([]);
		// Letters that are commands elsewhere are text here.
		const chosen = press(listed, ...letters('qsonnet'), 'Backspace', 'Backspace');
		expect(chosen.state.overlay).toMatchObject({kind: 'picker', filter: 'qsonn'});
		expect(chosen.effects).toEqual([]);
		const {effects, state} = press(listed, ...letters('sonnet'), 'Enter');
		expect(effects).toMatchObject([
			{type: 'prepare', config: {models: ['us.anthropic.claude-sonnet-4-5-20250929-v1:0']}},
		]);
		expect(state.overlay).toBeUndefined();
	});

	it('knows what is left of a model where the account is watched', () => {
		const [onDemand, profile] = modelsFixture();
		const bucket = accountBucketFixture({model: 'amazon.nova-lite-v1:0', scope: 'cross-region'});
		const region = accountRegionFixture({region: profile?.region ?? '', buckets: [bucket]});
		const state = reduce(planned, {
			type: 'account-received',
			account: {regions: [region]},
			atMs: 0,
		}).state;
		const left = (model: typeof profile) => model && roomOf(state, model)?.left;
		expect([left(profile), left(onDemand)]).toEqual([nearestRoom(bucket)?.left, undefined]);
		expect(left(profile)).toBeGreaterThan(0);
	});

	it('finds by name and scope too', () => {
		const listed = reduce(press(planned, 'M').state, models).state;
		const {effects} = press(listed, ...letters('on-demand'), 'Enter');
		expect(effects).toMatchObject([{config: {models: ['amazon.nova-lite-v1:0']}}]);
	});

	it('takes several that are marked, in the order of their marks', () => {
		const listed = reduce(press(planned, 'M').state, models).state;
		const {effects} = press(listed, '↓', 'Space', '↑', 'Space', '↓', '↓', 'Space', 'Space', 'Enter');
		expect(effects).toMatchObject([
			{config: {models: ['us.amazon.nova-lite-v1:0', 'amazon.nova-lite-v1:0']}},
		]);
	});

	it('takes what is typed where the list does not know it, even without a list', () => {
		const failed: Action = {
			type: 'models-failed',
			fault: {message: 'not allowed', hint: undefined, exitCode: 1},
			atMs: 0,
		};
		const {state} = reduce(press(planned, 'M').state, failed);
		expect(isTakingText(state)).toBe(true);
		const arn = 'arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/abc';
		const pasted = reduce(state, {type: 'text-typed', text: arn, atMs: 0}).state;
		expect(press(pasted, 'Enter').effects).toMatchObject([{type: 'prepare', config: {models: [arn]}}]);
		expect(press(state, 'Enter').effects).toEqual([]);
	});

	it('is open from the start where no model is named, and Esc leaves a way back', () => {
		const config = configFixture({models: []});
		const first = initialState({config, isDemo: false, startsAtOnce: false, nowMs: 0});
		expect(first.overlay).toMatchObject({kind: 'picker', of: 'models'});
		const closed = press(reduce(first, models).state, 'Esc').state;
		expect(closed.stage).toEqual({kind: 'choosing'});
		expect(disabledReason(closed, 'run')).toBe('no model is chosen: M lists what can be run');
		expect(press(closed, 'r').effects).toEqual([]);
		expect(press(closed, 'M', 'Enter').effects).toMatchObject([
			{type: 'prepare', config: {models: ['amazon.nova-lite-v1:0']}},
		]);
	});

	it('stays closed while a run is under way', () => {
		const running = press(planned, 'r').state;
		expect(press(running, 'M').state.flash?.text).toBe('models change between runs: x stops this one');
		expect(press(running, 'o').state.flash?.text).toBe('the preset changes between runs: x stops this one');
	});

	it('Ctrl+C quits from within', () => {
		expect(press(planned, 'M', 'Ctrl+C').effects.at(-1)).toEqual({type: 'leave'});
	});
});

describe('the preset picker', () => {
	const presets: Action = {
		type: 'presets-listed',
		presets: [
			{name: 'classify', description: 'label short texts', note: ''},
			{name: 'summarize', description: 'three sentences', note: ''},
		],
		atMs: 0,
	};

	it('has the chosen one read, and what was read prepared with the models in force', () => {
		const opened = press(planned, 'o');
		expect(opened.effects).toEqual([{type: 'list-presets'}]);
		const chosen = press(reduce(opened.state, presets).state, ...letters('label'), 'Enter');
		expect(chosen.effects).toEqual([{type: 'load-preset', name: 'classify'}]);
		const off = press(chosen.state, ' ').state;
		const config = configFixture({preset: 'classify', models: []});
		const {state, effects} = reduce(
			{...off, switchedOff: ['minimal']},
			{type: 'preset-loaded', config, atMs: 0},
		);
		expect(effects).toEqual([{type: 'prepare', config: {...config, models: ['us.amazon.nova-lite-v1:0']}}]);
		expect(state.switchedOff).toEqual([]);
	});

	it('asks for a model where neither the preset nor anybody else names one', () => {
		const config = configFixture({models: []});
		const first = initialState({config, isDemo: false, startsAtOnce: false, nowMs: 0});
		const {state, effects} = reduce(first, {type: 'preset-loaded', config, atMs: 0});
		expect(state.overlay).toMatchObject({of: 'models'});
		expect(effects).toMatchObject([{type: 'list-models'}]);
	});

	it('says what is wrong with a preset', () => {
		const fault = {message: 'mine.yaml:3: unknown key "taks".', hint: undefined, exitCode: 2} as const;
		const {state} = reduce(planned, {type: 'preset-failed', fault, atMs: 0});
		expect(state.flash?.text).toBe('mine.yaml:3: unknown key "taks".');
		expect(state.config).toEqual(planned.config);
	});
});

describe('without an account', () => {
	const fault = {message: 'No AWS credentials were found.', hint: undefined, exitCode: 1} as const;
	const options = {isDemo: false, startsAtOnce: false, hasDemo: true, nowMs: 0};

	it('d starts the demo, which runs at once', () => {
		const first = initialState({...options, config: configFixture()});
		const failed = reduce(first, {type: 'engine-failed', fault, atMs: 0}).state;
		expect(press(failed, 'd').effects).toEqual([{type: 'start-demo'}]);
		const {state, effects} = reduce(failed, {type: 'demo-started', config: configFixture(), atMs: 0});
		expect(effects).toEqual([{type: 'prepare', config: configFixture()}]);
		expect(state).toMatchObject({isDemo: true, startsAtOnce: true, stage: {startsThen: true}});
	});

	it('it is offered too where the models cannot be listed', () => {
		const first = initialState({...options, config: configFixture({models: []})});
		const failed = reduce(first, {type: 'models-failed', fault, atMs: 0}).state;
		expect(press(failed, 'Esc', 'd').effects).toEqual([{type: 'start-demo'}]);
	});

	it('it is not offered where an account can be used', () => {
		const {state, effects} = press({...planned, hasDemo: true}, 'd');
		expect(effects).toEqual([]);
		expect(state.flash?.text).toBe('d works only when no account is available');
	});
});
