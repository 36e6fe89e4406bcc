import {cleanText, truncateMiddle} from '../../text/width.ts';
import type {Results} from '../results-schema.ts';

/** Longest name beside a chart, in characters of one cell. */
const nameLength = 30;

/**
 * Names of the variants as a chart shows them: short, unlike each other, with the lane where lanes are used and `~`
 * where the token counts are estimated. One for each variant, in their order.
 */
export function variantLabels(results: Pick<Results, 'variants'>): readonly string[] {
	const hasLanes = results.variants.some((variant) => variant.lane !== 'normal');
	return uniqueLabels(
		results.variants.map(({name, lane, tokens}) => {
			const short = truncateMiddle(cleanText(name).trim() || '(no name)', nameLength);
			return `${tokens.estimated ? '~ ' : ''}${short}${hasLanes ? ` (${lane})` : ''}`;
		}),
	);
}

/** The same labels, but the second of two equal ones is told apart by a number. */
export function uniqueLabels(labels: readonly string[]): readonly string[] {
	const taken = new Set<string>();
	return labels.map((wanted) => {
		let label = wanted;
		for (let number = 2; taken.has(label); number += 1) {
			label = `${wanted} #${number}`;
		}

		taken.add(label);
		return label;
	});
}

/** An axis label that stays short: 800, 12k, 1.5M. */
export const axisLabel = "datum.value >= 10000 ? format(datum.value, '~s') : format(datum.value, ',~g')";
