import {bucketKey} from '../domain/account-map.ts';
import type {AccountBucket, AccountRegion, MinuteUse} from '../domain/account-snapshot.ts';
import type {BucketState} from '../domain/snapshot.ts';
import type {Target} from '../domain/target.ts';
import type {MinuteOfUse, Use} from '../domain/use.ts';
import {othersToday} from './others-today.ts';
import {OwnUse} from './own-use.ts';

/** A run as the account monitor knows it. */
export type FollowedRun = {
	readonly targets: readonly Target[];
	/** What the ledger of each target holds of the last 60 seconds. */
	readonly ownNow: () => readonly BucketState[];
	readonly setOthersUse: (target: number, use: Use) => void;
	readonly setOthersToday: (target: number, tokens: number) => void;
};

/** What run and account monitor tell each other, so that the run's own traffic is counted once. */
export type AccountLink = {
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

export const createAccountLink = (): AccountLink => {
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
};
