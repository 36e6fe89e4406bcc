import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {CalmRoom, partAfter} from '../../../source/admission/fleet/split.ts';
import {randomCases} from '../../helpers/random-cases.ts';

const windowMs = 60_000;
const limits = {requests: null, tokens: 60_000};
const loss = {
	at: 1000,
	silentMs: 3000,
	ownUse: {requests: 5, tokens: 9000},
	room: {requests: 0, tokens: 8000},
	othersHeld: 10_000,
	part: 0.25,
	members: 4,
};
const tokensAt = (now: number, of = loss): number => {
	const {fraction, most} = partAfter(of, now, limits, windowMs);
	return Math.min(fraction * limits.tokens, most.tokens ?? Number.POSITIVE_INFINITY);
};

describe('the part of a member that has lost the ledger', () => {
	it('is nothing until the others miss it', () => {
		expect(tokensAt(1000)).toBe(0);
		expect(tokensAt(3999)).toBe(0);
		expect(tokensAt(1000, {...loss, silentMs: 0})).toBe(11_000);
	});

	it('is what it used, and its part of the room, for a window', () => {
		expect(tokensAt(4000)).toBe(11_000);
		expect(tokensAt(63_999)).toBe(11_000);
	});

	it('is its part of the quota after that', () => {
		expect(tokensAt(64_000)).toBe(15_000);
		expect(partAfter(loss, 64_000, {requests: 100, tokens: null}, windowMs)).toEqual({
			fraction: 0.25,
			most: {requests: 100, tokens: null},
		});
	});

	it('is nothing for a window where the others may not know of it', () => {
		expect(tokensAt(4000, {...loss, part: 0})).toBe(0);
		expect(tokensAt(64_000, {...loss, part: 0})).toBe(15_000);
	});

	it('never more than its part of the quota', () => {
		expect(tokensAt(4000, {...loss, ownUse: {requests: 0, tokens: 50_000}})).toBe(15_000);
	});

	it('is what the long answers of others leave', () => {
		const long = {...loss, othersHeld: 55_000};
		expect(tokensAt(64_000, long)).toBe(5000);
		expect(tokensAt(1000 + 3000 + 600_000, long)).toBe(15_000);
	});

	it('all parts together stay below the quota, however the use was divided', () => {
		fc.assert(
			fc.property(
				fc.array(fc.nat(1000), {minLength: 1, maxLength: 10}),
				fc.nat(1000),
				fc.nat(120_000),
				(weights, roomWeight, sinceMs) => {
					const whole = weights.reduce((sum, weight) => sum + weight, roomWeight) || 1;
					const free = (60_000 * roomWeight) / whole;
					const parts = weights.map((weight) =>
						tokensAt(sinceMs, {
							at: 0,
							silentMs: 0,
							ownUse: {requests: 0, tokens: (60_000 * weight) / whole},
							room: {requests: 0, tokens: free},
							othersHeld: 0,
							part: 1 / weights.length,
							members: weights.length,
						}),
					);
					expect(parts.reduce((sum, part) => sum + part, 0)).toBeLessThanOrEqual(60_000.001);
				},
			),
			randomCases,
		);
	});
});

describe('room that was free for all', () => {
	it('is what each answer of the last ten seconds showed', () => {
		const calm = new CalmRoom();
		for (let now = 0; now <= 10_000; now += 500) {
			calm.note(now, {requests: 1, tokens: now === 4500 ? 50_000 : 20_000}, limits);
			expect(calm.least(now).tokens).toBe(now < 10_000 ? 0 : 10_000);
		}
		for (let now = 10_500; now <= 16_000; now += 500) {
			calm.note(now, {requests: 1, tokens: 20_000}, limits);
		}
		expect(calm.least(16_000).tokens).toBe(40_000);
		calm.clear();
		expect(calm.least(16_000).tokens).toBe(0);
	});
});
