import {type Dimension, type Lane, type LedgerEntry, type Limits, roomPart} from '../domain/bucket-usage.ts';
import type {Clock} from '../domain/clock.ts';
import type {Burst} from '../domain/run-spec.ts';
import type {Quota} from '../domain/target.ts';
import {BucketLimits, ShareStanding} from './bucket-limits.ts';
import {Ledger, type Reservation} from './ledger.ts';
import {TokenBucketModel} from './ledger-account.ts';
import {Pacer} from './pacer.ts';
import {Stamping} from './stamping.ts';
import {OverloadGuard, OverrunGuard} from './throttle-guards.ts';
import type {Cost} from './token-estimator.ts';

/** Why a request is not sent yet. */
export type WaitReason = 'requests' | 'tokens' | 'pace' | 'capacity';

export type Admission =
	| {readonly kind: 'admitted'; readonly reservation: Reservation}
	/** `delayMs` is undefined when it depends on answers that are still to come. */
	| {readonly kind: 'wait'; readonly delayMs: number | undefined; readonly reason: WaitReason}
	/** The daily quota is used up. */
	| {readonly kind: 'day'}
	/** It will never fit: larger than the bucket. */
	| {readonly kind: 'never'; readonly dimension: Dimension; readonly needed: number; readonly limit: number};

/**
 * What a throttle shows. `none`: nothing new; `burst`: bursts are not allowed; `others`: others use the bucket; `end`: tokens
 * count from the end of an answer.
 */
type ThrottleNews = 'none' | 'burst' | 'others' | 'end';

type BucketOptions = {
	readonly clock: Clock;
	readonly quota: Quota;
	readonly windowMs: number;
	/** Part of the quota that may be used, 0 to 1. */
	readonly share: number;
	readonly burst: Burst;
	/** Part of the window from which on requests are spread evenly, 0 to 1; absent: as `burst` says. */
	readonly evenAbove?: number | undefined;
	/** Of the network, in milliseconds; undefined while it is not known. */
	readonly roundTripMs?: (() => number | undefined) | undefined;
};

/** The smallest number up to `most`, to within `step`, from which on it is true; undefined where it never is. */
const earliest = (isTrue: (value: number) => boolean, most: number, step: number): number | undefined => {
	let [from, to] = [0, most];
	while (to - from > step) {
		const middle = (from + to) / 2;
		[from, to] = isTrue(middle) ? [from, middle] : [middle, to];
	}
	return isTrue(to) ? to : undefined;
};

/** Everything that decides when a request may be sent to one bucket: ledger, limits, pace and capacity. */
export class Bucket {
	readonly ledger: Ledger;
	readonly limits: BucketLimits;
	readonly stamping: Stamping;
	readonly standing: ShareStanding;
	/** The whole quota per minute. */
	readonly quota: Limits;
	readonly windowMs: number;
	/** When the service last throttled by each, in milliseconds of the clock. */
	readonly throttledAt: Partial<Record<Dimension, number>> = {};
	readonly #clock: Clock;
	readonly #overload: OverloadGuard;
	readonly #pacer: Pacer;
	readonly #overruns: OverrunGuard;
	#tokenBucket: TokenBucketModel | undefined;
	readonly tokensPerDay: number | null;
	/** Milliseconds between two tries while something changes by time alone. */
	readonly #pollMs: number;
	/** Since when requests are spread evenly over the window; undefined while they may come in bursts. */
	#evenSince: number | undefined;
	readonly #evenAbove: number;
	/** There was no room since it was last nearly empty. */
	#hasFilled = false;
	#settledTokens = 0;
	#settledRequests = 0;
	/** The request that was refused last, while none was admitted since. */
	#waiting: {readonly tokens: number; readonly lane: Lane; readonly reason: WaitReason} | undefined;
	#othersToday = 0;
	#roomAt: number | undefined;

