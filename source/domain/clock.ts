/** The only way time enters the engine, so that a test or a replay decides what time it is. */
export type Clock = {
	/** Milliseconds of a clock that never goes back (for intervals). */
	readonly now: () => number;
	/** Milliseconds since 1970 (for timestamps that leave the program). */
	readonly epoch: () => number;
	/** Calls back once after `delayMs`; returns a function that cancels it. */
	readonly after: (delayMs: number, callback: () => void) => () => void;
};

/** The machine's clock. Timers do not keep the process alive by themselves being forgotten: cancel them. */
export const systemClock: Clock = {
	now: () => performance.now(),
	epoch: () => Date.now(),
	after(delayMs, callback) {
		if (delayMs <= 0) {
			// A timer would wait for a millisecond at least.
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
