import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {TapClient} from '../../source/domain/tap.ts';
import type {Effect} from '../../source/view/actions.ts';
import {actionForKey} from '../../source/view/key-actions.ts';
import {reduce} from '../../source/view/reduce.ts';
import {initialState, type State} from '../../source/view/state.ts';
import {cacheMissWords, clientName, clientRows, foldedClientRows} from '../../source/view/tap/client-rows.ts';
import {listedTraffic, selectedClient} from '../../source/view/tap/traffic-list.ts';
import {targetFixture} from '../helpers/snapshot-fixture.ts';
import {
	secretFixture,
	tapClientFixture,
	tapPortsFixture,
	tapSnapshotFixture,
} from '../helpers/tap-fixture.ts';
import {anyAction} from './arbitrary-actions.ts';

/** Tests source/view/tap: rows of the clients, how they are listed, and the keys of a tap. */

const opened: State = initialState({
	...tapPortsFixture,
	tap: {...tapPortsFixture.tap, isFolded: true},
	isDemo: false,
	nowMs: 0,
});

const running = (snapshot = tapSnapshotFixture()): State =>
	reduce(opened, {type: 'snapshot-received', snapshot, atMs: 0}).state;

/** The state after some keys, and the effects of the last one. */
function press(
	before: State,
	...keys: readonly string[]
): {readonly state: State; readonly effects: readonly Effect[]} {
	return keys.reduce<{state: State; effects: readonly Effect[]}>(
		({state}, key) => reduce(state, actionForKey(state, key, 1000)),
		{state: before, effects: []},
	);
}

const listedNames = (state: State): readonly string[] =>
	listedTraffic(state).rows.map(
		({name, session}) => `${name}${session === null ? '' : ` ${session.slice(0, 4)}`}`,
	);

describe('the clients of a tap', () => {
	it('have one row for all sessions and application profiles on a bucket, which adds them up', () => {
		const arn = 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123';
		const snapshot = tapSnapshotFixture({
			targets: [targetFixture(), targetFixture({model: arn})],
			variants: [],
			tap: {
				clients: [
					tapClientFixture({session: 'one', requests: 3}),
					tapClientFixture({session: 'two', requests: 4, model: arn, costUsd: 0.1}),
					tapClientFixture({name: 'other', requests: 5}),
				],
			},
		});
		const [sum, other] = foldedClientRows(snapshot).toSorted(
			(one, two) => two.sessions.length - one.sessions.length,
		);
		expect(sum).toMatchObject({
			name: 'boto3',
			model: 'us.amazon.nova-lite-v1:0',
			session: null,
			requests: 7,
			inFlight: 6,
			costUsd: 0.113,
			targetIndex: 0,
		});
		expect(sum?.timeToFirstToken).toMatchObject({count: 480, p50: null});
		expect(other).toMatchObject({name: 'other', requests: 5});
		expect(clientRows(snapshot)).toHaveLength(3);
	});

	it('are told apart by sessions that end unlike each other; of a long one its beginning is enough', () => {
		const named = (session: string) =>
			clientRows(tapSnapshotFixture({tap: {clients: [tapClientFixture({session})]}})).map(clientName);
		expect([named('customer-1'), named('customer-2')]).toEqual([['boto3 customer-1'], ['boto3 customer-2']]);
		expect(named('a1b2c3d4-0000-4000-8000-000000000000')).toEqual(['boto3 a1b2c3d4']);
	});

	it('lose no request when they are folded', () => {
		const client = fc.record({
			name: fc.constantFrom('a', 'b'),
			session: fc.constantFrom(null, 's1', 's2'),
			requests: fc.nat(1000),
			model: fc.constantFrom('us.amazon.nova-lite-v1:0', 'unknown.model'),
		});
		fc.assert(
			fc.property(fc.array(client), (given) => {
				const clients = given.map((each) => tapClientFixture(each));
				const rows = foldedClientRows(tapSnapshotFixture({tap: {clients}}));
				const total = (of: ReadonlyArray<{readonly requests: number}>) =>
					of.reduce((sum, {requests}) => sum + requests, 0);
				expect(total(rows)).toBe(total(clients));
				expect(new Set(rows.map(({key}) => key)).size).toBe(rows.length);
			}),
		);
	});

	it('are listed without idle ones and by session after z, sorted and filtered', () => {
		const state = running();
		expect(listedNames(state)).toEqual(['claude-cli', 'boto3']);
		expect(listedTraffic(state).folded).toBe(1);
		const chosen = press(state, '↓').state;
		expect(selectedClient(press(chosen, 'z').state)?.name).toBe('boto3');
		expect(selectedClient(press(chosen, 'z', 'z').state)?.name).toBe('boto3');
		const sessions = press(state, 'z').state;
		expect(listedNames(sessions)).toEqual(['claude-cli a1b2', 'boto3', 'claude-cli e5f6', 'nightly report']);
		expect(listedNames(press(sessions, 's').state)[0]).toBe('boto3');
		expect(listedNames(press(sessions, 'i').state)[0]).toBe('nightly report');
		expect(listedNames(press(state, '/', 'n', 'i', 'g', 'h', 't', 'Enter').state)).toEqual([
			'nightly report',
		]);
	});

	it('keep the cursor while others overtake them', () => {
		const state = press(running(), '↓').state;
		expect(selectedClient(state)?.name).toBe('boto3');
		const clients = (tapSnapshotFixture().tap?.clients ?? []).map(
			(client): TapClient =>
				client.name === 'boto3' ? {...client, tokens: {...client.tokens, quota: 9e6}} : client,
		);
		const later = reduce(state, {
			type: 'snapshot-received',
			snapshot: tapSnapshotFixture({tap: {clients}}),
			atMs: 500,
		});
		expect(listedNames(later.state)).toEqual(['boto3', 'claude-cli']);
		expect(selectedClient(later.state)?.name).toBe('boto3');
	});
});

