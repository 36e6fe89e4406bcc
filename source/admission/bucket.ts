import type {Usage} from '../domain/backend.ts';
import type {Dimension, Lane, LedgerEntry, Limits, Use} from '../domain/bucket-usage.ts';
import type {Clock} from '../domain/clock.ts';
import type {FleetView} from '../domain/fleet-view.ts';
import type {Burst} from '../domain/run-config.ts';
import type {Quota} from '../domain/target.ts';
import {BucketLimits} from './bucket-limits.ts';
import {BucketDay, type DayLimit} from './day-limit.ts';
import type {FleetGate, FleetLease, FleetRequest} from './fleet/shared-ledger.ts';
import {Ledger, type Reservation} from './ledger.ts';
import {Pacer} from './pacer.ts';
import {type Admission, BucketRoom, OutputRoom, refusalOf, ShareStanding, type Wait} from './room.ts';
import {Stamping} from './stamping.ts';
import {OverloadGuard, OverrunGuard, type ThrottleNews} from './throttle-guards.ts';
import type {Cost} from './token-estimator.ts';

/** How a request may be sent. */
type Way = {readonly kind: 'room' | 'probe'} | {readonly kind: 'lease'; readonly lease: FleetLease};

type BucketOptions = {
	readonly clock: Clock;
	readonly quota: Quota;
	readonly windowMs: number;
	/** Part of the quota that may be used, 0 to 1. */
	readonly share: number;
	readonly burst: Burst;
	/** Part of the window from which on requests are spread evenly, 0 to 1; absent: as `burst` says. */
	readonly evenAbove?: number | undefined;
	/** The day that it shares with other models, by its quota; absent: it has its own. */
	readonly dayOf?: ((quota: Quota) => DayLimit) | undefined;
	/** Of the network, in milliseconds; undefined while it is not known. */
	readonly roundTripMs?: (() => number | undefined) | undefined;
};

/** Everything that decides when a request may be sent to one bucket: ledger, limits, pace and capacity. */
export class Bucket {
	readonly ledger: Ledger;
	readonly limits: BucketLimits;
	readonly stamping: Stamping;
	readonly standing: ShareStanding;
	readonly windowMs: number;
	/** When the service last throttled by each, in milliseconds of the clock. */
	readonly throttledAt: Partial<Record<Dimension, number>> = {};
	readonly #clock: Clock;
	readonly #overload: OverloadGuard;
	readonly #pacer: Pacer;
	readonly #overruns: OverrunGuard;
	readonly #room: BucketRoom;
	/** Where output has a quota of its own. */
	readonly output: OutputRoom;
	#settledTokens = 0;
	#settledRequests = 0;
	/** The request that was refused last, while none was admitted since. */
	#waiting: {readonly tokens: number; readonly lane: Lane; readonly reason: Wait['reason']} | undefined;
	#roomAt: number | undefined;
	readonly #day: BucketDay;
	#fleet: FleetGate | undefined;
	#leftFleet: FleetView | undefined;

	constructor({clock, quota, windowMs, share, burst, evenAbove, roundTripMs, dayOf}: BucketOptions) {
		this.#clock = clock;
		this.stamping = new Stamping({clock, windowMs, roundTripMs});
		this.ledger = new Ledger(clock, windowMs, this.stamping);
		this.standing = new ShareStanding(clock, windowMs);
		this.limits = new BucketLimits(quota, share, this.ledger, windowMs);
		this.#overload = new OverloadGuard(windowMs);
		this.#pacer = new Pacer(windowMs, burst, evenAbove);
		this.#overruns = new OverrunGuard(windowMs);
		this.windowMs = windowMs;
		this.#day = new BucketDay(clock, quota, {dayOf, held: () => this.ledger.heldTokens});
		this.output = new OutputRoom(windowMs, this.limits);
		this.#room = new BucketRoom(this);
	}

	get day(): DayLimit {
		return this.#day.current;
	}

	/** The whole quota per minute. */
	get quota(): Limits {
		return this.limits.quota;
	}

	/** The quota is another from now on; what was used counts against it. */
	setQuota(quota: Quota): void {
		this.limits.setQuota(quota);
		this.#day.follow(quota);
		this.#room.limitsChanged(this.#clock.now());
	}

