import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {Timeline} from '../../source/domain/snapshot.ts';
import {greatestValues, lastSecond, minuteSums} from '../../source/view/timeline.ts';

function timelineOf(requests: readonly number[], intervalSeconds = 1, firstSecond = 0): Timeline {
	return {
		intervalSeconds,
		points: requests.map((count, index) => ({
			second: firstSecond + index * intervalSeconds,
			target: 0,
			requests: count,
			quotaTokens: count * 10,
			reserved: 0,
			throttled: 0,
			inFlight: count,
		})),
	};
}

const query = (windowSeconds: number, endSecond: number, columns: number) => ({
	target: 0,
	windowSeconds,
	endSecond,
	columns,
});

describe('sums of a minute', () => {
	it('grow while the minute fills, then stay', () => {
		const timeline = timelineOf(Array.from({length: 120}, () => 1));
		expect(minuteSums(timeline, 'requests', query(120, 120, 4))).toEqual([30, 60, 60, 60]);
		expect(minuteSums(timeline, 'quotaTokens', query(60, 60, 2))).toEqual([300, 600]);
	});

	it('are unknown before the run', () => {
		const timeline = timelineOf([2, 2, 2]);
		expect(minuteSums(timeline, 'requests', query(6, 3, 6))).toEqual([null, null, null, 2, 4, 6]);
	});

	it('are the same whatever the interval of the timeline', () => {
		fc.assert(
			fc.property(fc.array(fc.nat(9), {minLength: 64, maxLength: 200}), (counts) => {
				const pairs = Array.from(
					{length: Math.floor(counts.length / 2)},
					(_, index) => (counts[2 * index] ?? 0) + (counts[2 * index + 1] ?? 0),
				);
				const end = pairs.length * 2;
				const fine = minuteSums(timelineOf(counts.slice(0, end)), 'requests', query(40, end, 10));
				const coarse = minuteSums(timelineOf(pairs, 2), 'requests', query(40, end, 10));
				expect(coarse).toEqual(fine);
			}),
		);
	});

	it('of points longer than a minute are brought down to one', () => {
		const timeline = timelineOf([240, 240, 240], 120);
		expect(minuteSums(timeline, 'requests', query(360, 360, 3))).toEqual([120, 120, 120]);
	});

	it('belong to their target', () => {
		const timeline = timelineOf([5, 5]);
		expect(minuteSums(timeline, 'requests', {...query(2, 2, 2), target: 1})).toEqual([null, null]);
	});
});

it('more columns than points repeat the points, without gaps between them', () => {
	const timeline = timelineOf([1, 2], 4);
	expect(greatestValues(timeline, 'inFlight', query(8, 8, 8))).toEqual([1, 1, 1, 1, 2, 2, 2, 2]);
});

it('behind the last point nothing happened: sums fall, what is in flight stays', () => {
	const timeline = timelineOf([6, 6, 6]);
	expect(minuteSums(timeline, 'requests', query(63, 63, 63)).slice(-4)).toEqual([18, 12, 6, 0]);
	expect(greatestValues(timeline, 'inFlight', query(6, 6, 6))).toEqual([6, 6, 6, 6, 6, 6]);
	expect(greatestValues(timeline, 'throttled', query(6, 6, 6))).toEqual([0, 0, 0, 0, 0, 0]);
});

it('the greatest of a column is shown, and missing points are gaps', () => {
	const {points} = timelineOf([1, 7, 0, 3, 2, 2]);
	const timeline = {intervalSeconds: 1, points: points.filter(({second}) => second !== 2 && second !== 3)};
	expect(greatestValues(timeline, 'inFlight', query(6, 6, 3))).toEqual([7, null, 2]);
});

it('the timeline ends with its last interval', () => {
	expect(lastSecond(timelineOf([1, 2, 3], 4))).toBe(12);
	expect(lastSecond(timelineOf([]))).toBe(0);
});
