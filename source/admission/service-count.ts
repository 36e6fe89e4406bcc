import type {Limits} from '../domain/bucket-usage.ts';
import type {Clock} from '../domain/clock.ts';

/** A call as the service counts it. Times are milliseconds. */
export type Counted = {
	readonly reserved: number;
	readonly settled: number;
	readonly firstByteMs: number;
	readonly totalMs: number;
};

/**
 * A bucket as the service counts it: requests from their arrival, tokens as they were reserved while an answer is under way,
 * then as it settled, from its first byte. They count for a minute, or until the minute by the clock is over.
 */
export class ServiceCount {
	readonly peak = {requests: 0, tokens: 0};
	readonly #clock: Clock;
	readonly #windowMs: number;
	readonly #limits: Limits;
	readonly #kind: 'sliding' | 'fixed';
	#requests = 0;
	#tokens = 0;

	/** @param limits Absent: nothing is refused. */
	constructor(
		clock: Clock,
		windowMs: number,
		kind: 'sliding' | 'fixed',
		limits: Limits = {requests: null, tokens: null},
	) {
		this.#clock = clock;
		this.#windowMs = windowMs;
		this.#limits = limits;
		this.#kind = kind;
	}

	/** Counts a call where there is room for it. @returns Whether there was. */
	offer({reserved, settled, firstByteMs, totalMs}: Counted): boolean {
		const use = {requests: this.#requests + 1, tokens: this.#tokens + reserved};
		const {requests, tokens} = this.#limits;
		if (use.requests > (requests ?? Infinity) || use.tokens > (tokens ?? Infinity)) {
			return false;
		}
		this.#requests = use.requests;
		this.#tokens = use.tokens;
		this.#notePeak();
		this.#clock.after(this.#countsMs(0), () => {
			this.#requests--;
		});
		const leavesMs = this.#countsMs(firstByteMs);
		this.#clock.after(totalMs, () => {
			this.#tokens -= reserved;
			if (leavesMs > totalMs) {
				this.#tokens += settled;
				this.#notePeak();
				this.#clock.after(leavesMs - totalMs, () => {
					this.#tokens -= settled;
				});
			}
		});
		return true;
	}

	#notePeak(): void {
		this.peak.requests = Math.max(this.peak.requests, this.#requests);
		this.peak.tokens = Math.max(this.peak.tokens, this.#tokens);
	}

	/** Until when it counts, in milliseconds from now. @param fromMs From now: when it begins to. */
	#countsMs(fromMs: number): number {
		const at = this.#clock.epoch() + fromMs;
		return this.#kind === 'sliding'
			? fromMs + this.#windowMs
			: fromMs + this.#windowMs - (at % this.#windowMs);
	}
}
