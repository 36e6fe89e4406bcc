import type {LedgerEntry, Limits, Use} from '../domain/use.ts';
import {SlidingSum} from './sliding-sum.ts';

/** Slack for sums of floating-point amounts. */
const rounding = 1e-6;

/** What an ended request is counted at. */
export type Settlement = {
	/** When its first byte came, and what of its quota tokens the service counts from there. */
	readonly firstByteAt: number;
	readonly fromFirstByte: number;
	/** All quota tokens it was settled at. */
	readonly tokens: number;
};

/**
 * Requests and quota tokens of one window: what is in flight and what has been counted, both from the first byte and from
 * the end. The ledger's inner bookkeeping.
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

	/** What counts now; tokens from the first byte. */
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
	 * What has to stop counting before so many tokens fit below a limit, tokens counted from the end.
	 * @returns The instant by which that had ended; 0 when they fit already, undefined when they wait for what is in flight.
	 */
	excessEndedAt(now: number, tokens: number, limit: number, since: number): number | undefined {
		const excess = this.tokensFromEnd(now, since) + tokens - limit;
		return excess <= rounding ? 0 : this.#ended.reachedAt(excess - rounding, since);
	}

	/** The latest instant since which so many tokens had ended by `until` for sure; undefined when fewer did in the window. */
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

/** When a sum that would be `needed` falls to the limit by what leaves the window; undefined when that is not enough. */
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
