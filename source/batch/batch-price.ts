import type {Price} from '../domain/run-spec.ts';

/** Part of the on-demand list price that batch inference costs, as secondary sources tell; AWS states it for each model. */
export const batchPriceShare = 0.5;

/** The price of batch inference, assumed from the on-demand one: batch reads and writes no cache. */
export const batchPrice = (price: Price | null): Price | null =>
	price === null
		? null
		: {
				input: price.input * batchPriceShare,
				output: price.output * batchPriceShare,
				cacheRead: price.cacheRead * batchPriceShare,
				cacheWrite: price.cacheWrite * batchPriceShare,
				source: `assumed: ${batchPriceShare * 100} % of ${price.source}`,
			};
