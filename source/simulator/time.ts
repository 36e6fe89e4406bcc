/** The only source of time in the simulator, so that a test decides what time it is. */
export type Time = {
	/** Milliseconds that never decrease, near enough to the epoch that fixed windows begin with the minute. */
	readonly now: () => number;
	/** Resolves after `delayMs`; at once for 0 and less. */
	readonly sleep: (delayMs: number) => Promise<void>;
};

/** The machine's clock. */
export const systemTime: Time = {
	now: () => performance.timeOrigin + performance.now(),
	sleep: (delayMs) =>
		delayMs <= 0
			? Promise.resolve()
			: new Promise((resolve) => {
					setTimeout(resolve, delayMs);
				}),
};

/**
 * Waits until a moment of `time`, never waking early: Node's timers count from the start of the event loop's turn
 * and may fire up to a millisecond before the delay is over.
 */
export async function sleepUntil(time: Time, atMs: number): Promise<void> {
	let leftMs = atMs - time.now();
	while (leftMs > 0) {
		await time.sleep(leftMs);
		leftMs = atMs - time.now();
	}
}
