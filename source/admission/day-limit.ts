import type {Clock} from '../domain/clock.ts';
import {dayQuotaOf, type Quota} from '../domain/target.ts';

const dayMs = 86_400_000;

/** The quota of a day, which is assumed to begin at 00:00 UTC: AWS does not document it. */
export class DayLimit {
	/** Null: there is none. */
	limit: number | null;
	/** Quota tokens used today by others and by earlier runs (from the account monitor). */
	others = 0;
	#members = {day: 0, tokens: 0};
	/** It is one for all models of account and Region. */
	readonly isShared: boolean;
	readonly #clock: Clock;
	/** When the service last said that it is used up, in milliseconds of the clock. */
	usedUpAt = Number.NEGATIVE_INFINITY;
	/** What is set aside in each bucket that counts against it. */
	readonly #held = new Set<() => number>();
	#own = 0;
	#day = 0;

	constructor(clock: Clock, {limit, isShared}: ReturnType<typeof dayQuotaOf>) {
		this.#clock = clock;
		this.limit = limit.value;
		this.isShared = isShared;
	}

	/** From now on a bucket counts against it. @returns Ends that. */
	join(held: () => number): () => void {
		this.#held.add(held);
		return () => void this.#held.delete(held);
	}

	/** Quota tokens set aside in all buckets that count against it. */
	get held(): number {
		return [...this.#held].reduce((sum, held) => sum + held(), 0);
	}

	/** Quota tokens settled today. */
	get own(): number {
		return this.#day === this.#today ? this.#own : 0;
	}

	/** Of what others used, what the programs that share it report of themselves. */
	get members(): number {
		return this.#members.day === this.#today ? this.#members.tokens : 0;
	}

	/** Programs that share it used so much. @param day In days since 1970. */
	hear(tokens: number, day = this.#today): void {
		this.#members = {day, tokens};
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

/** The day of one bucket: which it is follows from its quota, which may change. */
export class BucketDay {
	readonly #dayOf: (quota: Quota) => DayLimit;
	readonly #held: () => number;
	#current: DayLimit;
	#leave: () => void;

	/** @param dayOf Undefined: it has its own. @param held What is set aside in the bucket. */
	constructor(
		clock: Clock,
		quota: Quota,
		{
			dayOf = (own) => new DayLimit(clock, dayQuotaOf(own)),
			held,
		}: {readonly dayOf: ((quota: Quota) => DayLimit) | undefined; readonly held: () => number},
	) {
		this.#dayOf = dayOf;
		this.#held = held;
		this.#current = dayOf(quota);
		this.#leave = this.#current.join(held);
	}

	get current(): DayLimit {
		return this.#current;
	}

	/** The quota is another from now on. */
	follow(quota: Quota): void {
		const {limit, isShared} = dayQuotaOf(quota);
		const day = isShared || this.#current.isShared ? this.#dayOf(quota) : this.#current;
		if (day !== this.#current) {
			this.#leave();
			this.#current = day;
			this.#leave = day.join(this.#held);
		}
		day.limit = limit.value;
	}
}

/** The days of buckets: one for all models of a Region where the account's quota is one over all models. */
export class DayLimits {
	readonly #clock: Clock;
	readonly #onShared: (day: DayLimit, region: string) => void;
	readonly #shared = new Map<string, DayLimit>();

	/** @param onShared Called with each day that is one for all models. */
	constructor(clock: Clock, onShared: (day: DayLimit, region: string) => void = () => {}) {
		this.#clock = clock;
		this.#onShared = onShared;
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
			this.#onShared(made, region);
		}
		return made;
	}
}
