import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {BucketState, Snapshot} from '../../source/domain/snapshot.ts';
import {bucketNow, nextTickMs, throttledSinceMs} from '../../source/view/selectors.ts';
import {initialState, type State} from '../../source/view/state.ts';
import {
	bucketFixture,
	configFixture,
	endedSnapshotFixture,
	pointsFixture,
	snapshotFixture,
} from '../helpers/snapshot-fixture.ts';

/** Tests source/view/selectors.ts: a bucket as it is now. */

const endedAt = '2026-03-01T10:02:34.000Z';
const endMs = Date.parse(endedAt);

/** The state `laterMs` after the snapshot of the end came. */
const stateAfter = (
	laterMs: number,
	bucket: Partial<BucketState> = {},
	snapshot: Partial<Snapshot> = {},
): State => ({
	...initialState({config: configFixture(), isDemo: true, startsAtOnce: true, nowMs: 0}),
	stage: {kind: 'ended'},
	snapshot: endedSnapshotFixture({
		at: endedAt,
		endedAt,
		timeline: {intervalSeconds: 1, points: pointsFixture(154)},
		buckets: [
			bucketFixture({
				requests: {used: 126, reserved: 3, limit: 200},
				tokens: {used: 144_900, reserved: 4200, limit: 200_000},
				...bucket,
			}),
		],
		...snapshot,
	}),
	snapshotMs: 1000,
	nowMs: 1000 + laterMs,
});

describe('a bucket after the end of a run', () => {
	it('loses what leaves the last minute, second by second, and is empty after it', () => {
		const used = Array.from(
			{length: 62},
			(_, second) => bucketNow(stateAfter(second * 1000), 0)?.requests.used,
		);
		expect(used[0]).toBeGreaterThan(100);
		expect(used).toEqual(used.toSorted((first, second) => Number(second) - Number(first)));
		expect(new Set(used).size).toBeGreaterThan(20);
		expect(used.at(-1)).toBe(0);
		expect(bucketNow(stateAfter(61_000), 0)?.tokens.used).toBe(0);
	});

	it('has nothing reserved, and never more in use than at the end', () => {
		fc.assert(
			fc.property(fc.nat(120_000), (laterMs) => {
				const bucket = bucketNow(stateAfter(laterMs), 0);
				expect(bucket).toMatchObject({inFlight: 0, requests: {reserved: 0}, tokens: {reserved: 0}});
				expect(bucket?.requests.used).toBeLessThanOrEqual(126);
			}),
		);
	});

	it('what a throttle showed of others holds for its minute; a figure of CloudWatch stays, with its age', () => {
		const throttled = {
			used: 20,
			reserved: 0,
			others: 150,
			limit: 200,
			throttledAt: '2026-03-01T10:02:14.000Z',
		};
		const byThrottle = {requests: throttled, others: {at: throttled.throttledAt, from: 'throttle'}} as const;
		const soon = bucketNow(stateAfter(39_000, byThrottle), 0);
		expect(soon?.requests).toMatchObject({others: 150, throttledAt: throttled.throttledAt});
		expect(soon?.others).toEqual(byThrottle.others);
		const later = bucketNow(stateAfter(40_000, byThrottle), 0);
		expect(later?.requests).not.toHaveProperty('others');
		expect(later?.requests).not.toHaveProperty('throttledAt');
		expect(later).not.toHaveProperty('others');
		const byCloudWatch = {
			requests: {used: 20, reserved: 0, others: 150, limit: 200},
			others: {at: '2026-03-01T10:00:00.000Z', from: 'cloudwatch'},
		} as const;
		expect(bucketNow(stateAfter(600_000, byCloudWatch), 0)).toMatchObject({
			requests: {others: 150},
			others: byCloudWatch.others,
		});
	});

	it('where a throttle showed those of one limit, those of the other stay as old as CloudWatch made them', () => {
		const throttled = {
			used: 20,
			reserved: 0,
			others: 150,
			limit: 200,
			throttledAt: '2026-03-01T10:02:14.000Z',
		};
		const reportedAt = '2026-03-01T10:00:00.000Z';
		const mixed = {
			requests: throttled,
			tokens: {used: 100, reserved: 0, others: 90_000, limit: 200_000},
			others: {at: throttled.throttledAt, from: 'throttle', reportedAt},
		} as const;
		expect(bucketNow(stateAfter(39_000, mixed), 0)).toMatchObject({
			requests: {others: 150},
			tokens: {others: 90_000},
			others: mixed.others,
		});
		const later = bucketNow(stateAfter(41_000, mixed), 0);
		expect(later?.requests).not.toHaveProperty('others');
		expect(later).toMatchObject({tokens: {others: 90_000}, others: {at: reportedAt, from: 'cloudwatch'}});
	});

	it('is that of the snapshot while the run goes, and where the snapshot does not say when it was made', () => {
		const running = stateAfter(30_000, {}, {phase: 'running', endedAt: null});
		expect(bucketNow(running, 0)).toBe(running.snapshot?.buckets[0]);
		const {at: _, ...undated} = endedSnapshotFixture({at: endedAt});
		const old = {...stateAfter(30_000), snapshot: undated};
		expect(bucketNow(old, 0)).toBe(undated.buckets[0]);
		expect(bucketNow(stateAfter(0), 7)).toBeUndefined();
	});

	it('frozen it stays as it was', () => {
		const state = stateAfter(0);
		const frozen = {
			...state,
			nowMs: 91_000,
			frozen: {snapshot: state.snapshot ?? snapshotFixture(), sinceMs: 1000},
		};
		expect(bucketNow(frozen, 0)?.requests.used).toBe(bucketNow(state, 0)?.requests.used);
	});

	it('ticks while it ages, and no longer', () => {
		expect(nextTickMs(stateAfter(10_000))).toBe(1000);
		expect(nextTickMs(stateAfter(61_000))).toBeUndefined();
		// The age of others' use is in whole minutes: one tick for each.
		const others = {at: '2026-03-01T10:00:30.000Z', from: 'cloudwatch'} as const;
		const requests = {used: 0, reserved: 0, others: 9, limit: 200};
		expect(nextTickMs(stateAfter(61_000, {requests, others}))).toBe(55_000);
	});
});

it('a throttle counts for a minute, and one that the clock puts into the future as now', () => {
	const gauge = {used: 0, reserved: 0, limit: 1, throttledAt: endedAt};
	expect(throttledSinceMs(gauge, endMs + 59_999)).toBe(59_999);
	expect(throttledSinceMs(gauge, endMs + 60_000)).toBeUndefined();
	expect(throttledSinceMs(gauge, endMs - 5000)).toBe(0);
	expect(throttledSinceMs(gauge, undefined)).toBeUndefined();
	expect(throttledSinceMs({used: 0, reserved: 0, limit: 1}, endMs)).toBeUndefined();
});
