import {setImmediate} from 'node:timers/promises';
import type {Clock} from '../../source/domain/clock.ts';

type Timer = {readonly at: number; readonly callback: () => void; isCancelled: boolean};

/** A clock that stands still until a test moves it. Promises settle between any two timers, as they do in real time. */
export class FakeClock implements Clock {
	#now = 0;
	#epochOffset: number;
	/** By time, later ones first; of equal times the newer first, so that the last one is always next. */
	#timers: Timer[] = [];

	/** @param epochMs Wall-clock time at the start. */
	constructor(epochMs = Date.UTC(2026, 0, 1)) {
		this.#epochOffset = epochMs;
	}

	/** Timers that are set. */
	get timers(): number {
		return this.#timers.filter(({isCancelled}) => !isCancelled).length;
	}

	now = (): number => this.#now;

	epoch = (): number => this.#now + this.#epochOffset;

	after = (delayMs: number, callback: () => void): (() => void) => {
		const timer = {at: this.#now + Math.max(0, delayMs), callback, isCancelled: false};
		let [low, high] = [0, this.#timers.length];
		while (low < high) {
			const middle = (low + high) >> 1;
			if ((this.#timers[middle]?.at ?? 0) > timer.at) {
				low = middle + 1;
			} else {
				high = middle;
			}
		}
		this.#timers.splice(low, 0, timer);
		return () => {
			timer.isCancelled = true;
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
				throw new Error(`nothing happens any more at ${this.#now} ms (${this.timers} timers later)`);
			}
			this.#ring(timer);
			if ((this.#next(until)?.at ?? Number.POSITIVE_INFINITY) > this.#now) {
				await setImmediate();
			}
		}
		return promise;
	}

	#next(until: number): Timer | undefined {
		while (this.#timers.at(-1)?.isCancelled === true) {
			this.#timers.pop();
		}
		const next = this.#timers.at(-1);
		return next !== undefined && next.at <= until ? next : undefined;
	}

	#ring(timer: Timer): void {
		this.#timers.pop();
		this.#now = Math.max(this.#now, timer.at);
		timer.callback();
	}
}
