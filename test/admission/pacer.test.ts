import {describe, expect, it} from 'vitest';
import {Pacer} from '../../source/admission/pacer.ts';

const windowMs = 60_000;

describe('Pacer', () => {
	it('spreads requests over the window, and lets a second be caught up with', () => {
		const pacer = new Pacer(windowMs);
		const limits = {requests: 60, tokens: null};
		const sentAt: number[] = [];
		for (let now = 0; now <= 5000; now += 100) {
			while (pacer.delayMs(now) === 0) {
				pacer.charge(now, 10, limits);
				sentAt.push(now);
			}
		}
		expect(sentAt).toEqual([0, 0, 1000, 2000, 3000, 4000, 5000]);
	});

	it('goes by settled tokens', () => {
		const pacer = new Pacer(windowMs);
		const limits = {requests: null, tokens: 6000};
		pacer.charge(0, 1000, limits);
		expect(pacer.delayMs(0)).toBe(9000);
		pacer.correct(-900, limits);
		expect(pacer.delayMs(0)).toBe(0);
		pacer.correct(500, limits);
		expect(pacer.delayMs(0)).toBe(5000);
	});
});
