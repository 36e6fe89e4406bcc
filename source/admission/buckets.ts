import type {Clock} from '../domain/clock.ts';
import type {RunSpec} from '../domain/run-spec.ts';
import type {LedgerEntry} from '../domain/use.ts';
import {Bucket} from './bucket.ts';

/**
 * The bucket of each target, in their order. Targets of the same base model, scope and Region share one: an application
 * profile and the model below it draw from the same quota.
 */
export const createBuckets = (
	{targets, windowMs, share, burst}: RunSpec,
	clock: Clock,
	initialUse: ReadonlyArray<readonly LedgerEntry[]> = [],
	roundTripMs?: () => number | undefined,
): readonly Bucket[] => {
	const buckets = new Map<string, Bucket>();
	return targets.map(({baseModel, scope, region, quota}, index) => {
		const key = JSON.stringify([baseModel, scope, region]);
		const known = buckets.get(key);
		if (known !== undefined) {
			return known;
		}
		const bucket = new Bucket({clock, quota, windowMs, share, burst, roundTripMs});
		bucket.takeOver(initialUse[index] ?? []);
		buckets.set(key, bucket);
		return bucket;
	});
};
