import {describe, expect, it} from 'vitest';
import type {Effect} from '../../source/view/actions.ts';
import {actionForKey} from '../../source/view/key-actions.ts';
import {reduce} from '../../source/view/reduce.ts';
import {settings} from '../../source/view/settings.ts';
import {initialState, type State} from '../../source/view/state.ts';
import {
	configFixture,
	endedSnapshotFixture,
	planFixture,
	readySnapshotFixture,
} from '../helpers/snapshot-fixture.ts';

const prepared = {
	type: 'run-prepared',
	plan: planFixture(),
	snapshot: readySnapshotFixture(),
	atMs: 0,
} as const;
const preparing = initialState({config: configFixture(), isDemo: false, startsAtOnce: false, nowMs: 0});
const planned: State = {...reduce(preparing, prepared).state, shownPlan: prepared.plan};

function press(initial: State, ...keys: readonly string[]) {
	let state = initial;
	const effects: Effect[] = [];
	for (const key of keys) {
		const action = actionForKey(state, key, 0);
		const change = reduce(state, action);
		state = change.state;
		effects.push(...change.effects);
	}
	return {state, effects};
}

/** Keys that open the form and go to a setting. */
const to = (label: string) => [',', ...settings.slice(0, indexOf(label)).map(() => '↓')];
const indexOf = (label: string) => settings.findIndex((setting) => setting.label === label);
const formOf = ({overlay}: State) => (overlay?.kind === 'settings' ? overlay : undefined);

describe('the settings form', () => {
	it.each([
		['Requests', ['5', '0'], {load: {requests: 50}}],
		['Duration', ['2', 'm'], {load: {durationMs: 120_000}}],
		['Concurrency', ['3'], {load: {concurrency: 3}}],
		['Max tokens', ['a', 'u', 't', 'o'], {isMaxTokensAuto: true, maxTokens: 1000}],
		['Max tokens', ['6', '4'], {isMaxTokensAuto: false, maxTokens: 64}],
		['Goal', ['→'], {goal: 'efficiency'}],
		['Method', ['←'], {method: 'converse'}],
		['Share', ['0', '.', '5'], {share: 0.5}],
	])('changes %s with %j, and has the plan worked out again', (label, keys, config) => {
		const {state, effects} = press(planned, ...to(label), ...keys, 'Enter');
		expect(effects).toMatchObject([{type: 'prepare', config}]);
		expect(state.overlay).toBeUndefined();
		expect(state.stage).toMatchObject({kind: 'preparing', startsThen: false});
	});

	it('says what is wrong with a value, and stays there until it is right or undone', () => {
		const wrong = press(planned, ...to('Share'), '7', 'Enter');
		expect(formOf(wrong.state)?.problem).toBe('share: "7" is not a number from 0.01 to 1.');
		expect(wrong.effects).toEqual([]);
		expect(formOf(press(wrong.state, '↑').state)).toMatchObject({index: indexOf('Share'), text: '7'});
		const right = press(wrong.state, 'Backspace', '1', 'Enter');
		expect(right.state.overlay).toBeUndefined();
		expect(press(wrong.state, 'Esc').state.config).toBe(planned.config);
	});

	it('another load brings its own ends along, and a rate to start from', () => {
		const {state, effects} = press(planned, ...to('Load'), '→');
		expect(effects).toMatchObject([
			{config: {load: {shape: 'saturate', requests: null, durationMs: 60_000, ratePerMinute: null}}},
		]);
		// Further changes wait for the plan that is being worked out.
		const rate = press(state, '→', '→');
		expect(rate.effects).toEqual([]);
		expect(rate.state.config.load).toMatchObject({shape: 'rate', ratePerMinute: 60});
		expect(press(rate.state, '→', '→').state.config.load).toMatchObject({
			shape: 'measure',
			requests: 100,
			durationMs: null,
			ratePerMinute: null,
		});
	});

	it('Esc undoes all of it', () => {
		const {state, effects} = press(planned, ',', '→', '↓', '↓', '9', '↓', 'Esc');
		expect(state.config).toBe(planned.config);
		expect(state.overlay).toBeUndefined();
		expect(effects).toMatchObject([{type: 'prepare'}]);
		expect(press(planned, ',', 'Esc').effects).toEqual([]);
	});

	it('holds back a demo that would start by itself, and starts nothing of its own', () => {
		const demo = initialState({config: configFixture(), isDemo: true, startsAtOnce: true, nowMs: 0});
		const {state} = press(demo, ',', '→');
		const again = reduce(state, prepared);
		expect(again.effects).toMatchObject([{type: 'prepare'}]);
		expect(reduce(again.state, prepared).state.stage.kind).toBe('planned');
	});

	it('after a run shows the next plan, and what was measured is kept for the reports', () => {
		const running = press(planned, 'r').state;
		expect(press(running, ',').state.flash?.text).toBe('settings change between runs: x stops this one');
		const ended = reduce(running, {type: 'run-ended', snapshot: endedSnapshotFixture(), atMs: 0}).state;
		const changed = press(ended, ...to('Concurrency'), '2', 'Enter').state;
		const next = reduce(changed, prepared).state;
		expect(next.stage.kind).toBe('planned');
		expect(next.lastRun).toEqual(endedSnapshotFixture());
	});
});