	/** Forgets use that it imported; before the first reservation. */
	clear(): void {
		this.#room.clear();
		this.ledger.clear();
	}

	/** Adds the use of other runs to its ledger. */
	takeOver(entries: readonly LedgerEntry[]): void {
		for (const {at, ended} of this.ledger.importEntries(entries)) {
			this.#room.settled(at, ended);
		}
	}

	/** Other programs of the user settled quota tokens: they count where the service refills its bucket. */
	noteSettled(tokens: number): void {
		this.#room.settled(this.#clock.now(), tokens);
	}

	/** Whether anything limits it: requests or tokens per minute. */
	get isLimited(): boolean {
		const {requests, tokens} = this.limits.own;
		return requests !== null || tokens !== null || this.limits.output !== null;
	}

	/** Quota tokens settled in this run. */
	get settledTokens(): number {
		return this.#settledTokens;
	}

	/** When there is room according to the last admission, in milliseconds of the clock; undefined when that depends on answers. */
	get roomAt(): number | undefined {
		return this.#roomAt;
	}

	/** Quota tokens of a settled request in this run; undefined before the first. */
	get meanTokens(): number | undefined {
		return this.#settledRequests === 0 ? undefined : this.#settledTokens / this.#settledRequests;
	}

	/**
	 * Milliseconds until the request that waits will likely be sent, with the others' use falling as it is expected to;
	 * undefined where none waits, where that depends on answers, or where it is more than two windows away.
	 */
	get likelyRoomMs(): number | undefined {
		if (this.#waiting === undefined || this.#waiting.reason === 'capacity') {
			return undefined;
		}
		const {tokens, lane, reason} = this.#waiting;
		const now = this.#clock.now();
		if (reason === 'pace') {
			return this.#roomAt === undefined ? undefined : Math.max(0, this.#roomAt - now);
		}
		return this.#room.likelyMs(now, {tokens, needed: tokens + this.#headroom, lane});
	}

	/** Part of the quota that may be used now, 0 to 1. */
	get share(): number {
		return this.limits.share(this.#clock.now());
	}

	/** Room left for a lane, as a part of the limit of the fuller dimension; negative after an overrun. */
	roomLeft(lane: Lane): number {
		return this.#room.left(this.limits.forLane(this.#clock.now(), lane));
	}

	/** The fleet as it is, or was when it was left; undefined without one. */
	get fleetView(): FleetView | undefined {
		return this.#fleet?.view ?? this.#leftFleet;
	}

	/** From now on a fleet shares it; undefined: it leaves. */
	joins(fleet: FleetGate | undefined): void {
		this.#leftFleet = this.#fleet?.view;
		this.#fleet = fleet;
	}

	/** What counts now: own requests, and those of the fleet that shares it. */
	get use(): Use {
		return this.#room.use;
	}

	/**
	 * Sets a request aside when it may be sent now; otherwise says when to ask again.
	 * @param key Names the call, the same each time it is tried: a fleet may be asked for several at once.
	 */
	admit(cost: Cost, lane: Lane, key?: string): Admission {
		const tooLarge = refusalOf(this.limits.own, cost.reserved);
		if (tooLarge !== undefined) {
			return tooLarge;
		}
		// An estimate alone must not make a request too large for its bucket.
		const tokens = Math.max(cost.reserved, Math.min(cost.setAside, this.limits.own.tokens ?? cost.setAside));
		if (!this.day.hasRoom(tokens)) {
			return {kind: 'day'};
		}
		const now = this.#clock.now();
		const members = this.fleetView?.members ?? this.standing.neighbours.count + 1;
		const outputMs = this.output.roomIn(now, cost.output ?? 0, members);
		const way =
			outputMs === 0
				? this.#wayFor(now, {tokens, reserved: cost.reserved, lane, key})
				: ({kind: 'wait', delayMs: outputMs, reason: 'tokens'} as const);
		if (way.kind === 'day') {
			return way;
		}
		if (way.kind === 'wait') {
			this.#roomAt = way.delayMs === undefined ? undefined : now + way.delayMs;
			this.#waiting = {tokens, lane, reason: way.reason};
			this.standing.waits(tokens, way.reason === 'requests' || way.reason === 'tokens');
			return way;
		}
		this.#roomAt = now;
		this.#waiting = undefined;
		this.standing.sent(tokens);
		this.#pacer.charge(now, tokens, this.limits.open(now), () => this.#usedPart(now));
		const lease = way.kind === 'lease' ? way.lease : undefined;
		const reservation =
			way.kind === 'probe'
				? this.#reserveProbe(tokens, lane, cost)
				: this.ledger.reserve(Math.max(tokens, lease?.tokens ?? 0), lane, cost.reserved, cost.input);
		this.#overruns.admitted(reservation, cost);
		this.output.hold(reservation, cost.output ?? 0);
		this.#fleet?.sent(reservation, lease);
		return {kind: 'admitted', reservation};
	}

	/** A call of that key is not made. */
	withdraw(key: string): void {
		this.#fleet?.withdraw(key);
	}

	/** Counts a request that is sent whatever the room: of a tap that only meters. */
	record(cost: Cost, lane: Lane): Reservation {
		this.standing.sent(cost.setAside);
		const reservation = this.ledger.reserve(cost.setAside, lane, cost.reserved, cost.input);
		this.#overruns.admitted(reservation, cost);
		this.output.hold(reservation, cost.output ?? 0);
		this.#fleet?.sent(reservation);
		return reservation;
	}

	#reserveProbe(tokens: number, lane: Lane, {reserved, input}: Cost): Reservation {
		const {unheard} = this.ledger;
		const quota = this.quota.tokens ?? Number.POSITIVE_INFINITY;
		const fullSince = this.ledger.fullSince(reserved, quota);
		const reservation = this.ledger.reserve(tokens, lane, reserved, input);
		this.stamping.probe(reservation, unheard, fullSince);
		return reservation;
	}

