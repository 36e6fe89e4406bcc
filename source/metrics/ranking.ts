import type {Goal} from '../engine/run-spec.ts';
import type {Blocks} from './blocks.ts';
import type {Figures} from './figures.ts';
import {indexOf, measures} from './request-measures.ts';
import type {VariantFigures} from './snapshot.ts';
import {studentT} from './student-t.ts';
import {sustainableWeights} from './sustainable.ts';
import type {VectorMoments, Weights} from './vector-moments.ts';

/** Outcome of a comparison of the variants on one target for one goal. */
export type Ranking = {
	/** The best by its figure alone; undefined when nothing can be said. */
	readonly leader: VariantFigures | undefined;
	/** The leader when it is better than every other with 95 % confidence. */
	readonly winner: VariantFigures | undefined;
	/** Requests a variant that would tell, when there is a leader and no winner; undefined when they are equal. */
	readonly moreRequests: number | undefined;
};

/** A variant with its score (higher is better) and what the score's error follows from. */
type Contestant = {
	readonly figures: VariantFigures;
	readonly cell: number;
	readonly requests: VectorMoments;
	readonly score: number;
	readonly weights: Weights;
	/** Half width of the score's own interval, where it does not follow from the weights (a median). */
	readonly half: number | undefined;
};

type Verdict = {readonly isClear: boolean; readonly moreRequests: number | undefined};

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
): Contestant | undefined => {
	// As its sustainable rate: a variant that caches is judged by what it does once the cache is warm.
	const warm = all.variants[cell]?.caching.warmRequests;
	const isWarm = goal === 'throughput' && figures.caching !== undefined && (warm?.count ?? 0) > 0;
	const requests = isWarm ? warm : all.requests[cell];
	const scored = requests === undefined ? undefined : scoreOf(goal, figures, requests);
	if (requests === undefined || scored === undefined) {
		return undefined;
	}
	const median = goal === 'latency' ? all.variants[cell]?.latencyMs.total.median() : undefined;
	const half = median === undefined ? undefined : (median.high - median.low) / 2;
	return {figures, cell, requests, half, ...scored};
};

const shifted = (weights: Weights, place: number, sign: number): Weights =>
	weights.map(([index, weight]) => [index + place * measures.length, sign * weight] as const);

/** Standard error of the difference of two scores and its degrees of freedom: in pairs where there are blocks. */
const errorOfDifference = (
	first: Contestant,
	second: Contestant,
	blocks: readonly Blocks[],
): {error: number; count: number} | undefined => {
	const shared = blocks.find(
		(group) => group.placeOf(first.cell) !== -1 && group.placeOf(second.cell) !== -1,
	);
	const paired = shared?.moments.standardError([
		...shifted(first.weights, shared.placeOf(first.cell), 1),
		...shifted(second.weights, shared.placeOf(second.cell), -1),
	]);
	if (shared !== undefined && paired !== undefined) {
		return {error: paired, count: shared.moments.count};
	}
	const firstError = first.requests.standardError(first.weights);
	const secondError = second.requests.standardError(second.weights);
	return firstError === undefined || secondError === undefined
		? undefined
		: {
				error: Math.hypot(firstError, secondError),
				count: Math.min(first.requests.count, second.requests.count),
			};
};

const compare = (leader: Contestant, rival: Contestant, blocks: readonly Blocks[]): Verdict => {
	const difference = leader.score - rival.score;
	const isMedian = leader.half !== undefined && rival.half !== undefined;
	const error = isMedian ? undefined : errorOfDifference(leader, rival, blocks);
	const count = error?.count ?? Math.min(leader.requests.count, rival.requests.count);
	const half = isMedian
		? (leader.half ?? 0) + (rival.half ?? 0)
		: error === undefined
			? Number.POSITIVE_INFINITY
			: studentT(error.count - 1) * error.error;
	if (difference > half) {
		return {isClear: true, moreRequests: undefined};
	}
	const needed = count * (half / difference) ** 2 - count;
	return {
		isClear: false,
		moreRequests: difference > 0 && Number.isFinite(needed) ? Math.max(1, Math.ceil(needed)) : undefined,
	};
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
	const contestants = cells
		.flatMap((cell) => {
			const figures = variants[cell];
			const isGoodEnough = minQuality === null || (figures?.quality.score ?? 1) >= minQuality;
			return figures === undefined || !isGoodEnough ? [] : [contestantOf(goal, all, cell, figures)];
		})
		.filter((contestant) => contestant !== undefined)
		.sort((first, second) => second.score - first.score);
	const [leader, ...rivals] = contestants;
	if (leader === undefined) {
		return {leader: undefined, winner: undefined, moreRequests: undefined};
	}
	const verdicts = rivals.map((rival) => compare(leader, rival, all.blocks));
	const unclear = verdicts.filter(({isClear}) => !isClear);
	const needed = unclear.map(({moreRequests}) => moreRequests);
	const isTold = needed.every((count) => count !== undefined);
	return {
		leader: leader.figures,
		winner: unclear.length === 0 ? leader.figures : undefined,
		moreRequests: unclear.length > 0 && isTold ? Math.max(...needed) : undefined,
	};
};
