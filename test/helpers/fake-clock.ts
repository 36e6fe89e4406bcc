import {setImmediate} from 'node:timers/promises';
import type {Clock} from '../../source/engine/clock.ts';

type Timer = {readonly at: number; readonly order: number; readonly callback: () => void};

/** A clock that stands still until a test moves it. Promises settle between any two timers, as they do in real time. */
export class FakeClock implements Clock {
	#now = 0;
	#epochOffset: number;
	#order = 0;
	readonly #timers = new Set<Timer>();

	/** @param epochMs Wall-clock time at the start. */
	constructor(epochMs = Date.UTC(2026, 0, 1)) {
		this.#epochOffset = epochMs;
	}

	get timers(): number {
		return this.#timers.size;
	}

	now = (): number => this.#now;

	epoch = (): number => this.#now + this.#epochOffset;

	after = (delayMs: number, callback: () => void): (() => void) => {
		const timer = {at: this.#now + Math.max(0, delayMs), order: this.#order++, callback};
		this.#timers.add(timer);
		return () => {
			this.#timers.delete(timer);
		};
	};

	/** Sets the wall clock forward or back; intervals do not notice. */
	stepEpoch(byMs: number): void {
		this.#epochOffset += byMs;
	}

	/** Moves time without waiting for promises: for code that has none. */
	skip(byMs: number): void {
		const until = this.#now + byMs;
		for (let timer = this.#next(until); timer !== undefined; timer = this.#next(until)) {
			this.#ring(timer);
		}
		this.#now = until;
	}

	/** Moves time; every timer rings at its own time, and promises settle before the next one. */
	async advance(byMs: number): Promise<void> {
		const until = this.#now + byMs;
		await setImmediate();
		for (let timer = this.#next(until); timer !== undefined; timer = this.#next(until)) {
			this.#ring(timer);
			if ((this.#next(until)?.at ?? Number.POSITIVE_INFINITY) > this.#now) {
				await setImmediate();
			}
		}
		this.#now = until;
	}

	/**
	 * Moves time until a promise settles.
	 * @throws When nothing could settle it any more, or when `limitMs` have passed.
	 */
	async settle<Value>(promise: Promise<Value>, limitMs = 86_400_000): Promise<Value> {
		const until = this.#now + limitMs;
		let isSettled = false;
		const mark = (): void => {
			isSettled = true;
		};
		promise.then(mark, mark);
		await setImmediate();
		while (!isSettled) {
			const timer = this.#next(until);
			if (timer === undefined) {
				throw new Error(`nothing happens any more at ${this.#now} ms (${this.#timers.size} timers later)`);
			}
			this.#ring(timer);
			if ((this.#next(until)?.at ?? Number.POSITIVE_INFINITY) > this.#now) {
				await setImmediate();
			}
		}
		return promise;
	}

	#next(until: number): Timer | undefined {
		let next: Timer | undefined;
		for (const timer of this.#timers) {
			const isEarlier =
				next === undefined || timer.at < next.at || (timer.at === next.at && timer.order < next.order);
			if (timer.at <= until && isEarlier) {
				next = timer;
			}
		}
		return next;
	}

	#ring(timer: Timer): void {
		this.#timers.delete(timer);
		this.#now = Math.max(this.#now, timer.at);
		timer.callback();
	}
}