	/** The first byte of an answer is here. Returns whether it says that tokens count from there. */
	confirm(reservation: Reservation): boolean {
		if (!reservation.isOpen || reservation.confirmedAt !== undefined) {
			return false;
		}
		this.ledger.confirm(reservation);
		const isLearnt = this.stamping.heard(reservation);
		this.#fleet?.heard(reservation);
		return isLearnt;
	}

	/**
	 * The answer settles what was set aside.
	 * @param usage What they are made of; undefined: not known.
	 * @returns The quota tokens by which it overran.
	 */
	settle(reservation: Reservation, tokens: number, usage?: Usage): number {
		this.confirm(reservation);
		this.#overruns.ended(reservation);
		const now = this.#clock.now();
		this.output.end(now, reservation, usage?.outputTokens);
		this.#settledTokens += tokens;
		this.day.settled(tokens);
		this.#settledRequests++;
		this.standing.answered(tokens);
		this.#room.settled(now, tokens);
		this.#pacer.correct(tokens - reservation.tokens, this.limits.open(now));
		this.#fleet?.ended(reservation, tokens);
		return this.ledger.settle(reservation, tokens, usage);
	}

	/** An attempt ended without an answer, and was not counted. */
	giveBack(reservation: Reservation): void {
		this.stamping.ended(reservation);
		this.#overruns.ended(reservation);
		this.output.giveBack(reservation);
		this.ledger.giveBack(reservation);
		this.#fleet?.ended(reservation, 'given-back');
	}

