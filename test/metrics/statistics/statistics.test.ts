import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {studentT, wilsonInterval} from '../../../source/metrics/statistics/intervals.ts';
import {Quantiles, RunningMean, Times, VectorMoments} from '../../../source/metrics/statistics/streams.ts';

/** Tests source/metrics/statistics/streams.ts, intervals.ts and vector-moments.ts. */

describe('studentT', () => {
	it.each([
		[1, 12.7062],
		[2, 4.3027],
		[5, 2.5706],
		[12, 2.1788],
		[13, 2.1604],
		[19, 2.093],
		[30, 2.0423],
		[60, 2.0003],
		[120, 1.9799],
		[100_000, 1.96],
	])('for %i degrees of freedom is %f', (degreesOfFreedom, expected) => {
		expect(studentT(degreesOfFreedom)).toBeCloseTo(expected, 3);
	});

	it.each([
		[7, 0.005, 3.4995],
		[7, 0.0125, 2.8412],
		[19, 0.005, 2.8609],
		[1000, 0.0125, 2.2448],
	])('for %i degrees of freedom and a tail of %f is %f', (degreesOfFreedom, tail, expected) => {
		expect(studentT(degreesOfFreedom, tail)).toBeCloseTo(expected, 1.5);
	});

	it('is infinite without any', () => {
		expect(studentT(0)).toBe(Number.POSITIVE_INFINITY);
	});
});

describe('RunningMean', () => {
	it('gives the interval of a known sample', () => {
		const mean = new RunningMean();
		for (const value of [2, 4, 4, 4, 5, 5, 7, 9]) {
			mean.add(value);
		}
		expect(mean.variance).toBeCloseTo(32 / 7);
		const {mean: middle, low, high} = mean.toMean();
		expect(middle).toBe(5);
		// t(7) = 2.3646, standard error sqrt(32 / 7 / 8) = 0.7559
		expect(low).toBeCloseTo(5 - 2.3646 * 0.755_93, 4);
		expect(high).toBeCloseTo(5 + 2.3646 * 0.755_93, 4);
	});

	it('has no interval below two samples', () => {
		const mean = new RunningMean();
		expect(mean.toMean()).toEqual({mean: null, low: null, high: null});
		mean.add(3);
		expect(mean.toMean()).toEqual({mean: 3, low: null, high: null});
	});

	it('has no interval below 0 of what is never negative', () => {
		const mean = new RunningMean();
		for (const value of [20, 20, 596]) {
			mean.add(value);
		}
		const {mean: middle, low, high} = mean.toMean();
		expect(middle).toBe(212);
		expect(low).toBe(0);
		expect(high).toBeGreaterThan(650);
	});

	it('is right however large the offset', () => {
		fc.assert(
			fc.property(fc.array(fc.integer({min: -1000, max: 1000}), {minLength: 2, maxLength: 50}), (values) => {
				const mean = new RunningMean();
				for (const value of values) {
					mean.add(1e9 + value);
				}
				const average = values.reduce((sum, value) => sum + value, 0) / values.length;
				const squares = values.reduce((sum, value) => sum + (value - average) ** 2, 0);
				expect(mean.mean - 1e9).toBeCloseTo(average, 4);
				expect(mean.variance).toBeCloseTo(squares / (values.length - 1), 2);
			}),
		);
	});
});

describe('wilsonInterval', () => {
	it.each([
		[0, 10, 0, 0.2775],
		[10, 10, 0.7225, 1],
		[81, 263, 0.2553, 0.3662],
	])('of %i of %i', (successes, trials, low, high) => {
		expect(wilsonInterval(successes, trials)?.low).toBeCloseTo(low, 3);
		expect(wilsonInterval(successes, trials)?.high).toBeCloseTo(high, 3);
	});

	it('ends at 0 and at 1 exactly, for a rounding error below 1 is shown as 99 %', () => {
		for (let trials = 1; trials <= 2000; trials++) {
			expect(wilsonInterval(trials, trials)?.high).toBe(1);
			expect(wilsonInterval(0, trials)?.low).toBe(0);
			expect(wilsonInterval(trials, trials + 1)?.high).toBeLessThan(1);
		}
	});

	it('does not exist without trials', () => {
		expect(wilsonInterval(0, 0)).toBeUndefined();
	});
});

