import {expect, it} from 'vitest';
import {initialState} from '../../source/view/state.ts';
import {createStore} from '../../source/view/store.ts';
import {FakeClock} from '../helpers/fake-clock.ts';
import {
	configFixture,
	planFixture,
	readySnapshotFixture,
	snapshotFixture,
} from '../helpers/snapshot-fixture.ts';

function openStore() {
	const clock = new FakeClock();
	const effects: string[] = [];
	const store = createStore({
		initial: initialState({config: configFixture(), isDemo: true, startsAtOnce: true, nowMs: 0}),
		clock,
		onEffect({type}) {
			effects.push(type);
		},
	});
	let notified = 0;
	store.subscribe(() => {
		notified += 1;
	});
	const receive = (elapsedMs: number) => {
		store.dispatch({type: 'snapshot-received', snapshot: snapshotFixture({elapsedMs}), atMs: clock.now()});
	};
	const prepare = () => {
		store.dispatch({
			type: 'run-prepared',
			plan: planFixture(),
			snapshot: readySnapshotFixture(),
			atMs: clock.now(),
		});
	};
	return {clock, store, effects, receive, prepare, notified: () => notified};
}

it('a hundred snapshots a second are shown twice a second, the newest last', () => {
	const {clock, store, receive, prepare, notified} = openStore();
	prepare();
	const before = notified();
	for (let count = 1; count <= 200; count++) {
		receive(count);
		clock.skip(10);
	}
	clock.skip(500);
	// The first one changes the phase and is shown besides.
	expect(notified() - before).toBeLessThanOrEqual(6);
	expect(notified() - before).toBeGreaterThanOrEqual(4);
	expect(store.shown().snapshot?.elapsedMs).toBe(200);
});

it('a key is shown at once, with the data that came meanwhile', () => {
	const {clock, store, receive, prepare} = openStore();
	prepare();
	receive(0);
	clock.skip(500);
	receive(1);
	clock.skip(10);
	receive(2);
	expect(store.shown().snapshot?.elapsedMs).toBe(1);
	store.dispatch({type: 'command-given', command: 'open-log', atMs: clock.now()});
	expect(store.shown().view).toBe('log');
	expect(store.shown().snapshot?.elapsedMs).toBe(2);
});

it('a change of phase is shown at once', () => {
	const {clock, store, receive, prepare} = openStore();
	prepare();
	receive(1);
	clock.skip(10);
	store.dispatch({
		type: 'snapshot-received',
		snapshot: snapshotFixture({phase: 'paused'}),
		atMs: clock.now(),
	});
	expect(store.shown().snapshot?.phase).toBe('paused');
});

it('effects run once, when their action is dispatched', () => {
	const {effects, prepare} = openStore();
	prepare();
	expect(effects).toEqual(['start']);
});

it('nothing waits when nothing happens, and nothing after the close', () => {
	const {clock, store, prepare, receive, notified} = openStore();
	expect(clock.timers).toBe(1);
	prepare();
	expect(clock.timers).toBe(0);
	receive(1);
	receive(2);
	store.close();
	expect(clock.timers).toBe(0);
	const before = notified();
	receive(3);
	clock.skip(10_000);
	expect(notified()).toBe(before);
});

it('the rows of the account on screen are watched: once until they change', () => {
	const watched: Array<readonly string[]> = [];
	const rowsByView: Readonly<Record<string, readonly string[]>> = {account: ['one', 'two']};
	const store = createStore({
		initial: initialState({config: configFixture(), isDemo: true, startsAtOnce: true, nowMs: 0}),
		clock: new FakeClock(),
		onEffect(effect) {
			if (effect.type === 'watch-rows') {
				watched.push(effect.ids);
			}
		},
		visibleRows: ({view}) => rowsByView[view] ?? [],
	});
	store.dispatch({type: 'command-given', command: 'open-log', atMs: 0});
	expect(watched).toEqual([]);
	store.dispatch({type: 'command-given', command: 'open-account', atMs: 1});
	store.dispatch({type: 'screen-resized', size: {columns: 60, rows: 15}, atMs: 2});
	expect(watched).toEqual([['one', 'two']]);
	store.dispatch({type: 'command-given', command: 'open-log', atMs: 3});
	expect(watched).toEqual([['one', 'two'], []]);
	store.close();
});
