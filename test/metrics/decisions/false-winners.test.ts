import {describe, expect, it} from 'vitest';
import {createRandom} from '../../../source/domain/random.ts';
import {type Goal, goals} from '../../../source/domain/run-spec.ts';
import {leastRequests} from '../../../source/metrics/decisions/difference.ts';
import {type Ranking, rank} from '../../../source/metrics/decisions/ranking.ts';
import {emptyFigures} from '../../../source/metrics/figures/figures.ts';
import {toVector} from '../../../source/metrics/figures/request-measures.ts';
import {toVariantFigures} from '../../../source/metrics/figures/variant-figures.ts';
import {cellOf, quotaOf, targetOf} from '../../helpers/spec-fixture.ts';

type Draw = {readonly quotaTokens: number; readonly useful: number; readonly serviceMs: number};
type Source = (random: () => number) => Draw;

/** Ranks variants after so many requests of each, drawn from their sources. */
const rankOf = (sources: readonly Source[], requests: number, goal: Goal, seed: number): Ranking => {
	const random = createRandom(seed);
	const cells = sources.map((_source, variant) => cellOf({variant}));
	const figures = emptyFigures(cells, 1);
	for (let block = 0; block < requests; block++) {
		for (const [cell, source] of sources.entries()) {
			const drawn = source(random);
			const measures = {...drawn, costUsd: drawn.quotaTokens * 1e-6};
			figures.requests[cell]?.add(toVector(measures));
			figures.blocks[0]?.add(block, cell, measures);
			figures.variants[cell]?.latencyMs.total.add(drawn.serviceMs);
		}
	}
	const variants = cells.map((cell, index) =>
		toVariantFigures(figures, index, {
			name: `v${index}`,
			cell,
			target: targetOf(quotaOf(1e6, 100_000)),
			shape: 'measure',
			hasServiceLevel: false,
			maxTokens: cell.maxTokens,
		}),
	);
	return rank(goal, figures, [...cells.keys()], variants, null);
};

/** Answers of a skewed length, of which nine in ten are useful. */
const noisy =
	(scale: number): Source =>
	(random) => ({
		quotaTokens: 20 + scale * 100 * Math.exp(random() + random() - 1),
		useful: random() < 0.9 ? 1 : 0,
		serviceMs: scale * 800 * Math.exp(random() + random() - 1),
	});

const runs = 120;
const winnersOf = (sources: readonly Source[], requests: number, goal: Goal): number =>
	Array.from({length: runs}, (_, seed) => rankOf(sources, requests, goal, seed)).filter(
		({winner}) => winner !== undefined,
	).length;

describe('a winner among equals', () => {
	it.each(
		goals.flatMap((goal) =>
			[2, 5].flatMap((count) => [8, 20].map((requests) => [goal, count, requests] as const)),
		),
	)(
		'is named for %s of %i variants with %i requests in about 5 of 100 runs at most',
		(goal, count, requests) => {
			const winners = winnersOf(
				Array.from({length: count}, () => noisy(1)),
				requests,
				goal,
			);
			// Two standard errors of 5 in 100 above it.
			expect(winners / runs).toBeLessThan(0.07);
		},
	);

	it.each(goals)('is never named for %s below the least number of requests', (goal) => {
		for (let requests = 2; requests < leastRequests; requests++) {
			const constant: Source = () => ({quotaTokens: 100, useful: 1, serviceMs: 500});
			const lesser: Source = () => ({quotaTokens: 101, useful: 1, serviceMs: 505});
			const {winner, moreRequests} = rankOf([constant, lesser], requests, goal, requests);
			expect(winner).toBeUndefined();
			expect(moreRequests).toBe(leastRequests - requests);
		}
	});
});

describe('a clear difference', () => {
	it.each(goals)('is found for %s with 20 requests a variant', (goal) => {
		expect(winnersOf([noisy(1), noisy(2.5), noisy(3)], 20, goal) / runs).toBeGreaterThan(0.95);
	});
});
