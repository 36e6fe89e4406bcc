import type {Usage} from '../domain/backend.ts';
import type {Lane, LedgerEntry, Limits, Use} from '../domain/bucket-usage.ts';
import type {Clock} from '../domain/clock.ts';
import type {EnforcementEvidence} from './enforcement-evidence.ts';
import {LedgerAccount} from './ledger-account.ts';
import type {Stamping} from './stamping.ts';

/*
 * Why the ledger never lets the server throttle us while we are alone and nothing overruns, one probe aside.
 *
 * The server counts a request at an instant c that we do not know. We know that it lies between sending it and the first
 * byte of its answer. So a request is in the ledger from before it is sent until one window after the latest c that is
 * possible, and the ledger's sum over what it holds never exceeds the quota. Quota tokens are held in full while the
 * request is in flight. Once settled they count for one window, from the first byte or from the end: which, is learnt
 * (see `stamping`), and until it is known both sums stay below the quota. What the server holds for a request is at most
 * what the ledger holds for it: it reserves no more than we set aside, and it settles before it answers. What it settles
 * above its own reservation it can know at the end only, so that part counts from there in any case.
 *
 * - Sliding log. The server counts our request at c*, together with all whose c lies in (c* - W, c*]. Take the one of
 *   them that the ledger admitted last, at a* <= c*. Every other one of them was admitted before, and the latest
 *   possible c of each is > c* - W >= a* - W, so at a* the ledger still held all of them; their sum was within the
 *   quota. Network delay and reordering do not matter, because nothing was assumed about them.
 * - Fixed windows. What a fixed window has counted up to c* lies in (c* - W, c*], so the sliding rule is at least as
 *   strict, wherever the windows begin.
 * - Refilling bucket (capacity Q, refill Q / W): the model (`TokenBucketModel`) is never fuller than the server's.
 *
 * A throttled attempt was not counted and leaves at once. A failed one whose fate is not known stays in full for one
 * window after its end. An overrun (settled above what was set aside) is charged at once; until its answer is here the
 * server may know more than we do, which is the only way to a throttle.
 */

/** What one attempt holds of a bucket, from before it is sent until its outcome is known. Made by the ledger only. */
export type Reservation = {
	readonly tokens: number;
	/** What of that the service itself reserves. */
	readonly reserved: number;
	readonly lane: Lane;
	readonly sentAt: number;
	/** When the first byte came: by then the server has surely counted the request. Undefined before. */
	confirmedAt: number | undefined;
	/** Quota tokens it settled at, and when we heard of it; undefined before. */
	settled: {readonly tokens: number; readonly at: number} | undefined;
	/** False once it has been settled, given back or kept: exactly one of them, once. */
	isOpen: boolean;
};

const emptyLanes = (windowMs: number): Readonly<Record<Lane, LedgerAccount>> => ({
	high: new LedgerAccount(windowMs),
	normal: new LedgerAccount(windowMs),
	low: new LedgerAccount(windowMs),
});

/** The client's account of one bucket over a rolling window. It records; the bucket decides what may be admitted. */
export class Ledger {
	readonly #clock: Clock;
	readonly #windowMs: number;
	readonly #stamping: Stamping;
	#total: LedgerAccount;
	#lanes: Readonly<Record<Lane, LedgerAccount>>;
	/** In the order in which they were sent. */
	readonly #open = new Set<Reservation>();
	/** Collects how the service enforces the limit; undefined: nobody asks. */
	evidence: EnforcementEvidence | undefined;

	constructor(clock: Clock, windowMs: number, stamping: Stamping) {
		this.#clock = clock;
		this.#windowMs = windowMs;
		this.#stamping = stamping;
		this.#total = new LedgerAccount(windowMs);
		this.#lanes = emptyLanes(windowMs);
	}

	get inFlight(): number {
		return this.#total.open;
	}

	/** Requests in flight of which nothing has been heard yet. */
	get unconfirmed(): number {
		return this.#total.unconfirmed;
	}

