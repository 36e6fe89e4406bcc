import type {GateState} from '../../domain/figures-schema.ts';
import type {Goal} from '../../domain/run-config.ts';
import type {Quota} from '../../domain/target.ts';
import {type Blocks, indexOf, type Measure} from '../figures/blocks.ts';
import {evidentT, largestShare, logEvidence} from '../statistics/intervals.ts';
import type {ClusterSums, Weights} from '../statistics/streams.ts';
import {knownLimits} from './sustainable.ts';

/** Variants are practically equal when the whole interval of their difference is within this part. */
export const practicallyEqual = 0.1;

/** Measurements and limits by which the cells of a target are compared. */
export type Field = {
	readonly blocks: Blocks;
	/** Of the cells' target. */
	readonly quota: Quota;
	/** Variants that were configured, less one: fixed for the run. */
	readonly rivals: number;
	readonly gateOf: (cell: number) => GateState;
	/** False for a cell that was given up. */
	readonly isAlive: (cell: number) => boolean;
};

/** Lead of one cell over another: the logarithm of the ratio of their figures, with its confidence interval. */
export type Lead = {
	readonly difference: number;
	readonly low: number;
	readonly high: number;
	/** The evidence reached the level. */
	readonly isClear: boolean;
	/** Independent blocks, and the standard error of the difference. */
	readonly count: number;
	readonly error: number;
};

/** Significance level at which a rival is eliminated. */
export function levelOf(rivals: number): number {
	return Math.min(0.05, 0.1 / Math.max(1, rivals));
}

type Score = {readonly value: number; readonly weights: Weights; readonly floor: number};

/**
 * A cell's figure for a goal as a logarithm (more is better), the weights of its error, and the smallest error: that of half
 * a token per request, or half a millisecond.
 * @param place Place of the cell in the vectors of the sums.
 * @returns Undefined where the figure is not known, or nothing useful was answered.
 */
const scoreOf = (goal: Goal, sums: ClusterSums, place: number, quota: Quota): Score | undefined => {
	const sum = (measure: Measure): number => sums.sum(indexOf(measure, place));
	const at = (measure: Measure, weight: number) => [indexOf(measure, place), weight] as const;
	const useful = sum('useful');
	/** Smallest error of a sum whose parts are known to half a unit. */
	const half = (unit: number, of: number): number =>
		(0.5 * unit * sum('requests')) / of / Math.sqrt(sums.count);
	const halfToken = (of: number): number => half(1, of);
	if (useful <= 0) {
		return undefined;
	}
	const perUseful = (measure: Measure, limit: number, floor: number): Score | undefined =>
		sum(measure) <= 0 || limit <= 0
			? undefined
			: {
					value: Math.log((limit * useful) / sum(measure)),
					weights: [at('useful', 1 / useful), at(measure, -1 / sum(measure))],
					floor,
				};
	switch (goal) {
		case 'throughput': {
			const {requestsPerMinute, tokensPerMinute, outputTokensPerMinute} = knownLimits(quota);
			const bounds = [
				outputTokensPerMinute === undefined
					? undefined
					: perUseful(
							'occupiedOutput',
							outputTokensPerMinute - sum('occupiedOutput') / sum('requests') / 2,
							halfToken(sum('occupiedOutput')),
						),
				requestsPerMinute === undefined
					? undefined
					: perUseful('occupiedRequests', requestsPerMinute, half(1 / 60_000, sum('occupiedRequests'))),
				tokensPerMinute === undefined
					? undefined
					: perUseful(
							'occupiedTokens',
							tokensPerMinute - sum('setAside') / sum('requests') / 2,
							halfToken(sum('occupiedTokens')),
						),
			].filter((bound) => bound !== undefined);
			// A quota that lets nothing through allows no rate, whatever the other one does.
			if ((requestsPerMinute ?? 1) <= 0 || (tokensPerMinute ?? 1) <= 0) {
				return undefined;
			}
			return bounds.toSorted((one, other) => one.value - other.value)[0];
		}
		case 'efficiency':
			return perUseful('quotaTokens', 1, halfToken(sum('quotaTokens')));
		case 'cost':
			return perUseful('costUsd', 1, halfToken(sum('quotaTokens')));
		case 'latency': {
			const answers = sum('answers');
			const mean = sum('logTotalMs') / answers;
			return answers <= 0
				? undefined
				: {
						value: -mean,
						weights: [at('logTotalMs', -1 / answers), at('answers', mean / answers)],
						floor: 0.5 / Math.exp(mean) / Math.sqrt(sums.count),
					};
		}
	}
};

