import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {Snapshot} from '../../source/domain/snapshot.ts';
import type {Action, Effect} from '../../source/view/actions.ts';
import {disabledReason} from '../../source/view/availability.ts';
import {type KeyCommand, views} from '../../source/view/keymap.ts';
import {listedLog, logCursor} from '../../source/view/log-lines.ts';
import {reduce} from '../../source/view/reduce.ts';
import {
	chartWindows,
	finalSnapshot,
	nextTickMs,
	shownSnapshot,
	shownWindowSeconds,
} from '../../source/view/selectors.ts';
import {initialState, keptLogLines, type State} from '../../source/view/state.ts';
import {statusOf, windowTitle} from '../../source/view/status.ts';
import {listedRows, selectedRow, variantRows} from '../../source/view/variant-rows.ts';
import {
	configFixture,
	endedSnapshotFixture,
	planFixture,
	readySnapshotFixture,
	snapshotFixture,
} from '../helpers/snapshot-fixture.ts';
import {anyAction} from './arbitrary-actions.ts';

const demo = initialState({config: configFixture(), isDemo: true, startsAtOnce: true, nowMs: 0});
const account = initialState({config: configFixture(), isDemo: false, startsAtOnce: false, nowMs: 0});

const modelless = initialState({
	config: configFixture({models: []}),
	isDemo: false,
	startsAtOnce: false,
	nowMs: 0,
});

type Untimed = Action extends infer Each ? (Each extends Action ? Omit<Each, 'atMs'> : never) : never;

/** Folds actions a second apart; the effects of all of them. */
function play(initial: State, ...actions: readonly Untimed[]): {state: State; effects: readonly Effect[]} {
	let state = initial;
	const effects: Effect[] = [];
	for (const [index, action] of actions.entries()) {
		const change = reduce(state, {...action, atMs: index * 1000} as Action);
		state = change.state;
		effects.push(...change.effects);
	}
	return {state, effects};
}

const give = (command: KeyCommand) => ({type: 'command-given', command}) as const;
const prepared = {type: 'run-prepared', plan: planFixture(), snapshot: readySnapshotFixture()} as const;
const planShown = {type: 'plan-shown', plan: prepared.plan} as const;
const received = {type: 'snapshot-received', snapshot: snapshotFixture()} as const;
/** The run was short: nobody looked elsewhere. */
const ended = {type: 'run-ended', snapshot: endedSnapshotFixture({elapsedMs: 20_000})} as const;
const types = (effects: readonly Effect[]) => effects.map(({type}) => type);

describe('any actions in any order', () => {
	it('give a state that can be shown', () => {
		fc.assert(
			fc.property(
				fc.constantFrom(demo, account, modelless),
				fc.array(anyAction, {maxLength: 60}),
				(initial, actions) => {
					let state = initial;
					for (const action of actions) {
						state = reduce(state, action).state;
						expect(state.log.length).toBeLessThanOrEqual(keptLogLines);
						expect(chartWindows).toContain(shownWindowSeconds(state));
						expect(views.map(({name}) => name)).toContain(state.view);
						expect(state.switchedOff.length).toBeLessThan(state.config.variants.length);
						expect(logCursor(state)).toBeLessThan(Math.max(1, listedLog(state).length));
						const rows = listedRows(state);
						expect(rows).toEqual(rows.length === 0 ? [] : expect.arrayContaining([selectedRow(state, rows)]));
						expect(variantRows(state).length).toBeGreaterThan(0);
					}
				},
			),
			{numRuns: 300},
		);
	});

	it('are folded the same way every time, and change nothing that was given', () => {
		fc.assert(
			fc.property(fc.array(anyAction, {maxLength: 30}), (actions) => {
				const frozen = structuredClone(actions);
				const fold = () => actions.reduce((state, action) => reduce(state, action).state, demo);
				expect(fold()).toEqual(fold());
				expect(actions).toEqual(frozen);
			}),
			{numRuns: 50},
		);
	});

	it('never start a run before it is prepared, and never two at once', () => {
		fc.assert(
			fc.property(
				fc.constantFrom(demo, account),
				fc.array(anyAction, {maxLength: 60}),
				(initial, actions) => {
					let state = initial;
					for (const action of actions) {
						const change = reduce(state, action);
						if (change.effects.some(({type}) => type === 'start')) {
							expect(['planned', 'preparing']).toContain(state.stage.kind);
							expect(change.state.stage.kind).toBe('running');
						}
						state = change.state;
					}
				},
			),
			{numRuns: 300},
		);
	});
});

