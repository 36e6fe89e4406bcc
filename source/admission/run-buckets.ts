import {bucketKey} from '../domain/account-snapshot.ts';
import type {LedgerEntry} from '../domain/bucket-usage.ts';
import type {Clock} from '../domain/clock.ts';
import type {RunSpec} from '../domain/run-spec.ts';
import {Bucket} from './bucket.ts';

/**
 * The bucket of each target, in their order. Targets of the same base model, scope and Region share one: an application
 * profile and the model below it draw from the same quota.
 */
export function createBuckets(
	{targets, windowMs, share, burst}: RunSpec,
	clock: Clock,
	initialUse: ReadonlyArray<readonly LedgerEntry[]> = [],
	roundTripMs?: () => number | undefined,
): readonly Bucket[] {
	const buckets = new Map<string, Bucket>();
	return targets.map((target, index) => {
		const {region, quota} = target;
		const key = `${region} ${bucketKey(target)}`;
		const known = buckets.get(key);
		if (known !== undefined) {
			return known;
		}
		const bucket = new Bucket({clock, quota, windowMs, share, burst, roundTripMs});
		bucket.takeOver(initialUse[index] ?? []);
		buckets.set(key, bucket);
		return bucket;
	});
}

/** What the free part of a bucket allows: requests at once, and requests per window from then on. */
type FreeRate = {readonly now: number; readonly perWindow: number};

/**
 * What a bucket has left for more requests of the kind that it has settled so far: now, and as long as others use what
 * they were seen to use.
 * @returns Undefined where nothing limits it.
 */
export function freeRateOf(bucket: Bucket, now: number): FreeRate | undefined {
	const {requests, tokens} = bucket.limits.open(now);
	const lasting = bucket.limits.lasting(now);
	const use = bucket.ledger.use();
	const each = bucket.meanTokens;
	const rates = [
		...(requests === null ? [] : [{now: requests - use.requests, perWindow: lasting.requests ?? requests}]),
		...(tokens === null || each === undefined || each <= 0
			? []
			: [{now: (tokens - use.tokens) / each, perWindow: (lasting.tokens ?? tokens) / each}]),
	].map((rate) => ({now: Math.max(0, rate.now), perWindow: Math.max(0, rate.perWindow)}));
	return rates.length === 0
		? undefined
		: {
				now: Math.min(...rates.map((rate) => rate.now)),
				perWindow: Math.min(...rates.map(({perWindow}) => perWindow)),
			};
}
