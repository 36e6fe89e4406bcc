import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {type Bucket, createBucket, type Enforcement} from '../../source/simulator/enforcement.ts';
import type {SimulatorOptions} from '../../source/simulator/options.ts';

/** Tests source/simulator/enforcement.ts with the times of a fake clock. */

const windowMs = 1000;
const limits = {requestsPerMinute: 10, tokensPerMinute: 500, tokensPerDay: undefined};

const bucketOf = (enforcement: SimulatorOptions['enforcement']): Bucket =>
	createBucket(limits, {enforcement, windowMs} satisfies Enforcement);

type Arrival = {
	readonly gapMs: number;
	readonly reserved: number;
	readonly part: number;
	readonly lastsMs: number;
};

const arrivals = fc.array(
	fc.record({
		gapMs: fc.oneof(fc.constant(0), fc.integer({min: 0, max: 400})),
		reserved: fc.integer({min: 1, max: 300}),
		/** Settled part of the reservation; never more than it. */
		part: fc.double({min: 0, max: 1, noNaN: true}),
		lastsMs: fc.integer({min: 0, max: 1500}),
	}),
	{minLength: 1, maxLength: 120},
);

/** What was counted: when, and how much from when to when. */
type Counted = {
	readonly atMs: number;
	readonly settledAtMs: number;
	readonly reserved: number;
	readonly settled: number;
};

type Event = {readonly atMs: number; readonly run: () => void};

/** Drives a bucket with arrivals and settlements in the order of time. */
const drive = (bucket: Bucket, requests: readonly Arrival[]): {counted: Counted[]; throttled: number} => {
	const counted: Counted[] = [];
	let throttled = 0;
	const queue: Event[] = [];
	let atMs = 0;
	for (const {gapMs, reserved, part, lastsMs} of requests) {
		atMs += gapMs;
		const arrivesAtMs = atMs;
		queue.push({
			atMs: arrivesAtMs,
			run() {
				const admission = bucket.admit(arrivesAtMs, reserved);
				if (!admission.isAdmitted) {
					throttled++;
					return;
				}
				const settled = Math.floor(reserved * part);
				const settledAtMs = arrivesAtMs + lastsMs;
				counted.push({atMs: arrivesAtMs, settledAtMs, reserved, settled});
				queue.push({atMs: settledAtMs, run: () => admission.settle(settledAtMs, settled)});
			},
		});
	}
	while (queue.length > 0) {
		const next = queue.reduce((first, event) => (event.atMs < first.atMs ? event : first));
		queue.splice(queue.indexOf(next), 1);
		next.run();
	}
	return {counted, throttled};
};

/** Tokens of a request as they count at a moment. */
const countsAt = (request: Counted, nowMs: number): number =>
	nowMs < request.settledAtMs ? request.reserved : request.settled;

const sumOf = (requests: readonly Counted[], nowMs: number): number =>
	requests.reduce((sum, request) => sum + countsAt(request, nowMs), 0);

describe('sliding enforcement', () => {
	it('never counts more than the quota in any window', () => {
		fc.assert(
			fc.property(arrivals, (requests) => {
				const {counted} = drive(bucketOf('sliding'), requests);
				for (const {atMs} of counted) {
					const inWindow = counted.filter((one) => one.atMs <= atMs && atMs - one.atMs < windowMs);
					expect(inWindow.length).toBeLessThanOrEqual(limits.requestsPerMinute);
					expect(sumOf(inWindow, atMs)).toBeLessThanOrEqual(limits.tokensPerMinute);
				}
			}),
		);
	});

	it('throttles only what does not fit', () => {
		fc.assert(
			fc.property(arrivals, (requests) => {
				const bucket = bucketOf('sliding');
				const {throttled} = drive(bucket, requests);
				const total = requests.reduce((sum, request) => sum + request.reserved, 0);
				if (requests.length <= limits.requestsPerMinute && total <= limits.tokensPerMinute) {
					expect(throttled).toBe(0);
				}
			}),
		);
	});

	it('has room again exactly when the oldest request is one window old', () => {
		const bucket = bucketOf('sliding');
		for (let request = 0; request < 10; request++) {
			expect(bucket.admit(request, 1).isAdmitted).toBe(true);
		}
		expect(bucket.admit(999, 1)).toEqual({isAdmitted: false, throttle: 'requests'});
		expect(bucket.admit(1000, 1).isAdmitted).toBe(true);
		expect(bucket.admit(1000, 1).isAdmitted).toBe(false);
	});
});

