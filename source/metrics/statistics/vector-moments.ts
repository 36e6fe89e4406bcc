/** A linear combination of the entries of a vector: [index, weight] of each term. */
export type Weights = ReadonlyArray<readonly [number, number]>;

/** Means and covariances of a stream of vectors in constant memory (Welford 1962, for vectors). */
export class VectorMoments {
	readonly #size: number;
	readonly #means: Float64Array;
	readonly #products: Float64Array;
	/** Of the vector that is being added to the means: kept, because each request adds one. */
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
