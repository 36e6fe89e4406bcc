import type {LoadShape} from '../engine/run-spec.ts';
import type {Gain, VariantFigures} from './snapshot.ts';

const rateOf = (variant: VariantFigures): number => variant.sustainable.usefulPerMinute ?? 0;

/**
 * What choosing well is worth. After a `serial` run: the best sustainable rate over the rate that one request at a time
 * reached; otherwise over the worst variant of the same target.
 * @param variants Figures of the run.
 * @returns The greatest gain of all targets; null when no rate is known.
 */
export const gainOf = (shape: LoadShape, variants: readonly VariantFigures[]): Gain | null => {
	const over = shape === 'serial' ? 'serial' : 'worst';
	const ratios = [...new Set(variants.map(({target}) => target))].flatMap((target) => {
		const rivals = variants.filter((variant) => variant.target === target && rateOf(variant) > 0);
		const best = Math.max(0, ...rivals.map(rateOf));
		const base =
			over === 'serial'
				? rivals.reduce((sum, {rate}) => sum + (rate.usefulPerMinute ?? 0), 0)
				: Math.min(...rivals.map(rateOf));
		const isComparable = over === 'serial' ? base > 0 : rivals.length > 1;
		return isComparable ? [best / base] : [];
	});
	return ratios.length === 0 ? null : {over, ratio: Math.max(...ratios)};
};
