import {cuts, p99Sentence, readTimeouts} from '../metrics/decisions/client-settings.ts';
import {formatCount, formatDurationMs, formatNumber, formatUsdWithin} from '../text/numbers.ts';
import {cleanText} from '../text/width.ts';
import {stopWords} from '../view/status.ts';
import {throttledTotal} from '../view/variant-rows.ts';
import type {Results, VariantResults} from './results-schema.ts';
import {recommendedOf, verdictSentences} from './verdict.ts';
import {
	caveatsOf,
	codeBlock,
	escapeMarkdown,
	formatLimit,
	formatTarget,
	increaseCells,
	judgeTexts,
	leverTexts,
	lostTexts,
	markdownTable,
	searchMarkdown,
} from './words.ts';

type Flags = ReadonlyArray<readonly [name: string, value: string | number | null]>;

/**
 * The command line that repeats a run or a batch.
 *
 * @returns One shell command; it includes a task that was given without a preset, but not its content, which is not kept.
 */
export function repeatCommand(results: Results): string {
	const {plan, targets, simulated, search} = results;
	const isBatch = plan.method === 'batch';
	const [region] = new Set(targets.map((target) => target.region));
	const flags: Flags = [
		['--task', plan.preset === null ? plan.task : null],
		...targets.map(({model}) => ['-m', model] as const),
		['--region', simulated ? null : (region ?? null)],
		['--variants', variantsOf(results)],
		...(isBatch ? flagsOfBatch(results) : flagsOfRun(results)),
		...overrides(results),
		['--seed', plan.seed],
	];
	return [
		isBatch ? 'bedrock-top batch' : 'bedrock-top run',
		...(plan.preset === null ? [] : [quoted(plan.preset)]),
		...(simulated ? ['--demo'] : []),
		...(search === undefined ? [] : ['--search']),
		...flags.flatMap(([name, value]) => (value === null ? [] : [`${name} ${quoted(String(value))}`])),
	].join(' ');
}

function variantsOf({variants, search}: Results): string | null {
	const plain = search?.candidates.filter(({levers}) => levers.length === 0);
	const names = [...new Set((plain ?? variants).map(({name}) => name))];
	return names.length === 0 ? null : names.join(',');
}

function flagsOfRun({plan, targets, search}: Results): Flags {
	const [tier] = new Set(targets.map((target) => target.tier));
	return [
		['--method', plan.method],
		['--load', plan.load],
		['--requests', search?.budget ?? plan.requests],
		['--duration', plan.durationSeconds === null ? null : `${plan.durationSeconds}s`],
		['--concurrency', plan.concurrency],
		['--rate', plan.ratePerMinute],
		['--max-tokens', typedMaxTokens(plan)],
		['--goal', plan.goal],
		['--policy', plan.policy],
		// Above 1 only the preset can say it.
		['--share', plan.share > 1 ? null : plan.share],
		['--burst', plan.burst],
		['--tier', tier ?? null],
	];
}

/** Results do not keep names of the account's resources: bucket and role are placeholders. */
function flagsOfBatch({plan, simulated}: Results): Flags {
	return [
		['--max-tokens', typedMaxTokens(plan)],
		['--s3', simulated ? null : 's3://YOUR-BUCKET/YOUR-PREFIX'],
		['--role-arn', simulated ? null : 'arn:aws:iam::YOUR-ACCOUNT:role/YOUR-ROLE'],
	];
}

/** As a flag it would override the variants' own values. */
const typedMaxTokens = ({maxTokens, hasOwnMaxTokens}: Results['plan']): number | string | null =>
	hasOwnMaxTokens && maxTokens !== 'auto' ? null : maxTokens;

function overrides({targets: [first]}: Results): Flags {
	return [
		['--rpm', overridden(first?.quota.requestsPerMinute)],
		['--tpm', overridden(first?.quota.tokensPerMinute)],
		['--burndown', first?.burndown.source === 'override' ? first.burndown.value : null],
	];
}

/** A limit that the user typed. */
const overridden = (
	limit: Results['targets'][number]['quota']['tokensPerMinute'] | undefined,
): number | null => (limit?.source === 'override' ? limit.value : null);

/** A word as a POSIX shell reads it, in pieces where it could pass for a tag of HTML. */
function quoted(word: string): string {
	const clean = cleanText(word);
	return /^[\w.,:/@%+=-]+$/.test(clean)
		? clean
		: `'${clean.replaceAll("'", String.raw`'\''`).replaceAll(/<(?=[a-z!/?])/gi, "<''")}'`;
}

/**
 * `summary.md`: the findings, the targets, and how to repeat the run.
 *
 * @param results Of one run.
 * @param pictures Names of the SVG files beside it.
 */
