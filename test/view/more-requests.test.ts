import {describe, expect, it} from 'vitest';
import type {MoreRequests} from '../../source/domain/snapshot.ts';
import type {Action} from '../../source/view/actions.ts';
import {actionForKey} from '../../source/view/key-actions.ts';
import {reduce} from '../../source/view/reduce.ts';
import {moreHint, moreQuestion} from '../../source/view/run-commands.ts';
import {initialState, type State} from '../../source/view/state.ts';
import {
	configFixture,
	endedSnapshotFixture,
	planFixture,
	readySnapshotFixture,
} from '../helpers/snapshot-fixture.ts';

/** Tests source/view/run-commands.ts: requests that are added to a run. */

const offer: MoreRequests & {kind: 'offered'} = {
	kind: 'offered',
	perVariant: 20,
	requests: 40,
	variants: ['concise', 'minimal'],
	isDeciding: true,
	costUsd: 0.005,
	durationMs: 10_000,
};

const endedWith = (more: MoreRequests | undefined, isDemo = false): State => {
	const actions: readonly Action[] = [
		{type: 'run-prepared', plan: planFixture(), snapshot: readySnapshotFixture(), atMs: 1},
		{type: 'command-given', command: 'run', atMs: 2},
		{type: 'run-ended', snapshot: endedSnapshotFixture(more === undefined ? {} : {more}), atMs: 3},
	];
	const first = initialState({config: configFixture(), isDemo, startsAtOnce: false, nowMs: 0});
	return actions.reduce((state, action) => reduce(state, action).state, first);
};

const press = (state: State, key: string) => {
	const action = actionForKey(state, key, 10);
	return action === undefined ? {state, effects: []} : reduce(state, action);
};

describe('a: more requests for the run that has ended', () => {
	it('asks before it spends, with cost and time', () => {
		const asked = press(endedWith(offer), 'a');
		expect(asked.state.overlay).toEqual({kind: 'more-question'});
		expect(asked.effects).toEqual([]);
		expect(moreQuestion(offer).join(' ')).toBe(
			'40 more requests, 20 each for concise, minimal: about $0.0050, about 10 s. What was measured is kept.',
		);
		for (const key of ['a', 'y', 'Enter']) {
			expect(press(asked.state, key).effects).toEqual([]);
			const {state, effects} = press({...asked.state, shownPlan: offer}, key);
			expect(effects).toEqual([{type: 'send-more'}]);
			expect(state).toMatchObject({overlay: undefined, stage: {kind: 'running'}});
		}
		for (const key of ['n', 'Esc']) {
			const {state, effects} = press(asked.state, key);
			expect(effects).toEqual([]);
			expect(state).toMatchObject({overlay: undefined, stage: {kind: 'ended'}});
		}
	});

	it('adds at once in a demo, and says what', () => {
		const {state, effects} = press(endedWith(offer, true), 'a');
		expect(effects).toEqual([{type: 'send-more'}]);
		expect(state.flash?.text).toBe('adds 20 to each (about 10 s)');
	});

	it('keeps the run and its settings', () => {
		const before = endedWith(offer, true);
		const {state} = press(before, 'a');
		expect(state.snapshot).toBe(before.snapshot);
		expect(state.startedConfig).toBe(before.startedConfig);
	});

	it.each([
		[
			'a reason of the engine',
			endedWith({kind: 'refused', reason: 'this load ends by time: r runs again'}),
			/time/,
		],
		['an engine that offers nothing', endedWith(undefined), /nothing can be added/],
		[
			'no run',
			initialState({config: configFixture(), isDemo: false, startsAtOnce: false, nowMs: 0}),
			/no run/,
		],
	])('says why it can do nothing: %s', (_, state, reason) => {
		const after = press(state, 'a');
		expect(after.effects).toEqual([]);
		expect(after.state.flash?.text).toMatch(reason);
	});

	it('says when no price is known, and when more would hardly help', () => {
		const unsure = {...offer, costUsd: null, durationMs: null, isDeciding: false};
		expect(moreHint(unsure, false)).toBe('adds 20 to each (price not known)');
		expect(moreQuestion(unsure)[1]).toMatch(/hardly change the verdict/);
	});
});
