import {
	type AccountBucket,
	type AccountRegion,
	bucketKey,
	incompleteMinutes,
	type MinuteUse,
	sourceId,
} from '../domain/account-snapshot.ts';
import type {AccountFigures, FleetAnswers, MinuteOfUse, SharedFigures, Use} from '../domain/bucket-usage.ts';
import type {Snapshot} from '../domain/snapshot.ts';
import {dayQuotaOf, type Target} from '../domain/target.ts';
import {keptMinutes, MinuteRing, minuteMs, othersMinutes} from './usage-history.ts';

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
	readonly #fleets = new Map<string, FleetAnswers>();
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

	/** What a fleet had answered of a bucket, this program included. */
	setFleet(bucket: string, answers: FleetAnswers): void {
		this.#fleets.set(bucket, answers);
	}

	/** Whether all that is not strangers' is known since an instant. */
	isWholeSince(bucket: string, at: number): boolean {
		return (this.#fleets.get(bucket)?.since ?? 0) <= at;
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
		const all = this.#fleets.get(bucket)?.minutes.find(({at}) => at === minute);
		return {requests: Math.max(requests, all?.requests ?? 0), tokens: Math.max(tokens, all?.tokens ?? 0)};
	}
}

/** What CloudWatch's newest whole minute says of a bucket; undefined where there is none. */
export function figuresOf({
	others,
	dayTokens,
	minute,
	series,
	quota,
	dayPace,
}: Pick<AccountBucket, 'others' | 'dayTokens' | 'minute' | 'series' | 'quota' | 'dayPace'>):
	| AccountFigures
	| undefined {
	if (minute === null) {
		return undefined;
	}
	const own = series.quotaTokens.slice(-incompleteMinutes).reduce((sum, tokens) => sum + tokens, 0);
	const later = dayQuotaOf(quota).isShared ? (dayPace?.newestTokens ?? 0) : own;
	return {
		use: {requests: others.requests, tokens: others.quotaTokens},
		at: minute + minuteMs,
		dayTokens: dayTokens === null ? null : dayTokens - later,
	};
}

/**
 * Quota tokens of the day that the run did not use. Both the account's figure and the run's count up to the same minute:
 * the run counts later minutes itself.
 * @param keys Of the buckets of the run that count against this day: several where all models share it.
 * @param ownTotal Quota tokens of the run in these so far.
 * @returns null where the day is not known.
 */
export function othersToday(
	keys: readonly string[],
	{dayTokens, at}: AccountFigures,
	own: OwnUse,
	ownTotal: number,
): number | null {
	if (dayTokens === null) {
		return null;
	}
	const later = keys.reduce((sum, key) => sum + own.tokensAfter(key, at - minuteMs), 0);
	return Math.max(0, dayTokens - Math.max(0, ownTotal - later));
}

/** The targets of a run that count against the same day as one of them, one of each bucket. */
function sharingDay(target: Target, targets: readonly Target[]): readonly Target[] {
	if (!dayQuotaOf(target.quota).isShared) {
		return [target];
	}
	const sharing = targets.filter((each) => each.region === target.region && dayQuotaOf(each.quota).isShared);
	return [...new Map(sharing.map((each) => [bucketKey(each), each])).values()];
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
	/** What the fleet that shares the bucket of a target had answered. */
	readonly setFleet: (target: Target, answers: FleetAnswers) => void;
	/** From now on one member of a fleet reads the figures of the bucket of a target for all; undefined: no longer. */
	readonly share: (target: Target, figures: SharedFigures | undefined) => Promise<void>;
	/** Another member of the fleet has read the figures of the bucket of a target; undefined: none has lately. */
	readonly hear: (target: Target, figures: AccountFigures | undefined) => void;
	/** Whether this program has to read what the run needs of a Region: of shared buckets another member may do so. */
	readonly mayPoll: (region: string) => Promise<boolean>;
	/** All traffic of the user's runs in a Region, for its monitor. */
	readonly own: (region: string) => OwnUse;
	/** New figures of a monitor: what others use reaches the run. */
	readonly update: (region: AccountRegion) => void;
	/** What the account uses of the bucket of a target, by the newest figures; undefined where it is not known. */
	readonly figuresOf: (target: Target) => AccountFigures | undefined;
	/** All buckets that are watched, in every Region. */
	readonly buckets: () => readonly AccountBucket[];
};

/** A bucket whose figures are shared. */
type SharedBucket = {
	readonly target: Target;
	readonly figures: SharedFigures;
	/** This program reads them for all, and has not reported any since it claimed that. */
	isDue: boolean;
	isReader: boolean;
	reported: AccountFigures | undefined;
	/** So many times it lets others try: it could not read them. */
	pauses: number;
};

