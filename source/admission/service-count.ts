import type {Limits} from '../domain/bucket-usage.ts';
import type {Clock} from '../domain/clock.ts';

/** A call as the service counts it. Times are milliseconds. */
export type Counted = {
	readonly reserved: number;
	readonly settled: number;
	/** Its output, which counts where that has a quota of its own. */
	readonly outputTokens?: number;
	readonly firstByteMs: number;
	readonly totalMs: number;
};

/** `output`: where output has a quota of its own. */
export type CountedLimits = Limits & {readonly output?: number | null};

/**
 * A bucket as the service counts it: requests from their arrival, tokens as they were reserved while an answer is under way,
 * then as it settled, from its first byte. They count for a minute, or until the minute by the clock is over.
 */
export class ServiceCount {
	readonly peak = {requests: 0, tokens: 0, outputTokens: 0};
	readonly #clock: Clock;
	readonly #windowMs: number;
	readonly #limits: CountedLimits;
	readonly #kind: 'sliding' | 'fixed';
	#requests = 0;
	#tokens = 0;
	#output = 0;

	/** @param limits Absent: nothing is refused. */
	constructor(
		clock: Clock,
		windowMs: number,
		kind: 'sliding' | 'fixed',
		limits: CountedLimits = {requests: null, tokens: null},
	) {
		this.#clock = clock;
		this.#windowMs = windowMs;
		this.#limits = limits;
		this.#kind = kind;
	}

	/**
	 * Counts a call where there is room for it. @returns Whether there was; a call for whose output there is none is cut off
	 * by the service, which counts as refused.
	 */
	offer({reserved, settled, outputTokens = 0, firstByteMs, totalMs}: Counted): boolean {
		const use = {
			requests: this.#requests + 1,
			tokens: this.#tokens + reserved,
			output: this.#output + outputTokens,
		};
		const {requests, tokens, output} = this.#limits;
		if (
			use.requests > (requests ?? Infinity) ||
			use.tokens > (tokens ?? Infinity) ||
			use.output > (output ?? Infinity)
		) {
			return false;
		}
		this.#requests = use.requests;
		this.#tokens = use.tokens;
		this.#output = use.output;
		this.#notePeak();
		this.#clock.after(this.#countsMs(0), () => {
			this.#requests--;
		});
		const leavesMs = this.#countsMs(firstByteMs);
		this.#clock.after(Math.max(leavesMs, totalMs), () => {
			this.#output -= outputTokens;
		});
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
		this.peak.outputTokens = Math.max(this.peak.outputTokens, this.#output);
	}

	/** Until when it counts, in milliseconds from now. @param fromMs From now: when it begins to. */
	#countsMs(fromMs: number): number {
		const at = this.#clock.epoch() + fromMs;
		return this.#kind === 'sliding'
			? fromMs + this.#windowMs
			: fromMs + this.#windowMs - (at % this.#windowMs);
	}
}
