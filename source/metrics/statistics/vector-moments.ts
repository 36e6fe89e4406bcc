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