export function createOwnTrafficRegistry(): OwnTrafficRegistry {
	const owns = new Map<string, OwnUse>();
	const latest = new Map<string, AccountRegion>();
	const shared = new Map<string, SharedBucket>();
	const heard = new Map<string, AccountFigures>();
	let followed: FollowedRun | undefined;
	/** Quota tokens of earlier runs: to the run they are others' use. */
	let before: ReadonlyMap<Target, number> = new Map();

	const own = (region: string): OwnUse => {
		const known = owns.get(region) ?? new OwnUse();
		owns.set(region, known);
		return known;
	};

	const idOf = (target: Target): string => rowId({region: target.region, key: bucketKey(target)});

	/** As this program read them itself; undefined where it can't tell strangers from its fleet. */
	const readOf = (target: Target): AccountFigures | undefined => {
		const key = bucketKey(target);
		const bucket = latest.get(target.region)?.buckets.find((each) => each.key === key);
		const figures = bucket && figuresOf(bucket);
		const isWhole =
			figures !== undefined && own(target.region).isWholeSince(key, figures.at - othersMinutes * minuteMs);
		return isWhole ? figures : undefined;
	};

	/** The newer of what this program and another member of its fleet read. */
	const newestOf = (target: Target): AccountFigures | undefined => {
		const [read, noted] = [readOf(target), heard.get(idOf(target))];
		return noted === undefined || (read !== undefined && read.at >= noted.at) ? read : noted;
	};

	const report = (each: SharedBucket): void => {
		const read = readOf(each.target);
		const known = each.reported;
		const isNew = read !== undefined && (known === undefined || read.at > known.at);
		// The day is read last.
		const isMore = read?.at === known?.at && read?.dayTokens !== known?.dayTokens;
		if (each.isReader && read !== undefined && (isNew || isMore)) {
			each.isDue = false;
			each.reported = read;
			each.figures.report(read);
		}
	};

	const claim = async (each: SharedBucket): Promise<boolean> => {
		const {figures, target} = each;
		each.pauses = each.isReader && each.isDue ? 2 : Math.max(0, each.pauses - 1);
		each.isReader = each.pauses === 0 && (await figures.claim());
		each.isDue = true;
		const answers = figures.answers();
		if (answers !== undefined) {
			own(target.region).setFleet(bucketKey(target), answers);
		}
		return each.isReader;
	};

	const applyTo = ({targets, setOthersUse, setOthersToday}: FollowedRun): void => {
		for (const [index, target] of targets.entries()) {
			const figures = newestOf(target);
			if (figures !== undefined) {
				setOthersUse(index, figures.use, figures.at);
				const sharing = sharingDay(target, targets);
				const ownTotal = sharing.reduce(
					(sum, each) => sum + own(each.region).total(bucketKey(each)) - (before.get(each) ?? 0),
					0,
				);
				const keys = sharing.map((each) => bucketKey(each));
				const today = othersToday(keys, figures, own(target.region), ownTotal);
				if (today !== null) {
					setOthersToday(index, today);
				}
			}
		}
	};

	return {
		own,
		figuresOf: newestOf,
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
		setFleet(target, answers) {
			own(target.region).setFleet(bucketKey(target), answers);
		},
		async share(target, figures) {
			if (figures === undefined) {
				shared.delete(idOf(target));
				return;
			}
			const each = {
				target,
				figures,
				isDue: true,
				isReader: false,
				reported: heard.get(idOf(target)),
				pauses: 0,
			};
			shared.set(idOf(target), each);
			// What it has read before it joined may be news to the others.
			const read = readOf(target);
			if (read !== undefined && read.at > (each.reported?.at ?? 0) && (await claim(each))) {
				report(each);
			}
		},
		hear(target, figures) {
			if (figures === undefined) {
				heard.delete(idOf(target));
			} else {
				heard.set(idOf(target), figures);
			}
			if (followed !== undefined) {
				applyTo(followed);
			}
		},
		async mayPoll(region) {
			const ids = new Set(
				followed?.targets.filter((target) => target.region === region).map((target) => idOf(target)),
			);
			const claims = await Promise.all([...ids].flatMap((id) => shared.get(id) ?? []).map(claim));
			return claims.length === 0 || claims.includes(true);
		},
		update(region) {
			latest.set(region.region, region);
			if (followed !== undefined) {
				applyTo(followed);
			}
			for (const each of shared.values()) {
				report(each);
			}
		},
	};
}

/** Identifies a bucket over all Regions. */
export function rowId({region, key, profile}: Pick<AccountBucket, 'region' | 'key' | 'profile'>): string {
	return `${sourceId(region, profile)} ${key}`;
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