	constructor({clock, quota, windowMs, share, burst, evenAbove = 1, roundTripMs}: BucketOptions) {
		this.#clock = clock;
		this.stamping = new Stamping({clock, windowMs, roundTripMs});
		this.ledger = new Ledger(clock, windowMs, this.stamping);
		this.standing = new ShareStanding(clock, windowMs);
		this.limits = new BucketLimits(quota, share, this.ledger, windowMs);
		this.#overload = new OverloadGuard(windowMs);
		this.#pacer = new Pacer(windowMs);
		this.#overruns = new OverrunGuard(windowMs);
		this.windowMs = windowMs;
		this.#tokenBucket = this.#fullTokenBucket();
		this.tokensPerDay = quota.tokensPerDay.value;
		this.quota = {requests: quota.requestsPerMinute.value, tokens: quota.tokensPerMinute.value};
		this.#pollMs = windowMs / 120;
		this.#evenSince = burst === 'even' ? Number.NEGATIVE_INFINITY : undefined;
		this.#evenAbove = evenAbove;
	}

	/** Forgets use that it imported; before the first reservation. */
	clear(): void {
		this.#tokenBucket = this.#fullTokenBucket();
		this.ledger.clear();
	}

	/** Adds the use of other runs to its ledger. */
	takeOver(entries: readonly LedgerEntry[]): void {
		for (const {at, ended} of this.ledger.importEntries(entries)) {
			this.#tokenBucket?.settle(at, ended);
		}
	}

