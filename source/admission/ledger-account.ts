import type {LedgerEntry, Limits, Use} from '../domain/use.ts';
import {SlidingSum} from './sliding-sum.ts';

/** Slack for sums of floating-point amounts. */
const rounding = 1e-6;

/** Requests and quota tokens of one window: what is in flight and what has been counted. The ledger's inner bookkeeping. */
export class LedgerAccount {
	readonly #requests: SlidingSum;
	readonly #tokens: SlidingSum;
	#unconfirmed = 0;
	#open = 0;
	#heldTokens = 0;

	constructor(windowMs: number) {
		this.#requests = new SlidingSum(windowMs);
		this.#tokens = new SlidingSum(windowMs);
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

	use(now: number): Use {
		return {
			requests: this.#unconfirmed + this.#requests.total(now),
			tokens: this.#heldTokens + this.#tokens.total(now),
		};
	}

	/** See `Ledger.roomIn`. */
	roomIn(now: number, tokens: number, limits: Limits): number | undefined {
		const use = this.use(now);
		const requestsAt = freedAt(now, this.#requests, use.requests + 1, limits.requests);
		const tokensAt = freedAt(now, this.#tokens, use.tokens + tokens, limits.tokens);
		return requestsAt === undefined || tokensAt === undefined
			? undefined
			: Math.max(requestsAt, tokensAt) - now;
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

	settle(now: number, held: number, tokens: number): void {
		this.#release(held);
		this.#tokens.add(now, tokens);
	}

	/** A request that was confirmed stays counted as a request: its first byte says that the server let it in. */
	giveBack(tokens: number, isConfirmed: boolean): void {
		this.#release(tokens);
		this.#unconfirmed -= isConfirmed ? 0 : 1;
	}

	/** Adds what was counted at an instant of the past. */
	record(at: number, use: Use): void {
		this.#requests.add(at, use.requests);
		this.#tokens.add(at, use.tokens);
	}

	/** All that counts, with what is in flight as of now; `at` in milliseconds of the engine's clock. */
	entries(now: number): readonly LedgerEntry[] {
		const entries = [
			...this.#requests.entries(now).map(([at, requests]) => ({at, requests, tokens: 0})),
			...this.#tokens.entries(now).map(([at, tokens]) => ({at, requests: 0, tokens})),
		];
		return this.#open === 0
			? entries
			: [...entries, {at: now, requests: this.#unconfirmed, tokens: this.#heldTokens}];
	}

	#release(tokens: number): void {
		this.#open--;
		this.#heldTokens = this.#open === 0 ? 0 : this.#heldTokens - tokens;
	}
}

/** When a sum that would be `needed` falls to the limit by what leaves the window; undefined when that is not enough. */
const freedAt = (now: number, sum: SlidingSum, needed: number, limit: number | null): number | undefined => {
	const excess = limit === null ? 0 : needed - limit;
	return excess <= rounding ? now : sum.freedAt(excess - rounding);
};
