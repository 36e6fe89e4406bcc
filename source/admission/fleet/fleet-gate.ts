import type {Dimension, Lane} from '../../domain/bucket-usage.ts';
import type {FleetView} from '../../domain/fleet-view.ts';
import type {Reservation} from '../ledger.ts';
import type {Wait} from '../room.ts';
import type {ProbeScene} from './shared-ledger.ts';

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
