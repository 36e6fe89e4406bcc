/** The only source of time, so that tests and replays control it. */
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
