import type {JudgeFigures, SearchFigures} from '../domain/figures-schema.ts';
import {dayQuotaOf} from '../domain/target.ts';
import {enforcementWords} from '../metrics/figures/measured-ceiling.ts';
import {
	formatCount,
	formatDurationMs,
	formatNumber,
	formatPercent,
	formatTokens,
	formatUsd,
	unknownMark,
} from '../text/numbers.ts';
import type {Column} from '../text/table.ts';
import {cleanText} from '../text/width.ts';
import type {Results, TargetResults, VariantResults} from './results-schema.ts';

/** Phrases that the screen, charts, Markdown and plain output share. */

type Limit = TargetResults['quota']['tokensPerMinute'];

/** A limit in words: `100`, `100 (assumed)`, `none`, `0 (blocked)`, `not known`. */
export function formatLimit(limit: Limit): string {
	switch (limit.state) {
		case 'none':
			return 'none';
		case 'blocked':
			return '0 (blocked)';
		case 'unknown':
			return limit.value === null ? 'not known' : `${formatNumber(limit.value)} (assumed)`;
		case 'known':
			return formatNumber(limit.value) + (limit.source === null ? '' : ` (${limit.source})`);
	}
}

/** Cells about an increase of a limit: its quota code, and whether AWS adjusts it. */
export function increaseCells({code, adjustable}: Limit): readonly string[] {
	return [code ?? unknownMark, adjustable === null ? unknownMark : adjustable ? 'yes' : 'no'];
}

/** The limits of a bucket with their sources, in one phrase. */
export function formatQuota({quota}: TargetResults): string {
	const {outputTokensPerMinute: output} = quota;
	if (output !== undefined) {
		return `${formatLimit(quota.tokensPerMinute)} input and ${formatLimit(output)} output tokens per minute`;
	}
	const {limit, isShared} = dayQuotaOf(quota);
	const day =
		limit.state === 'unknown' && limit.value === null
			? ''
			: `, ${formatLimit(limit)} per day${isShared ? ' over all models' : ''}`;
	return `${formatLimit(quota.requestsPerMinute)} requests and ${formatLimit(quota.tokensPerMinute)} tokens per minute${day}`;
}

/** Where requests went: model, scope, Region, and the endpoint where it is not AWS's. */
export function formatTarget({model, scope, region, endpoint, tier}: TargetResults): string {
	return [
		cleanText(model),
		scope,
		cleanText(region),
		...(tier === null ? [] : [`${cleanText(tier)} tier`]),
		...(endpoint === null ? [] : [`endpoint ${hostOf(endpoint)}`]),
	].join(' · ');
}

/** Host and port of a URL. */
function hostOf(endpoint: string): string {
	try {
		return new URL(endpoint).host;
	} catch {
		return cleanText(endpoint);
	}
}

type Events = ReadonlyArray<{readonly kind: string; readonly text: string}>;

const textsOf = (events: Events, kind: string): readonly string[] =>
	events.filter((event) => event.kind === kind).map(({text}) => text);

/** Requests without an answer, and why, and whatever else is missing from the results; empty where nothing is missing. */
export function lostTexts({events}: {readonly events: Events}): readonly string[] {
	return [...textsOf(events, 'lost'), ...textsOf(events, 'incomplete')];
}

/** The most that other traffic took of the quotas during the run, one sentence per target. */
const othersTexts = (
	targets: Results['targets'],
	others: NonNullable<Results['others']>,
): readonly string[] =>
	targets.flatMap(({model, quota}, index) => {
		const own = others.filter(({target}) => target === index);
		const most = (figure: 'requestsPerMinute' | 'quotaTokensPerMinute'): number =>
			Math.max(0, ...own.map((reading) => reading[figure] ?? 0));
		const [requests, tokens] = [most('requestsPerMinute'), most('quotaTokensPerMinute')];
		const of = ({value}: Limit): string => (value === null ? '' : ` of ${formatCount(value)}`);
		const parts = [
			...(requests < 0.5 ? [] : [`${formatCount(requests)}${of(quota.requestsPerMinute)} requests`]),
			...(tokens < 0.5 ? [] : [`${formatCount(tokens)}${of(quota.tokensPerMinute)} quota tokens`]),
		];
		return parts.length === 0
			? []
			: [`Other traffic took up to ${parts.join(' and ')} per minute of ${cleanText(model)} during the run.`];
	});

/** The estimated use of attempts that broke off. */
const brokenTexts = (
	variants: ReadonlyArray<Pick<Results['variants'][number], 'attemptsBroken'>>,
): readonly string[] => {
	const broken = variants.flatMap(({attemptsBroken}) => attemptsBroken ?? []);
	const count = broken.reduce((sum, each) => sum + each.count, 0);
	const tokens = broken.reduce((sum, each) => sum + each.quotaTokens, 0);
	return count === 0
		? []
		: [
				`${formatCount(count)} ${count === 1 ? 'attempt' : 'attempts'} broke off: the ${formatCount(tokens)} quota tokens and the cost of ${count === 1 ? 'it' : 'them'} are estimated, and counted.`,
			];
};

