import type {Clock} from '../domain/clock.ts';
import {dayQuotaOf, type Quota} from '../domain/target.ts';

const dayMs = 86_400_000;

/** The quota of a day, which is assumed to begin at 00:00 UTC: AWS does not document it. */
export class DayLimit {
	/** Null: there is none. */
	limit: number | null;
	/** Quota tokens used today by others and by earlier runs (from the account monitor). */
	others = 0;
	/** Of these, what the programs that share the bucket report of themselves. */
	members = 0;
	/** It is one for all models of account and Region. */
	readonly isShared: boolean;
	readonly #clock: Clock;
	/** What is set aside in each bucket that counts against it. */
	readonly #held: Array<() => number> = [];
	#own = 0;
	#day = 0;

	constructor(clock: Clock, {limit, isShared}: ReturnType<typeof dayQuotaOf>) {
		this.#clock = clock;
		this.limit = limit.value;
		this.isShared = isShared;
	}

	/** From now on a bucket counts against it. */
	join(held: () => number): void {
		this.#held.push(held);
	}

	/** Quota tokens set aside in all buckets that count against it. */
	get held(): number {
		return this.#held.reduce((sum, held) => sum + held(), 0);
	}

	/** Quota tokens settled today. */
	get own(): number {
		return this.#day === this.#today ? this.#own : 0;
	}

	settled(tokens: number): void {
		this.#own = this.own + tokens;
		this.#day = this.#today;
	}

	/** Whether there is room for more beside what is set aside. */
	hasRoom(tokens: number): boolean {
		return (
			this.limit === null || Math.max(this.others, this.members) + this.own + this.held + tokens <= this.limit
		);
	}

	get #today(): number {
		return Math.floor(this.#clock.epoch() / dayMs);
	}
}

/** The days of buckets: one for all models of a Region where the account's quota is one over all models. */
export class DayLimits {
	readonly #clock: Clock;
	readonly #shared = new Map<string, DayLimit>();

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	of(region: string, quota: Quota): DayLimit {
		const day = dayQuotaOf(quota);
		// A model for which the service decides leaves the others their limit.
		const key = `${region} ${day.limit.value === null ? 'open' : 'counted'}`;
		const known = day.isShared ? this.#shared.get(key) : undefined;
		if (known !== undefined) {
			return known;
		}
		const made = new DayLimit(this.#clock, day);
		if (day.isShared) {
			this.#shared.set(key, made);
		}
		return made;
	}
}