describe('Quantiles', () => {
	it('are at most 1 % above the true ones, and never above the greatest value', () => {
		fc.assert(
			fc.property(
				fc.array(fc.integer({min: 0, max: 1_000_000}), {minLength: 1, maxLength: 200}),
				fc.double({min: 0.01, max: 1, noNaN: true}),
				(values, part) => {
					const quantiles = new Quantiles();
					for (const value of values) {
						quantiles.add(value);
					}
					const sorted = [...values].sort((first, second) => first - second);
					const truth = sorted[Math.ceil(part * values.length - 1e-9) - 1] ?? Number.NaN;
					expect(quantiles.at(part)).toBeGreaterThanOrEqual(truth);
					expect(quantiles.at(part)).toBeLessThanOrEqual(truth * 1.01 + 1);
					expect(quantiles.steps().reduce((sum, [, count]) => sum + count, 0)).toBe(values.length);
				},
			),
		);
	});

	it('count what is above a value', () => {
		const quantiles = new Quantiles();
		for (let value = 1; value <= 100; value++) {
			quantiles.add(value);
		}
		expect(quantiles.countAbove(90)).toBe(10);
		expect(quantiles.countAbove(100)).toBe(0);
	});
});

describe('Times', () => {
	it('show a percentile only with enough samples', () => {
		const times = new Times();
		const shown = (): ReadonlyArray<number | null> => {
			const {p50, p90, p99} = times.toDistribution();
			return [p50, p90, p99];
		};
		const addUntil = (count: number): void => {
			while (times.count < count) {
				times.add(10);
			}
		};
		addUntil(7);
		expect(shown()).toEqual([null, null, null]);
		addUntil(8);
		expect(shown()).toEqual([10, null, null]);
		addUntil(29);
		expect(shown()).toEqual([10, null, null]);
		addUntil(30);
		expect(shown()).toEqual([10, 10, null]);
		addUntil(299);
		expect(shown()).toEqual([10, 10, null]);
		addUntil(300);
		expect(shown()).toEqual([10, 10, 10]);
	});

	it('fit into 60 bins that hold every sample', () => {
		fc.assert(
			fc.property(fc.array(fc.double({min: 0, max: 1e7, noNaN: true}), {maxLength: 500}), (samples) => {
				const times = new Times();
				for (const sample of samples) {
					times.add(sample);
				}
				const {histogram, count, max} = times.toDistribution();
				expect(count).toBe(samples.length);
				expect(histogram.length).toBeLessThanOrEqual(60);
				expect(histogram.reduce((sum, [, each]) => sum + each, 0)).toBe(samples.length);
				const uppers = histogram.map(([upper]) => upper);
				expect(uppers).toEqual([...uppers].sort((first, second) => first - second));
				expect(max ?? 0).toBe(Math.max(0, ...samples));
			}),
		);
	});
});

describe('VectorMoments', () => {
	it('gives the standard error of a difference in pairs', () => {
		const moments = new VectorMoments(2);
		const pairs = [
			[10, 12],
			[20, 23],
			[30, 31],
			[25, 29],
		] as const;
		const differences = new RunningMean();
		for (const pair of pairs) {
			moments.add(pair);
			differences.add(pair[1] - pair[0]);
		}
		const error = moments.standardError([
			[0, -1],
			[1, 1],
		]);
		expect(error).toBeCloseTo(Math.sqrt(differences.variance / pairs.length), 10);
		expect(moments.mean(0)).toBe(21.25);
	});
});