describe('freezing', () => {
	it('then unfreezing shows what would have been shown without', () => {
		const isToggle = (action: Action) =>
			action.type === 'command-given' && action.command === 'toggle-freeze';
		fc.assert(
			fc.property(fc.array(anyAction, {maxLength: 40}), fc.nat(40), (actions, at) => {
				const others = actions.filter((action) => !isToggle(action));
				const toggle: Action = {type: 'command-given', command: 'toggle-freeze', atMs: 0};
				const fold = (list: readonly Action[]) =>
					list.reduce((state, action) => reduce(state, action).state, demo);
				const withFreeze = fold([...others.slice(0, at), toggle, ...others.slice(at)]);
				expect(withFreeze.snapshot).toEqual(fold(others).snapshot);
				expect(shownSnapshot({...withFreeze, frozen: undefined})).toEqual(shownSnapshot(fold(others)));
				expect(finalSnapshot(withFreeze)).toEqual(finalSnapshot(fold(others)));
			}),
		);
	});

	it('holds the view while data arrives, and says since when', () => {
		const later = snapshotFixture({elapsedMs: 120_000});
		const {state} = play(demo, prepared, received, give('toggle-freeze'), {...received, snapshot: later});
		expect(shownSnapshot(state)).toEqual(received.snapshot);
		expect(state.snapshot).toEqual(later);
		expect(state.frozen?.sinceMs).toBe(2000);
		expect(nextTickMs(state)).toBe(1000);
		expect(shownSnapshot(play(state, give('toggle-freeze')).state)).toEqual(later);
	});
});

describe('a run', () => {
	it('of the demo starts as soon as it is prepared', () => {
		const {state, effects} = play(demo, prepared);
		expect(types(effects)).toEqual(['start']);
		expect(state.stage.kind).toBe('running');
	});

	it('that was long is announced at its end, unless a key ended it', () => {
		for (const [elapsedMs, stoppedBy, expected] of [
			[29_999, null, []],
			[30_000, null, ['announce']],
			[30_000, 'key', []],
			[30_000, 'requests', ['announce']],
		] as const) {
			const snapshot = {...ended.snapshot, elapsedMs, stoppedBy} as Snapshot;
			const {effects} = play(demo, prepared, received, {...ended, snapshot});
			expect(types(effects)).toEqual(['start', ...expected]);
		}
	});

	it('is named in the title of the window, with how far it is', () => {
		const {done, total} = received.snapshot.progress;
		expect(windowTitle(play(demo, prepared, received).state)).toBe(`bedrock-top ${done}/${total}`);
		expect(windowTitle(play(demo, prepared, ended).state)).toMatch(/^bedrock-top: run ended, \d+\/\d+$/);
		expect(windowTitle(play(account, prepared).state)).toBe('bedrock-top');
	});

	it('against an account waits for r, with the plan on screen', () => {
		const planned = play(account, prepared);
		expect(planned.effects).toEqual([]);
		expect(planned.state.stage.kind).toBe('planned');
		expect(types(play(planned.state, planShown, give('run')).effects)).toEqual(['start']);
	});

	it('can be had again: the demo at once, the account after its plan', () => {
		const again = [prepared, received, ended, give('run'), prepared] as const;
		expect(types(play(demo, ...again).effects)).toEqual(['start', 'prepare', 'start']);
		const {state, effects} = play(account, prepared, planShown, give('run'), ended, give('run'), prepared);
		expect(types(effects)).toEqual(['start', 'prepare']);
		expect(state.stage.kind).toBe('planned');
		expect(finalSnapshot(state)).toEqual(ended.snapshot);
	});

	it('is paused and resumed by the same key, whatever the next snapshot says late', () => {
		const {effects} = play(demo, prepared, received, give('toggle-pause'), received, give('toggle-pause'));
		expect(types(effects)).toEqual(['start', 'pause', 'resume']);
	});

	it('is stopped once', () => {
		const {state, effects} = play(demo, prepared, received, give('stop'), give('stop'));
		expect(types(effects)).toEqual(['start', 'stop']);
		expect(state.flash?.text).toBe('the run is stopping already');
	});

	it('that was asked to stop says how long answers are still waited for', () => {
		const {state} = play(demo, prepared, received, give('stop'));
		expect(statusOf(state)).toMatchObject({
			word: 'STOPPING',
			detail: '· 8 requests still in flight, 10 s left',
		});
		expect(nextTickMs(state)).toBe(1000);
		const stateAfter = (waitedMs: number) =>
			reduce(state, {type: 'time-passed', atMs: state.nowMs + waitedMs}).state;
		expect(statusOf(stateAfter(1000)).detail).toBe('· 8 requests still in flight, 9 s left');
		expect(statusOf(stateAfter(15_000)).detail).toBe('· 8 requests still in flight');
		expect(nextTickMs(play(state, ended).state)).toBeUndefined();
	});

	it('of which nothing comes says since when, whatever it is doing', () => {
		const quiet = (phase: Snapshot['phase'], waitingFor: string | null = null): Untimed => ({
			...received,
			snapshot: {
				...received.snapshot,
				phase,
				progress: {...received.snapshot.progress, quietMs: 40_300, waitingFor},
			},
		});
		const detailOf = (...actions: readonly Untimed[]): string =>
			statusOf(play(demo, prepared, ...actions).state).detail;
		expect(detailOf(quiet('running'))).toContain('82/160 · nothing came for 40 s');
		expect(detailOf(quiet('running', 'next retry in 3 s'))).toContain(
			'next retry in 3 s, nothing came for 40 s',
		);
		expect(detailOf(quiet('draining'))).toBe('· 8 requests still in flight, nothing came for 40 s');
		expect(detailOf(quiet('running'), give('stop'))).toContain('10 s left, nothing came for 40 s');
	});

	it('that fails keeps what was measured and can be had again', () => {
		const fault = {message: 'The worker ended.', hint: undefined, exitCode: 1} as const;
		const {state} = play(demo, prepared, received, {type: 'engine-failed', fault});
		expect(state.stage).toEqual({kind: 'failed', fault});
		expect(finalSnapshot(state)).toEqual(received.snapshot);
		expect(disabledReason(state, 'run')).toBeUndefined();
	});
});