it('every setting reads what it shows', () => {
	for (const shape of ['measure', 'rate', 'serial'] as const) {
		const load = {...configFixture().load, shape, ratePerMinute: shape === 'rate' ? 30 : null};
		const config = configFixture({load});
		for (const {textOf, changed} of settings) {
			expect(changed(config, textOf(config))).toEqual(config);
		}
	}
});

describe('what is remembered', () => {
	const asked = (state: State, ...keys: readonly string[]) =>
		press(state, ...keys).effects.filter(({type}) => type === 'remember');

	it('is what was changed since the start: settings, columns and models, in a box too', () => {
		const changed = press(planned, 'g', 'C', '↓', '↓', '↓', 'Space', 'Enter').state;
		expect(asked(changed, 'Ctrl+S')).toMatchObject([
			{
				values: [
					[['defaults', 'goal'], 'efficiency'],
					[['columns', 'dashboard'], expect.not.arrayContaining(['sent'])],
				],
				hasTyped: true,
			},
		]);
		expect(asked(planned, ...to('Share'), '0', '.', '5', 'Ctrl+S')).toMatchObject([
			{values: [[['defaults', 'share'], '0.5']]},
		]);
		expect(asked(planned, ...to('Share'), '7', 'Ctrl+S')).toEqual([]);
		const models = {...planned, config: {...planned.config, models: ['one', 'two']}};
		expect(asked(models, 'Ctrl+S')).toMatchObject([
			{
				values: [
					[
						['defaults', 'model'],
						['one', 'two'],
					],
				],
			},
		]);
		expect(asked({...models, isDemo: true}, 'Ctrl+S')).toMatchObject([{values: []}]);
	});

	it('is in the box of the columns these alone, and the usual ones take what is kept away', () => {
		const own = {variants: ['cost']};
		const state: State = {
			...press(planned, 'g').state,
			view: 'variants',
			columns: own,
			known: {...planned.known, columns: own},
		};
		expect(asked(state, 'C', 'Backspace', 'Ctrl+S')).toMatchObject([
			{values: [[['columns', 'variants'], undefined]], hasTyped: false},
		]);
	});

	it('is known from then on', () => {
		const changed = press(planned, 'g').state;
		const {state} = reduce(changed, {
			type: 'remembered',
			file: '/there/config.yaml',
			names: ['goal'],
			atMs: 0,
		});
		expect(state.flash?.text).toBe('remembered in /there/config.yaml: goal');
		expect(asked(state, 'Ctrl+S')).toMatchObject([{values: []}]);
	});
});