describe('fixed enforcement', () => {
	it('never counts more than the quota in a window', () => {
		fc.assert(
			fc.property(arrivals, (requests) => {
				const {counted} = drive(bucketOf('fixed'), requests);
				for (const {atMs} of counted) {
					const window = Math.floor(atMs / windowMs);
					const inWindow = counted.filter(
						(one) => Math.floor(one.atMs / windowMs) === window && one.atMs <= atMs,
					);
					expect(inWindow.length).toBeLessThanOrEqual(limits.requestsPerMinute);
					expect(sumOf(inWindow, atMs)).toBeLessThanOrEqual(limits.tokensPerMinute);
				}
			}),
		);
	});

	it('begins empty with every window', () => {
		const bucket = bucketOf('fixed');
		expect(bucket.admit(999, 500).isAdmitted).toBe(true);
		expect(bucket.admit(999, 1)).toEqual({isAdmitted: false, throttle: 'tokens'});
		expect(bucket.admit(1000, 500).isAdmitted).toBe(true);
	});

	it('gives nothing back to a window that is over', () => {
		const bucket = bucketOf('fixed');
		const first = bucket.admit(900, 500);
		expect(bucket.admit(1100, 300).isAdmitted).toBe(true);
		if (first.isAdmitted) {
			first.settle(1200, 0);
		}
		expect(bucket.admit(1300, 201)).toEqual({isAdmitted: false, throttle: 'tokens'});
		expect(bucket.admit(1300, 200).isAdmitted).toBe(true);
	});
});

describe('refilling enforcement', () => {
	it('never lets through more than a full bucket and what flowed in', () => {
		fc.assert(
			fc.property(arrivals, (requests) => {
				// Settled as reserved, so that nothing flows back.
				const {counted} = drive(
					bucketOf('refill'),
					requests.map((request) => ({...request, part: 1})),
				);
				for (const from of counted) {
					for (const to of counted) {
						const lastsMs = to.atMs - from.atMs;
						if (lastsMs < 0) {
							continue;
						}
						const between = counted.filter((one) => one.atMs >= from.atMs && one.atMs <= to.atMs);
						const share = 1 + lastsMs / windowMs;
						expect(between.length).toBeLessThanOrEqual(limits.requestsPerMinute * share + 1e-3);
						expect(sumOf(between, to.atMs)).toBeLessThanOrEqual(limits.tokensPerMinute * share + 1e-3);
					}
				}
			}),
		);
	});

	it('refills evenly and never above the quota', () => {
		const bucket = bucketOf('refill');
		expect(bucket.admit(0, 500).isAdmitted).toBe(true);
		expect(bucket.admit(499, 250).isAdmitted).toBe(false);
		expect(bucket.admit(500, 250).isAdmitted).toBe(true);
		expect(bucket.admit(90_000, 501).isAdmitted).toBe(false);
		expect(bucket.admit(90_000, 500).isAdmitted).toBe(true);
	});
});

describe.each(['sliding', 'fixed', 'refill'] as const)('%s enforcement', (enforcement) => {
	it('gives back what a request did not use', () => {
		const bucket = bucketOf(enforcement);
		const first = bucket.admit(0, 450);
		expect(bucket.admit(10, 100).isAdmitted).toBe(false);
		if (first.isAdmitted) {
			first.settle(10, 50);
		}
		expect(bucket.admit(10, 450).isAdmitted).toBe(true);
	});

	it('charges an overrun at once', () => {
		const bucket = bucketOf(enforcement);
		const first = bucket.admit(0, 100);
		if (first.isAdmitted) {
			first.settle(10, 480);
		}
		expect(bucket.admit(10, 100)).toEqual({isAdmitted: false, throttle: 'tokens'});
	});

	it('settles once, however often it is told', () => {
		const bucket = bucketOf(enforcement);
		const first = bucket.admit(0, 400);
		if (first.isAdmitted) {
			first.settle(10, 300);
			first.settle(20, 0);
		}
		expect(bucket.admit(20, 250).isAdmitted).toBe(false);
	});

	it('never admits a request larger than the bucket', () => {
		const bucket = bucketOf(enforcement);
		for (const atMs of [0, 5000, 100_000]) {
			expect(bucket.admit(atMs, 501)).toEqual({isAdmitted: false, throttle: 'tokens'});
		}
	});

	it('does not count what it throttled', () => {
		const bucket = bucketOf(enforcement);
		for (let attempt = 0; attempt < 50; attempt++) {
			bucket.admit(0, 501);
		}
		expect(bucket.admit(0, 500).isAdmitted).toBe(true);
	});

	it('refuses all where the account was given nothing, and names the day', () => {
		const bucket = createBucket(
			{requestsPerMinute: 0, tokensPerMinute: 0, tokensPerDay: 0},
			{enforcement, windowMs},
		);
		expect(bucket.admit(0, 1)).toEqual({isAdmitted: false, throttle: 'day'});
	});

	it('has no limit where the service sets none', () => {
		const bucket = createBucket(
			{requestsPerMinute: undefined, tokensPerMinute: 100_000, tokensPerDay: undefined},
			{enforcement, windowMs},
		);
		for (let request = 0; request < 1000; request++) {
			expect(bucket.admit(0, 1).isAdmitted).toBe(true);
		}
	});
});
