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
	const taken = new Set<string>();
	return results.variants.map((variant) => {
		const lane = hasLanes ? ` (${variant.lane})` : '';
		const mark = variant.tokens.estimated ? '~ ' : '';
		const name = mark + truncateMiddle(cleanText(variant.name).trim() || '(no name)', nameLength) + lane;
		let label = name;
		for (let number = 2; taken.has(label); number += 1) {
			label = `${name} #${number}`;
		}

		taken.add(label);
		return label;
	});
}

/** An axis label that stays short: 800, 12k, 1.5M. */
export const axisLabel = "datum.value >= 10000 ? format(datum.value, '~s') : format(datum.value, ',~g')";
