import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ClusterSums} from '../../../source/metrics/statistics/streams.ts';

const pair = fc.tuple(fc.integer({min: 1, max: 1000}), fc.integer({min: 1, max: 1000}));

/** Standard error of log(sum x / sum y), cluster by cluster, the long way. */
const errorOf = (clusters: ReadonlyArray<ReadonlyArray<readonly [number, number]>>): number => {
	const sums = clusters.map((vectors) =>
		vectors.reduce<readonly [number, number]>(([x, y], [dx, dy]) => [x + dx, y + dy], [0, 0]),
	);
	const [x, y] = sums.reduce<readonly [number, number]>(([a, b], [dx, dy]) => [a + dx, b + dy], [0, 0]);
	const squares = sums.reduce((sum, [dx, dy]) => sum + (dx / x - dy / y) ** 2, 0);
	return Math.sqrt((squares * sums.length) / (sums.length - 1));
};

describe('sums of clusters', () => {
	it('have the error of one sum per cluster, in whatever order the vectors come', () => {
		fc.assert(
			fc.property(
				fc.array(fc.array(pair, {minLength: 1, maxLength: 5}), {minLength: 2, maxLength: 12}),
				(clusters) => {
					const sums = new ClusterSums(2, [0, 1]);
					const rounds = Math.max(...clusters.map(({length}) => length));
					for (let round = 0; round < rounds; round++) {
						for (const [cluster, vectors] of clusters.entries()) {
							const vector = vectors[round];
							if (vector !== undefined) {
								sums.add(vector, cluster);
							}
						}
					}
					expect(sums.count).toBe(clusters.length);
					const weights = [
						[0, 1 / sums.sum(0)],
						[1, -1 / sums.sum(1)],
					] as const;
					expect(sums.standardError(weights)).toBeCloseTo(errorOf(clusters), 6);
				},
			),
		);
	});

	it('take a vector without a cluster for one by itself', () => {
		const sums = new ClusterSums(2, [0, 1]);
		for (const vector of [
			[1, 2],
			[2, 2],
			[3, 5],
		]) {
			sums.add(vector, undefined);
		}
		expect(sums.count).toBe(3);
		const weights = [
			[0, 1 / 6],
			[1, -1 / 9],
		] as const;
		expect(sums.standardError(weights)).toBeCloseTo(errorOf([[[1, 2]], [[2, 2]], [[3, 5]]]), 12);
	});

	it('are read as they were while frozen', () => {
		const sums = new ClusterSums(1, [0]);
		sums.add([1], 0);
		sums.add([2], 1);
		sums.freeze();
		sums.add([5], 0);
		expect([sums.sum(0), sums.count]).toEqual([3, 2]);
		sums.thaw();
		expect([sums.sum(0), sums.count]).toEqual([8, 2]);
	});

	it('stay in bounded memory, however many clusters there are', () => {
		const sums = new ClusterSums(22, [0, 1], 1000);
		for (let cluster = 0; cluster < 10_000; cluster++) {
			sums.add(new Float64Array(22).fill(1), cluster);
		}
		expect(sums.count).toBeLessThan(200);
		expect(sums.sum(0)).toBe(10_000);
	});
});
