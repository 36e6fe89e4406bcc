import type {MinuteOfUse} from '../domain/use.ts';
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
	readonly #elsewhere = new Map<string, readonly MinuteOfUse[]>();
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

	/** What other programs of the user had answered of a bucket, in place of what was known of it before. */
	setElsewhere(bucket: string, minutes: readonly MinuteOfUse[]): void {
		this.#elsewhere.set(bucket, minutes);
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
		let [requests, tokens] = [rings?.requests.get(minute) ?? 0, rings?.quotaTokens.get(minute) ?? 0];
		for (const elsewhere of this.#elsewhere.get(bucket) ?? []) {
			if (elsewhere.at === minute) {
				requests += elsewhere.requests;
				tokens += elsewhere.tokens;
			}
		}
		return {requests, tokens};
	}
}