export function summaryMarkdown(results: Results, pictures: readonly string[]): string {
	const {plan, simulated, failures, advice} = results;
	const isTap = plan.load === 'tap';
	const name = isTap ? 'tap' : (plan.preset ?? 'own task');
	const lines = [
		`# ${simulated ? 'SIMULATED: ' : ''}bedrock-top, ${escapeMarkdown(name)}`,
		...(simulated
			? ['', '**SIMULATED: these answers came from a simulator, not from Amazon Bedrock.**']
			: []),
		...(isTap
			? section('Clients', clientTable(results))
			: section('Verdict', verdictSentences({...results, goal: plan.goal}).map(escapeMarkdown))),
		...results.targets.flatMap((target, index) => [
			...section(formatTarget(target), []),
			...quotaTable(results, index),
			'',
			...variantTable(results, index),
			...turnTable(results, index),
		]),
		...section(
			'Judges',
			judgeTexts(results.judges).map((text) => `- ${escapeMarkdown(text)}`),
		),
		...section('Search', searchMarkdown(results.search)),
		...section(
			'Prompt levers',
			leverTexts(results.variants).map((text) => `- ${escapeMarkdown(text)}`),
		),
		...section(
			'Advice',
			advice.map(({text}) => `- ${escapeMarkdown(text)}`),
		),
		...(isTap ? [] : section('Read timeouts', timeoutTable(results))),
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
		...(isTap ? [] : section('Repeat it', codeBlock(repeatCommand(results)))),
		...section(
			'Charts',
			pictures.flatMap((file) => [`![${file.replace('.svg', '').replaceAll('-', ' ')}](${file})`, '']),
		),
	];
	return `${lines.join('\n').trimEnd()}\n`;
}

/** A heading with its lines; empty without lines, unless the heading is a target's, whose tables follow. */
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
		['requests per minute', requestsPerMinute],
		['tokens per minute', tokensPerMinute],
		['tokens per day', tokensPerDay],
	] as const;
	return markdownTable(
		['Quota', 'In force', 'Code', 'Adjustable'],
		rows.map(([word, limit]) => [word, formatLimit(limit), ...increaseCells(limit)]),
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
			'Quota tokens per request',
			'First token p50',
			'Total p50',
			'Cost',
			'Sustainable per minute',
			'Limited by',
		],
		results.variants
			.filter(({target}) => target === index)
			.map((variant) => [
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
				withInterval(variant.sustainable.usefulPerMinute, variant.sustainable),
				variant.sustainable.limitedBy === 'none' ? '–' : variant.sustainable.limitedBy,
			]),
	);
}

/** p99 of total beside the read timeouts that clients have by default; empty where nothing was answered. */
function timeoutTable({variants}: Results): readonly string[] {
	const sentence = p99Sentence(variants);
	return sentence === undefined
		? []
		: [
				...markdownTable(
					['By default', 'Client', 'Cuts off slow answers of', 'Source'],
					readTimeouts.map((timeout) => [
						`${timeout.seconds} s`,
						timeout.clients,
						variants
							.filter((variant) => cuts(timeout, variant))
							.map(variantName)
							.join(', ') || 'none',
						`${timeout.source} (${timeout.asOf})`,
					]),
				),
				'',
				`${escapeMarkdown(sentence)} Of a streamed answer only silence counts.`,
			];
}

/** Each session of each client of a tap. */
function clientTable({tap}: Results): readonly string[] {
	return markdownTable(
		[
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
		(tap?.clients ?? []).map(({name, session, model, requests, tokens, ...client}) => [
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
	);
}

/** Figures of each turn of a conversation; empty without a chat. */
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
	const stopped = escapeMarkdown(
		stopWords({stoppedBy, failures, ...(stopReason === undefined ? {} : {stopReason})}),
	);
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
					`- conversations of ${formatCount(plan.chat.turns)} turns, ${formatDurationMs(plan.chat.thinkSeconds * 1000)} to think between them`,
				];
	return [
		...chat,
		`- ${startedAt} to ${endedAt}, ${outcome}${stopped === '' ? '' : ` ${stopped}`}`,
		`- ${plan.method}, load ${plan.load}${ends.length === 0 ? '' : ` for ${ends.join(' or ')}`}, concurrency ${plan.concurrency}, max tokens ${plan.maxTokens ?? 'by variant'}, share ${plan.share}, seed ${plan.seed}`,
		`- ${[`${tool.name} ${tool.version}`, `Node ${environment.node}`, environment.platform].map(escapeMarkdown).join(', ')}`,
	];
}
