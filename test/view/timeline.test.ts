import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {Timeline} from '../../source/domain/snapshot.ts';
import {lastSecond, maxValues, minuteSums, secondsToLimit} from '../../source/view/timeline.ts';

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
	expect(maxValues(timeline, 'inFlight', query(8, 8, 8))).toEqual([1, 1, 1, 1, 2, 2, 2, 2]);
});

it('behind the last point nothing happened: sums fall, what is in flight stays', () => {
	const timeline = timelineOf([6, 6, 6]);
	expect(minuteSums(timeline, 'requests', query(63, 63, 63)).slice(-4)).toEqual([18, 12, 6, 0]);
	expect(maxValues(timeline, 'inFlight', query(6, 6, 6))).toEqual([6, 6, 6, 6, 6, 6]);
	expect(maxValues(timeline, 'throttled', query(6, 6, 6))).toEqual([0, 0, 0, 0, 0, 0]);
});

it('the greatest of a column is shown, and missing points are gaps', () => {
	const {points} = timelineOf([1, 7, 0, 3, 2, 2]);
	const timeline = {intervalSeconds: 1, points: points.filter(({second}) => second !== 2 && second !== 3)};
	expect(maxValues(timeline, 'inFlight', query(6, 6, 3))).toEqual([7, null, 2]);
});

it('the timeline ends with its last interval', () => {
	expect(lastSecond(timelineOf([1, 2, 3], 4))).toBe(12);
	expect(lastSecond(timelineOf([]))).toBe(0);
});

/** A minute in which so many requests were sent in each second. */
function perSecondTimeline(perSecond: (second: number) => number): Timeline {
	return {
		intervalSeconds: 1,
		points: Array.from({length: 60}, (_, second) => ({
			second,
			target: 0,
			requests: perSecond(second),
			quotaTokens: 0,
			reserved: 0,
			throttled: 0,
			inFlight: 0,
		})),
	};
}

const left = (timeline: Timeline, used: number, limit: number | null, reserved = 0) =>
	secondsToLimit(timeline, 0, 'requests', {used, reserved, limit}, 60);

it('a steady pace below the limit never reaches it: what is sent leaves again', () => {
	expect(
		left(
			perSecondTimeline(() => 2),
			120,
			200,
		),
	).toBeNull();
});

it('a pace that has risen reaches it when the old seconds leave too slowly', () => {
	// Sent: 1 a second, then 5 a second for the last ten; 4 more come than go.
	const timeline = perSecondTimeline((second) => (second < 50 ? 1 : 5));
	expect(left(timeline, 100, 140)).toBe(10);
	expect(left(timeline, 100, 140, 20)).toBe(5);
	expect(left(timeline, 100, 1000)).toBeNull();
});

it('at the limit already, without a pace, without a limit', () => {
	expect(
		left(
			perSecondTimeline(() => 2),
			200,
			200,
		),
	).toBe(0);
	expect(
		left(
			perSecondTimeline((second) => (second < 50 ? 4 : 0)),
			200,
			210,
		),
	).toBeNull();
	expect(
		left(
			perSecondTimeline(() => 2),
			120,
			null,
		),
	).toBeNull();
});