	/** Quota tokens set aside for requests in flight. */
	get heldTokens(): number {
		return this.#total.heldTokens;
	}

	/**
	 * What counts against the bucket now, requests in flight included; tokens from the end of an answer where that is known,
	 * else from the first byte.
	 */
	use(): Use {
		return this.#counted(this.#total);
	}

	/** `use` by the strictest count that is not ruled out. */
	maxUse(): Use {
		const now = this.#clock.now();
		const use = this.#total.use(now);
		return this.#stamping.countsFrom === 'first-byte'
			? use
			: {...use, tokens: Math.max(use.tokens, this.#total.tokensFromEnd(now, now - this.#windowMs))};
	}

	/** The part of `use` that belongs to a lane. */
	laneUse(lane: Lane): Use {
		return this.#counted(this.#lanes[lane]);
	}

	/**
	 * Milliseconds until one more request of `tokens` fits below the limits, tokens counted from the first byte: 0 when it
	 * fits now, undefined when that depends on answers that are still to come.
	 */
	roomIn(tokens: number, limits: Limits): number | undefined {
		return this.#total.roomIn(this.#clock.now(), tokens, limits);
	}

	/** `roomIn` where tokens may count from the end of an answer; 0 once it is known that they do not. */
	roomFromEndIn(tokens: number, limit: number | null): number | undefined {
		const now = this.#clock.now();
		const since = this.#stamping.endsCountSince(now);
		if (since === undefined || limit === null) {
			return 0;
		}
		const endedAt = this.#total.excessEndedAt(now, tokens, limit, since);
		return endedAt === undefined || endedAt === 0
			? endedAt
			: Math.max(0, this.#stamping.stopsCountingAt(endedAt) - now);
	}

	/** Requests in flight of which nothing has been heard yet. */
	get unheard(): readonly Reservation[] {
		return [...this.#open].filter(({confirmedAt}) => confirmedAt === undefined);
	}

	/**
	 * Remembers this instant, to be evaluated once it is known what the service let in.
	 * @returns The latest instant such that what the service had counted at its end since then, and what it had in flight
	 * since then, left no room for `tokens`; undefined when there was none in this window. What we heard to have ended within
	 * two round trips may have ended before the service saw us, and counts as what it settled at.
	 */
	fullSince(tokens: number, quota: number): (roundTripMs: number) => number | undefined {
		const sentAt = this.#clock.now();
		const inFlight = [...this.#open];
		return (roundTripMs) => {
			const seenBy = sentAt + 2 * roundTripMs;
			const held = inFlight.reduce(
				(sum, {reserved, settled}) =>
					sum +
					(settled === undefined || settled.at > seenBy ? reserved : Math.min(reserved, settled.tokens)),
				0,
			);
			const missing = quota - tokens - held;
			const since = missing < 0 ? sentAt : this.#total.endedSince(missing + 1, sentAt);
			return since === undefined ? undefined : Math.min(since, inFlight[0]?.sentAt ?? sentAt);
		};
	}

	/** Sets one request and its quota tokens aside. The caller has asked `roomIn` first. @param input Its input tokens. */
	reserve(tokens: number, lane: Lane, reserved = tokens, input = reserved): Reservation {
		this.#total.hold(tokens);
		this.#lanes[lane].hold(tokens);
		const sentAt = this.#clock.now();
		const reservation = {
			tokens,
			reserved,
			lane,
			sentAt,
			confirmedAt: undefined,
			settled: undefined,
			isOpen: true,
		};
		this.#open.add(reservation);
		this.evidence?.sent(reservation, reserved, input);
		return reservation;
	}

	/** The first byte of the answer is here: the request itself was counted by now. */
	confirm(reservation: Reservation): void {
		if (reservation.isOpen && reservation.confirmedAt === undefined) {
			reservation.confirmedAt = this.#clock.now();
			this.evidence?.heard(reservation);
			this.#each(reservation, (account, now) => {
				account.confirm(now);
			});
		}
	}

	/**
	 * The answer is here: its quota tokens replace what was set aside.
	 * @param usage What they are made of.
	 * @returns Quota tokens by which it overran, 0 when it did not.
	 */
	settle(reservation: Reservation, tokens: number, usage?: Usage): number {
		this.confirm(reservation);
		if (!this.#close(reservation)) {
			return 0;
		}
		reservation.settled = {tokens, at: this.#clock.now()};
		this.evidence?.settled(reservation, tokens, usage);
		this.#each(reservation, (account, now) => {
			account.settle(now, reservation.tokens, {
				firstByteAt: reservation.confirmedAt ?? now,
				fromFirstByte: Math.min(tokens, reservation.reserved),
				tokens,
			});
		});
		return Math.max(0, tokens - reservation.tokens);
	}

	/** The service refused the attempt before counting it. */
	giveBack(reservation: Reservation): void {
		if (this.#close(reservation)) {
			this.evidence?.ended(reservation, false);
			this.#each(reservation, (account) => {
				account.giveBack(reservation.tokens, reservation.confirmedAt !== undefined);
			});
		}
	}

