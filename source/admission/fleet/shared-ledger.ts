import type {
	AccountFigures,
	Dimension,
	FleetAnswers,
	Lane,
	LearntStamping,
	Limits,
	Use,
} from '../../domain/bucket-usage.ts';
import type {FleetView} from '../../domain/fleet-view.ts';
import type {Reservation} from '../ledger.ts';
import type {Wait} from '../room.ts';

/** A request that the bucket itself would let go. */
export type FleetRequest = {
	/** Names the call, the same each time it is tried; absent: any of its lane. */
	readonly key: string | undefined;
	readonly lane: Lane;
	readonly tokens: number;
	readonly reserved: number;
	/** Quota tokens to keep free beside it. */
	readonly headroom: number;
	readonly mayProbe: boolean;
	/** No other may be asked for meanwhile: requests are spread evenly. */
	readonly isAlone: boolean;
};

/** The right to send one request, as the fleet's ledger gave it. */
export type FleetLease = {
	readonly id: string;
	readonly tokens: number;
	/** Where it goes as the probe of its bucket: what it is sent into, as of when it was asked for or a round trip later. */
	readonly probe: {readonly scene: ProbeScene; readonly askedAt: number} | undefined;
};

type FleetVerdict =
	| {readonly kind: 'lease'; readonly lease: FleetLease}
	/** The fleet's ledger can't say: the member goes by its part of the limits, with its own ledger. */
	| {readonly kind: 'part'}
	| {readonly kind: 'day'}
	| Wait;

/**
 * What stands between a bucket and the ledger that its fleet shares. All that the bucket lets go passes here last; it is said
 * here what becomes of each, exactly once.
 */
export type FleetGate = {
	readonly admit: (request: FleetRequest) => FleetVerdict;
	/** A call of that key is not made: what was asked for it is given back. */
	readonly withdraw: (key: string) => void;
	/** A request is about to be sent. @param lease Absent: by the part of this member, or whatever the room. */
	readonly sent: (reservation: Reservation, lease?: FleetLease) => void;
	readonly heard: (reservation: Reservation) => void;
	/** @param settled Quota tokens; `kept`: its fate is not known; `given-back`: the service did not count it. */
	readonly ended: (reservation: Reservation, settled: number | 'kept' | 'given-back') => void;
	/** A throttle said what strangers use of a dimension: all members go by that. */
	readonly sawOthers: (dimension: Dimension) => void;
	/** The service said that the quota of the day is used up. */
	readonly sawDayEnd: () => void;
	/** For people. */
	readonly view: FleetView;
};

/*
 * The ledger of one bucket that the members of a fleet share: the wall between a member, which knows its own requests, and
 * the store, which knows those of all. A member is one program: a limiter, a run, a tap.
 *
 * Each step is atomic at the store and costs one round trip. All instants are the store's own: members send only how long
 * ago something happened, measured by themselves, so that their clocks do not matter. A delay on the way makes an entry
 * leave later, never earlier. Each step may be repeated: entries are known by their id until they have left the window.
 *
 * A store can lose its memory: flushed, restarted, replaced by a copy that lacks the last writes. Each ledger has an epoch,
 * made at random when it is made, and counts its steps. A member says which epoch and how many steps it has seen; where
 * these do not match, the step changes nothing and returns `forgotten`.
 */

/** One request as its member knows it. Instants are milliseconds ago. */
export type EntryState = {
	readonly id: string;
	/** Quota tokens set aside. */
	readonly tokens: number;
	/** What of these the service itself reserves. */
	readonly reserved: number;
	readonly sentAgoMs: number;
	/** Absent before the first byte. */
	readonly firstByteAgoMs?: number;
	/** Absent while it is in flight. */
	readonly end?: EntryEnd;
};

/** How an entry ended. */
export type EntryEnd = {
	readonly agoMs: number;
	/**
	 * Quota tokens that it settled at; `kept`: its fate is not known, all that was set aside counts from its end;
	 * `given-back`: the service refused it before counting, it counts for nothing.
	 */
	readonly settled: number | 'kept' | 'given-back';
};

