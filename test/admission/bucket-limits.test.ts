import {describe, expect, it} from 'vitest';
import {ContentionEstimate} from '../../source/admission/bucket-limits.ts';

const windowMs = 60_000;

describe('ContentionEstimate', () => {
	it('counts what is not ours at a throttle as theirs, and lowers it again', () => {
		const others = new ContentionEstimate(windowMs);
		expect(others.use(0, 600)).toBe(0);
		expect(others.observe(1000, 900, 400, 600)).toBe(true);
		expect(others.use(1000, 600)).toBe(215);
		const afterSixth = others.use(11_000, 600);
		expect(afterSixth).toBeLessThanOrEqual(201);
		expect(afterSixth).toBeGreaterThan(199);
		expect(others.use(1000 + windowMs, 600)).toBe(0);
	});

	it('counts all throttles of attempts in flight together as one', () => {
		const others = new ContentionEstimate(windowMs);
		others.observe(1000, 900, 400, 600);
		expect(others.observe(1100, 950, 390, 600)).toBe(false);
		expect(others.use(1100, 600)).toBe(225);
		expect(others.observe(2000, 1500, 390, 600)).toBe(true);
	});

	it('expects growth to continue for a while', () => {
		const others = new ContentionEstimate(windowMs);
		others.observe(1000, 0, 600, 600);
		others.observe(3000, 2500, 590, 600);
		// 10 in 2 s: 5 per second, so about 9 more after 2 s.
		expect(others.use(5000, 600) - others.use(3000, 600)).toBeGreaterThan(7);
	});
});
