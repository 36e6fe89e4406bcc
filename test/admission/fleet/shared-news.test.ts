import {describe, expect, it} from 'vitest';
import {Bucket} from '../../../source/admission/bucket.ts';
import {FleetMember} from '../../../source/admission/fleet/fleet-member.ts';
import type {Reservation} from '../../../source/admission/ledger.ts';
import type {FleetEvent} from '../../../source/domain/fleet-view.ts';
import {FakeClock} from '../../helpers/fake-clock.ts';
import {type FleetLab, playFleet} from '../../helpers/fleet-lab.ts';
import {SharedLedgerModel} from '../../helpers/shared-ledger-model.ts';
import {quotaOf} from '../../helpers/spec-fixture.ts';

const windowMs = 60_000;
const cost = {reserved: 100, setAside: 100, max: 100, likelyMax: 100};

/** Members whose ledger answers at once, past its probation. */
const fleetOf = async (count: number) => {
	const clock = new FakeClock(Date.UTC(2026, 0, 1, 23, 50));
	const store = new SharedLedgerModel(clock, windowMs);
	const members = Array.from({length: count}, (_, index) => {
		const bucket = new Bucket({clock, quota: quotaOf(1000, 10_000), windowMs, share: 1, burst: 'full'});
		const events: FleetEvent[] = [];
		const member = new FleetMember({
			bucket,
			ledger: store.open(),
			clock,
			facts: {id: `m${index}`, name: `program ${index}`, host: 'host', pid: index},
			onChange() {},
			onEvent: (event) => events.push(event),
		});
		return {bucket, member, events};
	});
	for (const {member} of members) {
		await member.start();
	}
	await clock.advance(3000);
	const send = async ({bucket}: {bucket: Bucket}): Promise<Reservation> => {
		for (let tries = 0; tries < 20; tries++) {
			const admission = bucket.admit(cost, 'normal');
			if (admission.kind === 'admitted') {
				return admission.reservation;
			}
			await clock.advance(10);
		}
		throw new Error('not admitted');
	};
	const [first, second] = members;
	if (first === undefined || second === undefined) {
		throw new Error('a fleet has two members');
	}
	return {clock, store, members, first, second, send};
};