/** A request that wants to be sent. */
export type Ask = {
	/** Unique in the bucket. A repeated ask gets the lease that it already has. */
	readonly id: string;
	readonly lane: Lane;
	readonly tokens: number;
	readonly reserved: number;
	/** Quota tokens to keep free on top: what an answer in flight may settle above its reservation. */
	readonly headroom: number;
	/** What all members may use together as this one knows it: its share of the quota, less what strangers use. */
	readonly limits: Limits;
	/** Capacity of the bucket if the service refills it: its share of the quota. */
	readonly capacity: number | null;
	/** Part of the quota that the member itself uses now, 0 to 1: who used least comes first. */
	readonly ownPart: number;
	/** It may go as the one probe of the bucket where only the count from the end refuses it. */
	readonly mayProbe: boolean;
};

/** What a probe was sent into, to be evaluated by the member that sent it. Instants are milliseconds before the probe. */
export type ProbeScene = {
	/** Quota tokens that ended at most so long ago: newest first. */
	readonly ended: ReadonlyArray<{readonly agoMs: number; readonly tokens: number}>;
	/** All that was in flight, the probe aside. */
	readonly inFlight: ReadonlyArray<{
		readonly id: string;
		readonly reserved: number;
		readonly sentAgoMs: number;
		readonly isHeard: boolean;
	}>;
};

/** What became of an entry. */
export type EntryFate = {
	readonly id: string;
	/** Its first byte came, or an answer settled it: the service let it in. */
	readonly isHeard: boolean;
	/** Absent while it is in flight. */
	readonly end?: EntryEnd;
};

/** What the store says to an ask. */
export type AskVerdict =
	/** It may be sent; it is in the ledger. */
	| {readonly kind: 'lease'}
	| {readonly kind: 'probe'; readonly scene: ProbeScene}
	/**
	 * `delayMs`: not before that, at most `longestPollMs` where it depends on answers or on the turn of others; `turn` too
	 * while the ledger heals. The ask has a ticket: what comes after it in turn leaves it its room. One of a member at a
	 * time, the first in turn; it lives for `ticketMs` since it was asked last, so an ask that waits longer is repeated in
	 * between.
	 */
	| {readonly kind: 'wait'; readonly delayMs: number; readonly reason: Dimension | 'turn'}
	/** The quota of the day is used up for that long. */
	| {readonly kind: 'day'; readonly forMs: number};

/** Longest wait that depends on other members, in milliseconds. */
export const longestPollMs = 100;
/** An ask that is not repeated for so long has given up its turn, in milliseconds. */
export const ticketMs = 2000;
/** A member that was not heard of for so long has vanished: its requests end as of unknown fate. */
export const vanishedAfterMs = 3000;
/** A member that vanished without a goodbye keeps its part of the quota for so long. */
export const partKeptMs = 600_000;
/** A new ledger waits so long for members that know its past, before anybody is let in by it. */
export const probationMs = 1500;
/** A new ledger waits at most so long for members that others saw: then they have vanished. */
export const awaitedMs = 10_000;
/** A store whose clock moved by so much against that of a member has lost the past. */
export const clockJumpMs = 5000;

/** The ledger as all see it after a step. */
export type FleetState = {
	/** The store's time: milliseconds since 1970. */
	readonly at: number;
	readonly epoch: string;
	/** Steps of this epoch. */
	readonly steps: number;
	/** What counts of all members, requests in flight included; tokens by the count that is in force. */
	readonly use: Use;
	/** Quota tokens of that in flight. */
	readonly heldTokens: number;
	readonly inFlight: number;
	/** Members that live. */
	readonly members: number;
	/** Members that vanished and keep their part. */
	readonly vanished: number;
	/**
	 * Part of what all may use, 0 to 1, by which this member goes where it can't go by the ledger. The parts that members know
	 * never exceed 1 together: those of vanished members are taken off first, and a new member has none before the others
	 * know of it.
	 */
	readonly part: number;
	/** For so long members go by their part of the quota, not by this ledger: it was made after another was lost. */
	readonly healingMs: number;
	/** Grows with each note: they are read when it changed. */
	readonly notes: number;
	/** Quota tokens that all had settled on the day of the store's clock, as far as it is known. */
	readonly usedToday: number;
};

