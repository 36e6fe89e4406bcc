import {
	type AccountBucket,
	type AccountRegion,
	bucketKey,
	incompleteMinutes,
	type MinuteUse,
} from '../domain/account-snapshot.ts';
import type {MinuteOfUse, Use} from '../domain/bucket-usage.ts';
import type {BucketState, Snapshot} from '../domain/snapshot.ts';
import type {Target} from '../domain/target.ts';
import {keptMinutes, MinuteRing, minuteMs} from './usage-history.ts';

/** One answer of a run of ours. */
type OwnAnswer = {
	/** When its last byte came, in milliseconds since 1970 by the service's clock: its metrics are of that minute. */
	readonly at: number;
	readonly quotaTokens: number;
};

type OwnRings = {readonly requests: MinuteRing; readonly quotaTokens: MinuteRing};

/** What our own runs used of each bucket, by the minutes in which CloudWatch counts it, so that it is counted once. */
export class OwnUse {
	readonly #buckets = new Map<string, OwnRings>();
	readonly #elsewhere = new Map<string, readonly MinuteOfUse[]>();
	readonly #totals = new Map<string, number>();

	/** @param bucket Key of the bucket. */
	add(bucket: string, {at, quotaTokens}: OwnAnswer): void {
		const rings = this.#buckets.get(bucket) ?? {
			requests: new MinuteRing(keptMinutes),
			quotaTokens: new MinuteRing(keptMinutes),
		};
		this.#buckets.set(bucket, rings);
		rings.requests.set(at, rings.requests.get(at) + 1);
		rings.quotaTokens.set(at, rings.quotaTokens.get(at) + quotaTokens);
		this.#totals.set(bucket, this.total(bucket) + quotaTokens);
	}

	/** What other programs of the user had answered of a bucket, in place of what was known of it before. */
	setElsewhere(bucket: string, minutes: readonly MinuteOfUse[]): void {
		this.#elsewhere.set(bucket, minutes);
	}

	/** Quota tokens of all answers so far. */
	total(bucket: string): number {
		return this.#totals.get(bucket) ?? 0;
	}

	/** Quota tokens of the answers in the minutes after the one that begins at `minute`. */
	tokensAfter(bucket: string, minute: number): number {
		const ring = this.#buckets.get(bucket)?.quotaTokens;
		return ring?.sum(minute + minuteMs, minute + keptMinutes * minuteMs) ?? 0;
	}

	/** Requests and quota tokens of the minute that begins at `minute`. */
	at(bucket: string, minute: number): {readonly requests: number; readonly tokens: number} {
		const rings = this.#buckets.get(bucket);
		let [requests, tokens] = [rings?.requests.get(minute) ?? 0, rings?.quotaTokens.get(minute) ?? 0];
		for (const elsewhere of this.#elsewhere.get(bucket) ?? []) {
			if (elsewhere.at === minute) {
				requests += elsewhere.requests;
				tokens += elsewhere.tokens;
			}
		}
		return {requests, tokens};
	}
}

/**
 * Quota tokens of the day that a run of ours did not use. What CloudWatch told up to its newest whole minute is held against
 * what the run used up to there: the minutes after it are not whole, and the run counts them itself.
 * @param ownTotal Quota tokens of the run so far.
 * @returns null where the day is not known.
 */
export function othersToday(
	{key, dayTokens, minute, series}: Pick<AccountBucket, 'key' | 'dayTokens' | 'minute' | 'series'>,
	own: OwnUse,
	ownTotal: number,
): number | null {
	if (dayTokens === null || minute === null) {
		return null;
	}
	const later = series.quotaTokens.slice(-incompleteMinutes).reduce((sum, tokens) => sum + tokens, 0);
	const ownTold = Math.max(0, ownTotal - own.tokensAfter(key, minute));
	return Math.max(0, dayTokens - later - ownTold);
}

/** A run as the account monitor knows it. */
type FollowedRun = {
	readonly targets: readonly Target[];
	/** What the ledger of each target holds of the last 60 seconds. */
	readonly ownNow: () => readonly BucketState[];
	readonly setOthersUse: (target: number, use: Use) => void;
	readonly setOthersToday: (target: number, tokens: number) => void;
};

