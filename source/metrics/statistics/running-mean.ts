import type {Mean} from '../../domain/figures-schema.ts';
import {studentT} from './student-t.ts';

/** Mean and variance of a stream in constant memory (Welford 1962). */
export class RunningMean {
	#count = 0;
	#mean = 0;
	#squares = 0;

	get count(): number {
		return this.#count;
	}

	get mean(): number {
		return this.#mean;
	}

	/** Variance of one sample; 0 below two samples. */
	get variance(): number {
		return this.#count < 2 ? 0 : this.#squares / (this.#count - 1);
	}

	add(value: number): void {
		this.#count++;
		const difference = value - this.#mean;
		this.#mean += difference / this.#count;
		this.#squares += difference * (value - this.#mean);
	}

	/**
	 * The mean of what is never negative (tokens, costs, times) with its 95 % interval (Student's t), which is not below 0
	 * either; nulls where the samples do not tell.
	 */
	toMean(): Mean {
		if (this.#count < 2) {
			return {mean: this.#count === 0 ? null : this.#mean, low: null, high: null};
		}
		const half = studentT(this.#count - 1) * Math.sqrt(this.variance / this.#count);
		return {mean: this.#mean, low: Math.max(0, this.#mean - half), high: this.#mean + half};
	}
}