it.each([
	['before an answer', {input: 0}, undefined],
	['hits', {cacheRead: 50, cacheWrite: 10}, undefined],
	['more written than read', {cacheRead: 5, cacheWrite: 10}, /more is written than read/],
	['no cache point', {}, /no cache point/],
	['nothing written', {cachePoints: 3}, /below the minimum/],
	['the first request', {cachePoints: 1, cacheWrite: 10, requests: 1}, /first request/],
	['written only', {cachePoints: 3, cacheWrite: 10, requests: 9}, /written and never read/],
])(
	'why the cache missed: %s',
	(_, {cachePoints = 0, requests = 9, ...tokens}: Readonly<Record<string, number>>, words) => {
		const client = tapClientFixture({cachePoints, requests, inFlight: 0});
		const [row] = clientRows(
			tapSnapshotFixture({
				tap: {
					clients: [
						{...client, tokens: {...client.tokens, input: 100, cacheRead: 0, cacheWrite: 0, ...tokens}},
					],
				},
			}),
		);
		const found = row && cacheMissWords(row);
		expect(found ?? 'nothing').toMatch(words ?? /^nothing$/);
	},
);

describe('the keys of a tap', () => {
	it('p and x ask first, with the key itself or y', () => {
		const asked = press(running(), 'p');
		expect(asked).toMatchObject({state: {overlay: {kind: 'tap-question', of: 'hold'}}, effects: []});
		expect(press(asked.state, 'p').effects).toEqual([{type: 'pause'}]);
		expect(press(asked.state, 'Esc')).toMatchObject({state: {overlay: undefined}, effects: []});
		expect(press(running(tapSnapshotFixture({phase: 'paused'})), 'p').effects).toEqual([{type: 'resume'}]);
		const ending = press(running(), 'x', 'x');
		expect(ending.effects).toEqual([{type: 'stop', deadlineMs: 60_000}]);
		expect(press(ending.state, 'x').state.flash?.text).toBe('the tap is ending already: q ends it at once');
	});

	it('q takes no new requests and leaves when those in flight are over, a second one at once', () => {
		const leaving = press(running(), 'q');
		expect(leaving.effects).toEqual([{type: 'stop', deadlineMs: 60_000}]);
		const draining = tapSnapshotFixture({phase: 'draining'});
		const later = reduce(leaving.state, {type: 'snapshot-received', snapshot: draining, atMs: 2000});
		expect(later.effects).toEqual([]);
		const ended = reduce(later.state, {
			type: 'run-ended',
			snapshot: tapSnapshotFixture({phase: 'ended'}),
			atMs: 3000,
		});
		expect(ended.effects).toEqual([{type: 'leave'}]);
		expect(press(later.state, 'q').effects).toEqual([{type: 'leave'}]);
		// The end that x began is not waited for either.
		const ending = press(running(), 'x', 'y').state;
		const drained = reduce(ending, {type: 'snapshot-received', snapshot: draining, atMs: 2000}).state;
		expect(press(drained, 'q').effects).toEqual([{type: 'leave'}]);
	});

	it('q asks first where a program ends with the screen, and Ctrl+C twice is an answer too', () => {
		const state = running();
		const beside: State = {...state, tap: state.tap && {...state.tap, program: 'python'}};
		expect(press(beside, 'q')).toMatchObject({state: {overlay: {of: 'quit'}}, effects: []});
		expect(press(beside, 'q', 'Esc').state).toMatchObject({overlay: undefined, isLeaving: false});
		for (const key of ['q', 'y', 'Ctrl+C']) {
			expect(press(beside, 'q', key)).toMatchObject({
				state: {overlay: undefined, isLeaving: true},
				effects: [{type: 'stop', deadlineMs: 60_000}],
			});
		}
	});

	it('y copies the lines that point programs to it', () => {
		const {effects} = press(running(), 'y');
		expect(effects).toMatchObject([{type: 'copy', text: tapPortsFixture.tap.lines.join('\n')}]);
		expect(JSON.stringify(effects)).toContain(secretFixture);
	});

	it.each(['r', 'a', 'm', 'g', 'M', 'o', ',', 'H', 'w', '2', '3', '7'])(
		'%s says why it does nothing',
		(key) => {
			const {state, effects} = press(running(), key);
			expect(effects).toEqual([]);
			expect(state.view).toBe('traffic');
			expect(state.flash?.text).toMatch(/tap/);
		},
	);

	it('never ask the thread of a tap for a run', () => {
		const ofRuns = ['prepare', 'list-models', 'start', 'send-more', 'set-goal', 'start-demo', 'list-runs'];
		const acts = anyAction.filter(({type}) =>
			/^(command-given|snapshot-received|text-typed|typing-ended|overlay-)/.test(type),
		);
		fc.assert(
			fc.property(fc.array(acts, {maxLength: 40}), (actions) => {
				let state = running();
				for (const action of actions) {
					const next = reduce(state, action);
					expect(next.effects.map(({type}) => type).filter((type) => ofRuns.includes(type))).toEqual([]);
					expect(['account', 'timeline', 'quotas', 'log', 'traffic']).toContain(next.state.view);
					state = next.state;
				}
			}),
		);
	});

	it('Tab goes through the views that a tap has, and 8 is none of those of a run', () => {
		const seen = Array.from(
			{length: 5},
			(_, index) => press(running(), ...Array(index + 1).fill('Tab')).state.view,
		);
		expect(seen).toEqual(['account', 'timeline', 'quotas', 'log', 'traffic']);
		const ofRuns = initialState({config: tapPortsFixture.config, isDemo: true, startsAtOnce: true, nowMs: 0});
		expect(press({...ofRuns, overlay: undefined}, '8').state).toMatchObject({
			view: 'dashboard',
			flash: {text: 'no tap runs here: bedrock-top tap starts one'},
		});
	});
});
