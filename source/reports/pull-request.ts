import {formatCount, formatDurationMs, formatNumber, formatPercent, formatUsd} from '../text/numbers.ts';
import {truncateEnd} from '../text/width.ts';
import type {JudgedCondition} from './conditions.ts';
import {repeatCommand} from './repeat-command.ts';
import type {Results, VariantResults} from './results-schema.ts';
import {recommendedOf, verdictSentences} from './verdict.ts';
import {caveatsOf, codeBlock, escapeMarkdown, formatTarget, lostTexts, markdownTable} from './words.ts';

/** The page of `--markdown`: what a reviewer of a pull request wants to know first, the rest folded. */

/** Finds the comment of an earlier run, so that it can be replaced. */
const mark = '<!-- bedrock-top -->';

/** An item that was not answered as wanted, for the folded table. */
export type FailedItem = {
	readonly variant: string;
	readonly item: string;
	readonly expected: string;
	readonly answer: string;
	readonly why: string;
};

/** Rows of the table of failed items; the rest is counted. */
const maxItems = 20;
const cellCharacters = 120;

/** Text of others in a comment calls nobody: outside code, an `@` before a name would notify them. */
const uncalled = (lines: readonly string[]): readonly string[] => {
	let isCode = false;
	return lines.map((line) => {
		isCode = /^`{3,}/.test(line) ? !isCode : isCode;
		return isCode ? line : line.replaceAll(/@(?=\w)/g, '@&#8203;');
	});
};

const folded = (title: string, lines: readonly string[]): readonly string[] =>
	lines.length === 0 ? [] : ['', `<details><summary>${title}</summary>`, '', ...lines, '', '</details>'];

const list = (texts: readonly string[]): readonly string[] =>
	texts.map((text) => `- ${escapeMarkdown(text)}`);

/** The conditions with what became of each, the true ones first. */
export function conditionLines(judged: readonly JudgedCondition[]): readonly string[] {
	const failed = judged.filter(({reason}) => reason !== undefined);
	const held = judged.filter(({reason}) => reason === undefined);
	return judged.length === 0
		? []
		: [
				failed.length === 0
					? `✅ ${judged.length === 1 ? 'The condition does' : `All ${formatCount(judged.length)} conditions do`} not hold: nothing fails.`
					: `❌ ${formatCount(failed.length)} of ${formatCount(judged.length)} ${judged.length === 1 ? 'condition' : 'conditions'} failed.`,
				'',
				...failed.map(({text, reason = ''}) => `- ❌ ${escapeMarkdown(text)}: ${escapeMarkdown(reason)}`),
				...held.map(({text}) => `- ✅ ${escapeMarkdown(text)}`),
				'',
			];
}

const qualityOf = ({quality: {score, low, high}}: VariantResults): string =>
	score === null ? '–' : `${formatPercent(score)} (${formatPercent(low)} to ${formatPercent(high)})`;

const perThousand = ({perRequest: {costUsd}}: VariantResults): string =>
	formatUsd(costUsd.mean === null ? null : costUsd.mean * 1000);

const variantTable = (results: Results, index: number): readonly string[] => {
	const own = results.variants.filter(({target}) => target === index);
	const isTimed = own.some(({rate}) => rate.requestsPerMinute !== null);
	const winner = recommendedOf(results, index);
	return markdownTable(
		[
			'Variant',
			'Requests',
			'Useful',
			'Passed (95%)',
			'Quota tokens per request',
			'Total p50',
			'Cost per 1,000',
			...(isTimed ? ['Measured requests per minute'] : []),
			'Sustainable per minute',
		],
		own.map((variant) => [
			`${variant.name}${variant.name === winner ? ' ★' : ''}`,
			formatCount(variant.requests.sent),
			formatCount(variant.items.useful),
			qualityOf(variant),
			formatNumber(variant.perRequest.quotaTokens.mean),
			formatDurationMs(variant.latencyMs.total.p50),
			perThousand(variant),
			...(isTimed ? [formatNumber(variant.rate.requestsPerMinute)] : []),
			formatNumber(variant.sustainable.usefulPerMinute),
		]),
	);
};

const itemTable = (items: readonly FailedItem[]): readonly string[] => {
	const cut = (text: string): string => truncateEnd(text.replaceAll(/\s+/g, ' '), cellCharacters);
	return [
		...markdownTable(
			['Variant', 'Item', 'Expected', 'Answer', 'Why'],
			items
				.slice(0, maxItems)
				.map(({variant, item, expected, answer, why}) => [variant, item, expected, answer, why].map(cut)),
			'left',
		),
		...(items.length > maxItems
			? ['', `${formatCount(items.length - maxItems)} more are in answers.jsonl.`]
			: []),
	];
};

const simulatedLine = '**SIMULATED: these answers came from a simulator, not from Amazon Bedrock.**';

/** A run as a comment on a pull request. */
export function pullRequestPage(
	results: Results,
	judged: readonly JudgedCondition[],
	failedItems: readonly FailedItem[],
): string {
	const {plan, targets, advice, simulated} = results;
	const repeat = repeatCommand(results);
	const name = plan.load === 'tap' ? 'tap' : (plan.preset ?? 'own task');
	return pageOf(`bedrock-top: ${escapeMarkdown(name)}`, [
		...(simulated ? [simulatedLine, ''] : []),
		...conditionLines(judged),
		...verdictSentences({...results, goal: plan.goal}).flatMap((text) => [escapeMarkdown(text), '']),
		...targets.flatMap((target, index) => [
			escapeMarkdown(formatTarget(target)),
			'',
			...variantTable(results, index),
			'',
		]),
		...list(lostTexts(results)),
		...folded(
			`${formatCount(failedItems.length)} ${failedItems.length === 1 ? 'answer' : 'answers'} failed`,
			failedItems.length === 0 ? [] : itemTable(failedItems),
		),
		...folded('Advice', list(advice.map(({text}) => text))),
		...folded('What is not exact', list(caveatsOf(results))),
		...folded('Repeat it', repeat === undefined ? [] : codeBlock(repeat)),
	]);
}

/** A page under the mark by which its comment is found again. @param heading As Markdown. */
export function pageOf(heading: string, lines: readonly string[]): string {
	return `${[mark, `### ${heading}`, '', ...uncalled(lines)].join('\n').trimEnd()}\n`;
}