describe('settings', () => {
	it('are taken to the engine while a plan is shown', () => {
		const {state, effects} = play(account, prepared, give('next-method'));
		expect(effects).toEqual([{type: 'prepare', config: {...configFixture(), method: 'invoke'}}]);
		expect(state.stage.kind).toBe('preparing');
	});

	it('go through the methods of the endpoint that all models are on', () => {
		const plan = {...prepared.plan, method: 'messages-stream'} as const;
		const {effects} = play(account, {...prepared, plan}, give('next-method'));
		expect(effects).toEqual([{type: 'prepare', config: {...configFixture(), method: 'chat-completions'}}]);
	});

	it('that change while the run is prepared are prepared once more, not one by one', () => {
		const {state, effects} = play(
			account,
			give('next-method'),
			give('next-goal'),
			give('next-goal'),
			prepared,
		);
		expect(effects).toEqual([
			{type: 'prepare', config: {...configFixture(), method: 'invoke', goal: 'cost'}},
		]);
		expect(play(state, prepared).state.stage.kind).toBe('planned');
	});

	it('do not change under a run, but another goal decides from there on', () => {
		const {state, effects} = play(demo, prepared, received, give('next-method'), give('next-goal'));
		expect(types(effects)).toEqual(['start', 'set-goal']);
		expect(effects.at(-1)).toMatchObject({goal: 'efficiency'});
		expect(state.config.method).toBe('converse-stream');
		expect(state.config.goal).toBe('efficiency');
	});

	it('after an end wait for the next run, so that nothing measured is lost', () => {
		const {state, effects} = play(demo, prepared, ended, give('next-method'));
		expect(types(effects)).toEqual(['start']);
		expect(shownSnapshot(state)).toEqual(ended.snapshot);
	});

	it('switch a variant off and on again, but not the last one', () => {
		const off = play(account, prepared, give('down'), give('toggle-variant'));
		expect(off.state.switchedOff).toEqual(['concise']);
		expect(off.effects[0]).toMatchObject({
			config: {variants: [{name: 'detailed'}, {name: 'structured'}, {name: 'minimal'}]},
		});
		const single = {...account, config: {...account.config, variants: account.config.variants.slice(0, 1)}};
		expect(play(single, give('toggle-variant')).state.flash?.text).toBe('at least one variant must stay on');
		const on = play(off.state, prepared, give('toggle-variant'));
		expect(on.state.switchedOff).toEqual([]);
	});
});

