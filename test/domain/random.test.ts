import {describe, expect, it} from 'vitest';
import {createRandom, exponential, shuffled} from '../../source/domain/clock.ts';

/** Tests source/domain/clock.ts: chance by a seed. */

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