	/** The attempt ended and may have been counted: all of it stays for one window from now. */
	keep(reservation: Reservation): void {
		this.confirm(reservation);
		if (this.#close(reservation)) {
			this.evidence?.ended(reservation, true);
			const {tokens} = reservation;
			this.#each(reservation, (account, now) => {
				account.settle(now, tokens, {firstByteAt: now, fromFirstByte: tokens, tokens});
			});
		}
	}

	/**
	 * What is in the window, for the next run of the same account: at most one entry for each sixtieth of a window,
	 * stamped with its end. Requests in flight count as ending now.
	 */
	exportEntries(): readonly LedgerEntry[] {
		const now = this.#clock.now();
		const toEpoch = this.#clock.epoch() - now;
		const stepMs = this.#windowMs / 60;
		const steps = new Map<number, {-readonly [Key in keyof LedgerEntry]: LedgerEntry[Key]}>();
		for (const entry of this.#total.entries(now)) {
			const at = Math.ceil((entry.at + toEpoch) / stepMs) * stepMs;
			const sum = steps.get(at);
			if (sum === undefined) {
				steps.set(at, {at, requests: entry.requests, tokens: entry.tokens, ended: entry.ended});
			} else {
				sum.requests += entry.requests;
				sum.tokens += entry.tokens;
				sum.ended += entry.ended;
			}
		}
		return [...steps.values()];
	}

	/** Forgets all imported entries; before the first reservation. */
	clear(): void {
		this.#total = new LedgerAccount(this.#windowMs);
		this.#lanes = emptyLanes(this.#windowMs);
	}

	/**
	 * Adds what other runs exported to its own. An entry from the future (the wall clock was set back) counts as made just now.
	 * @returns The entries by the clock's own time, oldest first.
	 */
	importEntries(entries: readonly LedgerEntry[]): readonly LedgerEntry[] {
		const now = this.#clock.now();
		const epoch = this.#clock.epoch();
		const own = entries
			.map((entry) => ({...entry, at: now - Math.max(0, epoch - entry.at)}))
			.toSorted((first, second) => first.at - second.at);
		if (own.length > 0) {
			this.evidence?.disturbed();
		}
		for (const entry of own) {
			this.#total.record(entry.at, entry);
			this.#lanes.normal.record(entry.at, entry);
		}
		return own;
	}

	#counted(account: LedgerAccount): Use {
		const now = this.#clock.now();
		const use = account.use(now);
		return this.#stamping.countsFrom === 'end'
			? {...use, tokens: Math.max(use.tokens, account.tokensFromEnd(now, now - this.#windowMs))}
			: use;
	}

	#close(reservation: Reservation): boolean {
		const wasOpen = reservation.isOpen;
		reservation.isOpen = false;
		this.#open.delete(reservation);
		return wasOpen;
	}

	#each(reservation: Reservation, change: (account: LedgerAccount, now: number) => void): void {
		const now = this.#clock.now();
		change(this.#total, now);
		change(this.#lanes[reservation.lane], now);
	}
}