describe('what one member of a fleet learns', () => {
	it('of strangers by a throttle shrinks what all may use, and grows back', async () => {
		const {clock, first, second, send} = await fleetOf(3);
		first.bucket.settle(await send(first), 100);
		const refused = await send(first);
		await clock.advance(100);
		expect(first.bucket.throttled(refused, 'tokens')).toBe('others');
		await clock.advance(1500);
		for (const {bucket} of [first, second]) {
			// All but the 100 that were used, and a margin of a fortieth on top.
			expect(bucket.limits.open(clock.now()).tokens).toBeLessThan(200);
			expect(bucket.limits.shownOthers(clock.now(), 'tokens')?.use).toBeGreaterThan(9800);
		}
		expect(second.bucket.admit(cost, 'normal').kind).toBe('wait');
		const shrunk = second.bucket.limits.open(clock.now()).tokens ?? 0;
		await clock.advance(30_000);
		expect(second.bucket.limits.open(clock.now()).tokens).toBeGreaterThan(shrunk + 2000);
		await clock.advance(60_000);
		expect(second.bucket.limits.open(clock.now()).tokens).toBe(10_000);
	});

	it('is not of strangers where the fleet itself uses the quota', async () => {
		const {clock, first, second, send} = await fleetOf(2);
		for (let sent = 0; sent < 98; sent++) {
			second.bucket.settle(await send(second), 100);
		}
		const refused = await send(first);
		await clock.advance(1500);
		// 9,800 of the other, and this one: a margin at most.
		expect(first.bucket.limits.fleetUse.tokens).toBe(9800);
		first.bucket.throttled(refused, 'tokens');
		await clock.advance(1500);
		expect(second.bucket.limits.open(clock.now()).tokens).toBeGreaterThan(9500);
	});

	it('of the end of the day stops all until midnight UTC', async () => {
		const {clock, first, second, members} = await fleetOf(2);
		first.bucket.dayEnded();
		await clock.advance(1500);
		for (const {bucket, member, events} of members) {
			expect(bucket.admit(cost, 'normal')).toEqual({kind: 'day'});
			expect(member.view.dayUntil).toBe('2026-01-02T00:00:00.000Z');
			expect(events).toEqual([{kind: 'day', until: Date.UTC(2026, 0, 2)}]);
		}
		await clock.advance(600_000);
		expect(second.bucket.admit(cost, 'normal').kind).toBe('wait');
		await clock.advance(200);
		expect(second.bucket.admit(cost, 'normal').kind).toBe('admitted');
	});

	it('of the account is everybody’s: one of them reads it for all, and another when that one is gone', async () => {
		const {clock, first, second, members} = await fleetOf(3);
		const claim = async () => Promise.all(members.map(async ({member}) => member.news.figures.claim()));
		expect(await claim()).toEqual([true, false, false]);
		const at = clock.epoch() - 125_000;
		first.member.news.figures.report({use: {requests: 10, tokens: 4000}, at, dayTokens: null});
		await clock.advance(1500);
		expect(second.bucket.limits.open(clock.now())).toEqual({requests: 990, tokens: 6000});
		expect(second.bucket.limits.shownOthers(clock.now(), 'tokens')).toEqual({use: 4000, reportedAt: at});
		await clock.advance(60_000);
		expect(await claim()).toEqual([true, false, false]);
		await first.member.stop();
		expect(await second.member.news.figures.claim()).toBe(true);
	});

	it('of the tokens of the day is one sum, until the day is over, whatever becomes of the store', async () => {
		const {clock, first, second, store, send} = await fleetOf(2);
		for (const {bucket} of [first, second]) {
			bucket.day.limit = 250;
		}
		second.bucket.settle(await send(second), 200);
		await clock.advance(1500);
		expect(first.bucket.admit(cost, 'normal').kind).toBe('day');
		store.stop();
		await clock.advance(300_000);
		expect(first.bucket.admit(cost, 'normal').kind).toBe('day');
		await clock.advance(320_000);
		expect(first.bucket.admit(cost, 'normal').kind).toBe('admitted');
	});

	it('of the account says nothing any more when it is old', async () => {
		const {clock, first, second} = await fleetOf(2);
		const heard: number[] = [];
		second.member.news.onFigures = ({use}) => heard.push(use.tokens);
		const figures = {at: clock.epoch(), dayTokens: null};
		first.member.news.figures.report({...figures, use: {requests: 1, tokens: 10}});
		await clock.advance(1500);
		await clock.advance(400_000);
		await first.member.news.detected('{}');
		await clock.advance(1500);
		expect(heard).toEqual([10]);
	});

	it('of the answers of all is one figure per minute, and not known where some are missing', async () => {
		const {clock, first, second, send} = await fleetOf(2);
		const minute = Math.floor(clock.epoch() / 60_000) * 60_000;
		first.bucket.settle(await send(first), 70);
		second.bucket.settle(await send(second), 30);
		await clock.advance(60_000);
		await first.member.news.figures.claim();
		expect(first.member.news.figures.answers()).toEqual({
			since: 0,
			minutes: [{at: minute, requests: 2, tokens: 100}],
		});
	});

	it('is nothing that a member may read by itself while the ledger is lost', async () => {
		const {clock, first, store} = await fleetOf(2);
		expect(await first.member.news.figures.claim()).toBe(true);
		store.stop();
		await clock.advance(2000);
		expect(await first.member.news.figures.claim()).toBe(false);
	});

	it('of the quota is kept with its age', async () => {
		const {clock, first, second} = await fleetOf(2);
		expect(second.member.news.quota).toBeUndefined();
		await first.member.news.detected('{"tokens":10000}');
		await clock.advance(20_000);
		expect(second.member.news.quota).toEqual({json: '{"tokens":10000}', agoMs: 20_000});
	});
});

describe('where tokens count from', () => {
	const play = async (countFrom: 'first-byte' | 'end', windows: number): Promise<FleetLab> =>
		playFleet(new FakeClock(), {
			programs: [0, 700, 1400].map((startMs) => ({
				startMs,
				reserved: [389, 389],
				settledPart: [0.65, 0.83],
			})),
			windows,
			requests: null,
			tokens: 25_000,
			enforcement: 'fixed',
			countFrom,
			firstByteMs: 1000,
			answerMs: 11_000,
			phaseMs: 17_000,
		});

	it('is learnt by all together from accepted probes, without a throttle', async () => {
		const {members, peak} = await play('first-byte', 6);
		expect(members.flatMap(({throttledAt}) => throttledAt)).toEqual([]);
		expect(peak.tokens).toBeLessThanOrEqual(25_000);
		const learnt = members.map(({bucket}) => bucket.stamping.learnt);
		expect(learnt.map(({countsFrom}) => countsFrom)).toEqual(['first-byte', 'first-byte', 'first-byte']);
		expect(learnt.map(({marks}) => marks)).toEqual(Array(3).fill('1'.repeat(600)));
	});

	it('costs one refused probe in all where they count from the end', async () => {
		const {members} = await play('end', 4);
		expect(members.flatMap(({throttledAt}) => throttledAt)).toHaveLength(1);
		expect(members.map(({bucket}) => bucket.stamping.countsFrom)).toEqual(['end', 'end', 'end']);
	});
});
