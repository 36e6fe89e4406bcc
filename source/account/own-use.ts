import {MinuteRing, minuteMs} from './minute-ring.ts';
import {keptMinutes} from './usage-history.ts';

/** One answer of a run of ours. */
export type OwnAnswer = {
	/** When its last byte came, in milliseconds since 1970 by the service's clock: its metrics are of that minute. */
	readonly at: number;
	readonly quotaTokens: number;
};

type OwnRings = {readonly requests: MinuteRing; readonly quotaTokens: MinuteRing};

/** What our own runs used of each bucket, by the minutes in which CloudWatch counts it, so that it is counted once. */
export class OwnUse {
	readonly #buckets = new Map<string, OwnRings>();
	readonly #totals = new Map<string, number>();

	/** @param bucket Key of the bucket. */
	add(bucket: string, {at, quotaTokens}: OwnAnswer): void {
		const rings = this.#buckets.get(bucket) ?? {
			requests: new MinuteRing(keptMinutes),
			quotaTokens: new MinuteRing(keptMinutes),
		};
		this.#buckets.set(bucket, rings);
		rings.requests.set(at, rings.requests.get(at) + 1);
		rings.quotaTokens.set(at, rings.quotaTokens.get(at) + quotaTokens);
		this.#totals.set(bucket, this.total(bucket) + quotaTokens);
	}

	/** Quota tokens of all answers so far. */
	total(bucket: string): number {
		return this.#totals.get(bucket) ?? 0;
	}

	/** Quota tokens of the answers in the minutes after the one that begins at `minute`. */
	tokensAfter(bucket: string, minute: number): number {
		const ring = this.#buckets.get(bucket)?.quotaTokens;
		return ring?.sum(minute + minuteMs, minute + keptMinutes * minuteMs) ?? 0;
	}

	/** Requests and quota tokens of the minute that begins at `minute`. */
	at(bucket: string, minute: number): {readonly requests: number; readonly tokens: number} {
		const rings = this.#buckets.get(bucket);
		return {requests: rings?.requests.get(minute) ?? 0, tokens: rings?.quotaTokens.get(minute) ?? 0};
	}
}
