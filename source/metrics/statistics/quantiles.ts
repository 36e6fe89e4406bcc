import {Int32Histogram} from 'hdr-histogram-js';

/** Above it values are recorded as this one: two hours in hundredths of a millisecond. */
const highest = 720_000_000;
/** Two significant digits: a quantile is at most 1 % above the true value, and memory is about 12 KB. */
const significantDigits = 2;

/** Quantiles of a stream of values that are not negative, in bounded memory. */
export class Quantiles {
	readonly #histogram = new Int32Histogram(1, highest, significantDigits);
	readonly #scale: number;
	#max = 0;

	/** @param scale Steps a unit: values are kept to 1 / scale. */
	constructor(scale = 1) {
		this.#scale = scale;
	}

	get count(): number {
		return this.#histogram.totalCount;
	}

	/** Exact; 0 when there is none. */
	get max(): number {
		return this.#max;
	}

	add(value: number): void {
		this.#max = Math.max(this.#max, value);
		this.#histogram.recordValue(Math.min(highest, Math.max(0, Math.round(value * this.#scale))));
	}

	/** The value that a part of all values (0 to 1) does not exceed; 0 when there is none. */
	at(part: number): number {
		return Math.min(this.#max, this.#histogram.getValueAtPercentile(part * 100) / this.#scale);
	}

	/** How many values are greater than this one, to the resolution of the histogram. */
	countAbove(value: number): number {
		const histogram = this.#histogram;
		let count = 0;
		for (let index = histogram.countsArrayLength - 1; index >= 0; index--) {
			if (histogram.valueFromIndex(index) <= value * this.#scale) {
				break;
			}
			count += histogram.getCountAtIndex(index);
		}
		return count;
	}

	/** Recorded values with their counts, ascending: the upper end of each step. */
	steps(): ReadonlyArray<readonly [number, number]> {
		const histogram = this.#histogram;
		const steps: Array<readonly [number, number]> = [];
		for (let index = 0; index < histogram.countsArrayLength; index++) {
			const count = histogram.getCountAtIndex(index);
			if (count > 0) {
				const upper = histogram.highestEquivalentValue(histogram.valueFromIndex(index));
				steps.push([Math.min(this.#max, upper / this.#scale), count]);
			}
		}
		return steps;
	}
}
