import type {BucketLimits} from './bucket-limits.ts';
import type {Reservation} from './ledger.ts';
import {SlidingSum} from './ledger-account.ts';

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
