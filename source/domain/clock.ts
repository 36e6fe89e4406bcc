/** The only sources of time and of chance, so that tests and replays control them. */

/** A source of time. */
export type Clock = {
	/** Milliseconds of a clock that never goes back (for intervals). */
	readonly now: () => number;
	/** Milliseconds since 1970 (for timestamps that leave the program). */
	readonly epoch: () => number;
	/** Calls back once after `delayMs`; returns a function that cancels it. */
	readonly after: (delayMs: number, callback: () => void) => () => void;
};

/** The machine's clock. An uncancelled timer keeps the process alive: cancel it. */
export const systemClock: Clock = {
	now: () => performance.now(),
	epoch: () => Date.now(),
	after(delayMs, callback) {
		if (delayMs <= 0) {
			// A timer would wait for at least a millisecond.
			const immediate = setImmediate(callback);
			return () => {
				clearImmediate(immediate);
			};
		}
		const timer = setTimeout(callback, delayMs);
		return () => {
			clearTimeout(timer);
		};
	},
};

/** The machine's clock for what goes on beside the work: its timers keep no process alive. */
export const backgroundClock: Clock = {
	...systemClock,
	after(delayMs, callback) {
		const timer = setTimeout(callback, delayMs).unref();
		return () => {
			clearTimeout(timer);
		};
	},
};

type Timer = {readonly at: number; readonly callback: () => void; isCancelled: boolean};

/**
 * A clock that stands still until it is moved: what would have happened is found out without waiting for it. Promises settle
 * between any two timers, as they do in real time.
 */
export class VirtualClock implements Clock {
	protected currentMs = 0;
	protected epochOffsetMs: number;
	/** By time, later ones first; of equal times the newer first, so that the last one is always next. */
	protected readonly waiting: Timer[] = [];

	/** @param epochMs Wall-clock time at the start. */
	constructor(epochMs: number) {
		this.epochOffsetMs = epochMs;
	}

	now = (): number => this.currentMs;

	epoch = (): number => this.currentMs + this.epochOffsetMs;

	after = (delayMs: number, callback: () => void): (() => void) => {
		const timer = {at: this.currentMs + Math.max(0, delayMs), callback, isCancelled: false};
		let [low, high] = [0, this.waiting.length];
		while (low < high) {
			const middle = (low + high) >> 1;
			if ((this.waiting[middle]?.at ?? 0) > timer.at) {
				low = middle + 1;
			} else {
				high = middle;
			}
		}
		this.waiting.splice(low, 0, timer);
		return () => {
			timer.isCancelled = true;
		};
	};

	/** Moves time without waiting for promises: for code that has none. */
	skip(byMs: number): void {
		const until = this.currentMs + byMs;
		for (let timer = this.next(until); timer !== undefined; timer = this.next(until)) {
			this.ring(timer);
		}
		this.currentMs = until;
	}

	/** Moves time; every timer rings at its own time, and promises settle before the next one. */
	async advance(byMs: number): Promise<void> {
		const until = this.currentMs + byMs;
		await promisesSettled();
		for (let timer = this.next(until); timer !== undefined; timer = this.next(until)) {
			this.ring(timer);
			if ((this.next(until)?.at ?? Number.POSITIVE_INFINITY) > this.currentMs) {
				await promisesSettled();
			}
		}
		this.currentMs = until;
	}

	protected next(until: number): Timer | undefined {
		while (this.waiting.at(-1)?.isCancelled === true) {
			this.waiting.pop();
		}
		const next = this.waiting.at(-1);
		return next !== undefined && next.at <= until ? next : undefined;
	}

	protected ring(timer: Timer): void {
		this.waiting.pop();
		this.currentMs = Math.max(this.currentMs, timer.at);
		timer.callback();
	}
}

/** Waits; resolves at once when the signal is aborted. */
export async function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		const cancel = clock.after(delayMs, resolve);
		signal.addEventListener(
			'abort',
			() => {
				cancel();
				resolve();
			},
			{once: true},
		);
	});
}

/** Resolves once every promise that can settle without a timer has. */
export async function promisesSettled(): Promise<void> {
	return new Promise((resolve) => {
		setImmediate(resolve);
	});
}

/**
 * Rejects with what `late` makes where there is no answer within `ms`. An answer that waits to be read while this program was
 * busy is not late.
 */
export async function answerWithin<Value>(
	clock: Clock,
	ms: number,
	answer: Promise<Value>,
	late: () => Error,
): Promise<Value> {
	return new Promise((resolve, reject) => {
		const cancel = clock.after(ms, () => {
			void promisesSettled()
				.then(promisesSettled)
				.then(() => reject(late()));
		});
		answer.then(resolve, reject).finally(cancel);
	});
}

/** Seeded random numbers: the same seed gives the same run, block by block and delay by delay. */

/** Gives the next number, uniform over [0, 1). */
export type Random = () => number;

/**
 * A generator with 32 bits of state (mulberry32, Tommy Ettinger 2017, public domain): short, fast, and good
 * enough to shuffle blocks and to jitter delays; not for secrets.
 * @param seed Any integer; only its low 32 bits count.
 */
export function createRandom(seed: number): Random {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}

/** A copy of the values in random order (Fisher-Yates). */
export function shuffled<Value>(values: readonly Value[], random: Random): Value[] {
	const result = [...values];
	for (let last = result.length - 1; last > 0; last--) {
		const other = Math.floor(random() * (last + 1));
		const moved = result[last] as Value;
		result[last] = result[other] as Value;
		result[other] = moved;
	}
	return result;
}

/** An exponentially distributed interval with the given mean: the gaps of a Poisson process. */
export function exponential(mean: number, random: Random): number {
	return -mean * Math.log(1 - random());
}
