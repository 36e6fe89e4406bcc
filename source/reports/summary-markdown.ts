import {formatCount, formatDurationMs, formatNumber, formatUsdWithin} from '../text/numbers.ts';
import {recommendedOf} from './choice.ts';
import {leverTexts} from './lever-words.ts';
import {codeBlock, escapeMarkdown, markdownTable} from './markdown.ts';
import {repeatCommand} from './repeat.ts';
import type {Results, VariantResults} from './results-schema.ts';
import {searchMarkdown} from './search-words.ts';
import {verdictSentences} from './verdict.ts';
import {caveatsOf, formatLimit, formatTarget, lostTexts} from './words.ts';

/**
 * `summary.md`: what was found, on what, and how to repeat it.
 *
 * @param results Of one run.
 * @param pictures Names of the SVG files beside it.
 */
export function summaryMarkdown(results: Results, pictures: readonly string[]): string {
	const {plan, simulated, failures, advice} = results;
	const name = plan.preset ?? 'a task of its own';
	const lines = [
		`# ${simulated ? 'SIMULATED: ' : ''}bedrock-top, ${escapeMarkdown(name)}`,
		...(simulated
			? ['', '**SIMULATED: these answers came from a simulator, not from Amazon Bedrock.**']
			: []),
		...section('Verdict', verdictSentences({...results, goal: plan.goal}).map(escapeMarkdown)),
		...results.targets.flatMap((target, index) => [
			...section(formatTarget(target), []),
			...quotaTable(results, index),
			'',
			...variantTable(results, index),
			...turnTable(results, index),
		]),
		...section('Search', searchMarkdown(results.search)),
		...section(
			'Prompt levers',
			leverTexts(results.variants).map((text) => `- ${escapeMarkdown(text)}`),
		),
		...section(
			'Advice',
			advice.map(({text}) => `- ${escapeMarkdown(text)}`),
		),
		...section('Failures', [
			...lostTexts(results).map((text) => `- ${escapeMarkdown(text)}`),
			...failures.map(
				({class: failureClass, message, count}) =>
					`- ${formatCount(count)} x ${escapeMarkdown(failureClass)}: ${escapeMarkdown(message)}`,
			),
		]),
		...section(
			'What is not exact',
			caveatsOf(results).map((caveat) => `- ${escapeMarkdown(caveat)}`),
		),
		...section('Run', runLines(results)),
		...section('Repeat it', codeBlock(repeatCommand(results))),
		...section(
			'Charts',
			pictures.flatMap((file) => [`![${file.replace('.svg', '').replaceAll('-', ' ')}](${file})`, '']),
		),
	];
	return `${lines.join('\n').trimEnd()}\n`;
}

/** A heading with its lines; nothing where there is nothing to say, unless the lines follow by themselves. */
function section(heading: string, lines: readonly string[]): readonly string[] {
	const isOpen = heading.includes(' · ');
	return lines.length === 0 && !isOpen ? [] : ['', `## ${escapeMarkdown(heading)}`, '', ...lines];
}

function quotaTable({targets}: Results, index: number): readonly string[] {
	const target = targets[index];
	if (target === undefined) {
		return [];
	}

	const {requestsPerMinute, tokensPerMinute, tokensPerDay} = target.quota;
	const rows = [
		['requests a minute', requestsPerMinute],
		['tokens a minute', tokensPerMinute],
		['tokens a day', tokensPerDay],
	] as const;
	return markdownTable(
		['Quota', 'In force', 'Code', 'Adjustable'],
		rows.map(([word, limit]) => [
			word,
			formatLimit(limit),
			limit.code ?? '–',
			limit.adjustable === null ? '–' : limit.adjustable ? 'yes' : 'no',
		]),
	);
}

