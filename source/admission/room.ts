import {type Dimension, type Lane, type Limits, roomPart, type Use} from '../domain/bucket-usage.ts';
import type {Clock} from '../domain/clock.ts';
import type {BucketLimits} from './bucket-limits.ts';
import type {Ledger, Reservation} from './ledger.ts';
import {SlidingSum, TokenBucketModel} from './ledger-account.ts';
import type {Stamping} from './stamping.ts';

/** Why a request is not sent yet; `fleet`: the ledger that its fleet shares has not let it in. */
export type WaitReason = Dimension | 'pace' | 'capacity' | 'fleet';

/** A request is not sent yet. */
export type Wait = {
	readonly kind: 'wait';
	/** Undefined when it depends on answers that are still to come. */
	readonly delayMs: number | undefined;
	readonly reason: WaitReason;
	/** The fleet may let in others of this bucket before it: they can be admitted meanwhile. */
	readonly isAsked?: boolean;
};

/** The answer to a request that wants to be sent. */
export type Admission =
	| {readonly kind: 'admitted'; readonly reservation: Reservation}
	| Wait
	/** The daily quota is used up. */
	| {readonly kind: 'day'}
	/** It will never fit: larger than the bucket. */
	| {readonly kind: 'never'; readonly dimension: Dimension; readonly needed: number; readonly limit: number};

/** Why a request would never fit below limits; undefined where it may. @param reserved What the service sets aside. */
export function refusalOf(
	{requests, tokens}: Limits,
	reserved: number,
): Extract<Admission, {kind: 'never'}> | undefined {
	if (requests !== null && requests < 1) {
		return {kind: 'never', dimension: 'requests', needed: 1, limit: requests};
	}
	return tokens !== null && reserved > tokens
		? {kind: 'never', dimension: 'tokens', needed: reserved, limit: tokens}
		: undefined;
}

type RoomOptions = {
	readonly windowMs: number;
	readonly ledger: Ledger;
	readonly limits: BucketLimits;
	readonly stamping: Stamping;
	readonly standing: ShareStanding;
};

