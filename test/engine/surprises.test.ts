import {describe, expect, it} from 'vitest';
import {ContentionEstimate} from '../../source/admission/bucket-limits.ts';
import {Pacer} from '../../source/admission/pacer.ts';
import {OverloadGuard} from '../../source/admission/throttle-guards.ts';
import type {Failure, FailureClass} from '../../source/domain/failure.ts';
import {createRandom, exponential, shuffled} from '../../source/domain/random.ts';
import {retryDelayMs} from '../../source/engine/attempts/retry-policy.ts';

const windowMs = 60_000;

describe('OthersEstimate', () => {
	it('takes what is not ours at a throttle for theirs, and gives it up again', () => {
		const others = new ContentionEstimate(windowMs);
		expect(others.use(0, 600)).toBe(0);
		expect(others.observe(1000, 900, 400, 600)).toBe(true);
		expect(others.use(1000, 600)).toBe(215);
		const afterSixth = others.use(11_000, 600);
		expect(afterSixth).toBeLessThanOrEqual(201);
		expect(afterSixth).toBeGreaterThan(199);
		expect(others.use(1000 + windowMs, 600)).toBe(0);
	});

	it('hears one throttle in all attempts that were under way together', () => {
		const others = new ContentionEstimate(windowMs);
		others.observe(1000, 900, 400, 600);
		expect(others.observe(1100, 950, 390, 600)).toBe(false);
		expect(others.use(1100, 600)).toBe(225);
		expect(others.observe(2000, 1500, 390, 600)).toBe(true);
	});

	it('expects growth to go on for a while', () => {
		const others = new ContentionEstimate(windowMs);
		others.observe(1000, 0, 600, 600);
		others.observe(3000, 2500, 590, 600);
		// 10 in 2 s: 5 a second, so about 9 more after 2 s.
		expect(others.use(5000, 600) - others.use(3000, 600)).toBeGreaterThan(7);
	});
});

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

describe('retryDelayMs', () => {
	const failure = (failureClass: FailureClass, overrides: Partial<Failure> = {}): Failure => ({
		class: failureClass,
		message: '',
		advice: '',
		isRetryable: true,
		charge: 'none',
		...overrides,
	});
	const half = (): number => 0.5;

	it('doubles with full jitter up to a cap', () => {
		const delays = [1, 2, 3, 8].map((attempts) => retryDelayMs(failure('throttled-tokens'), attempts, half));
		expect(delays).toEqual([500, 1000, 2000, 10_000]);
	});

	it('honours Retry-After and puts the jitter on top', () => {
		expect(retryDelayMs(failure('overloaded', {retryAfterMs: 2000}), 1, half)).toBe(2500);
	});

	it('ends with the budget, and never begins for what cannot succeed', () => {
		expect(retryDelayMs(failure('overloaded'), 6, half)).toBeUndefined();
		expect(retryDelayMs(failure('throttled-requests'), 11, half)).toBeDefined();
		expect(retryDelayMs(failure('throttled-requests'), 12, half)).toBeUndefined();
		expect(retryDelayMs(failure('throttled-day'), 1, half)).toBeUndefined();
		expect(retryDelayMs(failure('validation'), 1, half)).toBeUndefined();
		expect(retryDelayMs(failure('network', {isRetryable: false}), 1, half)).toBeUndefined();
	});
});

describe('random numbers', () => {
	it('are the same for the same seed and uniform enough', () => {
		const first = createRandom(42);
		const second = createRandom(42);
		const numbers = Array.from({length: 10_000}, first);
		expect(numbers.slice(0, 100)).toEqual(Array.from({length: 100}, second));
		const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
		expect(Math.abs(mean - 0.5)).toBeLessThan(0.015);
		expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
		expect(Math.max(...numbers)).toBeLessThan(1);
	});

	it('shuffle without losing anything', () => {
		const values = [1, 2, 3, 4, 5, 6, 7, 8];
		const result = shuffled(values, createRandom(1));
		expect(result).not.toEqual(values);
		expect([...result].sort()).toEqual(values);
	});

	it('give exponential gaps with the right mean', () => {
		const random = createRandom(9);
		const gaps = Array.from({length: 20_000}, () => exponential(100, random));
		const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
		expect(Math.abs(mean - 100)).toBeLessThan(3);
	});
});
