import type {Goal} from '../../domain/run-spec.ts';
import type {VariantFigures} from '../../domain/snapshot.ts';
import type {Figures} from '../figures/figures.ts';
import {indexOf} from '../figures/request-measures.ts';
import {normalQuantile} from '../statistics/student-t.ts';
import type {VectorMoments, Weights} from '../statistics/vector-moments.ts';
import {type Contestant, compare, type Lead} from './difference.ts';
import {sustainableWeights} from './sustainable.ts';

/** Outcome of a comparison of the variants on one target for one goal. */
export type Ranking = {
	/** The best by its figure alone; undefined when nothing can be said. */
	readonly leader: VariantFigures | undefined;
	/**
	 * The leader when it is better than every other with 95 % confidence, corrected for their number, by enough requests
	 * to say so; also when it is the only one.
	 */
	readonly winner: VariantFigures | undefined;
	/** Requests a variant that would tell, when there is a leader and no winner; undefined when they are equal. */
	readonly moreRequests: number | undefined;
	/** Over the rival that is hardest to tell from it; undefined when there is a winner. */
	readonly lead: Lead | undefined;
};

/** Score and weights of a goal: the logarithm of something of which more is better. */
const scoreOf = (
	goal: Goal,
	figures: VariantFigures,
	requests: VectorMoments,
): {score: number; weights: Weights} | undefined => {
	const useful = requests.mean(indexOf('useful'));
	const spent = requests.mean(indexOf(goal === 'cost' ? 'costUsd' : 'quotaTokens'));
	const serviceMs = requests.mean(indexOf('serviceMs'));
	const {usefulPerMinute, limitedBy} = figures.sustainable;
	if (useful <= 0 || spent <= 0) {
		return undefined;
	}
	switch (goal) {
		case 'throughput':
			return usefulPerMinute === null || usefulPerMinute <= 0
				? undefined
				: {
						score: Math.log(usefulPerMinute),
						weights: sustainableWeights(limitedBy, useful, spent, serviceMs),
					};
		case 'efficiency':
		case 'cost': {
			const measure = goal === 'cost' ? 'costUsd' : 'quotaTokens';
			return {
				score: Math.log(useful / spent),
				weights: [
					[indexOf('useful'), 1 / useful],
					[indexOf(measure), -1 / spent],
				],
			};
		}
		case 'latency':
			return figures.latencyMs.total.p50 === null
				? undefined
				: {score: -figures.latencyMs.total.p50, weights: []};
	}
};

const contestantOf = (
	goal: Goal,
	all: Figures,
	cell: number,
	figures: VariantFigures,
	tail: number,
): Contestant | undefined => {
	// As its sustainable rate: a variant that caches is judged by what it does once the cache is warm.
	const warm = all.variants[cell]?.caching.warmRequests;
	const isWarm = goal === 'throughput' && figures.caching !== undefined && (warm?.count ?? 0) > 0;
	const requests = isWarm ? warm : all.requests[cell];
	const scored = requests === undefined ? undefined : scoreOf(goal, figures, requests);
	if (requests === undefined || scored === undefined) {
		return undefined;
	}
	const isLogarithm = goal !== 'latency';
	const median = isLogarithm ? undefined : all.variants[cell]?.latencyMs.total.median(normalQuantile(tail));
	const interval = median === undefined ? undefined : {low: -median.high, high: -median.low};
	return {figures, cell, requests, interval, isLogarithm, ...scored};
};

/**
 * Ranks the variants on one target.
 * @param cells Indexes of its cells.
 * @param minQuality Share of checks that must pass; below it a variant cannot win.
 */
export const rank = (
	goal: Goal,
	all: Figures,
	cells: readonly number[],
	variants: readonly VariantFigures[],
	minQuality: number | null,
): Ranking => {
	const entrants = cells.flatMap((cell) => {
		const figures = variants[cell];
		const isGoodEnough = minQuality === null || (figures?.quality.score ?? 1) >= minQuality;
		return figures === undefined || !isGoodEnough ? [] : [{cell, figures}];
	});
	const tail = 0.025 / Math.max(1, entrants.length - 1);
	const contestants = entrants
		.map(({cell, figures}) => contestantOf(goal, all, cell, figures, tail))
		.filter((contestant) => contestant !== undefined)
		.sort((first, second) => second.score - first.score);
	const [leader, ...rivals] = contestants;
	if (leader === undefined) {
		return {leader: undefined, winner: undefined, moreRequests: undefined, lead: undefined};
	}
	const unclear = rivals
		.map((rival) => compare(leader, rival, all.blocks, tail))
		.filter(({isClear}) => !isClear);
	const needed = unclear.map(({moreRequests = Number.POSITIVE_INFINITY}) => moreRequests);
	const most = Math.max(0, ...needed);
	return {
		leader: leader.figures,
		winner: unclear.length === 0 ? leader.figures : undefined,
		moreRequests: unclear.length > 0 && Number.isFinite(most) ? most : undefined,
		lead: unclear[needed.indexOf(most)]?.lead,
	};
};
