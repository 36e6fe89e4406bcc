import type {Lane} from '../domain/lane.ts';
import type {Quota} from '../domain/target.ts';
import type {Dimension, Limits, Use} from '../domain/use.ts';
import {type LaneDemand, lanesAbove, roomToKeep} from './lane-reserve.ts';
import type {Ledger} from './ledger.ts';
import {OthersEstimate} from './others.ts';

const asShare = (limit: number | null, share: number): number | null =>
	limit === null ? null : Math.floor(limit * share);

/** What a bucket allows: its quota, the share of it that may be used, less what others take and higher lanes need. */
export class BucketLimits {
	/** Limits before anyone else's use. */
	readonly own: Limits;
	readonly #quota: Limits;
	readonly #ledger: Ledger;
	readonly #others: Readonly<Record<Dimension, OthersEstimate>>;
	readonly #demands = new Map<Lane, LaneDemand>();
	#external: Use = {requests: 0, tokens: 0};
	#part: Limits | undefined;

	/**
	 * @param quota Stated a minute; a shorter window (tests, quick benchmarks) has the same numbers a window.
	 * @param share Part of the quota that may be used, 0 to 1.
	 */
	constructor(quota: Quota, share: number, ledger: Ledger, windowMs: number) {
		const {requestsPerMinute, tokensPerMinute} = quota;
		this.#quota = {requests: requestsPerMinute.value, tokens: tokensPerMinute.value};
		this.own = {
			requests: asShare(this.#quota.requests, share),
			tokens: asShare(this.#quota.tokens, share),
		};
		this.#ledger = ledger;
		this.#others = {requests: new OthersEstimate(windowMs), tokens: new OthersEstimate(windowMs)};
	}

	/** Part of the quota that is in use at present, 0 to 1: the asked share less what the others take. */
	share(now: number): number {
		const {requests, tokens} = this.open(now);
		const part = (limit: number | null, quota: number | null): number =>
			limit === null || quota === null || quota === 0 ? 1 : Math.max(0, limit) / quota;
		return Math.min(part(requests, this.#quota.requests), part(tokens, this.#quota.tokens));
	}

	/** Announces what a lane will send; undefined when it is done. */
	expect(lane: Lane, demand: LaneDemand | undefined): void {
		if (demand === undefined) {
			this.#demands.delete(lane);
		} else {
			this.#demands.set(lane, demand);
		}
	}

	/** Whether a lane sends at a rate of its own. */
	hasRate(lane: Lane): boolean {
		return (this.#demands.get(lane)?.requestsPerWindow ?? 0) > 0;
	}

	/** What other applications are known to use (the account monitor). */
	setOthersUse(use: Use): void {
		this.#external = use;
	}

	/** The part of this run while other programs of one's own use the bucket, too; undefined while nobody shares it. */
	setPart(part: Limits | undefined): void {
		this.#part = part;
	}

	/** What may be used of a dimension, strangers aside. */
	#allowed(dimension: Dimension): number | null {
		const limit = this.own[dimension];
		return limit === null ? null : Math.min(limit, this.#part?.[dimension] ?? limit);
	}

	/** Whether the ledger had room for an attempt that it no longer holds. */
	hadRoom(dimension: Dimension, attempt: {readonly tokens: number}): boolean {
		const limit = this.#allowed(dimension);
		const needed = dimension === 'requests' ? 1 : attempt.tokens;
		return limit !== null && this.#ledger.use()[dimension] + needed <= limit;
	}

	/**
	 * Learns what others use from the throttle of an attempt that the ledger had room for.
	 * @returns Whether that is news.
	 */
	observeOthers(now: number, dimension: Dimension, {sentAt}: {readonly sentAt: number}): boolean {
		const limit = this.#allowed(dimension);
		return (
			limit !== null && this.#others[dimension].observe(now, sentAt, this.#ledger.use()[dimension], limit)
		);
	}

	/** The limits less the others' use. */
	open(now: number): Limits {
		const open = (dimension: Dimension): number | null => {
			const limit = this.#allowed(dimension);
			return limit === null
				? null
				: limit - Math.max(this.#external[dimension], this.#others[dimension].use(now, limit));
		};
		return {requests: open('requests'), tokens: open('tokens')};
	}

	/** Whether others are known or taken to use any of it. */
	hasOthers(now: number): boolean {
		const {requests, tokens} = this.othersUse(now);
		return requests > 0 || tokens > 0;
	}

	/** What applications that are not ours are known or taken to use per window. */
	othersUse(now: number): Use {
		const open = this.open(now);
		const used = (dimension: Dimension): number => (this.#allowed(dimension) ?? 0) - (open[dimension] ?? 0);
		return {requests: used('requests'), tokens: used('tokens')};
	}

	/** What is left for a lane: the open limits less what is kept back for the lanes above it. */
	forLane(now: number, lane: Lane): Limits {
		let {requests, tokens} = this.open(now);
		for (const above of lanesAbove(lane)) {
			const demand = this.#demands.get(above);
			if (demand !== undefined) {
				const kept = roomToKeep(demand, this.#ledger.laneUse(above));
				requests = requests === null ? null : requests - kept.requests;
				tokens = tokens === null ? null : tokens - kept.tokens;
			}
		}
		return {requests, tokens};
	}

	/** Whether what is left may change by time alone: others' use fades, and what is kept back shrinks. */
	isChanging(now: number): boolean {
		const open = this.open(now);
		return this.#demands.size > 0 || open.requests !== this.own.requests || open.tokens !== this.own.tokens;
	}
}
