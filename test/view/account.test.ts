import {describe, expect, it} from 'vitest';
import {readAlert} from '../../source/config/values.ts';
import type {AccountSnapshot} from '../../source/domain/account-snapshot.ts';
import {listedBuckets, listedRegions, selectedBucket} from '../../source/view/account/account-rows.ts';
import {initialAccount} from '../../source/view/account/account-state.ts';
import type {Action, UntimedAction} from '../../source/view/actions.ts';
import {reduce} from '../../source/view/reduce.ts';
import {initialState, type State} from '../../source/view/state.ts';
import {accountStatus} from '../../source/view/status.ts';
import {
	accountBucketFixture,
	accountBucketsFixture,
	accountFixture,
	accountRegionFixture,
	idleBucketFixture,
} from '../helpers/account-fixture.ts';
import {
	bucketFixture,
	configFixture,
	planFixture,
	readySnapshotFixture,
	snapshotFixture,
	targetFixture,
} from '../helpers/snapshot-fixture.ts';

/** Tests source/view/account by actions. */

const start = (options: Parameters<typeof initialAccount>[0] = {}): State =>
	initialState({
		config: configFixture({models: []}),
		isDemo: false,
		startsAtOnce: false,
		hasKeys: true,
		hasDemo: true,
		nowMs: 0,
		account: initialAccount({isWatched: true, ...options}),
		view: 'account',
	});

/** One action after the other, a second apart. @returns the last state, and the effects of the last action. */
const following = (state: State, ...actions: readonly UntimedAction[]) =>
	actions.reduce<ReturnType<typeof reduce>>(
		(change, action) => reduce(change.state, {...action, atMs: change.state.nowMs + 1000} as Action),
		{state, effects: []},
	);

const command = (name: Extract<Action, {type: 'command-given'}>['command']): UntimedAction => ({
	type: 'command-given',
	command: name,
});
const reported = (account: AccountSnapshot = accountFixture()): UntimedAction => ({
	type: 'account-received',
	account,
});
const models = (state: State) => listedBuckets(state).map(({model, bucket}) => `${model} ${bucket.scope}`);

describe('the rows', () => {
	it('are moved through, and stay selected when their order changes', () => {
		const {state} = following(start(), reported(), command('down'), command('next-sort'));
		expect(selectedBucket(state)?.model).toBe('claude-sonnet-4-5');
		expect(models(state)[0]).toBe('llama3-3-70b-instruct cross-region');
		const last = following(state, command('page-down')).state;
		expect(selectedBucket(last)?.id).toBe(listedBuckets(last).at(-1)?.id);
		expect(selectedBucket(following(last, command('page-up'), command('up')).state)?.id).toBe(
			listedBuckets(last)[0]?.id,
		);
	});

	it('are filtered by words of model, scope and state, and the first one that is left is selected', () => {
		const typed = (text: string): State =>
			following(start(), reported(), command('filter'), {type: 'text-typed', text}).state;
		expect(models(typed('nova'))).toEqual(['nova-lite cross-region', 'nova-pro cross-region']);
		expect(models(typed('sonnet global'))).toEqual(['claude-sonnet-4-5 global']);
		expect(models(typed('throttled'))).toEqual(['llama3-3-70b-instruct cross-region']);
		expect(selectedBucket(typed('idle'))?.bucket.activity).toBe('idle');
		expect(models(following(typed('x'), {type: 'typing-ended', isKept: false}).state)).toHaveLength(4);
	});

	it('are the frozen ones while the view is frozen', () => {
		const {state} = following(start(), reported(), command('toggle-freeze'), reported({regions: []}));
		expect(models(state)).toHaveLength(4);
		expect(accountStatus(state).word).toBe('FROZEN');
		expect(models(following(state, command('toggle-freeze')).state)).toEqual([]);
	});

	it('grow old between two looks', () => {
		const {state} = following(start(), reported(), {type: 'time-passed'}, {type: 'time-passed'});
		expect(listedBuckets(state)[0]?.ageSeconds).toBe(127);
	});

	it('have what our own run uses in real time, and the rest as it was reported', () => {
		const {state} = following(start(), reported());
		const running: State = {
			...state,
			stage: {kind: 'running'},
			snapshot: snapshotFixture({
				targets: [targetFixture()],
				buckets: [bucketFixture({requests: {used: 30, reserved: 3, limit: 200}})],
			}),
		};
		const row = listedBuckets(running).find(({model}) => model === 'nova-lite');
		expect(row?.bucket.use.requests).toBe(62 + 33);
		expect(row?.bucket.own.requests).toBe(33);
	});
});

describe('idle buckets', () => {
	it('are folded, shown by a key, and found by a filter', () => {
		const {state} = following(start(), reported());
		expect(models(state)).toHaveLength(4);
		expect(listedRegions(state)[0]?.folded).toBe(2);
		const shown = following(state, command('fold-idle')).state;
		expect(models(shown)).toHaveLength(6);
		expect(models(following(shown, command('fold-idle')).state)).toHaveLength(4);
	});

	it('are shown where nothing is in use, and the key says why', () => {
		const idle = accountFixture({buckets: [idleBucketFixture('amazon.nova-pro-v1:0')]});
		const {state} = following(start(), reported(idle), command('fold-idle'));
		expect(models(state)).toHaveLength(1);
		expect(state.flash?.text).toBe('all buckets are idle: they are shown');
	});

	it('are none of those of which nothing is known', () => {
		const [first, ...rest] = accountBucketsFixture();
		const buckets = [
			first,
			...rest.map((bucket) => ({...bucket, minute: null, activity: 'unknown' as const})),
		].flatMap((each) => each ?? []);
		expect(models(following(start(), reported(accountFixture({buckets}))).state)).toHaveLength(6);
	});
});

