import {describe, expect, it} from 'vitest';
import {OverloadGuard} from '../../source/admission/throttle-guards.ts';

const windowMs = 60_000;

describe('OverloadGuard', () => {
	it('halves, holds, and rises again until it is no bound any more', () => {
		const guard = new OverloadGuard(windowMs);
		expect(guard.cap(0)).toBeUndefined();
		expect(guard.observe(0, 20)).toBe(true);
		expect(guard.observe(1000, 18)).toBe(false);
		expect([0, 14_999, 15_000, 22_500, 30_000].map((now) => guard.cap(now))).toEqual([10, 10, 15, 22, 33]);
		expect(guard.cap(37_500)).toBeUndefined();
	});

	it('goes down step by step while it lasts, to one at the least', () => {
		const guard = new OverloadGuard(windowMs);
		for (let step = 0; step < 10; step++) {
			guard.observe(step * 3000, 20);
		}
		expect(guard.cap(27_000)).toBe(1);
	});
});
