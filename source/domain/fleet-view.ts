import type {Use} from './bucket-usage.ts';

/** One member of a fleet, as the others see it. */
export type FleetRow = {
	/** Program, host and process. */
	readonly name: string;
	readonly isSelf: boolean;
	/** `vanished`: it was not heard of for some seconds, and did not say goodbye. */
	readonly state: 'live' | 'vanished';
	/** Of the last window, requests in flight included. */
	readonly use: Use;
	readonly inFlight: number;
	/** Requests of it that wait for room. */
	readonly waiting: number;
	/** How long ago it was heard of, in milliseconds. */
	readonly seenAgoMs: number;
};

/** A fleet that shares a bucket, as one of its members sees it. Times are ISO 8601 UTC. */
export type FleetView = {
	/**
	 * `joining`: the ledger has not answered yet; `lost`: it does not answer; `healing`: it answers, but has lost its memory, and
	 * members go by their parts until their last minute is in it again.
	 */
	readonly state: 'joining' | 'connected' | 'lost' | 'healing';
	/** Since when it is in that state. */
	readonly since: string;
	/** How often the ledger was lost, and the milliseconds in all that this member went without it. */
	readonly losses: number;
	readonly lostMs: number;
	/** Members that share the quota, those that vanished included; null while that is not known: nothing is sent. */
	readonly members: number | null;
	/** That number is not counted but remembered, or given by the user. */
	readonly isAssumed: boolean;
	/** What the other members use; null while the ledger does not say. */
	readonly othersUse: Use | null;
	/** Until when the quota of the day is assumed to be used up; absent while it is not. */
	readonly dayUntil?: string;
	/** By name; empty before the ledger listed them. */
	readonly rows: readonly FleetRow[];
};

/** Why the ledger of a fleet was lost. */
export type LossCause =
	/** The store does not answer. */
	| 'silent'
	/** The store has lost its memory or a part of it, or its clock jumped: what it counted has the wrong age. */
	| 'forgotten';

/** What happened to a fleet, for those who show it. */
export type FleetEvent =
	/** From now on this member goes by its part of the quota, or waits. */
	| {
			readonly kind: 'lost';
			readonly cause: LossCause;
			readonly message: string;
			/** Null where it was never known. */
			readonly members: number | null;
	  }
	/** The ledger decides again. `sent`: requests that were sent without it. */
	| {readonly kind: 'back'; readonly lostMs: number; readonly sent: number; readonly members: number}
	/** Nothing is sent: how many share the quota is not known. */
	| {readonly kind: 'waiting-for-members'}
	/** The store does not answer, and the number of members is an assumption: the last that this host saw, or a given one. */
	| {readonly kind: 'assumed'; readonly members: number; readonly from: 'last' | 'given'}
	/** The quota of the day is assumed to be used up until then, in milliseconds since 1970. */
	| {readonly kind: 'day'; readonly until: number};
