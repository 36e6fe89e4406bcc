import type {Limits, Use} from '../domain/bucket-usage.ts';
import type {Clock} from '../domain/clock.ts';

/** Other programs of the user that use a bucket now. */
type Neighbours = {
	readonly count: number;
	/** Quota tokens that they may settle before their next record. */
	readonly pendingTokens: number;
};

/** Use that must not be exceeded until another is claimed; `until`: the instant after which nothing more may be sent by it. */
type Claim = Use & {readonly until: number};

/** Part of a window after which a request that was refused no longer counts as waiting: its run asks more often. */
const waitingPart = 1 / 12;

const minuteMs = 60_000;
/** Minutes whose answers are kept: CloudWatch is that late at most. */
export const keptMinutes = 15;

/** A run's position at a bucket shared with other programs of its user: its claim, its demand, and its neighbours. */
export class ShareStanding {
	/** Called when a request would fit into the part of this run but not into its claim. */
	onShort = (): void => {};
	/** Undefined while the bucket is not shared. */
	claim: Claim | undefined;
	neighbours: Neighbours = {count: 0, pendingTokens: 0};
	readonly #clock: Clock;
	readonly #windowMs: number;
	#admitted: Use = {requests: 0, tokens: 0};
	#lastSentAt = 0;
	#needs = 0;
	#waitingSince = Number.NEGATIVE_INFINITY;
	/** Answers of the last minutes, by the begin of the minute. */
	readonly #minutes = new Map<number, Use>();

	constructor(clock: Clock, windowMs: number) {
		this.#clock = clock;
		this.#windowMs = windowMs;
	}

	/** Requests and quota tokens admitted so far. */
	get admitted(): Use {
		return this.#admitted;
	}

	/** When the last request was admitted, in milliseconds since 1970; 0 before one. */
	get lastSentAt(): number {
		return this.#lastSentAt;
	}

	/** Quota tokens of the last request that was asked for; 0 before one. */
	get needs(): number {
		return this.#needs;
	}

	/** Whether a request waits for room: it was refused lately, and none was admitted since. */
	get isWaiting(): boolean {
		return this.#clock.now() - this.#waitingSince < this.#windowMs * waitingPart;
	}

	/** What was answered in the last minutes: [begin of the minute in milliseconds since 1970, use]. */
	get minutes(): ReadonlyArray<readonly [number, Use]> {
		return [...this.#minutes];
	}

	/** An answer settled at `tokens`. */
	answered(tokens: number): void {
		const at = Math.floor(this.#clock.epoch() / minuteMs) * minuteMs;
		const known = this.#minutes.get(at) ?? {requests: 0, tokens: 0};
		this.#minutes.set(at, {requests: known.requests + 1, tokens: known.tokens + tokens});
		const [oldest] = this.#minutes.keys();
		if (oldest !== undefined && this.#minutes.size > keptMinutes) {
			this.#minutes.delete(oldest);
		}
	}

	/** A request of `tokens` was admitted. */
	sent(tokens: number): void {
		this.#needs = tokens;
		this.#waitingSince = Number.NEGATIVE_INFINITY;
		this.#lastSentAt = this.#clock.epoch();
		this.#admitted = {requests: this.#admitted.requests + 1, tokens: this.#admitted.tokens + tokens};
	}

	/** A request of `tokens` had to wait. @param isForRoom Not for its turn, or for capacity. */
	waits(tokens: number, isForRoom: boolean): void {
		this.#needs = tokens;
		this.#waitingSince = isForRoom ? this.#clock.now() : Number.NEGATIVE_INFINITY;
	}

	/** Whether a request fits into the claim; if not, more is claimed. */
	hasClaimed(use: Use, tokens: number, quota: Limits): boolean {
		const {claim} = this;
		const fits =
			claim === undefined ||
			(this.#clock.now() <= claim.until &&
				(quota.requests === null || use.requests + 1 <= claim.requests) &&
				(quota.tokens === null || use.tokens + tokens <= claim.tokens));
		if (!fits) {
			this.onShort();
		}
		return fits;
	}
}
