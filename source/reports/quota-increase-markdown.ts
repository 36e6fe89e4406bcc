import {usageByMinute} from '../metrics/decisions/sustainable.ts';
import {formatCount, formatNumber} from '../text/numbers.ts';
import {throttledTotal} from '../view/variant-rows.ts';
import type {Results, TargetResults, VariantResults} from './results-schema.ts';
import {escapeMarkdown, formatLimit, formatTarget, increaseCells, markdownTable} from './words.ts';

/** quota-increase.md: the figures that AWS asks for when a quota is to be raised. */

const sum = (variants: readonly VariantResults[], read: (variant: VariantResults) => number): number =>
	variants.reduce((total, variant) => total + read(variant), 0);

/** Mean over all answered requests, to whole tokens; a dash where none was answered. */
const meanTokens = (
	variants: readonly VariantResults[],
	read: (variant: VariantResults) => number,
): string => {
	const answered = sum(variants, ({requests}) => requests.succeeded);
	return formatCount(answered === 0 ? null : sum(variants, read) / answered);
};

const limitRow = (
	word: string,
	limit: TargetResults['quota']['tokensPerMinute'],
	steady: number | undefined,
	peak: number | undefined,
): readonly string[] => [
	word,
	formatLimit(limit),
	formatNumber(steady),
	formatNumber(peak),
	...increaseCells(limit),
];

const targetLines = (results: Results, target: TargetResults, index: number): readonly string[] => {
	const variants = results.variants.filter((variant) => variant.target === index);
	const use = usageByMinute(results.timeline, index);
	const {requestsPerMinute, tokensPerMinute} = target.quota;
	const throttled = sum(variants, ({requests}) => throttledTotal(requests.throttled));
	const isEstimated = variants.some(({tokens}) => tokens.estimated);
	return [
		`## ${escapeMarkdown(formatTarget(target))}`,
		'',
		...markdownTable(
			['Per minute', 'Quota now', 'Steady', 'Peak', 'Code', 'Adjustable'],
			[
				limitRow('requests', requestsPerMinute, use?.steadyRequestsPerMinute, use?.peakRequestsPerMinute),
				limitRow('quota tokens', tokensPerMinute, use?.steadyTokensPerMinute, use?.peakTokensPerMinute),
			],
		),
		'',
		...(use === undefined
			? [
					'- Steady and peak are not known: no full minute was measured. Run longer, for example with `--load saturate --duration 5m`.',
				]
			: ['- Steady is the mean over the run, peak its busiest minute.']),
		`- Average per request: ${meanTokens(variants, ({tokens}) => tokens.input + tokens.cacheRead + tokens.cacheWrite)} input tokens, ${meanTokens(variants, ({tokens}) => tokens.output)} output tokens, ${meanTokens(variants, ({tokens}) => tokens.quota)} quota tokens${isEstimated ? ' (estimated: the service reported no counts)' : ''}.`,
		`- One output token costs ${formatNumber(target.burndown.value)} quota tokens (${escapeMarkdown(target.burndown.source)}).`,
		`- ${formatCount(sum(variants, ({requests}) => requests.succeeded))} requests answered, ${formatCount(throttled)} attempts throttled.`,
		...[requestsPerMinute, tokensPerMinute].flatMap(({code, name}) =>
			code === null || name === null ? [] : [`- ${escapeMarkdown(code)}: ${escapeMarkdown(name)}`],
		),
		'',
	];
};

/**
 * Whether there are figures for a case: a full minute of some target was measured.
 * @param isMeant Which targets count.
 */
export function hasFullMinute(
	{timeline, targets}: Pick<Results, 'timeline' | 'targets'>,
	isMeant: (target: TargetResults) => boolean = () => true,
): boolean {
	return targets.some((target, index) => isMeant(target) && usageByMinute(timeline, index) !== undefined);
}

/**
 * Steady and peak use beside the quota, and the average request, for each target: the text of a case to raise a quota.
 * @param isMeant Which targets the case is about.
 */
export function quotaIncreaseMarkdown(
	results: Results,
	isMeant: (target: TargetResults) => boolean = () => true,
): string {
	const lines = [
		`# ${results.simulated ? 'SIMULATED: ' : ''}Figures for a quota increase`,
		'',
		...(results.simulated ? ['**SIMULATED: measured on a simulator, not on Amazon Bedrock.**', ''] : []),
		`Measured by ${escapeMarkdown(`${results.tool.name} ${results.tool.version}`)} from ${escapeMarkdown(results.startedAt)} to ${escapeMarkdown(results.endedAt)}.`,
		'',
		...results.targets.flatMap((target, index) =>
			isMeant(target) ? targetLines(results, target, index) : [],
		),
	];
	return `${lines.join('\n').trimEnd()}\n`;
}
