import {describe, expect, it} from 'vitest';
import {nearestRoom, outlookOf} from '../../source/account/outlook.ts';
import type {AccountBucket} from '../../source/domain/account-snapshot.ts';
import {accountBucketFixture, fixtureMinute} from '../helpers/account-fixture.ts';
import {limitFixture} from '../helpers/snapshot-fixture.ts';

const minuteMs = 60_000;
const nowMs = fixtureMinute + 3 * minuteMs;

/** An hour of minutes with 50 requests and 200k tokens allowed; the last two are not whole yet. */
const bucketOf = (
	requestsAt: (minute: number) => number,
	more: Partial<AccountBucket> = {},
	perRequest = 1000,
): AccountBucket => {
	const requests = Array.from({length: 62}, (_unused, at) => (at < 60 ? requestsAt(at) : 0));
	const last = requests[59] ?? 0;
	return accountBucketFixture({
		use: {requests: last, quotaTokens: last * perRequest},
		series: {requests, quotaTokens: requests.map((each) => each * perRequest)},
		quota: {
			requestsPerMinute: limitFixture(50),
			tokensPerMinute: limitFixture(200_000),
			tokensPerDay: limitFixture(null),
		},
		...more,
	});
};

describe('what is left', () => {
	it('is of the limit that is nearer', () => {
		expect(nearestRoom(bucketOf(() => 47))).toMatchObject({
			kind: 'requestsPerMinute',
			left: 3,
			isFull: false,
		});
		expect(nearestRoom(bucketOf(() => 40, {}, 4500))).toMatchObject({kind: 'tokensPerMinute', left: 20_000});
	});

	it('is nothing where not one more request of the usual size fits', () => {
		expect(nearestRoom(bucketOf(() => 47, {}, 4200))).toMatchObject({kind: 'tokensPerMinute', isFull: true});
	});

	it('is of the day where that is used up', () => {
		const quota = {...bucketOf(() => 0).quota, tokensPerDay: limitFixture(2_000_000)};
		const room = nearestRoom(bucketOf(() => 10, {quota, dayTokens: 35_000_000}));
		expect(room).toMatchObject({kind: 'tokensPerDay', left: 0, isFull: true});
	});

	it('is not known without figures or limits', () => {
		expect(nearestRoom(bucketOf(() => 0, {minute: null}))).toBeUndefined();
		const unknown = {...limitFixture(null), state: 'unknown' as const};
		const quota = {requestsPerMinute: unknown, tokensPerMinute: unknown, tokensPerDay: unknown};
		expect(nearestRoom(bucketOf(() => 10, {quota}))).toBeUndefined();
	});
});

describe('when it is used up', () => {
	it('is since the first full minute, over one minute that was not', () => {
		const bucket = bucketOf((at) => (at < 50 || at === 55 ? 20 : 50));
		expect(outlookOf(bucket, nowMs)).toEqual({
			type: 'full',
			kind: 'requestsPerMinute',
			atMs: fixtureMinute - 9 * minuteMs,
		});
		expect(
			outlookOf(
				bucketOf(() => 50),
				nowMs,
			),
		).toMatchObject({type: 'full', atMs: null});
	});

	it('follows a trend that rises', () => {
		// 1 more per minute: 45 in the last whole minute, 50 five minutes later.
		const outlook = outlookOf(
			bucketOf((at) => Math.max(0, at - 14)),
			nowMs,
		);
		expect(outlook).toMatchObject({type: 'rising', kind: 'requestsPerMinute'});
		expect(outlook?.atMs).toBeCloseTo(fixtureMinute + 6 * minuteMs, -2);
	});

	it('is not said of what is level, falls, or only scatters', () => {
		expect(
			outlookOf(
				bucketOf(() => 30),
				nowMs,
			),
		).toBeUndefined();
		expect(
			outlookOf(
				bucketOf((at) => 60 - at),
				nowMs,
			),
		).toBeUndefined();
		expect(
			outlookOf(
				bucketOf((at) => 20 + ((at * 7919) % 13)),
				nowMs,
			),
		).toBeUndefined();
	});

	it('is the time of day when the quota of the day ends, at the pace of its use', () => {
		const quota = {...bucketOf(() => 0).quota, tokensPerDay: limitFixture(10_000_000)};
		const left = 10_000 * 90;
		const dayPace = {perMinute: 10_000, wholeToMs: nowMs, newestTokens: 0};
		const bucket = bucketOf(() => 10, {quota, dayTokens: 10_000_000 - left, dayPace});
		expect(outlookOf(bucket, nowMs)).toEqual({
			type: 'rising',
			kind: 'tokensPerDay',
			atMs: nowMs + 90 * minuteMs,
		});
		expect(outlookOf({...bucket, dayTokens: 0}, nowMs)).toBeUndefined();
	});
});