/** What run and account monitor tell each other, so that the run's own traffic is counted once. */
export type OwnTrafficRegistry = {
	readonly follow: (run: FollowedRun) => void;
	readonly unfollow: () => void;
	/** A request of the run was answered. @param at Milliseconds since 1970. */
	readonly answered: (target: Target, at: number, quotaTokens: number) => void;
	/** What other programs of the user had answered of the bucket of a target in the last minutes. */
	readonly setElsewhere: (target: Target, minutes: readonly MinuteOfUse[]) => void;
	/** Everything of our own in a Region, for its monitor. */
	readonly own: (region: string) => OwnUse;
	readonly ownNow: (region: string) => ReadonlyMap<string, MinuteUse>;
	/** A monitor has news: what others use reaches the run. */
	readonly told: (region: AccountRegion) => void;
	/** What the account uses of the bucket of a target, as last told; undefined where it is not known. */
	readonly bucketOf: (target: Target) => AccountBucket | undefined;
};

export function createOwnTrafficRegistry(): OwnTrafficRegistry {
	const owns = new Map<string, OwnUse>();
	const latest = new Map<string, AccountRegion>();
	let followed: FollowedRun | undefined;
	/** Quota tokens of our own before the run began: to it they are somebody else's. */
	let before: ReadonlyMap<Target, number> = new Map();

	const own = (region: string): OwnUse => {
		const known = owns.get(region) ?? new OwnUse();
		owns.set(region, known);
		return known;
	};

	const bucketOf = (target: Target): AccountBucket | undefined => {
		const key = bucketKey(target);
		const bucket = latest.get(target.region)?.buckets.find((each) => each.key === key);
		return bucket?.minute === null ? undefined : bucket;
	};

	const applyTo = ({targets, setOthersUse, setOthersToday}: FollowedRun): void => {
		for (const [index, target] of targets.entries()) {
			const bucket = bucketOf(target);
			if (bucket !== undefined) {
				const {requests, quotaTokens} = bucket.others;
				setOthersUse(index, {requests, tokens: quotaTokens});
				const ownTotal = own(target.region).total(bucket.key) - (before.get(target) ?? 0);
				const today = othersToday(bucket, own(target.region), ownTotal);
				if (today !== null) {
					setOthersToday(index, today);
				}
			}
		}
	};

	return {
		own,
		bucketOf,
		follow(run) {
			followed = run;
			before = new Map(
				run.targets.map((target) => [target, own(target.region).total(bucketKey(target))] as const),
			);
			applyTo(run);
		},
		unfollow() {
			followed = undefined;
		},
		answered(target, at, quotaTokens) {
			own(target.region).add(bucketKey(target), {at, quotaTokens});
		},
		setElsewhere(target, minutes) {
			own(target.region).setElsewhere(bucketKey(target), minutes);
		},
		ownNow(region) {
			const states = followed?.ownNow() ?? [];
			return new Map(
				(followed?.targets ?? []).flatMap((target, index) => {
					const state = states[index];
					return target.region === region && state !== undefined
						? [
								[
									bucketKey(target),
									{
										requests: state.requests.used + state.requests.reserved,
										quotaTokens: state.tokens.used + state.tokens.reserved,
									},
								] as const,
							]
						: [];
				}),
			);
		},
		told(region) {
			latest.set(region.region, region);
			if (followed !== undefined) {
				applyTo(followed);
			}
		},
	};
}

/** The account in real time: what a run of ours uses now, on top of what CloudWatch told minutes ago. */

/** Identifies a bucket over all Regions. */
export function rowId({region, key}: Pick<AccountBucket, 'region' | 'key'>): string {
	return `${region} ${key}`;
}

/** What a run uses of each bucket now, by `rowId`: its ledger. */
export function ownUseOf({
	targets,
	buckets,
}: Pick<Snapshot, 'targets' | 'buckets'>): ReadonlyMap<string, MinuteUse> {
	return new Map(
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
}

/** A bucket while a run of ours goes on: its own part in real time, the rest as CloudWatch told it. */
export function withOwnUse(bucket: AccountBucket, own: MinuteUse | undefined): AccountBucket {
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
}

/** A Region as it is now. @param run The run that goes on; undefined where none does. */
export function regionNow(region: AccountRegion, run: Snapshot | undefined): AccountRegion {
	if (run === undefined) {
		return region;
	}
	const own = ownUseOf(run);
	return {...region, buckets: region.buckets.map((bucket) => withOwnUse(bucket, own.get(rowId(bucket))))};
}