/** Below this many answers nothing can be said about rare long ones: n answers show what is as frequent as 3 in n. */
const minAnswersForTail = 3;

/** The assumption of rate intervals about longer answers than any seen. */
const tailTexts = (
	variants: ReadonlyArray<
		Pick<Results['variants'][number], 'sustainable'> & {readonly requests: {readonly succeeded: number}}
	>,
): readonly string[] => {
	const counts = variants.flatMap(({sustainable: {low}, requests: {succeeded}}) =>
		low === null || succeeded < minAnswersForTail ? [] : [succeeded],
	);
	return counts.length === 0
		? []
		: [
				`Intervals of rates hold if fewer than 1 in ${formatCount(Math.max(1, Math.min(...counts) / 3))} answers are longer than any seen.`,
			];
};

type Timed = Pick<Results['variants'][number], 'sustainable' | 'latencyMs'>;

/** Fraction of a rate from which on its dependence on where tokens count from is said. */
const minStampingShare = 0.02;

/** Rates that depend on tokens counting from the first byte, which was not confirmed. */
const stampingTexts = (variants: readonly Timed[]): readonly string[] => {
	const parts = variants
		.filter(({sustainable: {countsFrom, limitedBy}}) => countsFrom === 'unknown' && limitedBy === 'tokens')
		.map(({latencyMs: {service, timeToFirstToken}}) =>
			service.mean === null || timeToFirstToken.mean === null
				? 0
				: Math.min(1, (service.mean - timeToFirstToken.mean) / 60_000),
		);
	const largest = Math.max(0, ...parts);
	return largest < minStampingShare
		? []
		: [
				`When the tokens of an answer start to count is not confirmed: if at its end and not its first byte, rates are up to ${formatPercent(Math.ceil(largest * 100) / 100)} lower.`,
			];
};

/** Inexact parts of the results, one sentence each. */
export function caveatsOf({
	variants,
	targets,
	events,
	others = [],
}: Pick<Results, 'targets' | 'others'> & {
	readonly events: Events;
	readonly variants: ReadonlyArray<
		Pick<Results['variants'][number], 'sustainable' | 'attemptsBroken' | 'latencyMs'> & {
			readonly tokens: {readonly estimated: boolean};
			readonly requests: {readonly succeeded: number};
		}
	>;
}): readonly string[] {
	const limits = targets.flatMap(({quota}) => Object.values(quota));
	return [
		...(variants.some(({tokens}) => tokens.estimated)
			? ['~ Token counts are estimated: the service reported none.']
			: []),
		...othersTexts(targets, others),
		...brokenTexts(variants),
		...(limits.some(({state, value}) => state === 'unknown' && value !== null)
			? ['(assumed) Quota unknown; set it with --rpm and --tpm.']
			: []),
		...(targets.some(({burndown}) => burndown.source === 'assumed')
			? ['The burndown (output multiplier) of a model is assumed; set it with --burndown.']
			: []),
		...tailTexts(variants),
		...stampingTexts(variants),
		...targets.flatMap(({model, enforcement}) =>
			enforcement === undefined ? [] : [`${cleanText(model)}: ${enforcementWords(enforcement)}`],
		),
		// Figures that mix service tiers, or come from another one than was asked for.
		...textsOf(events, 'tier'),
		// Latencies of a part of the requests.
		...textsOf(events, 'unsent'),
		...textsOf(events, 'replay'),
	];
}

/** What judges said and took, a sentence for each: figures of quality are theirs. */
export function judgeTexts(judges: readonly JudgeFigures[] = []): readonly string[] {
	return judges.map(
		({model, question, passIf, verdicts, fromCache, agreement, requests, tokens, costUsd}) => {
			const {passed, failed, tie, none} = verdicts;
			const said = [
				`${formatCount(passed)} passed`,
				`${formatCount(failed)} failed`,
				...(tie === 0
					? []
					: [`${formatCount(tie)} changed with the order of the texts, which does not pass`]),
				...(none === 0 ? [] : [`${formatCount(none)} without a verdict`]),
			].join(', ');
			const cost = costUsd === null ? 'cost not known' : `${formatUsd(costUsd)} apart`;
			const took = `${formatCount(requests)} requests (${formatCount(fromCache)} verdicts from cache), ${formatTokens(tokens.input)} input and ${formatTokens(tokens.output)} output tokens, ${cost}`;
			const agreed =
				agreement === null
					? ''
					: ` It agrees with the expected answer on ${formatCount(agreement.same)} of ${formatCount(agreement.of)}.`;
			return `Judged by ${cleanText(model)} ("${cleanText(question)}", ${passIf} passes): ${said}; ${took}.${agreed}`;
		},
	);
}