describe('a benchmark', () => {
	it('carries model and Region over, and says what others leave', () => {
		const {state, effects} = following(
			start(),
			reported(accountFixture({region: 'eu-west-1'})),
			command('down'),
			command('down'),
			command('benchmark'),
		);
		const config = {models: ['us.amazon.nova-lite-v1:0'], connection: {region: 'eu-west-1'}};
		expect(effects).toMatchObject([{type: 'prepare', config}]);
		expect(state).toMatchObject({view: 'dashboard', stage: {kind: 'preparing', startsThen: false}});
		expect(state.flash?.text).toBe('nova-lite: 67% of the quota is free; the run uses only that');
	});

	it('of a bucket that the run would fill is asked about even where it would start at once', () => {
		const prepared = (crowding: string | undefined) =>
			following({...start(), isDemo: true, startsAtOnce: true}, reported(), command('benchmark'), {
				type: 'run-prepared',
				plan: planFixture({crowding}),
				snapshot: readySnapshotFixture(),
			});
		expect(prepared(undefined).state.stage.kind).toBe('running');
		const {state, effects} = prepared('Others use 61k of 60k.');
		expect({stage: state.stage.kind, effects}).toEqual({stage: 'planned', effects: []});
		expect(following(state, command('run')).effects).toEqual([{type: 'start'}]);
	});

	it.each([
		['a ModelId that hides its model', {callable: null}, /is not known/],
		[
			'a limit of 0',
			{
				quota: {
					...targetFixture().quota,
					tokensPerMinute: {...targetFixture().quota.tokensPerMinute, state: 'blocked' as const, value: 0},
				},
			},
			/its limit is 0/,
		],
	])('of %s is refused in words', (_name, overrides, reason) => {
		const account = {regions: [accountRegionFixture({buckets: [accountBucketFixture(overrides)]})]};
		const {state, effects} = following(start(), reported(account), command('benchmark'));
		expect(state.flash?.text).toMatch(reason);
		expect({effects, view: state.view}).toEqual({effects: [], view: 'account'});
	});
});

describe('an alert', () => {
	const alerts = [readAlert('tokens>80')];
	const calm = accountFixture({buckets: [accountBucketFixture()]});

	it('rings once, with a line in the log, and again when it had been calm for a minute', () => {
		const first = following(start({alerts}), reported());
		expect(first.effects).toMatchObject([{type: 'ring'}]);
		expect(first.state.log.at(-1)?.text).toBe(
			'tokens>80: meta.llama3-3-70b-instruct-v1:0 (cross-region, us-east-1) uses 102% of its tokens per minute.',
		);
		expect(following(first.state, reported()).effects).toEqual([]);
		expect(following(first.state, reported(calm), reported()).effects).toEqual([]);
		const later: State = {...first.state, nowMs: first.state.nowMs + 60_000};
		expect(following(later, reported(calm), reported()).effects).toMatchObject([{type: 'ring'}]);
	});

	it('rings for what our own run uses at this moment', () => {
		const watched = following(start({alerts}), reported(calm)).state;
		const {effects} = following(
			{...watched, stage: {kind: 'running'}},
			{
				type: 'snapshot-received',
				snapshot: snapshotFixture({
					targets: [targetFixture()],
					buckets: [bucketFixture({tokens: {used: 90_000, reserved: 10_000, limit: 200_000}})],
				}),
			},
		);
		expect(effects).toMatchObject([{type: 'ring'}]);
	});
});

describe('Regions', () => {
	it('that are chosen are asked for again, and nothing of the others is left', () => {
		const {state, effects} = following(
			start(),
			reported(),
			command('regions'),
			{type: 'overlay-moved', lines: 1},
			{
				type: 'overlay-accepted',
			},
		);
		expect(effects).toMatchObject([{type: 'watch-account', regions: ['us-east-2']}]);
		expect(state.account).toMatchObject({regions: ['us-east-2'], snapshot: undefined});
		expect(state.lists.account.selected).toBeUndefined();
		expect(accountStatus(state).detail).toBe('asking what the account uses (0 s)');
	});

	it('one that is chosen where none was set is that of runs, too, and can be remembered', () => {
		const unset = start();
		const connection = {...unset.config.connection, region: undefined};
		const {state, effects} = following(
			{...unset, config: {...unset.config, connection}, known: {...unset.known, region: undefined}},
			command('regions'),
			{type: 'overlay-accepted'},
		);
		expect(state.config.connection.region).toBe('us-east-1');
		expect(effects).toMatchObject([{type: 'watch-account', config: {connection: {region: 'us-east-1'}}}]);
		expect(following(state, command('remember')).effects).toMatchObject([
			{values: [[['defaults', 'region'], 'us-east-1']]},
		]);
	});
});
