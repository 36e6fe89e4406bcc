import type {LearntStamping} from '../domain/stamping.ts';
import type {LedgerEntry, Limits, MinuteOfUse, Use} from '../domain/use.ts';

/** What a member of a bucket, one run of a program, lets the others know. Times in milliseconds since 1970. */
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
	/** Most that it may use by its own share of the quota. */
	readonly most: Limits;
	/** A request waits for room. */
	readonly isWaiting: boolean;
	/** Quota tokens of its next request, as far as it is known. */
	readonly needs: number;
	readonly lastSentAt: number;
	/** Quota tokens settled since it began. */
	readonly settledTokens: number;
	/** Its last window, in flight as of `writtenAt`. */
	readonly entries: readonly LedgerEntry[];
	/** Its last minutes, and those of members whose use it took over: the account's figures hold them for longer than a window. */
	readonly minutes: readonly MinuteOfUse[];
	readonly stamping: LearntStamping;
};

/** What the members of one bucket share: in memory, on the disk of a host. */
export type MemberStore = {
	/** All that is known of the members; `isLive`: it may still send. Rejects when it can't be read. */
	readonly read: () => Promise<ReadonlyArray<MemberRecord & {readonly isLive: boolean}>>;
	/** Replaces the record of a member. Rejects when it can't be written. */
	readonly write: (record: MemberRecord) => Promise<void>;
	/** Forgets members whose use another took over. */
	readonly remove: (ids: readonly string[]) => Promise<void>;
	/** Where tokens count from, as members of the past learnt it. */
	readonly readStamping: () => Promise<LearntStamping | undefined>;
	readonly writeStamping: (learnt: LearntStamping) => Promise<void>;
};
