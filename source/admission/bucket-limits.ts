import {type Dimension, type Lane, type Limits, lanes, ofEach, type Use} from '../domain/bucket-usage.ts';
import type {Quota} from '../domain/target.ts';
import type {Ledger} from './ledger.ts';

/** What a member of a fleet goes by while the ledger that the fleet shares can't say. */
export type FleetPart = {
	/** Of what all members may use together, 0 to 1. */
	readonly fraction: number;
	/** Not above that. */
	readonly most: Limits;
};

const nothing: Use = {requests: 0, tokens: 0};

/** Limits of a bucket: the share of its quota that may be used, less what others use and higher lanes need. */
export class BucketLimits {
	/** The whole quota per minute. */
	quota: Limits = {requests: null, tokens: null};
	/** Limits before anyone else's use. */
	own: Limits = {requests: null, tokens: null};
	/** Of output tokens, where they have a quota of their own; null: no limit. */
	output: number | null = null;
	readonly #share: number;
	readonly #ledger: Ledger;
	readonly #others: Readonly<Record<Dimension, ContentionEstimate>>;
	readonly #demands = new Map<Lane, LaneDemand>();
	/** Raised by each throttle below our own limit, also where only bursts may be refused: for the gauges alone. */
	readonly #refusals: Readonly<Record<Dimension, ContentionEstimate>>;
	#external: Use = {requests: 0, tokens: 0};
	/** When that was so, in milliseconds since 1970; undefined before the first report. */
	#externalAt: number | undefined;
	#part: Limits | undefined;
	#fleetUse: Use | undefined;
	#fleetPart: FleetPart | undefined;

	/**
	 * @param quota Per minute; a shorter window (tests, quick benchmarks) has the same numbers per window.
	 * @param share Part of the quota that may be used, 0 to 1.
	 */
	constructor(quota: Quota, share: number, ledger: Ledger, windowMs: number) {
		this.#share = share;
		this.setQuota(quota);
		this.#ledger = ledger;
		this.#others = ofEach(() => new ContentionEstimate(windowMs));
		this.#refusals = ofEach(() => new ContentionEstimate(windowMs));
	}

