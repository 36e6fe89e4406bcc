import {
	type Dimension,
	dimensions,
	type EnforcementFit,
	type LearntStamping,
	type LedgerEntry,
	type Limits,
	type MinuteOfUse,
	type Use,
} from '../domain/bucket-usage.ts';

/** What a member of a bucket, one run of a program, publishes to the others. Times in milliseconds since 1970. */
export type MemberRecord = {
	/** Unique among all that ever used the bucket; earlier ones sort first. */
	readonly id: string;
	/** It ended in order and sends nothing any more. */
	readonly isEnded: boolean;
	readonly writtenAt: number;
	/** Use that it does not exceed before it writes again. */
	readonly claim: Use;
	/** What counts of it in the window, requests in flight included. */
	readonly use: Use;
	/** Quota tokens of that in flight. */
	readonly heldTokens: number;
	/** Its own share of the quota. */
	readonly most: Limits;
	/** A request waits for room. */
	readonly isWaiting: boolean;
	/** Quota tokens of its next request, as far as it is known. */
	readonly needs: number;
	readonly lastSentAt: number;
	/** Quota tokens settled since it began. */
	readonly settledTokens: number;
	/** Quota tokens settled on a day (its number since 1970), those of members whose use it took over too; absent: by an older program. */
	readonly today?: {readonly day: number; readonly tokens: number};
	/** Its last window, in flight as of `writtenAt`. */
	readonly entries: readonly LedgerEntry[];
	/** Its last minutes, and those of members whose use it took over: the account's figures hold them for longer than a window. */
	readonly minutes: readonly MinuteOfUse[];
	readonly stamping: LearntStamping;
};

/** What programs learnt of a bucket, for later ones: where tokens count from, and how the service enforces its limit. */
export type LearntOfBucket = LearntStamping & {
	/** Absent where too little is known. */
	readonly enforcement?: EnforcementFit;
};

/** What the members of one bucket share: in memory, on the disk of a host. */
export type MemberStore = {
	/** All that is known of the members; `isLive`: it may still send. Rejects when it can't be read. */
	readonly read: () => Promise<ReadonlyArray<MemberRecord & {readonly isLive: boolean}>>;
	/** Replaces the record of a member. Rejects when it can't be written. */
	readonly write: (record: MemberRecord) => Promise<void>;
	/** Forgets members whose use another took over. */
	readonly remove: (ids: readonly string[]) => Promise<void>;
	/** What members of the past learnt. */
	readonly readLearnt: () => Promise<LearntOfBucket | undefined>;
	readonly writeLearnt: (learnt: LearntOfBucket) => Promise<void>;
};

/** The fields of a record that decide its part. */
export type Sharer = Pick<MemberRecord, 'id' | 'use' | 'most' | 'isWaiting' | 'needs' | 'lastSentAt'>;

/** A member in one dimension. */
type Bidder = {
	readonly use: number;
	/** What it may use at most, or would use if it does not wait. */
	readonly cap: number;
	readonly need: number;
	readonly isWaiting: boolean;
	readonly lastSentAt: number;
};

const steps = 50;
/** Slack of the search for a level: a limit of whole requests must be whole. */
const rounding = 1e-6;

/**
 * The greatest level up to which each may go so that the whole does not exceed the room; infinite when all caps fit.
 * Where more is used than there is room it is the fair one: members above it wait.
 */
const levelOf = (bidders: readonly Bidder[], room: number): number => {
	if (bidders.some(({use}) => use > 0) && bidders.reduce((sum, {use}) => sum + use, 0) > room) {
		return levelOf(
			bidders.map((bidder) => ({...bidder, use: 0})),
			room,
		);
	}
	const taken = (level: number): number =>
		bidders.reduce((sum, {use, cap}) => sum + Math.max(use, Math.min(level, cap)), 0);
	if (taken(Number.POSITIVE_INFINITY) <= room) {
		return Number.POSITIVE_INFINITY;
	}
	let [low, high] = [Math.min(...bidders.map(({use}) => use)), Math.max(0, room)];
	for (let step = 0; step < steps && low < high; step++) {
		const middle = (low + high) / 2;
		[low, high] = taken(middle) <= room ? [middle, high] : [low, middle];
	}
	const whole = Math.round(low);
	return Math.abs(whole - low) < rounding ? whole : low;
};

