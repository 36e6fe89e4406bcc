import type {Distribution, Mean} from '../../domain/figures-schema.ts';
import {minSamples, studentT} from './intervals.ts';

/** Above it values are recorded as this one: two hours in hundredths of a millisecond. */
const highest = 720_000_000;
/**
 * Values below twice this are kept exactly, greater ones in steps of at most 1 / this of the value, as in an HDR histogram of
 * two significant digits: a quantile is at most 1% above the true value, and memory is about 12 KB.
 */
const resolution = 128;

/** The step of a whole value: each power of two has `resolution` of them. */
const stepOf = (value: number): number => {
	const shift = Math.max(0, 24 - Math.clz32(value));
	return shift * resolution + (value >>> shift);
};

/** The greatest value of a step. */
const upperEndOf = (step: number): number => {
	const shift = Math.max(0, Math.floor(step / resolution) - 1);
	return (step - shift * resolution + 1) * 2 ** shift - 1;
};

const lowerEndOf = (step: number): number => (step === 0 ? 0 : upperEndOf(step - 1) + 1);

/** Products of parts and counts may be off by the last digit. */
const rounding = 1e-12;

/** Quantiles of a stream of values that are not negative, in bounded memory. */
export class Quantiles {
	readonly #counts = new Int32Array(stepOf(highest) + 1);
	readonly #scale: number;
	#count = 0;
	#max = 0;
	/** The highest step with a value. */
	#last = 0;

	/** @param scale Steps per unit: values are kept to 1 / scale. */
	constructor(scale = 1) {
		this.#scale = scale;
	}

	get count(): number {
		return this.#count;
	}

	/** Exact; 0 when there is none. */
	get max(): number {
		return this.#max;
	}

	add(value: number): void {
		this.#max = Math.max(this.#max, value);
		const step = stepOf(Math.min(highest, Math.max(0, Math.round(value * this.#scale))));
		this.#counts[step] = this.#at(step) + 1;
		this.#count++;
		this.#last = Math.max(this.#last, step);
	}

	/** The value that a part of all values (0 to 1) does not exceed; 0 when there is none. */
	at(part: number): number {
		const needed = Math.max(1, Math.ceil(Math.min(1, part) * this.#count * (1 - rounding)));
		let step = this.#last;
		for (let left = this.#count - this.#at(step); step > 0 && left >= needed; left -= this.#at(step)) {
			step--;
		}
		return Math.min(this.#max, upperEndOf(step) / this.#scale);
	}

	/** How many values are greater than this one, to the resolution of the histogram. */
	countAbove(value: number): number {
		let count = 0;
		for (let step = this.#last; step >= 0 && lowerEndOf(step) > value * this.#scale; step--) {
			count += this.#at(step);
		}
		return count;
	}

	/** Recorded values with their counts, ascending: the upper end of each step. */
	steps(): ReadonlyArray<readonly [number, number]> {
		const steps: Array<readonly [number, number]> = [];
		for (let step = 0; step <= this.#last; step++) {
			const count = this.#at(step);
			if (count > 0) {
				steps.push([Math.min(this.#max, upperEndOf(step) / this.#scale), count]);
			}
		}
		return steps;
	}

	#at(step: number): number {
		return this.#counts[step] ?? 0;
	}
}

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
	 * The mean of values that are never negative (tokens, costs, times) with its 95% interval (Student's t), not below 0
	 * either; nulls for too few samples.
	 */
	toMean(): Mean {
		if (this.#count < 2) {
			return {mean: this.#count === 0 ? null : this.#mean, low: null, high: null};
		}
		const half = studentT(this.#count - 1) * Math.sqrt(this.variance / this.#count);
		return {mean: this.#mean, low: Math.max(0, this.#mean - half), high: this.#mean + half};
	}
}

const maxBins = 60;
/** Times are kept to a hundredth of a millisecond. */
const stepsPerMs = 100;

const noTimes: Distribution = {
	count: 0,
	mean: null,
	p50: null,
	p90: null,
	p99: null,
	max: null,
	histogram: [],
};

/** Merges steps into at most `maxBins` bins that are equally wide on a logarithmic scale: latencies are skewed. */
const toBins = (
	steps: ReadonlyArray<readonly [number, number]>,
): ReadonlyArray<readonly [number, number]> => {
	if (steps.length <= maxBins) {
		return steps;
	}
	const lowest = Math.max(1 / stepsPerMs, steps[0]?.[0] ?? 0);
	const highest = steps.at(-1)?.[0] ?? lowest;
	const width = Math.log(highest / lowest) / maxBins;
	const bins = new Map<number, readonly [number, number]>();
	for (const [upper, count] of steps) {
		const bin = Math.min(maxBins - 1, Math.max(0, Math.floor(Math.log(upper / lowest) / width)));
		bins.set(bin, [upper, count + (bins.get(bin)?.[1] ?? 0)]);
	}
	return [...bins.values()];
};

/** Distribution of times in milliseconds, in bounded memory. Its view is cached until the next value. */
export class Times {
	readonly #quantiles = new Quantiles(stepsPerMs);
	readonly #mean = new RunningMean();
	#view: Distribution = noTimes;

	get count(): number {
		return this.#mean.count;
	}

	add(milliseconds: number): void {
		this.#quantiles.add(milliseconds);
		this.#mean.add(milliseconds);
	}

	/** Of all values. */
	get sum(): number {
		return this.#mean.mean * this.#mean.count;
	}

	/** How many took longer, to 1%. */
	countAbove(milliseconds: number): number {
		return this.#quantiles.countAbove(milliseconds);
	}

	toDistribution(): Distribution {
		const {count} = this;
		if (count !== this.#view.count) {
			const at = (part: number, least: number): number | null =>
				count < least ? null : this.#quantiles.at(part);
			this.#view = {
				count,
				mean: this.#mean.mean,
				p50: at(0.5, minSamples.p50),
				p90: at(0.9, minSamples.p90),
				p99: at(0.99, minSamples.p99),
				max: this.#quantiles.max,
				histogram: toBins(this.#quantiles.steps()),
			};
		}
		return this.#view;
	}
}
