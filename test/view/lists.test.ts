// Of list-commands.ts, log-lines.ts and quota-rows.ts as well.
import {describe, expect, it} from 'vitest';
import {actionForKey} from '../../source/view/key-actions.ts';
import {listedLog, logCursor} from '../../source/view/log-lines.ts';
import {listedQuotas, selectedQuota} from '../../source/view/quota-rows.ts';
import {reduce} from '../../source/view/reduce.ts';
import {initialState, type State} from '../../source/view/state.ts';
import {listedRows, selectedRow} from '../../source/view/variant-rows.ts';
import {configFixture, snapshotFixture} from '../helpers/snapshot-fixture.ts';

const running: State = {
	...initialState({config: configFixture(), isDemo: false, startsAtOnce: false, nowMs: 0}),
	stage: {kind: 'running'},
	snapshot: snapshotFixture(),
	log: ['first', 'second', 'third'],
};

/** The state after keys, and the effects of all of them. */
const pressed = (state: State, ...keys: readonly string[]) => {
	const effects: string[] = [];
	let next = state;
	for (const key of keys) {
		const action = actionForKey(next, key, 0);
		if (action !== undefined) {
			const transition = reduce(next, action);
			next = transition.state;
			effects.push(...transition.effects.map(({type}) => type));
		}
	}
	return {state: next, effects};
};

const names = (state: State) => listedRows(state).map(({name}) => name);

describe('the table of the dashboard', () => {
	it('is filtered, sorted and inverted there, like in Variants', () => {
		const {state} = pressed(running, '2', '/', ...'con', 'Enter');
		expect(names(state)).toEqual(['concise']);
		expect(names(pressed(state, '3').state)).toEqual(['concise']);
		expect(names(pressed(state, 'Esc').state)).toEqual(names(running));
		const sorted = pressed(running, 's').state;
		expect(sorted.lists.variants.sort).toBe('name');
		expect(names(sorted)).toEqual(names(running).toSorted());
		expect(names(pressed(sorted, 'i').state)).toEqual(names(sorted).toReversed());
	});

	it('takes letters as text while a filter is typed: none is a command', () => {
		const planned: State = {...running, stage: {kind: 'planned'}};
		const {state, effects} = pressed(planned, '/', ...'strmio');
		expect(effects).toEqual([]);
		expect(state).toMatchObject({isTyping: true, stage: {kind: 'planned'}, config: planned.config});
		expect(state.lists.variants.filter).toBe('strmio');
	});
});

it('each list keeps its own filter, order and selection while others are shown', () => {
	const {state} = pressed(
		running,
		...['/', 'c', 'o', 'Enter'],
		...['5', '/', ...'tpm', 'Enter', 's'],
		...['6', '/', ...'sec', 'Enter', '2'],
	);
	expect(state.lists).toMatchObject({
		variants: {filter: 'co', sort: 'order'},
		quotas: {filter: 'tpm', sort: 'model'},
		log: {filter: 'sec'},
		account: {filter: ''},
	});
	const back = pressed(state, '5').state;
	expect(listedQuotas(back).map(({unit}) => unit)).toEqual(['TPM']);
	expect(listedLog(state).map(({text}) => text)).toEqual(['second']);
});

it('a / where nothing can be filtered takes the text until Esc or Enter', () => {
	for (const last of ['Esc', 'Enter']) {
		const {state, effects} = pressed(running, '4', '/', ...'xrp', last);
		expect(effects).toEqual([]);
		expect(state).toMatchObject({view: 'timeline', isTyping: false, lists: running.lists});
	}
});

it('the cursor of the log stays at the newest line until it is moved away', () => {
	const log = pressed(running, '6').state;
	const count = listedLog(log).length;
	expect(logCursor(log)).toBe(count - 1);
	const longer = (state: State): State => ({...state, log: [...state.log, 'fourth']});
	expect(logCursor(longer(log))).toBe(count);
	const up = pressed(log, '↑').state;
	expect(logCursor(longer(up))).toBe(count - 2);
	expect(logCursor(longer(pressed(up, '↓').state))).toBe(count);
	expect(pressed(log, 's').state.flash?.text).toContain('one order');
});

it('the cursor moves through the limits', () => {
	const quotas = pressed(running, '5').state;
	const rows = listedQuotas(quotas);
	expect(selectedQuota(quotas)).toBe(rows[0]);
	expect(selectedQuota(pressed(quotas, '↓').state)?.key).toBe(rows[1]?.key);
	expect(selectedQuota(pressed(quotas, 'PageDown').state)?.key).toBe(rows.at(-1)?.key);
	expect(selectedRow(pressed(quotas, '↓').state)).toEqual(selectedRow(quotas));
});