/** What a step returns. */
export type Step<Value> =
	| {readonly kind: 'done'; readonly value: Value; readonly state: FleetState}
	/** The store does not know what the member has seen: it enters again. */
	| {readonly kind: 'forgotten'};

/** Who a member is. */
export type MemberFacts = {
	readonly id: string;
	/** For people: program, host and process. */
	readonly name: string;
	readonly host: string;
	readonly pid: number;
};

/** A member as the others see it. */
export type FleetMemberState = MemberFacts & {
	readonly state: 'live' | 'vanished';
	readonly seenAgoMs: number;
	readonly use: Use;
	readonly inFlight: number;
	/** Requests of it that wait. */
	readonly waiting: number;
};

/** What members say to each other beside the ledger; each with the instant of the store at which it was written. */
export type FleetNotes = {
	/** Where tokens count from, in force for the whole bucket. Its marks are places in the minute of the store's clock. */
	readonly stamping?: LearntStamping;
	/** What strangers use, seen by a throttle that the ledger does not explain. */
	readonly others?: {readonly at: number; readonly use: Partial<Use>};
	/** What one member read for all of the account's figures, which are older than the note. */
	readonly reported?: {readonly at: number; readonly figures: AccountFigures};
	/** The quota as one member detected it, as JSON. */
	readonly quota?: {readonly at: number; readonly json: string};
	/** The quota of the day is used up until then. */
	readonly day?: {readonly at: number; readonly until: number};
	/** What the ledger itself counted. */
	readonly answers: FleetAnswers;
};

/** A note that members write. */
export type NoteName = Exclude<keyof FleetNotes, 'answers'>;

/**
 * One bucket in a store. All functions reject when the store can't be reached or answers wrongly, within the time that the
 * store was given.
 */
export type SharedLedger = {
	/**
	 * A member comes, or comes again: all its live entries are in the ledger afterwards, each once.
	 * @param seen Ids of members that it saw live: a new ledger waits for them.
	 */
	readonly enter: (
		member: MemberFacts,
		entries: readonly EntryState[],
		seen: readonly string[],
	) => Promise<FleetState>;
	readonly reserve: (ask: Ask) => Promise<Step<AskVerdict>>;
	/**
	 * What became of the entries of a scene; those that are not known any more are left out. Only when all that was in flight
	 * with a probe is known to be let in does the probe prove something, and of what ended meanwhile only what it settled at.
	 */
	readonly fates: (ids: readonly string[]) => Promise<Step<readonly EntryFate[]>>;
	/**
	 * Ends entries: any number at once; unknown ids are ignored. An ask that still waits is withdrawn by its id, given back:
	 * its ticket holds up nobody any more.
	 */
	readonly end: (
		ends: ReadonlyArray<{readonly id: string; readonly firstByteAgoMs?: number; readonly end: EntryEnd}>,
	) => Promise<Step<undefined>>;
	/**
	 * The member lives, and so do its requests in flight. What the ledger has in flight of it and is not named for
	 * `vanishedAfterMs` ends as of unknown fate, after as long again at most. Where nothing waits, it gives up its turn.
	 */
	readonly renew: (sign: {
		readonly inFlight: ReadonlyArray<{readonly id: string; readonly firstByteAgoMs?: number}>;
		readonly use: Use;
		readonly waiting: number;
	}) => Promise<Step<undefined>>;
	/** The member has ended in order; what it used stays in the ledger until its minute is over. */
	readonly leave: () => Promise<void>;
	/** A member that is known to have ended: its process is gone. It keeps no part. */
	readonly bury: (id: string) => Promise<Step<undefined>>;
	readonly members: () => Promise<Step<readonly FleetMemberState[]>>;
	readonly notes: () => Promise<Step<FleetNotes>>;
	/** Writes one note for all; kept for a day. */
	readonly note: <Name extends NoteName>(
		name: Name,
		value: Omit<NonNullable<FleetNotes[Name]>, 'at'>,
	) => Promise<Step<undefined>>;
	/**
	 * Whether this member does a task that one does for all; for so long nobody else does, unless it leaves or vanishes. The
	 * one that has it may ask again.
	 */
	readonly claimTask: (name: string, forMs: number) => Promise<Step<boolean>>;
};
