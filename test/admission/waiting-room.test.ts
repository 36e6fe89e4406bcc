import {describe, expect, it} from 'vitest';
import {Bucket} from '../../source/admission/bucket.ts';
import {type HoldEnd, HoldingRoom} from '../../source/admission/waiting-room.ts';
import {noQuota} from '../../source/bedrock/quotas/bucket-quota.ts';
import type {Lane} from '../../source/domain/bucket-usage.ts';
import type {Quota} from '../../source/domain/target.ts';
import {FakeClock} from '../helpers/fake-clock.ts';

const windowMs = 60_000;

const quotaOf = (requests: number, tokens: number): Quota => ({
	...noQuota,
	requestsPerMinute: {...noQuota.requestsPerMinute, value: requests, state: 'known'},
	tokensPerMinute: {...noQuota.tokensPerMinute, value: tokens, state: 'known'},
});

const roomOf = (requests: number, {tokens = 1_000_000, evenAbove = undefined as number | undefined} = {}) => {
	const clock = new FakeClock();
	const bucket = new Bucket({
		clock,
		quota: quotaOf(requests, tokens),
		windowMs,
		share: 1,
		burst: 'full',
		evenAbove,
	});
	const room = new HoldingRoom(bucket, clock);
	const log: Array<{key: string; at: number; verdict: HoldEnd}> = [];
	const cost = (amount: number) => ({reserved: amount, setAside: amount, max: amount, likelyMax: amount});
	const enter = async (
		key: string,
		{
			holdMs = 25_000,
			lane = 'normal' as Lane,
			amount = 100,
			signal = new AbortController().signal,
			caller = undefined as string | undefined,
		} = {},
	): Promise<HoldEnd> => {
		const verdict = await room.hold({cost: () => cost(amount), lane, caller}, key, holdMs, signal);
		log.push({key, at: clock.now(), verdict});
		if (verdict.kind === 'admitted') {
			bucket.settle(verdict.reservation, amount);
			room.pump();
		}
		return verdict;
	};
	const admitted = (): ReadonlyArray<readonly [string, number]> =>
		log.flatMap(({key, at, verdict}) => (verdict.kind === 'admitted' ? [[key, at] as const] : []));
	return {clock, bucket, room, enter, log, admitted};
};

describe('the waiting room', () => {
	it('lets in what fits at once, and the rest as room comes, in the order of arrival', async () => {
		const {clock, enter, admitted} = roomOf(3);
		const all = ['a', 'b', 'c', 'd', 'e'].map((key) => enter(key, {holdMs: 70_000}));
		await clock.advance(61_000);
		await Promise.all(all);
		expect(admitted().map(([key]) => key)).toEqual(['a', 'b', 'c', 'd', 'e']);
		expect(admitted().filter(([, at]) => at === 0).length).toBe(3);
		expect(
			admitted()
				.slice(3)
				.every(([, at]) => at >= windowMs),
		).toBe(true);
	});

	it('lets lanes in first, whoever came before', async () => {
		const {clock, enter, admitted} = roomOf(1);
		const all = [
			enter('first', {holdMs: 200_000}),
			enter('low', {holdMs: 200_000, lane: 'low'}),
			enter('normal', {holdMs: 200_000}),
			enter('high', {holdMs: 200_000, lane: 'high'}),
		];
		await clock.advance(190_000);
		await Promise.all(all);
		expect(admitted().map(([key]) => key)).toEqual(['first', 'high', 'normal', 'low']);
	});

	it('sends away at the end of the hold with the time of its turn, and keeps the place', async () => {
		const {clock, enter, admitted, log} = roomOf(1);
		const first = enter('first', {holdMs: 1000});
		const early = enter('early', {holdMs: 10_000});
		await clock.advance(10_000);
		await Promise.all([first, early]);
		const away = log.find(({key}) => key === 'early')?.verdict;
		expect(away).toEqual({kind: 'away', turnInMs: expect.any(Number), fuller: 'requests'});
		const turnInMs = away?.kind === 'away' ? away.turnInMs : 0;
		expect(turnInMs).toBeGreaterThanOrEqual(49_000);
		expect(turnInMs).toBeLessThan(52_000);
		const late = enter('late', {holdMs: 200_000});
		await clock.advance(1000);
		const again = enter('early', {holdMs: 200_000});
		await clock.advance(130_000);
		await Promise.all([late, again]);
		expect(admitted().map(([key]) => key)).toEqual(['first', 'early', 'late']);
	});

	it('forgets a place that nobody came back for', async () => {
		const {clock, enter, admitted} = roomOf(1);
		await enter('first');
		const gone = enter('gone', {holdMs: 1000});
		await clock.advance(1000);
		await gone;
		await clock.advance(300_000);
		await enter('new');
		const [late, back] = [enter('late', {holdMs: 200_000}), enter('gone', {holdMs: 200_000})];
		await clock.advance(150_000);
		await Promise.all([late, back]);
		expect(admitted().map(([key]) => key)).toEqual(['first', 'new', 'late', 'gone']);
	});

	it('counts nobody as before a call whose place is given up by now', async () => {
		const {clock, enter, room} = roomOf(1);
		room.isShut = true;
		const gone = enter('gone', {holdMs: 1000});
		await clock.advance(50_000);
		expect(await gone).toMatchObject({kind: 'away'});
		const late = enter('late', {holdMs: 200_000});
		await clock.advance(200_000);
		const verdict = await late;
		expect(verdict.kind === 'away' && verdict.turnInMs).toBeLessThan(1000);
	});

	it('says at once what can never fit', async () => {
		const {enter} = roomOf(10, {tokens: 500});
		await expect(enter('large', {amount: 501})).resolves.toEqual({
			kind: 'never',
			dimension: 'tokens',
			needed: 501,
			limit: 500,
		});
	});

	it('holds 1,000 and sends the next one away at once', async () => {
		const {clock, enter, room, log} = roomOf(1);
		await enter('first');
		const leave = new AbortController();
		const all = Array.from({length: 1001}, (_, index) => enter(`${index}`, {signal: leave.signal}));
		await clock.advance(0);
		expect(room.state?.count).toBe(1000);
		expect(log.at(-1)).toEqual({
			key: '1000',
			at: 0,
			verdict: {kind: 'away', turnInMs: expect.any(Number), fuller: 'requests'},
		});
		leave.abort();
		await Promise.all(all);
		expect(room.state).toBeUndefined();
	});

	it('lets a client go that leaves, and gives its place to the next', async () => {
		const {clock, enter, admitted} = roomOf(1);
		await enter('first');
		const leave = new AbortController();
		const gone = enter('gone', {signal: leave.signal, holdMs: 100_000});
		const next = enter('next', {holdMs: 100_000});
		leave.abort();
		await clock.advance(61_000);
		expect(await gone).toEqual({kind: 'gone'});
		expect((await next).kind).toBe('admitted');
		expect(admitted().map(([key]) => key)).toEqual(['first', 'next']);
	});
});

