import {z} from 'zod';
import {levers} from '../domain/search-figures.ts';
import {count, quantity} from './variant-schema.ts';

/** The part of results schema 1 that describes a search (`run --search`). */

const candidate = z.object({
	name: z.string(),
	levers: z.array(z.enum(levers)).describe('empty: the variant as it is'),
	rungs: count.describe('rungs that it was measured in; the figures are of the last of them'),
	requests: count,
	items: z.object({sent: count, useful: count}),
	usefulRate: z
		.object({value: quantity, low: quantity, high: quantity})
		.describe('useful items of those sent, 0 to 1'),
	quotaTokensPerUseful: quantity.describe('settled; of the warm answers where it caches'),
	quotaTokensPerUsefulWithin: z
		.object({low: z.number(), high: z.number()})
		.exactOptional()
		.describe('by the 95 % intervals of its parts'),
});

export const searchSchema = z.object({
	budget: count.describe('requests that were allowed'),
	requests: count.describe('that were sent'),
	combinations: count.describe('of variants and levers that apply; candidates are those that were tried'),
	rungs: z.array(z.object({candidates: count, requests: count.describe('of each')})),
	candidates: z.array(candidate),
	front: z
		.array(z.string())
		.describe(
			'finalists that no other surely beats, by their intervals, the fewest quota tokens a useful item first',
		),
});
