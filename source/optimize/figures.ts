import type {OptimizeFigures} from '../domain/figures-schema.ts';
import {itemsForMargin} from '../metrics/statistics/intervals.ts';
import {formatCount, formatPercent} from '../text/numbers.ts';
import {variantDiff} from './optimized-preset.ts';
import type {Outcomes} from './outcomes.ts';
import {frontAmong, type Proof, standingOn} from './race.ts';
import type {OptimizeSetup, OptimizeState} from './state.ts';

/** An optimisation as results and views have it, at any time of it. */

/** More items than this are not suggested. */
const maxItems = 20_000;

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** Points of a share: 4.2. */
const points = (share: number): string => `${(Math.abs(share) * 100).toFixed(1)} points`;

/** Whether a proof holds. */
export function isProven(proof: Proof | undefined): boolean {
	return proof !== undefined ? proof.isAsGood && proof.isSaving : false;
}

/** Held-out items that would prove it, if all figures stay as they are; undefined where no number would. */
const itemsThatProve = (
	{items, difference, saving, counts, isAsGood, isSaving}: Proof,
	margin: number,
	minSaving: number,
): number | undefined => {
	const differing = (counts.gained + counts.lost + 1) / (items + 2);
	const room = margin + difference.mean;
	const forQuality = isAsGood ? items : room <= 0 ? undefined : itemsForMargin(room, differing);
	const half = saving.mean - saving.low;
	const gain = saving.mean - minSaving;
	const forSaving = isSaving
		? items
		: gain <= 0 || !Number.isFinite(half)
			? undefined
			: Math.ceil(items * (half / gain) ** 2);
	const needed =
		forQuality === undefined || forSaving === undefined
			? undefined
			: Math.max(forQuality, forSaving, items + 1);
	return needed === undefined || needed > maxItems ? undefined : needed;
};

const boundText = (
	{low, high}: {readonly low: number | null; readonly high: number | null},
	format: (value: number) => string,
): string => (low === null || high === null ? '' : ` (${format(low)} to ${format(high)})`);

/** The verdict and what would prove more, in words. */
const wordsOf = (
	{chosen, proof, endedBy, candidates, rounds}: OptimizeState,
	{bar: {margin, minSaving}, baseline, rounds: planned}: OptimizeSetup,
): Pick<OptimizeFigures, 'verdict' | 'next'> => {
	const none = 'No rewrite is proven';
	if (proof !== undefined && chosen != null) {
		const percent = (value: number): string => formatPercent(value);
		const saved = `${formatPercent(proof.saving.mean)}${boundText({low: finite(proof.saving.low), high: finite(proof.saving.high)}, percent)}`;
		const signed = (value: number): string => `${value < 0 ? '-' : '+'}${points(value)}`;
		const quality = `${signed(proof.difference.mean)} useful (${signed(proof.difference.low)} to ${signed(proof.difference.high)}), margin ${points(margin)}`;
		const facts = `${saved} fewer quota tokens per useful item than ${baseline.name}, ${quality}, on ${formatCount(proof.items)} held-out items`;
		if (isProven(proof)) {
			return {verdict: `Use ${chosen.name}: ${facts}.`, next: null};
		}
		const why = [
			...(proof.isAsGood ? [] : ['its answers may be worse than the margin allows']),
			...(proof.isSaving
				? []
				: [minSaving > 0 ? `it may save less than ${formatPercent(minSaving)}` : 'it may save nothing']),
		];
		const needed = itemsThatProve(proof, margin, minSaving);
		return {
			verdict: `${none}: of ${chosen.name} ${why.join(', and ')}: ${facts}.`,
			next:
				needed === undefined
					? null
					: `About ${formatCount(needed)} held-out items would prove it (${formatCount(Math.ceil(needed / 0.4))} items in all), if the figures stay as they are.`,
		};
	}
	if (endedBy !== undefined) {
		return {
			verdict: `${none}: it ended before the held-out items, because ${endedBy}.`,
			next: 'Continue with --resume, with more --requests or a higher --max-cost where they were used up.',
		};
	}
	if (chosen === null) {
		const offered =
			candidates.length === 0
				? 'there was nothing to try'
				: `none of ${formatCount(candidates.length)} promised a saving at the same quality`;
		return {verdict: `${none}: ${offered}. Held-out items were not asked.`, next: null};
	}
	return {
		verdict: `Round ${formatCount(Math.max(1, rounds.length))} of ${formatCount(planned)}: nothing is proven yet.`,
		next: null,
	};
};

/** @param rewriter Model that writes. */
export function optimizeFigures(
	setup: OptimizeSetup,
	state: OptimizeState,
	outcomes: Outcomes,
	{rewriter, seed}: {readonly rewriter: string; readonly seed: number},
): OptimizeFigures {
	const {split, baseline, bar, budget} = setup;
	const {chosen, proof, model, rewriter: byRewriter} = state;
	const names = [baseline.name, ...state.candidates.map(({variant}) => variant.name)];
	const most = Math.max(
		0,
		...state.candidates.map(({variant}) => standingOn(outcomes, variant.name, split.select).items),
	);
	const measured = names.filter((name) => standingOn(outcomes, name, split.select).items * 2 >= most);
	const variantOf = (name: string | null) =>
		state.candidates.find(({variant}) => variant.name === name)?.variant ?? baseline;
	return {
		baseline: baseline.name,
		rewriter,
		margin: bar.margin,
		minSaving: bar.minSaving,
		split: {seed, ...split},
		budget,
		spend: {model, rewriter: byRewriter},
		rounds: state.rounds.map(({number, parents, candidates, rungs, left}) => ({
			round: number,
			parents,
			candidates,
			rungs,
			left,
		})),
		candidates: state.candidates.map(({variant: {name}, parent, kind, round}) => {
			const {items, usefulRate, quotaTokensPerUseful} = standingOn(outcomes, name, split.select);
			return {
				name,
				parent,
				kind,
				round,
				items,
				usefulRate,
				quotaTokensPerUseful,
				out: state.out[name] ?? null,
			};
		}),
		front: frontAmong(outcomes, measured, split.select).map(({name}) => name),
		dropped: state.dropped,
		heldOut:
			proof === undefined || chosen == null
				? null
				: {
						candidate: chosen.name,
						items: proof.items,
						difference: proof.difference,
						saving: {mean: proof.saving.mean, low: finite(proof.saving.low), high: finite(proof.saving.high)},
						margin: bar.margin,
						isProven: isProven(proof),
					},
		rewrites: state.candidates.flatMap(({variant, parent, kind, why}) =>
			parent === null
				? []
				: [
						{
							name: variant.name,
							parent,
							kind,
							why: why ?? null,
							diff: variantDiff(variantOf(parent), variant),
						},
					],
		),
		...wordsOf(state, setup),
	};
}