describe('several callers of one lane', () => {
	it('come in turn, by the quota tokens that they were let in with', async () => {
		const {clock, enter, admitted} = roomOf(2);
		const all = [
			...Array.from({length: 20}, (_, index) => enter(`many ${index}`, {caller: 'many', holdMs: 1e9})),
			enter('large', {caller: 'large', amount: 500, holdMs: 1e9}),
			...Array.from({length: 3}, (_, index) => enter(`few ${index}`, {caller: 'few', holdMs: 1e9})),
		];
		await clock.advance(15 * 61_000);
		await Promise.all(all);
		const order = admitted().map(([key]) => key);
		expect(order.indexOf('large')).toBeLessThan(5);
		expect(order.indexOf('few 2')).toBeLessThan(10);
		expect(order.filter((key) => key.startsWith('many'))).toEqual(
			Array.from({length: 20}, (_, index) => `many ${index}`),
		);
	});

	it('do not pay for what they gave up', async () => {
		const {clock, enter, admitted} = roomOf(1);
		await enter('first', {caller: 'a'});
		const leave = new AbortController();
		const gone = Array.from({length: 50}, (_, index) =>
			enter(`gone ${index}`, {caller: 'b', signal: leave.signal, holdMs: 1e9}),
		);
		leave.abort();
		await Promise.all(gone);
		const all = [
			...Array.from({length: 5}, (_, index) => enter(`a ${index}`, {caller: 'a', holdMs: 1e9})),
			enter('b', {caller: 'b', holdMs: 1e9}),
		];
		await clock.advance(7 * 61_000);
		await Promise.all(all);
		expect(admitted().map(([key]) => key)).toEqual(['first', 'b', 'a 0', 'a 1', 'a 2', 'a 3', 'a 4']);
	});

	it('wait behind a lane above, whoever is in it', async () => {
		const {clock, enter, admitted} = roomOf(1);
		await enter('first', {caller: 'a', lane: 'high'});
		const all = [
			enter('low', {caller: 'b', lane: 'low', holdMs: 1e9}),
			enter('high', {caller: 'a', lane: 'high', holdMs: 1e9}),
		];
		await clock.advance(3 * 61_000);
		await Promise.all(all);
		expect(admitted().map(([key]) => key)).toEqual(['first', 'high', 'low']);
	});
});

describe('spending at once below half of the window, evenly above', () => {
	it('sends half at once, then one per interval, and never more than the quota in any minute', async () => {
		const quota = 60;
		const {clock, enter, admitted} = roomOf(quota, {evenAbove: 0.5});
		const all = Array.from({length: 4 * quota}, (_, index) => enter(`${index}`, {holdMs: 600_000}));
		await clock.advance(300_000);
		await Promise.all(all);
		const times = admitted().map(([, at]) => at);
		expect(times.filter((at) => at < 1000).length).toBeGreaterThanOrEqual(quota / 2);
		expect(times.filter((at) => at < 1000).length).toBeLessThanOrEqual(quota / 2 + 2);
		const mostInAMinute = Math.max(
			...times.map((from) => times.filter((at) => at >= from && at < from + windowMs).length),
		);
		expect(mostInAMinute).toBeLessThanOrEqual(quota);
		// Four windows' worth is through after four windows: nothing of the rate is lost.
		expect(times.at(-1)).toBeLessThanOrEqual(4 * windowMs);
	});
});
