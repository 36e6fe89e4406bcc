import type {OptimizeFigures} from '../domain/figures-schema.ts';
import {formatCount, formatNumber, formatPercent, formatUsd} from '../text/numbers.ts';

/** What an optimisation tried and proved, in sentences and tables. */

const spendText = ({spend: {model, rewriter}, budget}: OptimizeFigures): string =>
	`${formatCount(model.requests + rewriter.requests)} of ${formatCount(budget.requests)} requests were sent, ${formatCount(rewriter.requests)} of them to the rewriter, which took ${formatCount(Math.round(rewriter.quotaTokens))} quota tokens${rewriter.costUsd === null ? '' : ` and ${formatUsd(rewriter.costUsd)}`}.`;

/** Reasons with how often each came. */
const droppedTexts = ({dropped}: OptimizeFigures): readonly string[] =>
	[...Map.groupBy(dropped, ({kind, reason}) => `${kind}: ${reason}`)].map(([text, all]) =>
		all.length === 1 ? text : `${text} (${formatCount(all.length)} times)`,
	);

/** Sentences for the end of a run. */
export function optimizeTexts(figures: OptimizeFigures): readonly string[] {
	const {split, candidates, next} = figures;
	return [
		spendText(figures),
		`${formatCount(candidates.length)} ${candidates.length === 1 ? 'candidate' : 'candidates'} against ${figures.baseline} on ${formatCount(split.select.length)} select items; ${formatCount(split.heldOut.length)} items were held out, ${formatCount(split.train.length)} train items could reach the rewriter.`,
		...droppedTexts(figures).map((text) => `Not tried: ${text}.`),
		...(next === null ? [] : [next]),
	];
}

/** Rows of the candidates, the fewest quota tokens first. */
export function candidateRows({candidates, front}: OptimizeFigures): ReadonlyArray<readonly string[]> {
	return candidates
		.toSorted(
			(one, other) =>
				(one.quotaTokensPerUseful ?? Number.POSITIVE_INFINITY) -
				(other.quotaTokensPerUseful ?? Number.POSITIVE_INFINITY),
		)
		.map(({name, parent, items, usefulRate, quotaTokensPerUseful, out}) => [
			name,
			parent ?? 'preset',
			formatCount(items),
			formatPercent(usefulRate.value),
			formatNumber(quotaTokensPerUseful),
			front.includes(name) ? 'front' : (out ?? ''),
		]);
}

/** Headings of these rows. */
export const candidateHeadings = [
	'Candidate',
	'Made from',
	'Items',
	'Useful',
	'Quota/useful item',
	'State',
] as const;
