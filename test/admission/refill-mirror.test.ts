import {describe, expect, it} from 'vitest';
import {RefillMirror} from '../../source/admission/refill-mirror.ts';

describe('RefillMirror', () => {
	it('is full before anything was settled', () => {
		expect(new RefillMirror(600, 60_000).roomIn(5, 600)).toBe(0);
	});

	it('refills evenly over a window', () => {
		const mirror = new RefillMirror(600, 60_000);
		mirror.settle(0, 600);
		expect(mirror.roomIn(0, 100)).toBe(10_000);
		expect(mirror.roomIn(10_000, 100)).toBe(0);
		expect(mirror.roomIn(10_000, 600)).toBe(50_000);
	});

	it('pays a debt back for longer than a window', () => {
		const mirror = new RefillMirror(600, 60_000);
		mirror.settle(0, 1500);
		expect(mirror.roomIn(60_000, 1)).toBeCloseTo(30_100, 5);
		expect(mirror.roomIn(150_000, 600)).toBe(0);
	});

	it('never holds more than it can', () => {
		const mirror = new RefillMirror(600, 60_000);
		mirror.settle(0, 1);
		expect(mirror.roomIn(1e9, 601)).toBe(Number.POSITIVE_INFINITY);
	});
});
