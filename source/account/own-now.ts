import {bucketKey} from '../domain/account-map.ts';
import type {AccountBucket, AccountRegion, MinuteUse} from '../domain/account-snapshot.ts';
import type {Snapshot} from '../domain/snapshot.ts';

/** The account in real time: what a run of ours uses now, on top of what CloudWatch told minutes ago. */

/** Identifies a bucket over all Regions. */
export const rowId = ({region, key}: Pick<AccountBucket, 'region' | 'key'>): string => `${region} ${key}`;

/** What a run uses of each bucket now, by `rowId`: its ledger. */
export const ownUseOf = ({
	targets,
	buckets,
}: Pick<Snapshot, 'targets' | 'buckets'>): ReadonlyMap<string, MinuteUse> =>
	new Map(
		targets.flatMap((target, index) => {
			const bucket = buckets[index];
			return bucket === undefined
				? []
				: [
						[
							rowId({region: target.region, key: bucketKey(target)}),
							{
								requests: bucket.requests.used + bucket.requests.reserved,
								quotaTokens: bucket.tokens.used + bucket.tokens.reserved,
							},
						] as const,
					];
		}),
	);

/** A bucket while a run of ours goes on: its own part in real time, the rest as CloudWatch told it. */
export const withOwnUse = (bucket: AccountBucket, own: MinuteUse | undefined): AccountBucket => {
	if (own === undefined) {
		return bucket;
	}
	const {use, own: before} = bucket;
	return {
		...bucket,
		own,
		activity: own.requests > 0 ? 'active' : bucket.activity,
		use: {
			requests: use.requests - before.requests + own.requests,
			quotaTokens: use.quotaTokens - before.quotaTokens + own.quotaTokens,
		},
	};
};

/** A Region as it is now. @param run The run that goes on; undefined where none does. */
export const regionNow = (region: AccountRegion, run: Snapshot | undefined): AccountRegion => {
	if (run === undefined) {
		return region;
	}
	const own = ownUseOf(run);
	return {...region, buckets: region.buckets.map((bucket) => withOwnUse(bucket, own.get(rowId(bucket))))};
};
