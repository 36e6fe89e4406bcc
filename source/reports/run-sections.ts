import type {OptimizeFigures, SearchFigures} from '../domain/figures-schema.ts';
import {cuts, p99Sentence, readTimeouts} from '../metrics/decisions/client-settings.ts';
import {finalistsOf} from '../metrics/decisions/search/search-state.ts';
import {
	formatCount,
	formatDurationMs,
	formatNumber,
	formatPercent,
	formatUsdWithin,
	unknownMark,
} from '../text/numbers.ts';
import {candidateHeadings, candidateRows, optimizeTexts} from '../view/rewrites.ts';
import {stopWords} from '../view/status.ts';
import {throttledTotal} from '../view/variant-rows.ts';
import {markdownOf, type PageSection, sectionOf, type TableBlock} from './page.ts';
import {repeatCommand} from './repeat-command.ts';
import type {Results, VariantResults} from './results-schema.ts';
import {recommendedOf, verdictSentences} from './verdict.ts';
import {
	caveatsOf,
	formatLimit,
	formatTarget,
	increaseCells,
	judgeTexts,
	leverTexts,
	lostTexts,
	searchTexts,
} from './words.ts';

/** What the reports of a run have in common, section by section; each page takes those that it wants, in its order. */
type RunSections = Readonly<
	Record<
		| 'verdict'
		| 'clients'
		| 'targets'
		| 'search'
		| 'rewrites'
		| 'levers'
		| 'judges'
		| 'advice'
		| 'timeouts'
		| 'failures'
		| 'inexact'
		| 'run'
		| 'repeat',
		readonly PageSection[]
	>
>;

/** What a run is called on a page. */
export function runTitle({plan, simulated}: Results): string {
	const name = plan.load === 'tap' ? 'tap' : (plan.preset ?? 'own task');
	return `${simulated ? 'SIMULATED: ' : ''}bedrock-top, ${name}`;
}

/** Of results that did not come from AWS; undefined of others. */
export function simulatedWarning({simulated}: Pick<Results, 'simulated'>): string | undefined {
	return simulated ? 'SIMULATED: these answers came from a simulator, not from Amazon Bedrock.' : undefined;
}

/** The sections of a run. One with nothing to say is empty. */
export function runSections(results: Results): RunSections {
	const {plan, variants, failures, advice} = results;
	const isTap = plan.load === 'tap';
	return {
		verdict: isTap
			? []
			: sectionOf('Verdict', {type: 'lines', lines: verdictSentences({...results, goal: plan.goal})}),
		clients: isTap ? sectionOf('Clients', clientTable(results)) : [],
		targets: results.targets.map((target, index) => ({
			heading: formatTarget(target),
			blocks: [quotaTable(target), variantTable(results, index), ...turnTable(results, index)],
		})),
		search:
			results.search === undefined
				? []
				: sectionOf('Search', searchTable(results.search), {
						type: 'list',
						items: searchTexts(results.search),
					}),
		rewrites: optimizeSections(results.optimize),
		levers: sectionOf('Prompt levers', {type: 'list', items: leverTexts(variants)}),
		judges: sectionOf('Judges', {type: 'list', items: judgeTexts(results.judges)}),
		advice: sectionOf('Advice', {type: 'list', items: advice.map(({text}) => text)}),
		timeouts: isTap ? [] : timeoutSection(results),
		failures: sectionOf('Failures', {
			type: 'list',
			items: [
				...lostTexts(results),
				...failures.map(
					({class: failureClass, message, count}) => `${formatCount(count)} x ${failureClass}: ${message}`,
				),
			],
		}),
		inexact: sectionOf('What is not exact', {type: 'list', items: caveatsOf(results)}),
		run: sectionOf('Run', {type: 'list', items: runLines(results)}),
		repeat: sectionOf('Repeat it', {type: 'code', text: repeatCommand(results) ?? ''}),
	};
}

/**
 * `summary.md`: the findings, the targets, and how to repeat the run.
 *
 * @param results Of one run.
 * @param pictures Names of the SVG files beside it.
 */
export function summaryMarkdown(results: Results, pictures: readonly string[]): string {
	const sections = runSections(results);
	return markdownOf({
		title: runTitle(results),
		warning: simulatedWarning(results),
		sections: [
			...sections.verdict,
			...sections.clients,
			...sections.targets,
			...sections.search,
			...sections.rewrites,
			...sections.levers,
			...sections.judges,
			...sections.advice,
			...sections.timeouts,
			...sections.failures,
			...sections.inexact,
			...sections.run,
			...sections.repeat,
			...sectionOf('Charts', {type: 'pictures', files: pictures}),
		],
	});
}

/** Of an optimisation: the candidates, what was dropped, and the rewrite that was tried as a diff. */
function optimizeSections(figures: OptimizeFigures | undefined): readonly PageSection[] {
	if (figures === undefined) {
		return [];
	}
	const tried = figures.rewrites.find(({name}) => name === figures.heldOut?.candidate);
	return [
		...sectionOf(
			'Rewrites',
			{type: 'table', header: candidateHeadings, rows: candidateRows(figures)},
			{type: 'list', items: optimizeTexts(figures)},
		),
		...(tried === undefined ? [] : sectionOf(`What ${tried.name} changes`, {type: 'code', text: tried.diff})),
	];
}

/** The finalists of a search. */
function searchTable(search: SearchFigures): TableBlock {
	return {
		type: 'table',
		header: ['Candidate', 'Items', 'Useful', 'Quota tokens per useful item', 'Front'],
		rows: finalistsOf(search).map(({name, items, usefulRate: {value, low, high}, quotaTokensPerUseful}) => [
			name,
			formatCount(items.sent),
			`${formatPercent(value)} (${formatPercent(low)} to ${formatPercent(high)})`,
			formatNumber(quotaTokensPerUseful),
			search.front.includes(name) ? 'yes' : '',
		]),
	};
}

