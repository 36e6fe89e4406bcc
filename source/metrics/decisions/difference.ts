import type {VariantFigures} from '../../domain/snapshot.ts';
import type {Blocks} from '../figures/blocks.ts';
import {measures} from '../figures/request-measures.ts';
import {studentT} from '../statistics/student-t.ts';
import type {VectorMoments, Weights} from '../statistics/vector-moments.ts';

/**
 * Requests a variant (blocks, where they are compared in pairs) below which nobody wins. With fewer a spread that
 * happens to be small decides: two answers of the same length have none at all.
 */
export const leastRequests = 8;

/** A variant with its score (higher is better) and what the score's error follows from. */
export type Contestant = {
	readonly figures: VariantFigures;
	readonly cell: number;
	readonly requests: VectorMoments;
	readonly score: number;
	/** Of a logarithm; the others are times. */
	readonly isLogarithm: boolean;
	readonly weights: Weights;
	/** The score's own interval, where it does not follow from the weights (a median). */
	readonly interval: {readonly low: number; readonly high: number} | undefined;
};

/** How far a leader is ahead of a rival, as a part of the rival's figure: 0.1 is 10 % better; with its interval. */
export type Lead = {
	readonly rival: VariantFigures;
	readonly part: number;
	readonly low: number;
	readonly high: number;
};

export type Verdict = {
	readonly isClear: boolean;
	/** Requests a variant that would tell; undefined when the two are equal. */
	readonly moreRequests: number | undefined;
	readonly lead: Lead;
};

const shifted = (weights: Weights, place: number, sign: number): Weights =>
	weights.map(([index, weight]) => [index + place * measures.length, sign * weight] as const);

/** Standard error of the difference of two scores and what it rests on: in pairs where there are blocks enough. */
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
	if (shared !== undefined && paired !== undefined && shared.moments.count >= leastRequests) {
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

const leadOf = (leader: Contestant, rival: Contestant, half: number): Lead => {
	const difference = leader.score - rival.score;
	const partOf = (score: number): number =>
		leader.isLogarithm ? Math.expm1(score) : score / Math.max(1e-9, -rival.score);
	return {
		rival: rival.figures,
		part: partOf(difference),
		low: partOf(difference - half),
		high: partOf(difference + half),
	};
};

/**
 * Whether a leader is better than a rival.
 * @param tail Part of the distribution on either side that may mislead: 0.025 over the number of rivals (Bonferroni).
 */
export const compare = (
	leader: Contestant,
	rival: Contestant,
	blocks: readonly Blocks[],
	tail: number,
): Verdict => {
	const difference = leader.score - rival.score;
	const isMedian = leader.interval !== undefined && rival.interval !== undefined;
	const error = isMedian ? undefined : errorOfDifference(leader, rival, blocks);
	const count = error?.count ?? Math.min(leader.requests.count, rival.requests.count);
	const half =
		leader.interval !== undefined && rival.interval !== undefined
			? Math.hypot(leader.score - leader.interval.low, rival.interval.high - rival.score)
			: error === undefined
				? Number.POSITIVE_INFINITY
				: studentT(error.count - 1, tail) * error.error;
	const lead = leadOf(leader, rival, half);
	if (difference > half && count >= leastRequests) {
		return {isClear: true, moreRequests: undefined, lead};
	}
	const needed = count < leastRequests ? leastRequests - count : count * (half / difference) ** 2 - count;
	return {
		isClear: false,
		moreRequests: difference > 0 && Number.isFinite(needed) ? Math.max(1, Math.ceil(needed)) : undefined,
		lead,
	};
};
