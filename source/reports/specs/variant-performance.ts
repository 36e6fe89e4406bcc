import {formatNumber} from '../../text/numbers.ts';
import {cleanText} from '../../text/width.ts';
import type {VariantResults} from '../results-schema.ts';
import {recommendedOf} from '../verdict.ts';
import {
	type Chart,
	type ChartInput,
	colours,
	emptySpec,
	frame,
	subtitleOf,
	titleOf,
	variantLabels,
} from './chart.ts';
import {barPanel} from './throughput-comparison.ts';

/** The cost of a variant (quota tokens per request) and its yield (useful items per minute that the quota sustains). */
export function variantPerformance(input: ChartInput): Chart {
	const {results, target} = input;
	const title = titleOf(results, 'Cost and yield by variant');
	const labels = variantLabels(results);
	const index = results.best[0]?.target ?? 0;
	const winner = recommendedOf(results, index);
	const {value: burndown, source} = target.burndown;
	const costs = barPanel({
		title: 'Quota tokens per request',
		subtitle: `less is better · output counts ${burndown === 1 ? 'once' : `${formatNumber(burndown)} times`}${source === 'assumed' ? ' (assumed)' : ''}`,
		rows: results.variants.map(({perRequest: {quotaTokens}}, index) => ({
			label: labels[index] ?? '',
			value: quotaTokens.mean,
			low: quotaTokens.low,
			high: quotaTokens.high,
			text: quotaTokens.mean === null ? 'no answer' : formatNumber(quotaTokens.mean),
		})),
		limit: null,
		colour: colours.orange,
		hasNames: true,
	});
	const gets = barPanel({
		title: 'Sustainable useful items per minute',
		subtitle: 'more is better (what limits it) · lines: 95% interval',
		rows: results.variants.map((variant, index) => ({
			label: labels[index] ?? '',
			value: variant.sustainable.usefulPerMinute,
			low: variant.sustainable.low,
			high: variant.sustainable.high,
			text: sustainableText(variant, winner),
		})),
		limit: null,
		colour: colours.green,
		hasNames: false,
	});
	const description = results.variants.map(
		(variant, index) =>
			`${labels[index]}: ${formatNumber(variant.perRequest.quotaTokens.mean)} quota tokens per request, ${sustainableText(variant, winner)} useful items per minute`,
	);
	return {
		name: 'variant-performance',
		title,
		description:
			description.length === 0
				? 'No variant was run.'
				: `${description.join('. ')}. ${winner === null ? `Not decided for ${results.plan.goal}.` : `To use for ${results.plan.goal}: ${cleanText(winner)}.`}`,
		spec:
			results.variants.length === 0
				? emptySpec(title, subtitleOf(input), 'No variant was run.')
				: {...frame(title, subtitleOf(input)), spacing: 24, hconcat: [costs, gets]},
	};
}

function sustainableText({name, sustainable}: VariantResults, winner: string | null): string {
	if (sustainable.usefulPerMinute === null) {
		return 'not known';
	}
	const limit = sustainable.limitedBy === 'none' ? '' : ` (${sustainable.limitedBy})`;
	return `${formatNumber(sustainable.usefulPerMinute)}${limit}${name === winner ? ' ★' : ''}`;
}
