import {type Dimension, type Lane, type Limits, roomPart, type Use} from '../domain/bucket-usage.ts';
import type {BucketLimits} from './bucket-limits.ts';
import type {Ledger} from './ledger.ts';
import {TokenBucketModel} from './ledger-account.ts';
import type {ShareStanding} from './member-shares.ts';
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

type RoomOptions = {
	readonly windowMs: number;
	readonly quota: Limits;
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
		const {ledger, stamping, standing, quota} = this.#options;
		const limits = this.#options.limits.forLane(now, lane);
		const {neighbours} = standing;
		const roomMs = this.#roomIn(now, tokens, needed, limits);
		const fromEndMs = ledger.roomFromEndIn(needed, limits.tokens);
		const mayProbe = neighbours.count === 0 && stamping.mayProbe(now);
		if (roomMs === 0 && (fromEndMs === 0 || mayProbe)) {
			const use = neighbours.count === 0 ? ledger.use() : ledger.maxUse();
			return !standing.hasClaimed(use, tokens, quota)
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
