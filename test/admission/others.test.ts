import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {Bucket} from '../../source/admission/bucket.ts';
import type {Reservation} from '../../source/admission/ledger.ts';
import {freeRateOf} from '../../source/admission/run-buckets.ts';
import {leftBeside} from '../../source/domain/bucket-usage.ts';
import {OthersLog} from '../../source/metrics/figures/timeline.ts';
import {FakeClock} from '../helpers/fake-clock.ts';
import {quotaOf} from '../helpers/spec-fixture.ts';

/** Tests source/admission/bucket-limits.ts with others in a bucket: what is shown of them, when there is room beside them, and the rate that they leave. */

const windowMs = 60_000;
const cost = {reserved: 100, setAside: 100, max: 100, likelyMax: 100};

const setUp = (requests: number | null = 50, tokens: number | null = null, share = 1) => {
	const clock = new FakeClock();
	const bucket = new Bucket({clock, quota: quotaOf(requests, tokens), windowMs, share, burst: 'full'});
	const send = (): Reservation => {
		const admission = bucket.admit(cost, 'normal');
		if (admission.kind !== 'admitted') {
			throw new Error(`not admitted: ${admission.kind}`);
		}
		return admission.reservation;
	};
	/** Requests that are answered at once. */
	const use = (count: number): void => {
		for (let sent = 0; sent < count; sent++) {
			bucket.settle(send(), cost.reserved);
		}
	};
	const shown = () => bucket.limits.shownOthers(clock.now(), 'requests');
	return {clock, bucket, send, use, shown};
};

describe("others' use as the gauges show it", () => {
	it('is not known before a report or a throttle', () => {
		const {use, shown} = setUp();
		use(10);
		expect(shown()).toBeUndefined();
	});

	it('is what was reported, with its time, until something newer says more', () => {
		const {clock, bucket, shown} = setUp();
		bucket.limits.setOthersUse({requests: 20, tokens: 0}, 123_000);
		clock.skip(90_000);
		expect(shown()).toEqual({use: 20, reportedAt: 123_000});
	});

	it('a throttle that our own use does not explain raises it at once to the rest of the quota', () => {
		const {clock, bucket, send, use, shown} = setUp();
		bucket.limits.setOthersUse({requests: 20, tokens: 0}, 123_000);
		use(10);
		const refused = send();
		clock.skip(200);
		bucket.throttled(refused, 'requests');
		// 40 of 50, with a margin of a fortieth.
		expect(shown()).toEqual({use: 41.25, throttledAt: 200});
	});

	it('falls as our share grows back, down to what was reported', () => {
		const {clock, bucket, send, use, shown} = setUp();
		bucket.limits.setOthersUse({requests: 20, tokens: 0}, 123_000);
		use(10);
		bucket.throttled(send(), 'requests');
		const values = Array.from({length: 60}, () => {
			clock.skip(1000);
			return shown()?.use ?? Number.NaN;
		});
		expect(values).toEqual(values.toSorted((first, second) => second - first));
		expect(values[9]).toBeGreaterThan(39);
		expect(values.at(-1)).toBe(20);
		expect(shown()).toHaveProperty('reportedAt', 123_000);
	});

	it('a throttle that our own use explains says nothing of others', () => {
		const {bucket, send, use, shown} = setUp();
		use(49);
		bucket.throttled(send(), 'requests');
		// The ledger had room for it, so what others use is one request at most.
		expect(shown()?.use).toBeLessThanOrEqual(1 + 50 / 40);
		const full = setUp();
		full.use(50);
		expect(full.bucket.admit(cost, 'normal').kind).toBe('wait');
		expect(full.shown()).toBeUndefined();
	});

	it('with a share it is still the rest of the whole quota', () => {
		const {bucket, send, use, shown} = setUp(50, null, 0.5);
		use(10);
		bucket.throttled(send(), 'requests');
		expect(shown()?.use).toBe(41.25);
	});
});

describe('what is left beside others', () => {
	it.each([
		// limit, share, others: left
		[50, 1, 0, 50],
		[50, 1, 47, 3],
		[50, 0.5, 20, 25],
		[50, 0.5, 30, 20],
		[50, 0.5, 60, -10],
		// Over the quota on purpose.
		[50, 1.5, 20, 55],
	])('%f with share %f beside %f: %f', (limit, share, others, left) => {
		expect(leftBeside(limit, share, others)).toBe(left);
		const {clock, bucket} = setUp(limit, null, share);
		bucket.limits.setOthersUse({requests: others, tokens: 0});
		expect(bucket.limits.open(clock.now()).requests).toBe(left);
	});

	it('never more than the share, never more than the quota less the others', () => {
		fc.assert(
			fc.property(
				fc.integer({min: 1, max: 1000}),
				fc.double({min: 0.01, max: 1, noNaN: true}),
				fc.double({min: 0, max: 1500, noNaN: true}),
				(limit, share, others) => {
					const left = leftBeside(limit, share, others);
					expect(left).toBeLessThanOrEqual(limit * share);
					expect(left).toBeLessThanOrEqual(limit - others);
					expect(left === limit * share || left === limit - others).toBe(true);
				},
			),
		);
	});
});

describe('two programs of the user beside others', () => {
	it('share what these leave: none starves, and together they stay below the quota', () => {
		fc.assert(
			fc.property(
				fc.integer({min: 0, max: 50}),
				fc.double({min: 0, max: 50, noNaN: true}),
				(part, others) => {
					const open = [part, 50 - part].map((requests) => {
						const {clock, bucket} = setUp(50);
						bucket.limits.setPart({requests, tokens: null});
						bucket.limits.setOthersUse({requests: others, tokens: 0});
						expect(bucket.limits.othersUse(clock.now()).requests).toBe(others);
						return bucket.limits.open(clock.now()).requests ?? Number.NaN;
					});
					expect(Math.min(...open)).toBeGreaterThanOrEqual(-1e-9);
					expect(open.reduce((sum, each) => sum + each, 0)).toBeCloseTo(50 - others, 6);
				},
			),
		);
	});
});