function variantTable(results: Results, index: number): readonly string[] {
	const winner = recommendedOf(results, index);
	return markdownTable(
		[
			'Variant',
			'Requests',
			'Useful',
			'Throttled',
			'Input',
			'Output',
			'Quota tokens a request',
			'First token p50',
			'Total p50',
			'Cost',
			'Sustainable a minute',
			'Limited by',
		],
		results.variants
			.filter(({target}) => target === index)
			.map((variant) => [
				variantName(variant) + (variant.name === winner ? ' ★' : ''),
				formatCount(variant.requests.sent),
				formatCount(variant.items.useful),
				formatCount(throttledOf(variant)),
				formatNumber(variant.perRequest.inputTokens.mean),
				formatNumber(variant.perRequest.outputTokens.mean),
				withInterval(variant.perRequest.quotaTokens.mean, variant.perRequest.quotaTokens),
				formatDurationMs(variant.latencyMs.timeToFirstToken.p50),
				formatDurationMs(variant.latencyMs.total.p50),
				formatUsdWithin(variant.costUsd, variant.costUsdWithin),
				withInterval(variant.sustainable.usefulPerMinute, variant.sustainable),
				variant.sustainable.limitedBy === 'none' ? '–' : variant.sustainable.limitedBy,
			]),
	);
}

/** What each turn of a conversation took; nothing where there is no chat. */
function turnTable({variants}: Results, index: number): readonly string[] {
	const rows = variants
		.filter(({target}) => target === index)
		.flatMap((variant) =>
			(variant.turns ?? []).map(
				({turn, requests, inputTokens, outputTokens, quotaTokens, timeToFirstToken}) => [
					variantName(variant),
					formatCount(turn),
					formatCount(requests),
					formatNumber(inputTokens.mean),
					formatNumber(outputTokens.mean),
					withInterval(quotaTokens.mean, quotaTokens),
					formatDurationMs(timeToFirstToken.p50),
					formatDurationMs(timeToFirstToken.p90),
				],
			),
		);
	const header = [
		'Variant',
		'Turn',
		'Answers',
		'Input',
		'Output',
		'Quota tokens',
		'First token p50',
		'First token p90',
	];
	return rows.length === 0 ? [] : ['', ...markdownTable(header, rows)];
}

const variantName = ({name, lane, tokens}: VariantResults): string =>
	`${tokens.estimated ? '~ ' : ''}${name}${lane === 'normal' ? '' : ` (${lane})`}`;

const throttledOf = ({requests: {throttled}}: VariantResults): number =>
	throttled.requests + throttled.tokens + throttled.day + throttled.overloaded;

function withInterval(
	value: number | null,
	{low, high}: {readonly low: number | null; readonly high: number | null},
): string {
	return low === null || high === null
		? formatNumber(value)
		: `${formatNumber(value)} (${formatNumber(low)} to ${formatNumber(high)})`;
}

function runLines({
	plan,
	startedAt,
	endedAt,
	outcome,
	stoppedBy,
	tool,
	environment,
}: Results): readonly string[] {
	const ends = [
		...(plan.requests === null
			? []
			: [`${formatCount(plan.requests)} requests${plan.load === 'measure' ? ' a variant' : ''}`]),
		...(plan.durationSeconds === null ? [] : [`${formatNumber(plan.durationSeconds)} s`]),
	];
	const chat =
		plan.chat === undefined
			? []
			: [
					`- conversations of ${formatCount(plan.chat.turns)} turns, ${formatNumber(plan.chat.thinkSeconds)} s to think between them`,
				];
	return [
		...chat,
		`- ${startedAt} to ${endedAt}, ${outcome}${stoppedBy === null ? '' : ` (by ${stoppedBy})`}`,
		`- ${plan.method}, load ${plan.load}${ends.length === 0 ? '' : ` for ${ends.join(' or ')}`}, concurrency ${plan.concurrency}, max tokens ${plan.maxTokens ?? 'of each variant'}, share ${plan.share}, seed ${plan.seed}`,
		`- ${[`${tool.name} ${tool.version}`, `Node ${environment.node}`, environment.platform].map(escapeMarkdown).join(', ')}`,
	];
}