/** Limits of all bidders, in their order. */
const divide = (bidders: readonly Bidder[], quota: number): readonly number[] => {
	const level = levelOf(bidders, quota);
	if (level === Number.POSITIVE_INFINITY) {
		const rest = bidders.reduce((left, {use, cap}) => left - Math.max(use, cap), quota) / bidders.length;
		return bidders.map(({use, cap}) => Math.max(use, cap) + rest);
	}
	return bidders.map(({cap}) => Math.min(level, cap));
};

/** The one that waits and used least; of equals the one that sent longest ago. */
const firstInTurn = (bidders: readonly Bidder[]): Bidder | undefined =>
	bidders
		.filter(({isWaiting}) => isWaiting)
		.toSorted((first, second) => first.use - second.use || first.lastSentAt - second.lastSentAt)[0];

/**
 * The part of one dimension that each may use. A request that is larger than the fair part of its member is not starved: when
 * it is its turn, the others share what it leaves.
 */
const partsIn = (sharers: readonly Sharer[], dimension: Dimension, quota: number): readonly number[] => {
	const bidders = sharers.map(({use, most, isWaiting, needs, lastSentAt}): Bidder => {
		const need = dimension === 'requests' ? 1 : needs;
		const own = Math.min(quota, most[dimension] ?? quota);
		const cap = isWaiting ? own : Math.min(own, use[dimension] + need);
		return {use: use[dimension], cap, need, isWaiting, lastSentAt};
	});
	const first = firstInTurn(bidders);
	// What each would get if nothing were used: what is larger never fits by waiting.
	const fair = divide(
		bidders.map((bidder) => ({...bidder, use: 0})),
		quota,
	);
	if (first === undefined || first.need <= (fair[bidders.indexOf(first)] ?? 0) || first.need > first.cap) {
		return divide(bidders, quota);
	}
	const kept = first.use + first.need;
	const others = divide(
		bidders.filter((bidder) => bidder !== first),
		Math.max(0, quota - kept),
	);
	return others.toSpliced(bidders.indexOf(first), 0, kept);
};

/**
 * The part of a quota that a member may use, by the one rule that all members apply to the same records: all up to the same
 * level, so that room goes first to the member that used least in the window; what one does not ask for goes to the others. A
 * member above the level sends nothing until what it used has left the window.
 * @returns For each dimension; null where the quota has no limit.
 */
export function partOf(id: string, sharers: readonly Sharer[], quota: Limits): Limits {
	const sorted = sharers.toSorted((first, second) => (first.id < second.id ? -1 : 1));
	const index = sorted.findIndex((sharer) => sharer.id === id);
	const [requests = null, tokens = null] = dimensions.map((dimension) => {
		const limit = quota[dimension];
		return limit === null ? null : (partsIn(sorted, dimension, limit)[index] ?? 0);
	});
	return {requests, tokens};
}

/** Sum of claims. */
export function sumOf(uses: readonly Use[]): Use {
	return uses.reduce(
		(sum, use) => ({requests: sum.requests + use.requests, tokens: sum.tokens + use.tokens}),
		{
			requests: 0,
			tokens: 0,
		},
	);
}

/** Quota tokens that members used on a day. */
export function tokensOnDay(members: readonly MemberRecord[], day: number): number {
	return members.reduce((sum, {today}) => sum + (today?.day === day ? today.tokens : 0), 0);
}

/**
 * What a dead member used, and what it may have sent after it last wrote: within its lease it may have refilled its claim
 * with what had left the window.
 * @param now Milliseconds since 1970, as all times in records.
 */
export function leftBy(
	{entries, claim, isEnded, writtenAt}: MemberRecord,
	{now, windowMs, leaseMs}: {readonly now: number; readonly windowMs: number; readonly leaseMs: number},
): readonly LedgerEntry[] {
	if (isEnded) {
		return entries;
	}
	const at = Math.min(now, writtenAt + leaseMs);
	const left = entries.filter((entry) => entry.at + windowMs > at);
	const sum = (pick: (entry: LedgerEntry) => number): number =>
		left.reduce((total, entry) => total + pick(entry), 0);
	const unwritten = {
		at,
		requests: Math.max(0, claim.requests - sum(({requests}) => requests)),
		tokens: Math.max(0, claim.tokens - sum(({tokens}) => tokens)),
		ended: Math.max(0, claim.tokens - sum(({ended}) => ended)),
	};
	return [...entries, unwritten];
}