type Levers = Pick<VariantResults, 'name' | 'caching' | 'compression'>;
type Side = NonNullable<VariantResults['caching']>['cold'];

/** Cold or warm answers of a cache: count, tokens per answer, time to first token. */
const sideWords = ({requests, inputTokens, quotaTokens, timeToFirstToken}: Side): string =>
	[
		`${formatCount(requests)} ${requests === 1 ? 'answer' : 'answers'}`,
		...(requests === 0
			? []
			: [`${formatNumber(inputTokens.mean)} tokens in`, `${formatNumber(quotaTokens.mean)} quota tokens`]),
		...(timeToFirstToken.p50 === null ? [] : [`first token p50 ${formatDurationMs(timeToFirstToken.p50)}`]),
	].join(', ');

/** Cold and warm answers of a variant that caches, by label; empty for any other. */
export function cachingEntries({
	caching,
}: Pick<Levers, 'caching'>): ReadonlyArray<{readonly label: string; readonly text: string}> {
	return caching === undefined
		? []
		: caching.cold.requests + caching.warm.requests === 0
			? [
					{
						label: 'cache',
						text: 'nothing was cached: the prompt is too short for it, or the model does not cache',
					},
				]
			: [
					{label: 'cache cold', text: `${sideWords(caching.cold)} (wrote the cache)`},
					{
						label: 'cache warm',
						text: `${sideWords(caching.warm)} (read it, free of quota)`,
					},
				];
}

/** What each rule removed from the prompt as first sent; undefined for a variant without rules. */
export function compressionText({compression}: Pick<Levers, 'compression'>): string | undefined {
	if (compression === undefined) {
		return undefined;
	}
	const {system, user} = compression.original;
	const before = (system ?? '').length + (user ?? '').length;
	const rules = compression.rules.map(({rule, savedCharacters}) => `${rule} ${formatCount(savedCharacters)}`);
	return `of ${formatCount(before)} characters the rules removed: ${rules.join(', ')}`;
}

/** The effects of the prompt levers, one sentence each; empty where no variant has any. */
export function leverTexts(variants: readonly Levers[]): readonly string[] {
	return variants.flatMap((variant) => {
		const entries = cachingEntries(variant).map(({label, text}) => `${variant.name}: ${label}: ${text}.`);
		const isWarm = (variant.caching?.warm.requests ?? 0) > 0;
		const rate = isWarm ? [`${variant.name}: the sustainable rate is that of its warm answers.`] : [];
		const compressed = compressionText(variant);
		return [
			...entries,
			...rate,
			...(compressed === undefined ? [] : [`${variant.name}: compressed: ${compressed}.`]),
		];
	});
}

/** What a search tried, in sentences. */
export function searchTexts({
	candidates,
	combinations,
	requests,
	budget,
	rungs,
}: SearchFigures): readonly string[] {
	return [
		`${formatCount(candidates.length)} of ${formatCount(combinations)} combinations of variants and prompt levers were tried, with ${formatCount(requests)} of at most ${formatCount(budget)} requests; rungs: ${rungs.map((rung) => `${formatCount(rung.candidates)} x ${formatCount(rung.requests)}`).join(', ')}.`,
		'On the front: finalists that no other surely beats, by the intervals. All other figures are of the last rung.',
	];
}

/** What makes a list, a heading or a rule of a line that begins with it; `-5` makes none. */
const blockStart = /^(\d{0,9})([.)+-](?=\s|$)|[-=](?=[-=\s]*$))/;

/** Text that Markdown takes as it is, in one line: a cell, a heading, a list item. */
export function escapeMarkdown(text: string): string {
	return cleanText(text)
		.trimStart()
		.replaceAll(/[\\`*_{}[\]<>|#~]/g, String.raw`\$&`)
		.replace(blockStart, String.raw`$1\$2`);
}

/** A table; the first column is aligned to the left, the others to the right, where they are numbers. Cells are escaped. */
export function markdownTable(
	header: readonly string[],
	rows: ReadonlyArray<readonly string[]>,
	align: 'left' | 'right' = 'right',
): readonly string[] {
	const line = (cells: readonly string[]) => `| ${cells.map(escapeMarkdown).join(' | ')} |`;
	return [
		line(header),
		`|${header.map((_, index) => (index === 0 || align === 'left' ? ' --- ' : ' ---: ')).join('|')}|`,
		...rows.map(line),
	];
}

/** The rows of a table of the terminal, with all of its columns. */
export function columnsMarkdown<Row>(
	columns: ReadonlyArray<Pick<Column<Row>, 'header' | 'format'>>,
	rows: readonly Row[],
): readonly string[] {
	return markdownTable(
		columns.map(({header}) => header),
		rows.map((row) => columns.map(({format}) => format(row).trim())),
	);
}

/** A code block that no content can close. */
export function codeBlock(text: string): readonly string[] {
	const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
	const fence = '`'.repeat(longest + 1);
	return [fence, text, fence];
}
