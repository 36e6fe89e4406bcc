import {describe, expect, it} from 'vitest';
import {actionForKey} from '../../source/view/key-actions.ts';
import {bindings, views} from '../../source/view/keymap.ts';
import {listedLog, logCursor, withLog} from '../../source/view/log-lines.ts';
import {listedQuotas, selectedQuota} from '../../source/view/quotas.ts';
import {reduce} from '../../source/view/reduce.ts';
import {rowCount} from '../../source/view/screen-commands.ts';
import {initialState, keptLogLines, type State} from '../../source/view/state.ts';
import {listedRows, selectedRow} from '../../source/view/variant-rows.ts';
import {
	configFixture,
	endedSnapshotFixture,
	planFixture,
	readySnapshotFixture,
	snapshotFixture,
} from '../helpers/snapshot-fixture.ts';

// Of list-commands.ts, log-lines.ts and quota-table.ts as well.

const running: State = {
	...initialState({config: configFixture(), isDemo: false, startsAtOnce: false, nowMs: 0}),
	stage: {kind: 'running'},
	snapshot: snapshotFixture(),
	log: ['first', 'second', 'third'].map((text, id) => ({id, atMs: 0, kind: 'engine', text})),
	epochMs: Date.UTC(2100, 0, 1),
};

/** The state after keys, and the effects of all of them. */
const pressed = (state: State, ...keys: readonly string[]) => {
	const effects: string[] = [];
	let next = state;
	for (const key of keys) {
		const action = actionForKey(next, key, 0);
		const transition = reduce(next, action);
		next = transition.state;
		effects.push(...transition.effects.map(({type}) => type));
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
	const longer = (state: State): State => withLog(state, 'engine', 'fourth');
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

describe('the log', () => {
	const planned: State = {
		...running,
		stage: {kind: 'planned'},
		plan: planFixture(),
		startedWords: undefined,
		log: [],
	};
	const texts = (state: State) => listedLog(state).map(({kind, text}) => `${kind}: ${text}`);

	it('has what a run was started with, settings that keys changed, files and the end', () => {
		const started = pressed({...planned, shownPlan: planned.plan}, 'r').state;
		expect(texts(started)).toContain('started: 160 requests, 4 variants, at most $0.036');
		const ended = reduce(started, {type: 'run-ended', snapshot: endedSnapshotFixture(), atMs: 5}).state;
		expect(texts(ended).at(-1)).toMatch(/^completed: The run completed in /);
		const changed = pressed(ended, 'm', 'g').state;
		expect(texts(changed).slice(-2)).toEqual(['setting: method invoke', 'setting: goal efficiency']);
		const files = ['a/best-request.json'];
		const written = reduce(changed, {type: 'export-finished', what: 'winner', files, atMs: 9}).state;
		expect(texts(written).at(-1)).toBe('written: a/best-request.json');
		expect(listedLog(written).at(-1)?.time).toMatch(/^\d\d:\d\d:\d\d$/);
	});

	it('says kinds in words, and stays bounded', () => {
		const snapshot = snapshotFixture({
			events: [{at: '2026-02-14T10:00:00.000Z', kind: 'given-up', text: 'x'}],
		});
		expect(texts({...planned, snapshot})).toEqual(['gave up: x']);
		let state = planned;
		for (let count = 0; count < 300; count++) {
			state = withLog(state, 'engine', `${count}`);
		}
		expect(state.log).toHaveLength(keptLogLines);
	});

	it('opens a line in full', () => {
		const open = pressed(running, '6', 'Enter').state;
		expect(open.isDetailOpen).toBe(true);
		expect(pressed(open, 'Esc').state.isDetailOpen).toBe(false);
	});
});

it('no key is silent: it acts, or says why it does not', () => {
	const stages: readonly State[] = [
		{...running, log: []},
		{...running, stage: {kind: 'ended'}, snapshot: endedSnapshotFixture()},
		{...running, stage: {kind: 'planned'}, plan: planFixture(), snapshot: readySnapshotFixture()},
		{...running, stage: {kind: 'choosing'}, snapshot: undefined},
		{...running, stage: {kind: 'failed', fault: {message: 'no', hint: undefined, exitCode: 1}}},
	];
	const moves = new Set(['up', 'down', 'page-up', 'page-down', 'home', 'end', 'previous', 'next']);
	for (const stage of stages) {
		for (const {name} of views) {
			for (const {keys, command} of bindings) {
				const before: State = {...stage, view: name};
				const {state, effects} = pressed(before, keys[0] ?? '');
				// The cursor stays at the ends of a list, and a view that is open stays so.
				const isThere = command === `open-${name}` || (moves.has(command) && rowCount(before) !== undefined);
				const isSilent = JSON.stringify(state) === JSON.stringify(before) && effects.length === 0;
				expect(isSilent && !isThere ? `${keys[0]} in ${name}, ${stage.stage.kind}` : '').toBe('');
			}
			for (const key of ['Z', 'Delete', 'Backspace']) {
				expect(pressed({...stage, view: name}, key).state.flash?.text).toMatch(/does nothing|works in/);
			}
		}
	}
	expect(pressed(running, 'b').state.flash?.text).toBe('b works in Account (1)');
});
