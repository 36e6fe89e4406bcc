import type {LedgerEntry, Limits, Use} from '../domain/bucket-usage.ts';

/** Number of slots that a window is cut into: 25 ms each for a minute. */
const slotsPerWindow = 2400;
/** Slots that have left the window are removed together when they are this many. */
const compactAt = 1024;

/**
 * Sum of amounts over the last `windowMs`, in time slots, so that a window holds at most `slotsPerWindow` + 1 of them
 * however many amounts are added. An amount counts as added at the end of its slot: it leaves up to one slot too late,
 * never too early.
 */
export class SlidingSum {
	readonly windowMs: number;
	readonly #slotMs: number;
	#ends: number[] = [];
	#amounts: number[] = [];
	#head = 0;
	#total = 0;

	constructor(windowMs: number) {
		this.windowMs = windowMs;
		this.#slotMs = windowMs / slotsPerWindow;
	}

	/**
	 * Adds an amount at an instant, also at one of the past.
	 * @param at Milliseconds of the engine's clock.
	 */
	add(at: number, amount: number): void {
		if (amount === 0) {
			return;
		}
		const end = (Math.floor(at / this.#slotMs) + 1) * this.#slotMs;
		let index = this.#ends.length;
		while (index > this.#head && (this.#ends[index - 1] ?? 0) > end) {
			index--;
		}
		if (index > this.#head && this.#ends[index - 1] === end) {
			this.#amounts[index - 1] = (this.#amounts[index - 1] ?? 0) + amount;
		} else {
			this.#ends.splice(index, 0, end);
			this.#amounts.splice(index, 0, amount);
		}
		this.#total += amount;
	}

	/** Sum over the window that ends at `now`. Amortised constant time: a slot is dropped once. */
	total(now: number): number {
		while (this.#head < this.#ends.length && (this.#ends[this.#head] ?? 0) + this.windowMs <= now) {
			this.#total -= this.#amounts[this.#head] ?? 0;
			this.#head++;
		}
		if (this.#head === this.#ends.length) {
			this.#total = 0;
		}
		if (this.#head >= compactAt) {
			this.#ends = this.#ends.slice(this.#head);
			this.#amounts = this.#amounts.slice(this.#head);
			this.#head = 0;
		}
		return this.#total;
	}

	/** Amount of the window that was added after an instant, its slot included. */
	totalAfter(at: number): number {
		if ((this.#ends[this.#head] ?? Number.NEGATIVE_INFINITY) > at) {
			return this.#total;
		}
		let sum = 0;
		for (let index = this.#ends.length - 1; index >= this.#head && (this.#ends[index] ?? 0) > at; index--) {
			sum += this.#amounts[index] ?? 0;
		}
		return sum;
	}

	/** The instant by which at least `amount` had been added since `after`; undefined when it was less. */
	reachedAt(amount: number, after = Number.NEGATIVE_INFINITY): number | undefined {
		let sum = 0;
		for (let index = this.#head; index < this.#ends.length; index++) {
			const end = this.#ends[index] ?? 0;
			sum += end > after ? (this.#amounts[index] ?? 0) : 0;
			if (sum >= amount) {
				return end;
			}
		}
		return undefined;
	}

	/** The latest instant since which at least `amount` had been added by `until`, for sure; undefined when all is less. */
	sinceWhen(amount: number, until: number): number | undefined {
		let sum = 0;
		for (let index = this.#ends.length - 1; index >= this.#head; index--) {
			const end = this.#ends[index] ?? 0;
			sum += end > until ? 0 : (this.#amounts[index] ?? 0);
			if (sum >= amount) {
				return end - this.#slotMs;
			}
		}
		return undefined;
	}

	/** The slots that are still in the window, oldest first: [end of the slot, amount]. */
	entries(now: number): ReadonlyArray<readonly [number, number]> {
		this.total(now);
		return this.#ends
			.slice(this.#head)
			.map((end, index) => [end, this.#amounts[this.#head + index] ?? 0] as const);
	}
}

/** Slack for sums of floating-point amounts. */
const rounding = 1e-6;

/** How an ended request counts. */
type Settlement = {
	/** When its first byte came, and the quota tokens that the service counts from there. */
	readonly firstByteAt: number;
	readonly fromFirstByte: number;
	/** All quota tokens it was settled at. */
	readonly tokens: number;
};

/**
 * Requests and quota tokens of one window: those in flight and those counted, both from the first byte and from the end.
 */
export class LedgerAccount {
	readonly #requests: SlidingSum;
	readonly #tokens: SlidingSum;
	readonly #ended: SlidingSum;
	#unconfirmed = 0;
	#open = 0;
	#heldTokens = 0;

	constructor(windowMs: number) {
		this.#requests = new SlidingSum(windowMs);
		this.#tokens = new SlidingSum(windowMs);
		this.#ended = new SlidingSum(windowMs);
	}

	get open(): number {
		return this.#open;
	}

	get unconfirmed(): number {
		return this.#unconfirmed;
	}

	get heldTokens(): number {
		return this.#heldTokens;
	}

	/** Use that counts now; tokens from the first byte. */
	use(now: number): Use {
		return {
			requests: this.#unconfirmed + this.#requests.total(now),
			tokens: this.#heldTokens + this.#tokens.total(now),
		};
	}

	/** Tokens that count now, from the end of each answer: those that ended after an instant, and what is in flight. */
	tokensFromEnd(now: number, since: number): number {
		this.#ended.total(now);
		return this.#heldTokens + this.#ended.totalAfter(since);
	}

	/** See `Ledger.roomIn`. */
	roomIn(now: number, tokens: number, limits: Limits): number | undefined {
		const use = this.use(now);
		const requestsAt = reachedAt(now, this.#requests, use.requests + 1, limits.requests);
		const tokensAt = reachedAt(now, this.#tokens, use.tokens + tokens, limits.tokens);
		return requestsAt === undefined || tokensAt === undefined
			? undefined
			: Math.max(requestsAt, tokensAt) - now;
	}

	/**
	 * Which ended use must stop counting before `tokens` fit below a limit, tokens counted from the end.
	 * @returns The instant by which that had ended; 0 when they fit already, undefined when they wait for what is in flight.
	 */
	excessEndedAt(now: number, tokens: number, limit: number, since: number): number | undefined {
		const excess = this.tokensFromEnd(now, since) + tokens - limit;
		return excess <= rounding ? 0 : this.#ended.reachedAt(excess - rounding, since);
	}

	/** The latest instant since which at least `tokens` had ended by `until`; undefined when fewer did in the window. */
	endedSince(tokens: number, until: number): number | undefined {
		return this.#ended.sinceWhen(tokens, until);
	}

	hold(tokens: number): void {
		this.#unconfirmed++;
		this.#open++;
		this.#heldTokens += tokens;
	}

	confirm(now: number): void {
		this.#unconfirmed--;
		this.#requests.add(now, 1);
	}

	settle(now: number, held: number, {firstByteAt, fromFirstByte, tokens}: Settlement): void {
		this.#release(held);
		this.#tokens.add(firstByteAt, fromFirstByte);
		this.#tokens.add(now, tokens - fromFirstByte);
		this.#ended.add(now, tokens);
	}

	/** A request that was confirmed stays counted as a request: its first byte says that the server let it in. */
	giveBack(tokens: number, isConfirmed: boolean): void {
		this.#release(tokens);
		this.#unconfirmed -= isConfirmed ? 0 : 1;
	}

	/** Adds what was counted at an instant of the past. */
	record(at: number, {requests, tokens, ended}: Omit<LedgerEntry, 'at'>): void {
		this.#requests.add(at, requests);
		this.#tokens.add(at, tokens);
		this.#ended.add(at, ended);
	}

	/** All that counts, with what is in flight as of now; `at` in milliseconds of the engine's clock. */
	entries(now: number): readonly LedgerEntry[] {
		const none = {requests: 0, tokens: 0, ended: 0};
		const entries = [
			...this.#requests.entries(now).map(([at, requests]) => ({...none, at, requests})),
			...this.#tokens.entries(now).map(([at, tokens]) => ({...none, at, tokens})),
			...this.#ended.entries(now).map(([at, ended]) => ({...none, at, ended})),
		];
		const held = this.#heldTokens;
		return this.#open === 0
			? entries
			: [...entries, {at: now, requests: this.#unconfirmed, tokens: held, ended: held}];
	}

	#release(tokens: number): void {
		this.#open--;
		this.#heldTokens = this.#open === 0 ? 0 : this.#heldTokens - tokens;
	}
}

/** When a sum of `needed` falls to the limit as slots leave the window; undefined when that is not enough. */
const reachedAt = (
	now: number,
	sum: SlidingSum,
	needed: number,
	limit: number | null,
): number | undefined => {
	const excess = limit === null ? 0 : needed - limit;
	if (excess <= rounding) {
		return now;
	}
	const at = sum.reachedAt(excess - rounding);
	return at === undefined ? undefined : at + sum.windowMs;
};

/**
 * Model of the service's token bucket, if it counts with one: capacity and refill of one window. Below the quota in every
 * window it never limits anything (see the ledger); but after an overrun such a bucket is in debt, and pays it back at the
 * pace of its refill, which may take longer than a window. Settled tokens are taken out when the answer is here: later
 * than the service took them out, so that it never holds more than the service's.
 */
export class TokenBucketModel {
	#capacity: number;
	#perMs: number;
	#level: number;
	#at = Number.NEGATIVE_INFINITY;

	constructor(capacity: number, windowMs: number) {
		this.#capacity = capacity;
		this.#perMs = capacity / windowMs;
		this.#level = capacity;
	}

	/** The quota is another: what it holds stays, as far as there is room for it. */
	resize(now: number, capacity: number, windowMs: number): void {
		const isFull = this.#at === Number.NEGATIVE_INFINITY;
		this.#level = isFull ? capacity : Math.min(capacity, this.#levelAt(now));
		this.#at = isFull ? this.#at : now;
		this.#capacity = capacity;
		this.#perMs = capacity / windowMs;
	}

	settle(now: number, tokens: number): void {
		this.#level = this.#levelAt(now) - tokens;
		this.#at = now;
	}

	/** Milliseconds until it holds `tokens`: 0 when it does, infinite when it never will. */
	roomIn(now: number, tokens: number): number {
		const missing = tokens - this.#levelAt(now);
		if (missing <= 0) {
			return 0;
		}
		return tokens > this.#capacity ? Number.POSITIVE_INFINITY : missing / this.#perMs;
	}

	#levelAt(now: number): number {
		return this.#at === Number.NEGATIVE_INFINITY
			? this.#capacity
			: Math.min(this.#capacity, this.#level + (now - this.#at) * this.#perMs);
	}
}