describe('when the next request will likely be sent', () => {
	it('is not said while nothing waits', () => {
		const {bucket, use} = setUp();
		expect(bucket.likelyRoomMs).toBeUndefined();
		use(3);
		expect(bucket.likelyRoomMs).toBeUndefined();
	});

	it('is when the oldest request leaves the minute', () => {
		const {clock, bucket, use} = setUp(3);
		use(1);
		clock.skip(20_000);
		use(2);
		clock.skip(10_000);
		expect(bucket.admit(cost, 'normal').kind).toBe('wait');
		expect(Math.abs((bucket.likelyRoomMs ?? 0) - 30_000)).toBeLessThan(200);
	});

	it('goes by what others leave, and by how their estimate falls: it is sent then', () => {
		const {clock, bucket, send, use} = setUp(50);
		use(10);
		// The first throttle is blamed on the burst; requests are paced from then on, and the next shows others.
		bucket.throttled(send(), 'requests');
		clock.skip(15_000);
		bucket.throttled(send(), 'requests');
		clock.skip(1500);
		expect(bucket.admit(cost, 'normal').kind).toBe('wait');
		const likelyMs = bucket.likelyRoomMs ?? Number.NaN;
		expect(likelyMs).toBeGreaterThan(1000);
		expect(likelyMs).toBeLessThan(windowMs);
		clock.skip(likelyMs - 300);
		expect(bucket.admit(cost, 'normal').kind).toBe('wait');
		clock.skip(600);
		expect(bucket.admit(cost, 'normal').kind).toBe('admitted');
	});

	it('is not known where others leave nothing, and where it depends on answers', () => {
		const {bucket} = setUp(50);
		bucket.limits.setOthersUse({requests: 50, tokens: 0});
		expect(bucket.admit(cost, 'normal').kind).toBe('wait');
		expect(bucket.likelyRoomMs).toBeUndefined();
		const open = setUp(null, 100);
		open.send();
		expect(open.bucket.admit(cost, 'normal').kind).toBe('wait');
		expect(open.bucket.likelyRoomMs).toBeUndefined();
	});
});

describe('the rate that is free', () => {
	it('is that of the dimension that leaves less, in requests as they were so far', () => {
		const {clock, bucket, use} = setUp(50, 3000);
		expect(freeRateOf(bucket, clock.now())).toEqual({now: 50, perWindow: 50});
		use(4);
		// 100 tokens each: 30 per minute, of which 26 have room now.
		expect(freeRateOf(bucket, clock.now())).toEqual({now: 26, perWindow: 30});
		bucket.limits.setOthersUse({requests: 47, tokens: 0});
		expect(freeRateOf(bucket, clock.now())).toEqual({now: 0, perWindow: 3});
		bucket.limits.setOthersUse({requests: 0, tokens: 2900});
		expect(freeRateOf(bucket, clock.now())).toEqual({now: 0, perWindow: 1});
	});

	it('lasts: while the estimate of others falls, they are expected as they were last seen', () => {
		const {clock, bucket, send, use} = setUp(50);
		use(10);
		bucket.throttled(send(), 'requests');
		clock.skip(15_000);
		bucket.throttled(send(), 'requests');
		clock.skip(40_000);
		const {perWindow = Number.NaN, now = Number.NaN} = freeRateOf(bucket, clock.now()) ?? {};
		expect(perWindow).toBe(10);
		expect(now).toBeGreaterThan(5);
		clock.skip(4 * windowMs);
		expect(freeRateOf(bucket, clock.now())).toEqual({now: 50, perWindow: 50});
	});

	it('is never negative, and unknown where nothing limits', () => {
		const {clock, bucket} = setUp(50);
		bucket.limits.setOthersUse({requests: 80, tokens: 0});
		expect(freeRateOf(bucket, clock.now())).toEqual({now: 0, perWindow: 0});
		expect(freeRateOf(setUp(null).bucket, 0)).toBeUndefined();
	});
});

describe('the log of what others used', () => {
	const begin = Date.UTC(2026, 0, 1, 12);
	const reading = (requests: number | null, tokens: number | null, target = 0) => ({
		target,
		requestsPerMinute: requests,
		quotaTokensPerMinute: tokens,
	});

	it('keeps of each target and minute the greatest figure of each dimension', () => {
		const log = new OthersLog();
		log.add(reading(20, 3000), begin);
		log.add(reading(30, null), begin + 20_000);
		log.add(reading(null, 5000), begin + 59_999);
		log.add(reading(4, 100), begin + 60_000);
		log.add(reading(7, 700, 1), begin);
		expect(log.readings).toEqual(
			[
				{...reading(30, 5000), at: '2026-01-01T12:00:59.999Z'},
				{...reading(7, 700, 1), at: '2026-01-01T12:00:00.000Z'},
				{...reading(4, 100), at: '2026-01-01T12:01:00.000Z'},
			].sort((first, second) => first.at.localeCompare(second.at)),
		);
	});

	it('does not grow beyond two hours of minutes for each target, and stays in order', () => {
		const log = new OthersLog();
		for (let minute = 0; minute < 500; minute++) {
			log.add(reading(minute, null), begin + minute * 60_000);
			log.add(reading(minute, null, 1), begin + minute * 60_000);
		}
		expect(log.readings).toHaveLength(240);
		expect(log.readings[0]?.requestsPerMinute).toBe(380);
		const times = log.readings.map(({at}) => at);
		expect(times).toEqual(times.toSorted());
	});
});