describe('without keys', () => {
	const mute = {...demo, hasKeys: false};

	it('the screen closes by itself when the run is over, or cannot be had', () => {
		expect(types(play(mute, prepared, received, ended).effects)).toEqual(['start', 'leave']);
		const fault = {message: 'No Region is set.', hint: undefined, exitCode: 1} as const;
		expect(types(play(mute, {type: 'engine-failed', fault}).effects)).toEqual(['leave']);
	});

	it('a plan that nobody can start is not waited for', () => {
		expect(types(play({...account, hasKeys: false}, prepared).effects)).toEqual(['leave']);
	});
});

describe('quitting', () => {
	it('leaves at once when no run is under way', () => {
		expect(types(play(account, prepared, give('quit')).effects)).toEqual(['leave']);
		expect(types(play(demo, prepared, ended, give('quit')).effects)).toEqual(['start', 'leave']);
	});

	it('stops the run of a demo and leaves when it has ended', () => {
		const {effects} = play(demo, prepared, received, give('quit'), received, ended);
		expect(types(effects)).toEqual(['start', 'stop', 'leave']);
	});

	it('asks once while a run spends money; a second press always works', () => {
		const asked = play(account, prepared, planShown, give('run'), received, give('quit'));
		expect(types(asked.effects)).toEqual(['start']);
		expect(asked.state.overlay).toEqual({kind: 'quit-question'});
		const second = play(asked.state, give('quit'));
		expect(types(second.effects)).toEqual(['stop']);
		expect(types(play(second.state, give('quit')).effects)).toEqual(['leave']);
	});

	it('the question goes when the run ends by itself', () => {
		const {state} = play(account, prepared, planShown, give('run'), give('quit'), ended);
		expect(state.overlay).toBeUndefined();
	});
});

it('a flash goes after four seconds, and nothing ticks when nothing happens', () => {
	const {state} = play(account, prepared, give('stop'));
	expect(state.flash?.text).toBe('no run is under way');
	expect(nextTickMs(state)).toBe(4000);
	const after = reduce(state, {type: 'time-passed', atMs: 5000}).state;
	expect(after.flash).toBeUndefined();
	expect(nextTickMs(after)).toBeUndefined();
});

describe('writing', () => {
	it('u and w take the run and what it was made with along, one after the other', () => {
		const {state, effects} = play(demo, prepared, received, give('next-goal'), give('export-increase'));
		expect(effects.at(-1)).toEqual({
			type: 'export',
			what: 'increase',
			snapshot: received.snapshot,
			config: configFixture(),
		});
		expect(play(state, give('export-increase')).state.flash?.text).toBe('this is still being written');
		const all = play(
			state,
			give('export-winner'),
			{type: 'export-finished', what: 'increase', files: ['a']},
			give('export'),
			{type: 'export-finished', what: 'winner', files: ['b']},
		);
		expect(all.effects).toMatchObject([{what: 'winner'}, {what: 'charts'}]);
		expect(all.state).toMatchObject({overlay: {files: ['b']}, exporting: ['charts']});
		const last = play(all.state, {type: 'export-finished', what: 'charts', files: ['c']});
		expect(last.state).toMatchObject({overlay: {files: ['b', 'c']}, exporting: []});
	});

	it('is refused in words before anything was measured', () => {
		const {state, effects} = play(account, prepared, give('export-winner'));
		expect(effects).toEqual([]);
		expect(state.flash?.text).toBe('nothing has been measured yet');
	});
});

describe('the end of a run in the log', () => {
	const stopped = {at: '2026-03-01T10:00:36.000Z', kind: 'stopped', text: 'Stopped: by you.'};
	const logOf = (overrides: Parameters<typeof endedSnapshotFixture>[0]) =>
		reduce(
			{...demo, stage: {kind: 'running'}, snapshot: snapshotFixture(), log: []},
			{type: 'run-ended', snapshot: endedSnapshotFixture(overrides), atMs: 5},
		).state.log.map(({kind, text}) => `${kind}: ${text}`);

	it('is said once: the reason by the engine, the end by the screen', () => {
		const ended = {outcome: 'stopped', stoppedBy: 'key', stopReason: 'by you'} as const;
		expect(logOf({...ended, events: [stopped]})).toEqual(['ended: The run ended after 2m 34s.']);
		expect(logOf({...ended, events: []})).toEqual(['stopped: The run stopped by you after 2m 34s.']);
	});

	it('of a run that was not stopped has its outcome', () => {
		expect(logOf({events: [stopped]})).toEqual(['completed: The run completed in 2m 34s.']);
	});
});
