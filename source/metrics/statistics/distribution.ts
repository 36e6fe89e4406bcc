import type {Distribution} from '../../domain/figures-schema.ts';
import {Quantiles} from './quantiles.ts';
import {RunningMean} from './running-mean.ts';

/** Samples below which a percentile says nothing: 3 / (1 - p), so that a few lie beyond it. */
export const leastSamples = {p50: 8, p90: 30, p99: 300} as const;
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

/** Distribution of times in milliseconds, in bounded memory. Its view is made again only when there is something new. */
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

	toDistribution(): Distribution {
		const {count} = this;
		if (count !== this.#view.count) {
			const at = (part: number, least: number): number | null =>
				count < least ? null : this.#quantiles.at(part);
			this.#view = {
				count,
				mean: this.#mean.mean,
				p50: at(0.5, leastSamples.p50),
				p90: at(0.9, leastSamples.p90),
				p99: at(0.99, leastSamples.p99),
				max: this.#quantiles.max,
				histogram: toBins(this.#quantiles.steps()),
			};
		}
		return this.#view;
	}
}