function quotaTable({quota}: Results['targets'][number]): TableBlock {
	const {requestsPerMinute, tokensPerMinute, tokensPerDay} = quota;
	const rows = [
		['requests per minute', requestsPerMinute],
		['tokens per minute', tokensPerMinute],
		['tokens per day', tokensPerDay],
	] as const;
	return {
		type: 'table',
		header: ['Quota', 'In force', 'Code', 'Adjustable'],
		rows: rows.map(([word, limit]) => [word, formatLimit(limit), ...increaseCells(limit)]),
	};
}

function variantTable(results: Results, index: number): TableBlock {
	const winner = recommendedOf(results, index);
	const variants = results.variants.filter(({target}) => target === index);
	// A measure has no rate of its own.
	const isTimed = variants.some(({rate}) => rate.requestsPerMinute !== null);
	return {
		type: 'table',
		header: [
			'Variant',
			'Requests',
			'Useful',
			'Throttled',
			'Input',
			'Output',
			'Quota tokens per request',
			'First token p50',
			'Total p50',
			'Cost',
			...(isTimed ? ['Measured requests per minute'] : []),
			'Sustainable per minute',
			'Limited by',
		],
		rows: variants.map((variant) => [
			variantName(variant) + (variant.name === winner ? ' ★' : ''),
			formatCount(variant.requests.sent),
			formatCount(variant.items.useful),
			formatCount(throttledTotal(variant.requests.throttled)),
			formatNumber(variant.perRequest.inputTokens.mean),
			formatNumber(variant.perRequest.outputTokens.mean),
			withInterval(variant.perRequest.quotaTokens.mean, variant.perRequest.quotaTokens),
			formatDurationMs(variant.latencyMs.timeToFirstToken.p50),
			formatDurationMs(variant.latencyMs.total.p50),
			formatUsdWithin(variant.costUsd, variant.costUsdWithin),
			...(isTimed ? [formatNumber(variant.rate.requestsPerMinute)] : []),
			withInterval(variant.sustainable.usefulPerMinute, variant.sustainable),
			variant.sustainable.limitedBy === 'none' ? unknownMark : variant.sustainable.limitedBy,
		]),
		marked: variants.flatMap(({name}, row) => (name === winner ? [row] : [])),
	};
}

/** p99 of total beside the read timeouts that clients have by default; empty where nothing was answered. */
function timeoutSection({variants}: Results): readonly PageSection[] {
	const sentence = p99Sentence(variants);
	return sentence === undefined
		? []
		: sectionOf(
				'Read timeouts',
				{
					type: 'table',
					header: ['By default', 'Client', 'Cuts off slow answers of', 'Source'],
					rows: readTimeouts.map((timeout) => [
						`${timeout.seconds} s`,
						timeout.clients,
						variants
							.filter((variant) => cuts(timeout, variant))
							.map(variantName)
							.join(', ') || 'none',
						`${timeout.source} (${timeout.asOf})`,
					]),
				},
				{type: 'lines', lines: [`${sentence} Of a streamed answer only silence counts.`]},
			);
}

/** Each session of each client of a tap. */
function clientTable({tap}: Results): TableBlock {
	return {
		type: 'table',
		header: [
			'Client',
			'Model',
			'Requests',
			'Reserved',
			'Settled',
			'Throttled',
			'Refused',
			'Retries',
			'Aborted',
			'Longest hold',
			'Cost',
		],
		rows: (tap?.clients ?? []).map(({name, session, model, requests, tokens, ...client}) => [
			session === null ? name : `${name} ${session}`,
			model,
			formatCount(requests),
			formatCount(tokens.reserved),
			`${tokens.estimated ? '~' : ''}${formatCount(Math.round(tokens.quota))}`,
			formatCount(client.throttled),
			formatCount(client.refused),
			formatCount(client.retriesOfClient),
			formatCount(client.aborted),
			formatDurationMs(client.holdMs.max),
			formatUsdWithin(client.costUsd, undefined),
		]),
	};
}

/** Figures of each turn of a conversation; none without a chat. */
function turnTable({variants}: Results, index: number): readonly TableBlock[] {
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
	return rows.length === 0 ? [] : [{type: 'table', header, rows}];
}

const variantName = ({name, lane, tokens}: VariantResults): string =>
	`${tokens.estimated ? '~ ' : ''}${name}${lane === 'normal' ? '' : ` (${lane})`}`;

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
	stopReason,
	failures,
	tool,
	environment,
}: Results): readonly string[] {
	const stopped = stopWords({stoppedBy, failures, ...(stopReason === undefined ? {} : {stopReason})});
	const ends = [
		...(plan.requests === null
			? []
			: [`${formatCount(plan.requests)} requests${plan.load === 'measure' ? ' per variant' : ''}`]),
		...(plan.durationSeconds === null ? [] : [formatDurationMs(plan.durationSeconds * 1000)]),
	];
	const chat =
		plan.chat === undefined
			? []
			: [
					`conversations of ${formatCount(plan.chat.turns)} turns, ${formatDurationMs(plan.chat.thinkSeconds * 1000)} to think between them`,
				];
	return [
		...chat,
		`${startedAt} to ${endedAt}, ${outcome}${stopped === '' ? '' : ` ${stopped}`}`,
		`${plan.method}, load ${plan.load}${ends.length === 0 ? '' : ` for ${ends.join(' or ')}`}, concurrency ${plan.concurrency}, max tokens ${plan.maxTokens ?? 'by variant'}, share ${plan.share}, seed ${plan.seed}`,
		`${tool.name} ${tool.version}, Node ${environment.node}, ${environment.platform}`,
	];
}
