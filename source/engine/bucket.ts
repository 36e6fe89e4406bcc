import type {Clock} from './clock.ts';
import type {Cost} from './expectation.ts';
import {type LaneDemand, lanesAbove, roomToKeep} from './lane-reserve.ts';
import {Ledger, type Reservation} from './ledger.ts';
import {OthersEstimate} from './others.ts';
import {OverloadGuard} from './overload.ts';
import {Pacer} from './pacer.ts';
import type {Burst, Lane} from './run-spec.ts';
import type {Quota} from './target.ts';
import type {Dimension, Limits, Use} from './use.ts';

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

export type BucketOptions = {
	readonly clock: Clock;
	readonly quota: Quota;
	readonly windowMs: number;
	/** Part of the quota that may be used, 0 to 1. */
	readonly share: number;
	readonly burst: Burst;
};

/** Everything that decides when a request may be sent to one bucket: its ledger, the others in it, pace and capacity. */
export class Bucket {
	readonly ledger: Ledger;
	readonly #clock: Clock;
	readonly #limits: Limits;
	readonly #quota: Limits;
	readonly #others: Readonly<Record<Dimension, OthersEstimate>>;
	readonly #overload: OverloadGuard;
	readonly #pacer: Pacer;
	readonly #demands = new Map<Lane, LaneDemand>();
	readonly #dayLimit: number | null;
	readonly #pollMs: number;
	#external: Use = {requests: 0, tokens: 0};
	#isEven: boolean;
	#settledTokens = 0;
	#roomAt: number | undefined;

