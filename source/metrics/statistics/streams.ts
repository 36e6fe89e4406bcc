import type {Distribution, Mean} from '../../domain/figures-schema.ts';
import {minSamples, studentT} from './intervals.ts';

/** Statistics of streams of values in bounded memory: quantiles and means of one, means and covariances of several at once. */

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

/** A linear combination of the entries of a vector: [index, weight] of each term. */
export type Weights = ReadonlyArray<readonly [number, number]>;

/** Means and covariances of a stream of vectors in constant memory (Welford 1962, for vectors). */
export class VectorMoments {
	readonly #size: number;
	readonly #means: Float64Array;
	readonly #products: Float64Array;
	/** Differences of the vector being added to the means: reused, because each request adds one. */
	readonly #differences: Float64Array;
	#count = 0;

	constructor(size: number) {
		this.#size = size;
		this.#means = new Float64Array(size);
		this.#products = new Float64Array(size ** 2);
		this.#differences = new Float64Array(size);
	}

	get count(): number {
		return this.#count;
	}

	mean(index: number): number {
		return this.#means[index] ?? 0;
	}

	add(values: ArrayLike<number>): void {
		this.#count++;
		const before = this.#differences;
		for (let index = 0; index < this.#size; index++) {
			before[index] = (values[index] ?? 0) - (this.#means[index] ?? 0);
		}
		const scale = (this.#count - 1) / this.#count;
		for (let row = 0; row < this.#size; row++) {
			const difference = before[row] ?? 0;
			this.#means[row] = (this.#means[row] ?? 0) + difference / this.#count;
			for (let column = 0; column < this.#size; column++) {
				const index = row * this.#size + column;
				this.#products[index] = (this.#products[index] ?? 0) + difference * (before[column] ?? 0) * scale;
			}
		}
	}

	/** Standard error of a linear combination of the means; undefined below two vectors. */
	standardError(weights: Weights): number | undefined {
		if (this.#count < 2) {
			return undefined;
		}
		let variance = 0;
		for (const [row, rowWeight] of weights) {
			for (const [column, columnWeight] of weights) {
				variance += rowWeight * columnWeight * (this.#products[row * this.#size + column] ?? 0);
			}
		}
		return Math.sqrt(Math.max(0, variance) / (this.#count * (this.#count - 1)));
	}
}

/** Maximum of bytes for the sums of clusters; beyond it several clusters share a sum. */
const maxBytes = 16_000_000;

type Look = {readonly sums: Float64Array; readonly products: Float64Array; readonly clusters: number};

/**
 * Sums of vectors and the products of one sum per cluster, for the error of a ratio of sums (delta method with clusters). The
 * vectors of a cluster are not independent evidence: all answers to one item are a cluster. A vector without a cluster is one
 * by itself and costs no memory.
 */
export class ClusterSums {
	readonly #size: number;
	/** Entries whose products are kept, and the place of each entry among them; -1 where they are not. */
	readonly #kept: readonly number[];
	readonly #places: readonly number[];
	readonly #sums: Float64Array;
	readonly #products: Float64Array;
	readonly #maxClusters: number;
	readonly #clusters = new Map<number, Float64Array>();
	#alone = 0;
	/** The sums that are read while frozen. */
	#look: Look | undefined;

	/**
	 * @param size Entries of a vector.
	 * @param kept Indexes of the entries that an error may be asked of.
	 * @param sharers How many of these objects share the memory that clusters may take.
	 */
	constructor(size: number, kept: readonly number[], sharers = 1) {
		this.#size = size;
		this.#kept = kept;
		this.#places = Array.from({length: size}, (_, index) => kept.indexOf(index));
		this.#sums = new Float64Array(size);
		this.#products = new Float64Array(kept.length ** 2);
		this.#maxClusters = Math.max(64, Math.floor(maxBytes / (Math.max(1, sharers) * size * 8)));
	}

	/** Independent observations. */
	get count(): number {
		return this.#look?.clusters ?? this.#alone + this.#clusters.size;
	}

	sum(index: number): number {
		return (this.#look?.sums ?? this.#sums)[index] ?? 0;
	}

	/** @param cluster Of the vector; undefined where it is one by itself. */
	add(values: ArrayLike<number>, cluster: number | undefined): void {
		this.#addTo(this.#sums, values);
		if (cluster === undefined) {
			this.#alone++;
			this.#addProducts(values, 1);
			return;
		}
		const key = cluster % this.#maxClusters;
		const known = this.#clusters.get(key);
		const sums = known ?? new Float64Array(this.#size);
		if (known === undefined) {
			this.#clusters.set(key, sums);
		} else {
			this.#addProducts(sums, -1);
		}
		this.#addTo(sums, values);
		this.#addProducts(sums, 1);
	}

	/** Reads return the current sums, whatever is added, until `thaw`. */
	freeze(): void {
		this.#look ??= {sums: this.#sums.slice(), products: this.#products.slice(), clusters: this.count};
	}

	thaw(): void {
		this.#look = undefined;
	}

	/** Standard error of a linear combination of the sums whose own value is 0; undefined below two observations. */
	standardError(weights: Weights): number | undefined {
		const count = this.count;
		if (count < 2) {
			return undefined;
		}
		const products = this.#look?.products ?? this.#products;
		let variance = 0;
		for (const [row, rowWeight] of weights) {
			for (const [column, columnWeight] of weights) {
				const places = [this.#places[row] ?? -1, this.#places[column] ?? -1];
				const index = Math.min(...places) * this.#kept.length + Math.max(...places);
				variance += rowWeight * columnWeight * (products[index] ?? 0);
			}
		}
		return Math.sqrt((Math.max(0, variance) * count) / (count - 1));
	}

	#addTo(target: Float64Array, values: ArrayLike<number>): void {
		for (let index = 0; index < this.#size; index++) {
			target[index] = (target[index] ?? 0) + (values[index] ?? 0);
		}
	}

	/** Of each pair of entries once. */
	#addProducts(values: ArrayLike<number>, sign: 1 | -1): void {
		const kept = this.#kept;
		const products = this.#products;
		for (let row = 0; row < kept.length; row++) {
			const value = sign * (values[kept[row] ?? 0] ?? 0);
			const start = row * kept.length;
			for (let column = row; column < kept.length; column++) {
				products[start + column] = (products[start + column] ?? 0) + value * (values[kept[column] ?? 0] ?? 0);
			}
		}
	}
}
