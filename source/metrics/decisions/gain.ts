import type {LoadShape} from '../../domain/run-spec.ts';
import type {Best, Gain, VariantFigures} from '../../domain/snapshot.ts';

/** A gain over the worst variant below it is not worth a word: it would read as none. */
export const leastGainShown = 1.1;

const rateOf = (variant: VariantFigures): number => variant.sustainable.usefulPerMinute ?? 0;

/**
 * What choosing well is worth. After a `serial` run: the best sustainable rate over the rate that one request at a time
 * reached; otherwise the rate of the winner for throughput over that of the worst variant of the same target.
 * @param variants Figures of the run.
 * @param best Winners of the targets; a target where none is clear has no gain over the worst: it may be noise.
 * @returns The greatest gain of all targets; null when no rate is known, or no winner.
 */
export const gainOf = (
	shape: LoadShape,
	variants: readonly VariantFigures[],
	best: readonly Best[],
): Gain | null => {
	const over = shape === 'serial' ? 'serial' : 'worst';
	const ratios = [...new Set(variants.map(({target}) => target))].flatMap((target) => {
		const rivals = variants.filter((variant) => variant.target === target && rateOf(variant) > 0);
		if (over === 'serial') {
			const base = rivals.reduce((sum, {rate}) => sum + (rate.usefulPerMinute ?? 0), 0);
			return base > 0 ? [Math.max(0, ...rivals.map(rateOf)) / base] : [];
		}
		const winner = best.find((candidate) => candidate.target === target)?.throughput;
		const rate = rivals.find(({name}) => name === winner);
		return rate === undefined || rivals.length < 2 ? [] : [rateOf(rate) / Math.min(...rivals.map(rateOf))];
	});
	return ratios.length === 0 ? null : {over, ratio: Math.max(...ratios)};
};