	constructor({clock, quota, windowMs, share, burst}: BucketOptions) {
		// Quotas are stated a minute; a shorter window (tests, quick benchmarks) is the same number a window.
		this.#quota = {requests: quota.requestsPerMinute.value, tokens: quota.tokensPerMinute.value};
		this.#limits = {
			requests: this.#quota.requests === null ? null : Math.floor(this.#quota.requests * share),
			tokens: this.#quota.tokens === null ? null : Math.floor(this.#quota.tokens * share),
		};
		this.#dayLimit = quota.tokensPerDay.value;
		this.#pollMs = windowMs / 120;
		this.#clock = clock;
		this.ledger = new Ledger(clock, windowMs);
		this.#others = {requests: new OthersEstimate(windowMs), tokens: new OthersEstimate(windowMs)};
		this.#overload = new OverloadGuard(windowMs);
		this.#pacer = new Pacer(windowMs);
		this.#isEven = burst === 'even';
	}

	/** Whether requests are spread evenly over the window, asked for or after a surprise. */
	get isEven(): boolean {
		return this.#isEven;
	}

	/** Whether anything limits it: requests or tokens a minute. */
	get isLimited(): boolean {
		return this.#limits.requests !== null || this.#limits.tokens !== null;
	}

	/** Quota tokens settled in this run. */
	get settledTokens(): number {
		return this.#settledTokens;
	}

	/** When there is room, as the last admission saw it, in milliseconds of the clock; undefined when it cannot be told. */
	get roomAt(): number | undefined {
		return this.#roomAt;
	}

	/** Part of the quota that is in use at present, 0 to 1: the asked share less what the others take. */
	get share(): number {
		const {requests, tokens} = this.#open();
		const part = (limit: number | null, quota: number | null): number =>
			limit === null || quota === null || quota === 0 ? 1 : Math.max(0, limit) / quota;
		return Math.min(part(requests, this.#quota.requests), part(tokens, this.#quota.tokens));
	}

	/** Announces what a lane will send, so that room is kept for it; undefined when it is done. */
	expect(lane: Lane, demand: LaneDemand | undefined): void {
		if (demand === undefined) {
			this.#demands.delete(lane);
		} else {
			this.#demands.set(lane, demand);
		}
	}

	/** What other applications are known to use (the account monitor); it is subtracted from the quota. */
	setOthersUse(use: Use): void {
		this.#external = use;
	}

	/** Sets a request aside when it may be sent now; otherwise says when to ask again. */
	admit(cost: Cost, lane: Lane): Admission {
		const tooLarge = this.#tooLarge(cost);
		if (tooLarge !== undefined) {
			return tooLarge;
		}
		const tokens = this.#boundedTokens(cost);
		if (this.#dayLimit !== null && this.#settledTokens + this.ledger.heldTokens + tokens > this.#dayLimit) {
			return {kind: 'day'};
		}
		const now = this.#clock.now();
		const wait = this.#waitFor(now, tokens, lane);
		if (wait !== undefined) {
			this.#roomAt = wait.delayMs === undefined ? undefined : now + wait.delayMs;
			return wait;
		}
		this.#roomAt = now;
		this.#pacer.charge(now, tokens, this.#open());
		return {kind: 'admitted', reservation: this.ledger.reserve(tokens, lane)};
	}

	/** What a request of so many quota tokens has to wait for; undefined when it need not wait. */
	#waitFor(now: number, tokens: number, lane: Lane): Extract<Admission, {kind: 'wait'}> | undefined {
		const cap = this.#overload.cap(now);
		if (cap !== undefined && this.ledger.inFlight >= cap) {
			return {kind: 'wait', delayMs: this.#pollMs, reason: 'capacity'};
		}
		// An open loop has a rhythm of its own; it is charged, so that the others make way, but it does not wait.
		const isPaced = this.#isEven && (this.#demands.get(lane)?.requestsPerWindow ?? 0) === 0;
		const paceMs = isPaced ? this.#pacer.delayMs(now) : 0;
		if (paceMs > 0) {
			return {kind: 'wait', delayMs: paceMs, reason: 'pace'};
		}
		const limits = this.#limitsFor(lane);
		const delayMs = this.ledger.roomIn(tokens, limits);
		if (delayMs === 0) {
			return undefined;
		}
		const isRequests = limits.requests !== null && this.ledger.use().requests + 1 > limits.requests;
		return {kind: 'wait', delayMs: this.#askAgainMs(delayMs), reason: isRequests ? 'requests' : 'tokens'};
	}

	/**
	 * What the others take and what is kept back changes with time alone, so with either in force it is asked again soon;
	 * otherwise when enough has left the window, or with the next answer.
	 */
	#askAgainMs(delayMs: number | undefined): number | undefined {
		const open = this.#open();
		const isStatic = open.requests === this.#limits.requests && open.tokens === this.#limits.tokens;
		return isStatic && this.#demands.size === 0 ? delayMs : Math.min(delayMs ?? this.#pollMs, this.#pollMs);
	}

	/** The answer settles what was set aside. Returns the quota tokens by which it overran. */
	settle(reservation: Reservation, tokens: number): number {
		this.#settledTokens += tokens;
		this.#pacer.correct(tokens - reservation.tokens, this.#open());
		return this.ledger.settle(reservation, tokens);
	}

	/**
	 * The service throttled an attempt.
	 * @returns Whether it was a surprise (the ledger had room) that has not been reacted to yet.
	 */
	throttled(reservation: Reservation, dimension: Dimension): boolean {
		this.ledger.giveBack(reservation);
		const limit = this.#limits[dimension];
		const {[dimension]: used} = this.ledger.use();
		const needed = dimension === 'requests' ? 1 : reservation.tokens;
		if (limit === null || used + needed > limit) {
			return false;
		}
		return this.#others[dimension].observe(this.#clock.now(), reservation.sentAt, used, limit);
	}

	/** Spreads what follows evenly over the window. Returns whether that is a change. */
	goEven(): boolean {
		const isChange = !this.#isEven;
		this.#isEven = true;
		return isChange;
	}

	/** The service had no capacity. Returns whether the requests in flight were stepped down. */
	overloaded(reservation: Reservation): boolean {
		const {inFlight} = this.ledger;
		this.ledger.giveBack(reservation);
		return this.#overload.observe(this.#clock.now(), inFlight);
	}

	/** Room that is left for a lane, as a part of the limit (0 to 1) of the fuller dimension: for choosing a bucket. */
	roomLeft(lane: Lane): number {
		const limits = this.#limitsFor(lane);
		const use = this.ledger.use();
		const part = (used: number, limit: number | null): number =>
			limit === null ? 1 : limit <= 0 ? 0 : Math.max(0, 1 - used / limit);
		return Math.min(part(use.requests, limits.requests), part(use.tokens, limits.tokens));
	}

	/** The limits with the others' use taken off. */
	#open(): Limits {
		const now = this.#clock.now();
		const open = (dimension: Dimension): number | null => {
			const limit = this.#limits[dimension];
			const others = Math.max(this.#external[dimension], this.#others[dimension].use(now, limit ?? 0));
			return limit === null ? null : limit - others;
		};
		return {requests: open('requests'), tokens: open('tokens')};
	}

	/** What is left for a lane: the open limits less what is kept back for the lanes above it. */
	#limitsFor(lane: Lane): Limits {
		let {requests, tokens} = this.#open();
		for (const above of lanesAbove(lane)) {
			const demand = this.#demands.get(above);
			if (demand !== undefined) {
				const kept = roomToKeep(demand, this.ledger.laneUse(above));
				requests = requests === null ? null : requests - kept.requests;
				tokens = tokens === null ? null : tokens - kept.tokens;
			}
		}
		return {requests, tokens};
	}

	#tooLarge(cost: Cost): Admission | undefined {
		const {requests, tokens} = this.#limits;
		if (requests !== null && requests < 1) {
			return {kind: 'never', dimension: 'requests', needed: 1, limit: requests};
		}
		return tokens !== null && cost.reserved > tokens
			? {kind: 'never', dimension: 'tokens', needed: cost.reserved, limit: tokens}
			: undefined;
	}

	/** An expectation alone must not make a request too large for its bucket. */
	#boundedTokens(cost: Cost): number {
		return Math.max(cost.reserved, Math.min(cost.setAside, this.#limits.tokens ?? cost.setAside));
	}
}
