import type {Clock} from '../../source/engine/clock.ts';

/** A clock that goes on only when told to. */
export type FakeClock = Clock & {
	/** Lets time pass and calls back what is due, in order. */
	readonly pass: (durationMs: number) => void;
	/** Timers that are waiting. */
	readonly waiting: () => number;
};

/** A clock at time 0 (and at the given time since 1970). */
export function createFakeClock(epochMs = Date.UTC(2026, 2, 1, 10)): FakeClock {
	let nowMs = 0;
	let timers: ReadonlyArray<{readonly dueMs: number; readonly callback: () => void}> = [];
	return {
		now: () => nowMs,
		epoch: () => epochMs + nowMs,
		after(delayMs, callback) {
			const timer = {dueMs: nowMs + delayMs, callback};
			timers = [...timers, timer];
			return () => {
				timers = timers.filter((each) => each !== timer);
			};
		},
		pass(durationMs) {
			const endMs = nowMs + durationMs;
			for (;;) {
				const due = timers
					.filter(({dueMs}) => dueMs <= endMs)
					.toSorted((one, other) => one.dueMs - other.dueMs)[0];
				if (due === undefined) {
					break;
				}
				nowMs = Math.max(nowMs, due.dueMs);
				timers = timers.filter((each) => each !== due);
				due.callback();
			}
			nowMs = endMs;
		},
		waiting: () => timers.length,
	};
}
