import {describe, expect, it} from 'vitest';
import type {Failure, FailureClass} from '../../../source/domain/backend.ts';
import {retryDelayMs} from '../../../source/engine/attempts/retries.ts';

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
