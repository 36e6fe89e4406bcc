import {expect, it} from 'vitest';
import type {Timeline} from '../../source/domain/snapshot.ts';
import {secondsToLimit} from '../../source/view/timeline.ts';

/** A minute in which so many requests were sent in each second. */
function timelineOf(perSecond: (second: number) => number): Timeline {
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
			timelineOf(() => 2),
			120,
			200,
		),
	).toBeNull();
});

it('a pace that has risen reaches it when the old seconds leave too slowly', () => {
	// Sent: 1 a second, then 5 a second for the last ten; 4 more come than go.
	const timeline = timelineOf((second) => (second < 50 ? 1 : 5));
	expect(left(timeline, 100, 140)).toBe(10);
	expect(left(timeline, 100, 140, 20)).toBe(5);
	expect(left(timeline, 100, 1000)).toBeNull();
});

it('at the limit already, without a pace, without a limit', () => {
	expect(
		left(
			timelineOf(() => 2),
			200,
			200,
		),
	).toBe(0);
	expect(
		left(
			timelineOf((second) => (second < 50 ? 4 : 0)),
			200,
			210,
		),
	).toBeNull();
	expect(
		left(
			timelineOf(() => 2),
			120,
			null,
		),
	).toBeNull();
});