/** A request that wants to be sent. */
type Wanted = {
	readonly tokens: number;
	/** With what is to be kept free beside it. */
	readonly needed: number;
	readonly lane: Lane;
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

/** When one more request fits below the limits of a bucket, by its own ledger. */
export class BucketRoom {
	/** Milliseconds between two tries while something changes by time alone. */
	readonly pollMs: number;
	readonly #options: RoomOptions;
	#tokenBucket: TokenBucketModel | undefined;

	constructor(options: RoomOptions) {
		this.#options = options;
		this.pollMs = options.windowMs / 120;
		this.clear();
	}

	/** Forgets what was settled. */
	clear(): void {
		const {limits, windowMs} = this.#options;
		const {tokens} = limits.own;
		this.#tokenBucket = tokens === null ? undefined : new TokenBucketModel(tokens, windowMs);
	}

	/** The limits are others from now on. */
	limitsChanged(now: number): void {
		const {limits, windowMs} = this.#options;
		const {tokens} = limits.own;
		if (tokens === null || this.#tokenBucket === undefined) {
			this.#tokenBucket = tokens === null ? undefined : new TokenBucketModel(tokens, windowMs);
		} else {
			this.#tokenBucket.resize(now, tokens, windowMs);
		}
	}

	/** Quota tokens were settled: they count where the service refills its bucket. */
	settled(at: number, tokens: number): void {
		this.#tokenBucket?.settle(at, tokens);
	}

	/** What counts now: own requests, and those of the fleet that shares the bucket. */
	get use(): Use {
		const {ledger, limits} = this.#options;
		const own = ledger.use();
		const {requests, tokens} = limits.fleetUse;
		return {requests: own.requests + requests, tokens: own.tokens + tokens};
	}

	/** Room left, as a part of the limit of the fuller dimension; negative after an overrun. */
	left(limits: Limits): number {
		return roomPart(this.use, limits);
	}

	/** Why a request has to wait; undefined when it may be sent, `probe` when it may be sent alone as one. */
	waitFor(now: number, {tokens, needed, lane}: Wanted): Wait | 'probe' | undefined {
		const {ledger, stamping, standing} = this.#options;
		const limits = this.#options.limits.forLane(now, lane);
		const {neighbours} = standing;
		const roomMs = this.#roomIn(now, tokens, needed, limits);
		const fromEndMs = ledger.roomFromEndIn(needed, limits.tokens);
		const mayProbe = neighbours.count === 0 && stamping.mayProbe(now);
		if (roomMs === 0 && (fromEndMs === 0 || mayProbe)) {
			const use = neighbours.count === 0 ? ledger.use() : ledger.maxUse();
			return !standing.hasClaimed(use, tokens, this.#options.limits.quota)
				? {kind: 'wait', delayMs: this.pollMs, reason: 'tokens'}
				: fromEndMs === 0
					? undefined
					: 'probe';
		}
		const isRequests = limits.requests !== null && ledger.use().requests + 1 > limits.requests;
		const bothMs = roomMs === undefined || fromEndMs === undefined ? undefined : Math.max(roomMs, fromEndMs);
		// A probe goes as soon as the count from the first byte has room.
		const nextMs = roomMs !== undefined && roomMs > 0 && mayProbe ? roomMs : bothMs;
		const isChanging = this.#options.limits.isChanging(now);
		const delayMs = isChanging ? Math.min(nextMs ?? this.pollMs, this.pollMs) : nextMs;
		return {kind: 'wait', delayMs, reason: isRequests ? 'requests' : 'tokens'};
	}

	/**
	 * Milliseconds until a request will likely fit, with the others' use falling as it is expected to; undefined where that
	 * depends on answers, or where it is more than two windows away.
	 */
	likelyMs(now: number, {tokens, needed, lane}: Wanted): number | undefined {
		const fitsIn = (delayMs: number): boolean => {
			const limits = this.#options.limits.forLane(now + delayMs, lane);
			const roomMs = this.#roomIn(now, tokens, needed, limits);
			return roomMs !== undefined && roomMs <= delayMs;
		};
		return earliest(fitsIn, 2 * this.#options.windowMs, this.pollMs / 10);
	}

	/** Milliseconds until a request fits, tokens counted from the first byte; undefined when that depends on answers. */
	#roomIn(now: number, tokens: number, needed: number, limits: Limits): number | undefined {
		const {ledger, standing} = this.#options;
		const roomMs = ledger.roomIn(needed, limits);
		const pending = ledger.heldTokens + standing.neighbours.pendingTokens;
		const debtMs = this.#tokenBucket?.roomIn(now, tokens + pending) ?? 0;
		const isPayable = Number.isFinite(debtMs);
		return roomMs === undefined || !isPayable ? undefined : Math.max(roomMs, debtMs);
	}
}

/** Other programs of the user that use a bucket now. */
type Neighbours = {
	readonly count: number;
	/** Quota tokens that they may settle before their next record. */
	readonly pendingTokens: number;
};

/** Use that must not be exceeded until another is claimed; `until`: the instant after which nothing more may be sent by it. */
type Claim = Use & {readonly until: number};

/** Part of a window after which a request that was refused no longer counts as waiting: its run asks more often. */
const waitingPart = 1 / 12;

const minuteMs = 60_000;
/** Minutes whose answers are kept: CloudWatch is that late at most. */
export const keptMinutes = 15;

/** A run's position at a bucket shared with other programs of its user: its claim, its demand, and its neighbours. */
export class ShareStanding {
	/** Called when a request would fit into the part of this run but not into its claim. */
	onShort = (): void => {};
	/** Undefined while the bucket is not shared. */
	claim: Claim | undefined;
	neighbours: Neighbours = {count: 0, pendingTokens: 0};
	readonly #clock: Clock;
	readonly #windowMs: number;
	#admitted: Use = {requests: 0, tokens: 0};
	#lastSentAt = 0;
	#needs = 0;
	#waitingSince = Number.NEGATIVE_INFINITY;
	/** Answers of the last minutes, by the begin of the minute. */
	readonly #minutes = new Map<number, Use>();

	constructor(clock: Clock, windowMs: number) {
		this.#clock = clock;
		this.#windowMs = windowMs;
	}

	/** Requests and quota tokens admitted so far. */
	get admitted(): Use {
		return this.#admitted;
	}

	/** When the last request was admitted, in milliseconds since 1970; 0 before one. */
	get lastSentAt(): number {
		return this.#lastSentAt;
	}

	/** Quota tokens of the last request that was asked for; 0 before one. */
	get needs(): number {
		return this.#needs;
	}

	/** Whether a request waits for room: it was refused lately, and none was admitted since. */
	get isWaiting(): boolean {
		return this.#clock.now() - this.#waitingSince < this.#windowMs * waitingPart;
	}

	/** What was answered in the last minutes: [begin of the minute in milliseconds since 1970, use]. */
	get minutes(): ReadonlyArray<readonly [number, Use]> {
		return [...this.#minutes];
	}

	/** An answer settled at `tokens`. */
	answered(tokens: number): void {
		const at = Math.floor(this.#clock.epoch() / minuteMs) * minuteMs;
		const known = this.#minutes.get(at) ?? {requests: 0, tokens: 0};
		this.#minutes.set(at, {requests: known.requests + 1, tokens: known.tokens + tokens});
		const [oldest] = this.#minutes.keys();
		if (oldest !== undefined && this.#minutes.size > keptMinutes) {
			this.#minutes.delete(oldest);
		}
	}

	/** A request of `tokens` was admitted. */
	sent(tokens: number): void {
		this.#needs = tokens;
		this.#waitingSince = Number.NEGATIVE_INFINITY;
		this.#lastSentAt = this.#clock.epoch();
		this.#admitted = {requests: this.#admitted.requests + 1, tokens: this.#admitted.tokens + tokens};
	}

	/** A request of `tokens` had to wait. @param isForRoom Not for its turn, or for capacity. */
	waits(tokens: number, isForRoom: boolean): void {
		this.#needs = tokens;
		this.#waitingSince = isForRoom ? this.#clock.now() : Number.NEGATIVE_INFINITY;
	}

	/** Whether a request fits into the claim; if not, more is claimed. */
	hasClaimed(use: Use, tokens: number, quota: Limits): boolean {
		const {claim} = this;
		const fits =
			claim === undefined ||
			(this.#clock.now() <= claim.until &&
				(quota.requests === null || use.requests + 1 <= claim.requests) &&
				(quota.tokens === null || use.tokens + tokens <= claim.tokens));
		if (!fits) {
			this.onShort();
		}
		return fits;
	}
}

/**
 * The output quota of a model on bedrock-mantle, beside the bucket of its input. The service counts output as it is
 * generated and cuts the answer where the quota ends, so there must be room for all of it before a request is sent. When a
 * token is generated is not known: what is set aside counts until the end of the answer, and what it settled at for one
 * window from there, which is never less than the service counts. Programs that share the bucket have an equal part of it
 * each: what the others' answers will write is known to them alone.
 */
export class OutputRoom {
	readonly #limits: Pick<BucketLimits, 'output'>;
	readonly #ended: SlidingSum;
	readonly #held = new Map<Reservation, number>();
	#heldTokens = 0;

	constructor(windowMs: number, limits: Pick<BucketLimits, 'output'>) {
		this.#limits = limits;
		this.#ended = new SlidingSum(windowMs);
	}

	/** Set aside for requests in flight. */
	get heldTokens(): number {
		return this.#heldTokens;
	}

	/** What counts now, requests in flight included. */
	use(now: number): number {
		return this.#heldTokens + this.#ended.total(now);
	}

	/**
	 * Milliseconds until output of `tokens` fits; 0 when it fits now, undefined when that depends on answers. An answer that
	 * is expected to be longer than the whole quota waits for all of it.
	 * @param members Programs that share the bucket.
	 */
	roomIn(now: number, tokens: number, members = 1): number | undefined {
		const {output} = this.#limits;
		if (output === null) {
			return 0;
		}
		const limit = output / members;
		const excess = this.use(now) + Math.min(tokens, limit) - limit;
		if (excess <= 0) {
			return 0;
		}
		const at = this.#ended.reachedAt(excess);
		return at === undefined ? undefined : Math.max(0, at + this.#ended.windowMs - now);
	}

	/** Sets output aside for a request. */
	hold(reservation: Reservation, tokens: number): void {
		this.#held.set(reservation, tokens);
		this.#heldTokens += tokens;
	}

	/** Its answer is over. @param tokens Output that it settled at; undefined: not known, all that was set aside counts. */
	end(now: number, reservation: Reservation, tokens: number | undefined): void {
		const held = this.#held.get(reservation);
		if (held !== undefined) {
			this.giveBack(reservation);
			this.#ended.add(now, tokens ?? held);
		}
	}

	/** It was not counted. */
	giveBack(reservation: Reservation): void {
		this.#heldTokens -= this.#held.get(reservation) ?? 0;
		this.#held.delete(reservation);
	}
}
