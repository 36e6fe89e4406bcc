/** Tests source/admission/ledger-account.ts: a quota that refills. */
import {describe, expect, it} from 'vitest';
import {Bucket} from '../../source/admission/bucket.ts';
import {TokenBucketModel} from '../../source/admission/ledger-account.ts';
import {FakeClock} from '../helpers/fake-clock.ts';
import {quotaOf} from '../helpers/spec-fixture.ts';

describe('RefillMirror', () => {
	it('is full before anything was settled', () => {
		expect(new TokenBucketModel(600, 60_000).roomIn(5, 600)).toBe(0);
	});

	it('refills evenly over a window', () => {
		const mirror = new TokenBucketModel(600, 60_000);
		mirror.settle(0, 600);
		expect(mirror.roomIn(0, 100)).toBe(10_000);
		expect(mirror.roomIn(10_000, 100)).toBe(0);
		expect(mirror.roomIn(10_000, 600)).toBe(50_000);
	});

	it('of a bucket starts from what other runs used, however often that is read', async () => {
		const clock = new FakeClock();
		const quota = quotaOf(null, 600);
		const bucket = new Bucket({clock, quota, windowMs: 60_000, share: 1, burst: 'full'});
		const cost = {reserved: 100, setAside: 100, max: 100, likelyMax: 100};
		const use = [{at: clock.epoch() - 1000, requests: 1, tokens: 1500, ended: 1500}];
		bucket.takeOver(use);
		bucket.clear();
		bucket.takeOver(use);
		expect(bucket.ledger.use().tokens).toBe(1500);
		// Its window is over after a minute, the debt of 900 tokens is not.
		const admitted = [];
		for (let second = 0; second < 150 && admitted.length === 0; second++) {
			if (bucket.admit(cost, 'normal').kind === 'admitted') {
				admitted.push(second);
			}
			await clock.advance(1000);
		}
		expect(admitted[0]).toBeGreaterThan(90);
	});

	it('pays a debt back for longer than a window', () => {
		const mirror = new TokenBucketModel(600, 60_000);
		mirror.settle(0, 1500);
		expect(mirror.roomIn(60_000, 1)).toBeCloseTo(30_100, 5);
		expect(mirror.roomIn(150_000, 600)).toBe(0);
	});

	it('never holds more than it can', () => {
		const mirror = new TokenBucketModel(600, 60_000);
		mirror.settle(0, 1);
		expect(mirror.roomIn(1e9, 601)).toBe(Number.POSITIVE_INFINITY);
	});
});
