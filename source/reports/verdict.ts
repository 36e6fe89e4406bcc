import type {Goal} from '../domain/run-spec.ts';
import {leastGainShown} from '../metrics/decisions/gain.ts';
import {formatDurationMs, formatNumber, formatRatio, formatUsd} from '../text/numbers.ts';
import {cleanText} from '../text/width.ts';
import type {Results, VariantResults} from './results-schema.ts';

/** What a verdict is made from: a snapshot has it, and results have it. */
export type Judged = Pick<Results, 'targets' | 'best' | 'gain'> & {
	readonly goal: Goal;
	readonly variants: ReadonlyArray<
		Pick<VariantResults, 'name' | 'target' | 'items' | 'tokens' | 'costUsd' | 'latencyMs' | 'sustainable'>
	>;
};

/**
 * The verdict in sentences: the winner of the goal for each model, with the figure that makes it one, and the gain.
 *
 * @returns One sentence for each target, then at most one for the gain.
 */
export function verdictOf(judged: Judged): readonly string[] {
	const {targets, variants, gain} = judged;
	if (variants.every(({items}) => items.useful === 0)) {
		return [variants.length === 0 ? 'No variant was run.' : 'No variant gave a useful answer.'];
	}

	const sentences = targets.map((target, index) => {
		const sentence = sentenceFor(judged, index);
		return targets.length === 1 ? sentence : `${cleanText(target.model)}: ${sentence}`;
	});
	const hasWinner = judged.best.some((best) => best[judged.goal] !== null);
	// A gain over the worst variant is one of throughput.
	const isWorthSaying =
		gain !== null &&
		gain.ratio !== null &&
		(gain.over === 'serial' || (judged.goal === 'throughput' && gain.ratio >= leastGainShown));
	if (!hasWinner || !isWorthSaying) {
		return sentences;
	}

	const over = gain.over === 'serial' ? 'one request at a time' : 'the worst variant';
	return [
		...sentences,
		`That is ${formatRatio(gain.ratio)} the useful work of ${over} through the same quota.`,
	];
}

function sentenceFor({best, goal, variants}: Judged, target: number): string {
	const own = variants.filter((variant) => variant.target === target);
	const name = best.find((candidate) => candidate.target === target)?.[goal] ?? null;
	const winner = own.find((variant) => variant.name === name);
	if (winner === undefined) {
		return own.length === 1
			? `Only one variant was run${figureOf(own[0], goal)}.`
			: `No clear winner for ${goal}.`;
	}

	return `${cleanText(winner.name)} is best for ${goal}${figureOf(winner, goal)}.`;
}

/** The figure that a goal compares, with its interval where there is one; empty where it is not known. */
function figureOf(variant: Judged['variants'][number] | undefined, goal: Goal): string {
	if (variant === undefined) {
		return '';
	}

	const {sustainable, tokens, items, costUsd, latencyMs} = variant;
	switch (goal) {
		case 'throughput': {
			const {usefulPerMinute, low, high, limitedBy} = sustainable;
			const interval =
				low === null || high === null ? '' : ` (${formatNumber(low)} to ${formatNumber(high)})`;
			const limit = limitedBy === 'none' ? '' : `, limited by ${limitedBy}`;
			return usefulPerMinute === null
				? ''
				: `: the quota allows ${formatNumber(usefulPerMinute)} useful items a minute${interval}${limit}`;
		}

		case 'efficiency':
			return items.useful === 0
				? ''
				: `: ${formatNumber(tokens.quota / items.useful)} quota tokens a useful item`;
		case 'cost':
			return costUsd === null || items.useful === 0
				? ''
				: `: ${formatUsd(costUsd / items.useful)} a useful item`;
		case 'latency':
			return latencyMs.total.p50 === null
				? ''
				: `: half of all answers within ${formatDurationMs(latencyMs.total.p50)}`;
	}
}