	/** The quota is another from now on. */
	setQuota({requestsPerMinute, tokensPerMinute, outputTokensPerMinute}: Quota): void {
		const owned = (limit: number | null) => (limit === null ? null : Math.floor(limit * this.#share));
		this.output = owned(outputTokensPerMinute?.value ?? null);
		this.quota = {requests: requestsPerMinute.value, tokens: tokensPerMinute.value};
		this.own = ofEach((dimension) => owned(this.quota[dimension]));
	}

	/** Part of the quota that may be used now, 0 to 1: the configured share, or what others leave where that is less. */
	share(now: number): number {
		const {requests, tokens} = this.open(now);
		const part = (limit: number | null, quota: number | null): number =>
			limit === null || quota === null || quota === 0 ? 1 : Math.max(0, limit) / quota;
		return Math.min(part(requests, this.quota.requests), part(tokens, this.quota.tokens));
	}

	/** Announces what a lane will send; undefined when it is done. */
	expect(lane: Lane, demand: LaneDemand | undefined): void {
		if (demand === undefined) {
			this.#demands.delete(lane);
		} else {
			this.#demands.set(lane, demand);
		}
	}

	/** Whether a lane has its own rate. */
	hasRate(lane: Lane): boolean {
		return (this.#demands.get(lane)?.requestsPerWindow ?? 0) > 0;
	}

	/** What other applications are known to use (the account monitor). @param at When, in milliseconds since 1970. */
	setOthersUse(use: Use, at?: number): void {
		this.#external = use;
		this.#externalAt = at ?? this.#externalAt;
	}

	/** The part of this run while other programs of the user share the bucket; undefined while it is alone. */
	setPart(part: Limits | undefined): void {
		this.#part = part;
	}

	/**
	 * The fleet that shares the bucket.
	 * @param use What its other members use: neither this run nor strangers. Undefined: there is no fleet.
	 * @param part While its ledger can't say what all use.
	 */
	setFleet(use: Use | undefined, part?: FleetPart): void {
		this.#fleetUse = use;
		this.#fleetPart = part;
	}

	/** What the other members of the fleet use; nothing without one. */
	get fleetUse(): Use {
		return this.#fleetUse ?? nothing;
	}

	/** What all members of the fleet may use together: the share of the quota, less what strangers use. */
	forFleet(now: number): Limits {
		return this.#leftBy((dimension, base) => this.#others[dimension].use(now, base));
	}

	/** What may be used of a dimension, strangers aside. */
	#allowed(dimension: Dimension): number | null {
		const limit = this.own[dimension];
		return limit === null ? null : Math.min(limit, this.#part?.[dimension] ?? limit);
	}

	/** What strangers and this run have together: the quota, or the part of this run while its user's programs share it. */
	#base(dimension: Dimension): number | null {
		const quota = this.quota[dimension];
		const isWhole = quota !== null && this.#part === undefined;
		return isWhole ? Math.max(quota, this.own[dimension] ?? quota) : this.#allowed(dimension);
	}

	/**
	 * What is allowed and left by others. Programs of the user that share the bucket bear what was reported by their parts.
	 * @param seen What throttles say of others, given what they share with this run.
	 */
	#leftBy(seen: (dimension: Dimension, base: number) => number): Limits {
		return ofEach((dimension) => {
			const allowed = this.#allowed(dimension);
			const base = this.#base(dimension);
			const part = Math.min(1, (base ?? 1) / (this.quota[dimension] || base || 1));
			return allowed === null || base === null
				? null
				: Math.min(allowed, base - Math.max(this.#external[dimension] * part, seen(dimension, base)));
		});
	}

	/** What is not strangers': own use, and that of the fleet. */
	#taken(dimension: Dimension): number {
		return this.#ledger.use()[dimension] + this.fleetUse[dimension];
	}

	/** Another member of the fleet saw by a throttle what strangers use. @param at Milliseconds of the clock. */
	hearOthers(at: number, dimension: Dimension, use: number): void {
		const base = this.#base(dimension);
		if (base !== null) {
			this.#others[dimension].observe(at, at, Math.max(0, base - use), base);
			this.#refusals[dimension].observe(at, at, Math.max(0, base - use), base);
		}
	}

	/** What strangers used at the newest throttle; undefined without one in the last minutes. */
	seenOthers(now: number, dimension: Dimension): number | undefined {
		return this.#others[dimension].lastSeen(now);
	}

	/** Whether the ledger had room for an attempt that it no longer holds. */
	hadRoom(dimension: Dimension, attempt: {readonly tokens: number}): boolean {
		const limit = this.#allowed(dimension);
		const needed = dimension === 'requests' ? 1 : attempt.tokens;
		return limit !== null && this.#taken(dimension) + needed <= limit;
	}

	/**
	 * Learns what others use from the throttle of an attempt that the ledger had room for.
	 * @returns Whether that is new.
	 */
	observeOthers(now: number, dimension: Dimension, {sentAt}: {readonly sentAt: number}): boolean {
		const base = this.#base(dimension);
		return base !== null && this.#others[dimension].observe(now, sentAt, this.#taken(dimension), base);
	}

	/** A throttle of an attempt that the ledger had room for: at that instant the rest of the bucket was taken. */
	observeRefusal(now: number, dimension: Dimension, {sentAt}: {readonly sentAt: number}): void {
		const base = this.#base(dimension);
		if (base !== null) {
			this.#refusals[dimension].observe(now, sentAt, this.#taken(dimension), base);
		}
	}

	/** The limits less the others' use. */
	open(now: number): Limits {
		const whole = this.forFleet(now);
		const part = this.#fleetPart;
		return part === undefined
			? whole
			: ofEach((dimension) => {
					const limit = whole[dimension];
					return limit === null
						? null
						: Math.max(0, Math.min(limit * part.fraction, part.most[dimension] ?? limit));
				});
	}

	/** The limits less what others use by the newest evidence of the last minutes. */
	lasting(now: number): Limits {
		return this.#leftBy((dimension) => this.#others[dimension].lastSeen(now) ?? 0);
	}

	/** Whether others are known or estimated to use any of it. */
	hasOthers(now: number): boolean {
		return Math.max(...Object.values(this.othersUse(now))) > 0;
	}

	/** Whether the account's figures show others. */
	get reportsOthers(): boolean {
		return Math.max(...Object.values(this.#external)) > 0;
	}

	/** Known or estimated use of other applications per window. */
	othersUse(now: number): Use {
		return ofEach((dimension) => {
			const base = this.#base(dimension);
			return base === null ? 0 : Math.max(this.#external[dimension], this.#others[dimension].use(now, base));
		});
	}

	/**
	 * What others use of a dimension, as gauges show it: as reported, raised by a throttle, lowered as our share grows back.
	 * @returns `throttledAt` in milliseconds of the clock where a throttle is the newer evidence; undefined: nothing known.
	 */
	shownOthers(
		now: number,
		dimension: Dimension,
	): {readonly use: number; readonly throttledAt?: number; readonly reportedAt?: number} | undefined {
		const base = this.#base(dimension);
		const refusal = this.#refusals[dimension];
		const external = this.#external[dimension];
		const estimate =
			base === null ? 0 : Math.max(this.#others[dimension].use(now, base), refusal.use(now, base));
		if (estimate > external && refusal.at !== undefined) {
			return {use: estimate, throttledAt: refusal.at};
		}
		return this.#externalAt === undefined ? undefined : {use: external, reportedAt: this.#externalAt};
	}

	/** What a lasting run has to expect of others: by the newest evidence, while the estimate falls until the next throttle. */
	lastingOthers(now: number): Use {
		return ofEach((dimension) =>
			Math.max(this.#external[dimension], this.#others[dimension].lastSeen(now) ?? 0),
		);
	}

	/** Limits of a lane: the open limits less the room kept for the lanes above it. */
	forLane(now: number, lane: Lane): Limits {
		let {requests, tokens} = this.open(now);
		for (const above of lanes.slice(0, lanes.indexOf(lane))) {
			const demand = this.#demands.get(above);
			if (demand !== undefined) {
				const kept = roomToKeep(demand, this.#ledger.laneUse(above));
				requests = requests === null ? null : requests - kept.requests;
				tokens = tokens === null ? null : tokens - kept.tokens;
			}
		}
		return {requests, tokens};
	}

	/** Whether limits may change by time alone: the estimate of others' use falls, and the room kept for lanes shrinks. */
	isChanging(now: number): boolean {
		const open = this.open(now);
		return this.#demands.size > 0 || open.requests !== this.own.requests || open.tokens !== this.own.tokens;
	}
}

/** What a lane is expected to send. */
type LaneDemand = {
	/** Requests per window that are announced (an open loop's rate); 0 where only its use is known. */
	readonly requestsPerWindow: number;
	/** Quota tokens that one of its requests sets aside. */
	readonly setAside: number;
};

/**
 * Room to keep free for a lane, so that its next requests fit into a full bucket: the requests still expected in this
 * window, with two standard deviations of a Poisson count, at least one, less what it uses already.
 */
function roomToKeep(demand: LaneDemand, use: Use): Use {
	const expected = Math.max(demand.requestsPerWindow, use.requests);
	if (expected === 0) {
		return {requests: 0, tokens: 0};
	}
	const requests = Math.max(1, Math.ceil(expected + 2 * Math.sqrt(expected)) - use.requests);
	const meanTokens = use.requests > 0 ? use.tokens / use.requests : demand.setAside;
	return {requests, tokens: requests * meanTokens + Math.max(0, demand.setAside - meanTokens)};
}

/*
 * Other applications draw from the same bucket. The only sign of it is a throttle that our own ledger cannot explain: at
 * that instant the bucket is full, so the others hold what we do not: limit - own use. From there the estimate follows three
 * rules, in parts of the window W and of the limit Q:
 *
 * - a margin of Q / 40 on top, so that the next request does not meet the same wall;
 * - if the throttles show that the others' use grows, it is assumed to grow further, with a trend that fades within W / 6;
 * - without another throttle it is lowered again, slowly first (the margin after W / 6), then ever faster (all of it
 *   after about a window): 0.9 Q (elapsed / W)^2. Probing at a constant pace would either throttle too often or come back
 *   too late.
 */

const marginPart = 1 / 40;
const trendFadesInWindows = 1 / 6;
const regainPart = 0.9;
/** For so many windows a throttle says what others use: as long as CloudWatch takes to show it. */
const seenForWindows = 3;

/** Estimate of what other applications use of one dimension of a bucket (requests or quota tokens). */
export class ContentionEstimate {
	readonly #windowMs: number;
	#level = 0;
	#at: number | undefined;
	#trendPerMs = 0;
	#seen: {readonly use: number; readonly at: number} | undefined;

	constructor(windowMs: number) {
		this.#windowMs = windowMs;
	}

	/** When it was observed last; undefined before. */
	get at(): number | undefined {
		return this.#at;
	}

	/** What the others used at the newest throttle; undefined where that is longer ago than such a figure holds. */
	lastSeen(now: number): number | undefined {
		const seen = this.#seen;
		return seen === undefined || now - seen.at > this.#windowMs * seenForWindows ? undefined : seen.use;
	}

	/** Estimated use of the others at an instant, given the limit of the dimension. */
	use(now: number, limit: number): number {
		if (this.#at === undefined) {
			return 0;
		}
		const elapsedMs = now - this.#at;
		const fadeMs = this.#windowMs * trendFadesInWindows;
		const growth = this.#trendPerMs * fadeMs * (1 - Math.exp(-elapsedMs / fadeMs));
		const regain = regainPart * limit * (elapsedMs / this.#windowMs) ** 2;
		return Math.min(limit, Math.max(0, this.#level + growth - regain));
	}

	/**
	 * Learns from a throttle that the ledger had room for.
	 * @param sentAt When the throttled attempt was sent: attempts in flight together are one observation.
	 * @param ownUse What the ledger holds without the throttled attempt.
	 * @returns Whether this is new, and not the echo of a throttle already handled.
	 */
	observe(now: number, sentAt: number, ownUse: number, limit: number): boolean {
		const use = Math.max(0, limit - ownUse);
		const isNew = this.#at === undefined || sentAt > this.#at;
		if (isNew) {
			this.#trendPerMs = this.#nextTrend(now, use);
			this.#seen = {use, at: now};
		}
		this.#level = Math.min(limit, Math.max(isNew ? 0 : this.use(now, limit), use + limit * marginPart));
		this.#at = now;
		return isNew;
	}

	#nextTrend(now: number, use: number): number {
		const seen = this.#seen;
		return seen === undefined || now - seen.at > this.#windowMs || now <= seen.at
			? 0
			: Math.max(0, (use - seen.use) / (now - seen.at));
	}
}
