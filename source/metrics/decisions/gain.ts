import type {VariantFigures} from '../../domain/figures-schema.ts';
import type {LoadShape} from '../../domain/run-spec.ts';
import type {Gain} from '../../domain/snapshot.ts';
import type {Verdict} from '../../domain/verdict.ts';

const rateOf = (variant: VariantFigures): number => variant.sustainable.usefulPerMinute ?? 0;

/** Useful items per minute of one request at a time: the times of its requests add up to that of the run. */
const serialRate = (variants: readonly VariantFigures[]): number => {
	const useful = variants.reduce((sum, {items}) => sum + items.useful, 0);
	const minutes = variants.reduce(
		(sum, {requests, latencyMs}) => sum + (requests.succeeded * (latencyMs.total.mean ?? 0)) / 60_000,
		0,
	);
	return minutes > 0 ? useful / minutes : 0;
};

/**
 * What choosing well is worth. After a `serial` run: the best sustainable rate over the rate that one request at a time
 * reached; otherwise the rate of the variant that is recommended for throughput over that of the worst of the same target,
 * with the bound that the test gives.
 * @param variants Figures of the run.
 * @param verdicts Without a recommendation there is no gain over the worst: it may be noise.
 * @returns The greatest gain of all targets; null when no rate is known, or nothing is recommended.
 */
export const gainOf = (
	shape: LoadShape,
	variants: readonly VariantFigures[],
	verdicts: readonly Verdict[],
): Gain | null => {
	const gains = [...new Set(variants.map(({target}) => target))].flatMap((target): readonly Gain[] => {
		const rivals = variants.filter((variant) => variant.target === target && rateOf(variant) > 0);
		if (shape === 'serial') {
			const base = serialRate(rivals);
			return base > 0
				? [{over: 'serial', ratio: Math.max(0, ...rivals.map(rateOf)) / base, atLeast: null}]
				: [];
		}
		const verdict = verdicts.find((each) => each.target === target && each.goal === 'throughput');
		const own = rivals.find(({name}) => name === verdict?.recommended);
		const worst = rivals.toSorted((one, other) => rateOf(one) - rateOf(other))[0];
		return own === undefined || worst === undefined || rivals.length < 2
			? []
			: [
					{
						over: 'worst',
						ratio: rateOf(own) / rateOf(worst),
						atLeast: verdict?.beaten.find(({name}) => name === worst.name)?.atLeast ?? null,
					},
				];
	});
	return gains.toSorted((one, other) => (other.ratio ?? 0) - (one.ratio ?? 0))[0] ?? null;
};