	/** An attempt ended without an answer, and may have been counted. */
	keep(reservation: Reservation): void {
		this.stamping.ended(reservation);
		this.#overruns.ended(reservation);
		this.output.end(this.#clock.now(), reservation, undefined);
		this.ledger.keep(reservation);
		this.#fleet?.ended(reservation, 'kept');
	}

	/**
	 * The service throttled an attempt. Where the ledger had room, that is first blamed on bursts, of which nothing is
	 * documented: later requests are spread evenly over the window. If those are throttled too, others use the bucket. One
	 * member of a fleet cannot spread the requests of all: there others are blamed at once, and all members go by that.
	 */
	throttled(reservation: Reservation, dimension: Dimension): ThrottleNews {
		const isProbe = dimension === 'tokens' && this.stamping.isProbe(reservation);
		const now = this.#clock.now();
		if (dimension === 'tokens') {
			const isAlone = this.#fleet === undefined && this.standing.neighbours.count === 0;
			this.ledger.evidence?.refused(reservation, isAlone && !this.limits.reportsOthers);
		}
		this.giveBack(reservation);
		this.throttledAt[dimension] = now;
		if (dimension === 'tokens') {
			this.#overruns.throttled(now);
		}
		if (isProbe) {
			return this.#probeRefused(now, reservation);
		}
		if (!this.limits.hadRoom(dimension, reservation)) {
			return 'none';
		}
		this.stamping.surprised();
		this.limits.observeRefusal(now, dimension, reservation);
		const isFirst = this.#fleet === undefined && this.#pacer.spreads(now);
		if (this.#fleet !== undefined || this.#pacer.isSpread(reservation.sentAt)) {
			return this.#blameOthers(now, dimension, reservation);
		}
		// What was sent in the burst proves only that, and must not delay later requests.
		this.#pacer.giveBack(reservation.tokens, this.limits.open(now));
		return isFirst ? 'burst' : 'none';
	}

	#blameOthers(now: number, dimension: Dimension, reservation: Reservation): ThrottleNews {
		if (!this.limits.observeOthers(now, dimension, reservation)) {
			return 'none';
		}
		this.#fleet?.sawOthers(dimension);
		return 'others';
	}

	/** The service says that the quota of the day is used up. */
	dayEnded(): void {
		this.#fleet?.sawDayEnd();
	}

	#probeRefused(now: number, reservation: Reservation): ThrottleNews {
		const quota = this.quota.tokens ?? Number.POSITIVE_INFINITY;
		// The ledger of a fleet had no room for it by the count from the end: that made it a probe.
		const isExplained =
			this.#fleet !== undefined || this.ledger.roomFromEndIn(reservation.reserved, quota) !== 0;
		if (this.stamping.refused(reservation, isExplained && !this.limits.hasOthers(now))) {
			this.#pacer.giveBack(reservation.tokens, this.limits.open(now));
			return 'end';
		}
		this.limits.observeRefusal(now, 'tokens', reservation);
		return this.#blameOthers(now, 'tokens', reservation);
	}

	/** The service had no capacity. Returns whether the requests in flight were stepped down. */
	overloaded(reservation: Reservation): boolean {
		const {inFlight} = this.ledger;
		this.giveBack(reservation);
		return this.#overload.observe(this.#clock.now(), inFlight);
	}

	/** Whether and how a request may be sent now. */
	#wayFor(
		now: number,
		request: Pick<FleetRequest, 'tokens' | 'reserved' | 'lane' | 'key'>,
	): Way | Wait | {readonly kind: 'day'} {
		const {tokens, lane} = request;
		const {pollMs} = this.#room;
		const cap = this.#overload.cap(now);
		if (cap !== undefined && this.ledger.inFlight >= cap) {
			return {kind: 'wait', delayMs: pollMs, reason: 'capacity'};
		}
		if (this.#overruns.isHolding(now)) {
			return {kind: 'wait', delayMs: pollMs, reason: 'tokens'};
		}
		// An open loop has its own rhythm: it is charged, so that other lanes make way, but does not wait.
		const isPaced = this.#pacer.isEven(() => this.#usedPart(now)) && !this.limits.hasRate(lane);
		const paceMs = isPaced ? this.#pacer.delayMs(now) : 0;
		if (paceMs > 0) {
			return {kind: 'wait', delayMs: paceMs, reason: 'pace'};
		}
		const headroom = this.#headroom;
		const verdict = this.#fleet?.admit({
			...request,
			headroom,
			mayProbe: this.stamping.mayProbe(now) && !this.limits.hasOthers(now),
			isAlone: isPaced,
		});
		if (verdict !== undefined && verdict.kind !== 'part') {
			return verdict;
		}
		const wait = this.#room.waitFor(now, {tokens, needed: tokens + headroom, lane});
		return typeof wait === 'object' ? wait : {kind: wait ?? 'room'};
	}

	/** Quota tokens to keep free beside a request: into the headroom they go one by one. */
	get #headroom(): number {
		return this.ledger.unconfirmed === 0 ? 0 : this.#overruns.headroom;
	}

	/** Part of what may be used that is used, 0 to 1. */
	#usedPart(now: number): number {
		return 1 - this.#room.left(this.limits.open(now));
	}
}
