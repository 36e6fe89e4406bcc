import {promisesSettled, VirtualClock} from '../../source/domain/clock.ts';

/** The virtual clock with what only tests need. */
export class FakeClock extends VirtualClock {
	/** @param epochMs Wall-clock time at the start. */
	constructor(epochMs = Date.UTC(2026, 0, 1)) {
		super(epochMs);
	}

	/** Timers that are set. */
	get timers(): number {
		return this.waiting.filter(({isCancelled}) => !isCancelled).length;
	}

	/** Sets the wall clock forward or back; intervals do not notice. */
	stepEpoch(byMs: number): void {
		this.epochOffsetMs += byMs;
	}

	/**
	 * Moves time until a promise settles.
	 * @throws When nothing could settle it any more, or when `limitMs` have passed.
	 */
	async settle<Value>(promise: Promise<Value>, limitMs = 86_400_000): Promise<Value> {
		const until = this.currentMs + limitMs;
		let isSettled = false;
		const mark = (): void => {
			isSettled = true;
		};
		promise.then(mark, mark);
		await promisesSettled();
		while (!isSettled) {
			const timer = this.next(until);
			if (timer === undefined) {
				throw new Error(`nothing happens any more at ${this.currentMs} ms (${this.timers} timers later)`);
			}
			this.ring(timer);
			if ((this.next(until)?.at ?? Number.POSITIVE_INFINITY) > this.currentMs) {
				await promisesSettled();
			}
		}
		return promise;
	}
}