/** A cell's figure on the blocks that it was in. */
export function figureOf({blocks, quota}: Field, goal: Goal, cell: number): number | undefined {
	const sums = blocks.sumsOf(cell);
	return sums === undefined ? undefined : scoreOf(goal, sums, 0, quota)?.value;
}

/** Lead of a cell over a rival, on the blocks that both were in; undefined where either has no figure. */
export function leadOf(
	{blocks, quota, rivals}: Field,
	goal: Goal,
	cell: number,
	rival: number,
): Lead | undefined {
	const sums = blocks.sumsOfPair(cell, rival);
	if (sums === undefined) {
		return undefined;
	}
	const own = scoreOf(goal, sums, cell < rival ? 0 : 1, quota);
	const others = scoreOf(goal, sums, cell < rival ? 1 : 0, quota);
	const spread =
		own === undefined || others === undefined
			? undefined
			: sums.standardError([
					...own.weights,
					...others.weights.map(([index, weight]) => [index, -weight] as const),
				]);
	if (own === undefined || others === undefined || spread === undefined) {
		return undefined;
	}
	const difference = own.value - others.value;
	const error = Math.max(spread, Math.hypot(own.floor, others.floor));
	const level = levelOf(rivals);
	const enough = evidentT(sums.count, level);
	const half = Number.isFinite(enough) ? enough * error : Number.POSITIVE_INFINITY;
	const t = difference === 0 ? 0 : difference / error;
	return {
		difference,
		low: difference - half,
		high: difference + half,
		isClear: difference > 0 && logEvidence(t, sums.count) >= -Math.log(level),
		count: sums.count,
		error,
	};
}

/**
 * Lower bound of a leader's lead over a rival without a useful answer: over the rate that the rival would have at the largest
 * useful share that its answers do not refuse. Negative where the rival may be ahead; undefined before any figure.
 */
export function leadOverUseless(
	{blocks, quota, rivals}: Field,
	goal: Goal,
	leader: number,
	rival: number,
): number | undefined {
	// The latency of a useless answer says nothing.
	const by = goal === 'latency' ? 'efficiency' : goal;
	const own = blocks.sumsOf(leader);
	const others = blocks.sumsOf(rival);
	const score = own === undefined ? undefined : scoreOf(by, own, 0, quota);
	const spread = score === undefined ? undefined : own?.standardError(score.weights);
	if (own === undefined || others === undefined || score === undefined || spread === undefined) {
		return undefined;
	}
	const level = levelOf(rivals);
	const low = score.value - evidentT(own.count, level) * Math.max(spread, score.floor);
	const share = largestShare(others.count, 0, level);
	const bound = boundAtShare(by, others, share, quota);
	return bound === undefined || !Number.isFinite(low) ? undefined : low - bound;
}

/** The logarithm of the figure that requests of their cost would reach if a share of their items were useful. */
const boundAtShare = (goal: Goal, sums: ClusterSums, share: number, quota: Quota): number | undefined => {
	const useful = share * sums.sum(indexOf('items'));
	const per = (measure: Measure, limit: number): number | undefined => {
		const sum = sums.sum(indexOf(measure));
		return sum <= 0 || limit <= 0 || useful <= 0 ? undefined : Math.log((limit * useful) / sum);
	};
	if (goal === 'cost') {
		return per('costUsd', 1);
	}
	if (goal !== 'throughput') {
		return per('quotaTokens', 1);
	}
	const {requestsPerMinute, tokensPerMinute, outputTokensPerMinute} = knownLimits(quota);
	const bounds = [
		outputTokensPerMinute === undefined ? undefined : per('occupiedOutput', outputTokensPerMinute),
		requestsPerMinute === undefined ? undefined : per('occupiedRequests', requestsPerMinute),
		tokensPerMinute === undefined ? undefined : per('occupiedTokens', tokensPerMinute),
	].filter((bound) => bound !== undefined);
	return bounds.length === 0 ? undefined : Math.min(...bounds);
};
