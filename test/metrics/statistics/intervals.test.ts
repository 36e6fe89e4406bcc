import {describe, expect, it} from 'vitest';
import {createRandom} from '../../../source/domain/clock.ts';
import {percentileBounds, percentileRanks} from '../../../source/metrics/statistics/intervals.ts';

describe('bounds of a percentile', () => {
	it('are the ranks of the order statistics', () => {
		// By tables of the binomial distribution: the median of 20 lies between the 6th and the 15th value.
		expect(percentileRanks(20, 0.5)).toEqual({low: 6, high: 15});
		expect(percentileRanks(5, 0.5)).toBeUndefined();
		expect(percentileRanks(100, 0.99)).toBeUndefined();
		expect(percentileRanks(400, 0.99)).toBeDefined();
		// By sums of the exact probabilities.
		expect(percentileRanks(1_000_000, 0.5)).toEqual({low: 499_020, high: 500_981});
	});

	it('hold the true percentile in at least 95 of 100 runs', () => {
		const random = createRandom(4);
		let held = 0;
		const runs = 400;
		for (let run = 0; run < runs; run++) {
			const values = Array.from({length: 60}, () => Math.ceil(1000 * random()));
			const counts = new Map<number, number>();
			for (const value of values.toSorted((one, other) => one - other)) {
				counts.set(value, (counts.get(value) ?? 0) + 1);
			}
			const bounds = percentileBounds([...counts], 0.9);
			held += bounds !== undefined && bounds.low <= 900 && bounds.high >= 900 ? 1 : 0;
		}
		expect(held / runs).toBeGreaterThanOrEqual(0.95);
	});
});