	#fullTokenBucket(): TokenBucketModel | undefined {
		const {tokens} = this.limits.own;
		return tokens === null ? undefined : new TokenBucketModel(tokens, this.windowMs);
	}

	/** Other programs of the user settled quota tokens: they count where the service refills its bucket. */
	noteSettled(tokens: number): void {
		this.#tokenBucket?.settle(this.#clock.now(), tokens);
	}

	/** Whether anything limits it: requests or tokens per minute. */
	get isLimited(): boolean {
		return this.limits.own.requests !== null || this.limits.own.tokens !== null;
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

	/** Quota tokens used today by others and by earlier runs. */
	get othersToday(): number {
		return this.#othersToday;
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
		const needed = tokens + (this.ledger.unconfirmed === 0 ? 0 : this.#overruns.headroom);
		const fitsIn = (delayMs: number): boolean => {
			const limits = this.limits.forLane(now + delayMs, lane);
			const roomMs = this.#roomIn(now, tokens, needed, limits);
			return roomMs !== undefined && roomMs <= delayMs;
		};
		return earliest(fitsIn, 2 * this.windowMs, this.#pollMs / 10);
	}

	/** Part of the quota that may be used now, 0 to 1. */
	get share(): number {
		return this.limits.share(this.#clock.now());
	}

	/** Room left for a lane, as a part of the limit of the fuller dimension; negative after an overrun. */
	roomLeft(lane: Lane): number {
		return roomPart(this.ledger.use(), this.limits.forLane(this.#clock.now(), lane));
	}

	/** Quota tokens used today by others and by earlier runs (from the account monitor). */
	setOthersToday(tokens: number): void {
		this.#othersToday = tokens;
	}

	/** Sets a request aside when it may be sent now; otherwise says when to ask again. */
	admit(cost: Cost, lane: Lane): Admission {
		const tooLarge = this.#tooLarge(cost);
		if (tooLarge !== undefined) {
			return tooLarge;
		}
		// An estimate alone must not make a request too large for its bucket.
		const tokens = Math.max(cost.reserved, Math.min(cost.setAside, this.limits.own.tokens ?? cost.setAside));
		const today = this.#othersToday + this.#settledTokens + this.ledger.heldTokens + tokens;
		if (this.tokensPerDay !== null && today > this.tokensPerDay) {
			return {kind: 'day'};
		}
		const now = this.#clock.now();
		const wait = this.#waitFor(now, tokens, lane);
		if (wait !== undefined && wait !== 'probe') {
			this.#roomAt = wait.delayMs === undefined ? undefined : now + wait.delayMs;
			this.#waiting = {tokens, lane, reason: wait.reason};
			this.standing.waits(tokens, wait.reason === 'requests' || wait.reason === 'tokens');
			return wait;
		}
		this.#roomAt = now;
		this.#waiting = undefined;
		this.standing.sent(tokens);
		if (this.#evenAbove === 1 || this.#isEven(now)) {
			this.#pacer.charge(now, tokens, this.limits.open(now));
		}
		const reservation =
			wait === 'probe'
				? this.#reserveProbe(tokens, lane, cost)
				: this.ledger.reserve(tokens, lane, cost.reserved);
		this.#overruns.admitted(reservation, cost);
		return {kind: 'admitted', reservation};
	}

	/** Counts a request that is sent whatever the room: of a tap that only meters. */
	record(cost: Cost, lane: Lane): Reservation {
		this.standing.sent(cost.setAside);
		const reservation = this.ledger.reserve(cost.setAside, lane, cost.reserved);
		this.#overruns.admitted(reservation, cost);
		return reservation;
	}

	#reserveProbe(tokens: number, lane: Lane, {reserved}: Cost): Reservation {
		const {unheard} = this.ledger;
		const quota = this.quota.tokens ?? Number.POSITIVE_INFINITY;
		const fullSince = this.ledger.fullSince(reserved, quota);
		const reservation = this.ledger.reserve(tokens, lane, reserved);
		this.stamping.probe(reservation, unheard, fullSince);
		return reservation;
	}

	/** The first byte of an answer is here. Returns whether it says that tokens count from there. */
	confirm(reservation: Reservation): boolean {
		if (!reservation.isOpen || reservation.confirmedAt !== undefined) {
			return false;
		}
		this.ledger.confirm(reservation);
		return this.stamping.heard(reservation);
	}

	/** The answer settles what was set aside. Returns the quota tokens by which it overran. */
	settle(reservation: Reservation, tokens: number): number {
		this.confirm(reservation);
		this.#overruns.ended(reservation);
		const now = this.#clock.now();
		this.#settledTokens += tokens;
		this.#settledRequests++;
		this.standing.answered(tokens);
		this.#tokenBucket?.settle(now, tokens);
		this.#pacer.correct(tokens - reservation.tokens, this.limits.open(now));
		return this.ledger.settle(reservation, tokens);
	}

	/** An attempt ended without an answer, and was not counted. */
	giveBack(reservation: Reservation): void {
		this.stamping.ended(reservation);
		this.#overruns.ended(reservation);
		this.ledger.giveBack(reservation);
	}

	/** An attempt ended without an answer, and may have been counted. */
	keep(reservation: Reservation): void {
		this.stamping.ended(reservation);
		this.#overruns.ended(reservation);
		this.ledger.keep(reservation);
	}

	/**
	 * The service throttled an attempt. Where the ledger had room, that is first blamed on bursts, of which nothing is
	 * documented: later requests are spread evenly over the window. If those are throttled too, others use the bucket.
	 */
	throttled(reservation: Reservation, dimension: Dimension): ThrottleNews {
		const isProbe = dimension === 'tokens' && this.stamping.isProbe(reservation);
		this.giveBack(reservation);
		const now = this.#clock.now();
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
		const isFirst = this.#evenSince === undefined;
		this.#evenSince ??= now;
		if (reservation.sentAt > this.#evenSince) {
			return this.limits.observeOthers(now, dimension, reservation) ? 'others' : 'none';
		}
		// What was sent in the burst proves only that, and must not delay later requests.
		this.#pacer.giveBack(reservation.tokens, this.limits.open(now));
		return isFirst ? 'burst' : 'none';
	}

	#probeRefused(now: number, reservation: Reservation): ThrottleNews {
		const quota = this.quota.tokens ?? Number.POSITIVE_INFINITY;
		const isExplained = this.ledger.roomFromEndIn(reservation.reserved, quota) !== 0;
		if (this.stamping.refused(reservation, isExplained && !this.limits.hasOthers(now))) {
			this.#pacer.giveBack(reservation.tokens, this.limits.open(now));
			return 'end';
		}
		this.limits.observeRefusal(now, 'tokens', reservation);
		return this.limits.observeOthers(now, 'tokens', reservation) ? 'others' : 'none';
	}

	/** The service had no capacity. Returns whether the requests in flight were stepped down. */
	overloaded(reservation: Reservation): boolean {
		const {inFlight} = this.ledger;
		this.giveBack(reservation);
		return this.#overload.observe(this.#clock.now(), inFlight);
	}

	/** Why a request of `tokens` has to wait; undefined when it may be sent, `probe` when it may be sent alone as one. */
	#waitFor(
		now: number,
		tokens: number,
		lane: Lane,
	): Extract<Admission, {kind: 'wait'}> | 'probe' | undefined {
		const cap = this.#overload.cap(now);
		if (cap !== undefined && this.ledger.inFlight >= cap) {
			return {kind: 'wait', delayMs: this.#pollMs, reason: 'capacity'};
		}
		if (this.#overruns.isHolding(now)) {
			return {kind: 'wait', delayMs: this.#pollMs, reason: 'tokens'};
		}
		// An open loop has its own rhythm: it is charged, so that other lanes make way, but does not wait.
		const paceMs = this.#isEven(now) && !this.limits.hasRate(lane) ? this.#pacer.delayMs(now) : 0;
		if (paceMs > 0) {
			return {kind: 'wait', delayMs: paceMs, reason: 'pace'};
		}
		return this.#waitForRoom(now, tokens, this.limits.forLane(now, lane));
	}

	/**
	 * Whether requests are spread now: since a throttle, or as the window is this full. Once it is full the minute before
	 * repeats itself, and to spread what leaves at once would only make those wait longer who came first.
	 */
	#isEven(now: number): boolean {
		const used = this.#evenAbove < 1 ? 1 - roomPart(this.ledger.use(), this.limits.open(now)) : 0;
		this.#hasFilled = used >= 0.98 || (this.#hasFilled && used >= this.#evenAbove / 2);
		return this.#evenSince !== undefined || (!this.#hasFilled && used >= this.#evenAbove);
	}

	#waitForRoom(
		now: number,
		tokens: number,
		limits: Limits,
	): Extract<Admission, {kind: 'wait'}> | 'probe' | undefined {
		const {neighbours} = this.standing;
		// Into the headroom requests go one by one.
		const needed = tokens + (this.ledger.unconfirmed === 0 ? 0 : this.#overruns.headroom);
		const roomMs = this.#roomIn(now, tokens, needed, limits);
		const fromEndMs = this.ledger.roomFromEndIn(needed, limits.tokens);
		const mayProbe = neighbours.count === 0 && this.stamping.mayProbe(now);
		if (roomMs === 0 && (fromEndMs === 0 || mayProbe)) {
			const use = neighbours.count === 0 ? this.ledger.use() : this.ledger.maxUse();
			return !this.standing.hasClaimed(use, tokens, this.quota)
				? {kind: 'wait', delayMs: this.#pollMs, reason: 'tokens'}
				: fromEndMs === 0
					? undefined
					: 'probe';
		}
		const isRequests = limits.requests !== null && this.ledger.use().requests + 1 > limits.requests;
		const bothMs = roomMs === undefined || fromEndMs === undefined ? undefined : Math.max(roomMs, fromEndMs);
		// A probe goes as soon as the count from the first byte has room.
		const nextMs = roomMs !== undefined && roomMs > 0 && mayProbe ? roomMs : bothMs;
		const delayMs = this.limits.isChanging(now) ? Math.min(nextMs ?? this.#pollMs, this.#pollMs) : nextMs;
		return {kind: 'wait', delayMs, reason: isRequests ? 'requests' : 'tokens'};
	}

	/** Milliseconds until a request fits, tokens counted from the first byte; undefined when that depends on answers. */
	#roomIn(now: number, tokens: number, needed: number, limits: Limits): number | undefined {
		const roomMs = this.ledger.roomIn(needed, limits);
		const pending = this.ledger.heldTokens + this.standing.neighbours.pendingTokens;
		const debtMs = this.#tokenBucket?.roomIn(now, tokens + pending) ?? 0;
		const isPayable = Number.isFinite(debtMs);
		return roomMs === undefined || !isPayable ? undefined : Math.max(roomMs, debtMs);
	}

	#tooLarge(cost: Cost): Admission | undefined {
		const {requests, tokens} = this.limits.own;
		if (requests !== null && requests < 1) {
			return {kind: 'never', dimension: 'requests', needed: 1, limit: requests};
		}
		return tokens !== null && cost.reserved > tokens
			? {kind: 'never', dimension: 'tokens', needed: cost.reserved, limit: tokens}
			: undefined;
	}
}
