import {
	type AccountBucket,
	type AccountRegion,
	bucketKey,
	incompleteMinutes,
	type MinuteUse,
} from '../domain/account-snapshot.ts';
import type {MinuteOfUse, Use} from '../domain/bucket-usage.ts';
import type {Snapshot} from '../domain/snapshot.ts';
import type {Target} from '../domain/target.ts';
import {keptMinutes, MinuteRing, minuteMs} from './usage-history.ts';

/** One answer of a run. */
type OwnAnswer = {
	/** When its last byte came, in milliseconds since 1970 by the service's clock: its metrics are of that minute. */
	readonly at: number;
	readonly quotaTokens: number;
};

type OwnRings = {readonly requests: MinuteRing; readonly quotaTokens: MinuteRing};

/** What the user's runs used of each bucket, by the minutes in which CloudWatch counts it, so that it is counted once. */
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

	/** Whether a run of the user had an answer from a bucket. */
	has(bucket: string): boolean {
		return this.#buckets.has(bucket);
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
 * Quota tokens of the day that the run did not use. Both CloudWatch's figure and the run's count up to CloudWatch's newest
 * whole minute: the run counts later minutes itself.
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
	const ownReported = Math.max(0, ownTotal - own.tokensAfter(key, minute));
	return Math.max(0, dayTokens - later - ownReported);
}

/** A run as the account monitor knows it. */
type FollowedRun = {
	readonly targets: readonly Target[];
	/** @param at End of the newest minute that it is the mean up to, in milliseconds since 1970. */
	readonly setOthersUse: (target: number, use: Use, at: number) => void;
	readonly setOthersToday: (target: number, tokens: number) => void;
};

/** What a run and the account monitor exchange, so that the run's own traffic is counted once. */
export type OwnTrafficRegistry = {
	readonly follow: (run: FollowedRun) => void;
	readonly unfollow: () => void;
	/** A request of the run was answered. @param at Milliseconds since 1970. */
	readonly answered: (target: Target, at: number, quotaTokens: number) => void;
	/** What other programs of the user had answered of the bucket of a target in the last minutes. */
	readonly setElsewhere: (target: Target, minutes: readonly MinuteOfUse[]) => void;
	/** All traffic of the user's runs in a Region, for its monitor. */
	readonly own: (region: string) => OwnUse;
	/** New figures of a monitor: what others use reaches the run. */
	readonly update: (region: AccountRegion) => void;
	/** What the account uses of the bucket of a target, as last reported; undefined where it is not known. */
	readonly bucketOf: (target: Target) => AccountBucket | undefined;
	/** All buckets that are watched, in every Region. */
	readonly buckets: () => readonly AccountBucket[];
};

export function createOwnTrafficRegistry(): OwnTrafficRegistry {
	const owns = new Map<string, OwnUse>();
	const latest = new Map<string, AccountRegion>();
	let followed: FollowedRun | undefined;
	/** Quota tokens of earlier runs: to the run they are others' use. */
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
				setOthersUse(index, {requests, tokens: quotaTokens}, (bucket.minute ?? 0) + minuteMs);
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
		buckets: () => [...latest.values()].flatMap(({buckets}) => buckets),
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
		update(region) {
			latest.set(region.region, region);
			if (followed !== undefined) {
				applyTo(followed);
			}
		},
	};
}

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

/** Replaces the user's share of CloudWatch's delayed figures with the live use of a run's ledger. */
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

/** A Region as it is now. @param run Undefined where no run is in progress. */
export function regionNow(region: AccountRegion, run: Snapshot | undefined): AccountRegion {
	if (run === undefined) {
		return region;
	}
	const own = ownUseOf(run);
	return {...region, buckets: region.buckets.map((bucket) => withOwnUse(bucket, own.get(rowId(bucket))))};
}
