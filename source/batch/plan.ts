import type {FlagValues} from '../config/parse-arguments.ts';
import {resolveOutput} from '../config/resolve-output.ts';
import {readInteger} from '../config/values.ts';
import {costOf, estimatedTokens, settledTokens} from '../domain/accounting.ts';
import type {Price} from '../domain/run-spec.ts';
import type {Limit, Quota} from '../domain/target.ts';
import {costOfTypical, sustainableBound} from '../metrics/decisions/sustainable.ts';
import {composePrompt} from '../prompts/compose.ts';
import {formatLimit} from '../reports/words.ts';
import {columnsOf, type Io, writeJson, writeLines} from '../terminal/io.ts';
import {formatCount, formatDurationMs, formatPercent, formatUsd} from '../text/numbers.ts';
import {type Column, renderTable} from '../text/table.ts';
import {cleanText} from '../text/width.ts';
import {placeLine} from '../view/quotas.ts';
import type {BatchSetup} from './setup.ts';

/** `batch --plan`: compares both routes of the work of a preset, on demand or as a batch. Nothing is sent. */

/** The work of a variant. Tokens are per request. */
type Work = {
	readonly items: number;
	readonly itemsPerRequest: number;
	readonly inputTokens: number;
	/** At most. */
	readonly outputTokens: number;
	readonly burndown: number;
};

type RouteEstimate = {
	/** Milliseconds; null where unknown. */
	readonly durationMs: number | null;
	/** USD; null where a price is unknown. */
	readonly costUsd: number | null;
};

type RouteChoice = {
	readonly requests: number;
	readonly onDemand: RouteEstimate;
	/** Its duration is the shortest timeout of a job: the service promises none. */
	readonly batch: RouteEstimate;
	readonly recommended: 'on-demand' | 'batch' | null;
	readonly reason: string;
	/** Whether the time on demand is computed from assumed limits. */
	readonly isAssumed: boolean;
};

type RouteBounds = {
	/** Fewest records of a batch job. */
	readonly minRecords: number;
	/** Part of the quota that on-demand may use. */
	readonly share: number;
};

const hourMs = 3_600_000;
/** Shortest timeout of a job, which is the default. */
const batchTimeoutMs = 24 * hourMs;
/** Work that on demand takes no longer than this is not worth a queue. */
const quickMs = hourMs;

/** Tokens of one request; nothing is cached. */
const usageOf = ({inputTokens, outputTokens}: Work) => ({
	inputTokens,
	outputTokens,
	cacheReadTokens: 0,
	cacheWriteTokens: 0,
});

const costOfAll = (work: Work, requests: number, price: Price | null): number | null =>
	price === null ? null : requests * costOf(usageOf(work), price);

/** An unknown limit, in place of which a run keeps to an assumed one. */
const isAssumedLimit = ({state, source, value}: Limit): boolean =>
	state === 'unknown' && source === 'assumed' && value !== null;

/** The limits that a run would keep to: its share of those per minute, assumed ones too. The day is not shared. */
const usedQuota = (quota: Quota, share: number): Quota => {
	const used = (limit: Limit): Limit => {
		const {state, value} = limit;
		return {
			...limit,
			state: isAssumedLimit(limit) ? 'known' : state,
			value: value === null ? null : value * share,
		};
	};
	return {
		...quota,
		requestsPerMinute: used(quota.requestsPerMinute),
		tokensPerMinute: used(quota.tokensPerMinute),
	};
};

/** The quota that on-demand would use, in words. */
const takenWords = (share: number): string =>
	share < 1 ? `${formatPercent(share)} of the on-demand quota` : 'the whole on-demand quota';

/** Chooses the route of some work: on demand inside its quota, or a batch job, which has its own quota. */
export function chooseRoute(
	work: Work,
	quota: Quota,
	prices: {readonly onDemand: Price | null; readonly batch: Price | null},
	{minRecords, share}: RouteBounds,
): RouteChoice {
	const requests = Math.ceil(work.items / work.itemsPerRequest);
	const quotaTokens = settledTokens(usageOf(work), work.burndown);
	// How long an answer will take is not known: what is in flight is left out.
	const cost = costOfTypical({quotaTokens, reservedTokens: 0, serviceMs: 0});
	const bound = sustainableBound(usedQuota(quota, share), work.itemsPerRequest, {...cost, setAside: 0});
	const durationMs =
		bound === undefined || bound.usefulPerMinute === 0 ? null : (work.items / bound.usefulPerMinute) * 60_000;
	const onDemand = {durationMs, costUsd: costOfAll(work, requests, prices.onDemand)};
	const batch = {durationMs: batchTimeoutMs, costUsd: costOfAll(work, requests, prices.batch)};
	const isAssumed =
		durationMs !== null && [quota.requestsPerMinute, quota.tokensPerMinute].some(isAssumedLimit);
	const choice = {requests, onDemand, batch, isAssumed};
	if (requests < minRecords) {
		return {
			...choice,
			recommended: 'on-demand',
			reason: `a batch job needs at least ${minRecords} records and this has ${requests}`,
		};
	}
	if (durationMs === null) {
		return bound === undefined
			? {...choice, recommended: null, reason: 'the on-demand quota is not known'}
			: {...choice, recommended: 'batch', reason: 'the on-demand quota is 0'};
	}
	const assumed = isAssumed ? ', by an assumed quota' : '';
	return durationMs <= quickMs
		? {...choice, recommended: 'on-demand', reason: `it is done within the hour${assumed}`}
		: {
				...choice,
				recommended: 'batch',
				reason: `it would take ${takenWords(share)} for more than an hour${assumed}; a batch leaves it alone and costs less`,
			};
}

/** `batch --plan`: which lane the work of a preset should take, variant by variant. Nothing is sent. */

/** Items that the length of a request is estimated from. */
const sampleItems = 200;

const choicesOf = ({config, batch, target, limits, onDemandPrice, price}: BatchSetup, items: number) =>
	config.variants.map((variant) => {
		const {task} = batch;
		const size = variant.itemsPerRequest;
		const starts = Array.from(
			{length: Math.max(1, Math.ceil(Math.min(sampleItems, task.items.length) / size))},
			(_unused, index) => index * size,
		);
		const characters = starts.reduce((sum, start) => {
			const {system, user} = composePrompt(variant, config.task, task.items.slice(start, start + size));
			return sum + (system ?? '').length + user.length;
		}, 0);
		const work = {
			items,
			itemsPerRequest: size,
			inputTokens: estimatedTokens(characters / starts.length),
			outputTokens: variant.maxTokens ?? config.maxTokens,
			burndown: target.burndown.value,
		};
		const prices = {onDemand: onDemandPrice, batch: price};
		const bounds = {minRecords: limits.minRecords, share: config.share};
		return {name: variant.name, ...chooseRoute(work, target.quota, prices, bounds)};
	});

type Choice = ReturnType<typeof choicesOf>[number];

const right = (
	key: string,
	header: string,
	priority: number,
	format: Column<Choice>['format'],
): Column<Choice> => ({
	key,
	header,
	align: 'right',
	priority,
	format,
});

const columns: ReadonlyArray<Column<Choice>> = [
	{key: 'variant', header: 'Variant', align: 'left', priority: 9, format: ({name}) => cleanText(name)},
	right('requests', 'Requests', 3, ({requests}) => formatCount(requests)),
	right(
		'on-demand',
		'On demand',
		8,
		({onDemand, isAssumed}) => `${formatDurationMs(onDemand.durationMs)}${isAssumed ? ' (assumed)' : ''}`,
	),
	right('cost', 'Cost', 7, ({onDemand}) => formatUsd(onDemand.costUsd)),
	right('batch', 'Batch', 6, ({batch}) => `up to ${formatDurationMs(batch.durationMs)}`),
	right('batch-cost', 'Cost (assumed)', 5, ({batch}) => formatUsd(batch.costUsd)),
	{
		key: 'take',
		header: 'Take',
		align: 'left',
		priority: 9,
		format: ({recommended}) => recommended ?? 'unknown',
	},
];

/** The endpoint that the quotas are from, if it is not AWS. The address of the embedded simulator is not shown. */
const placeOf = ({account, config}: BatchSetup) => {
	const isEmbedded = config.connection.simulatorUrl !== undefined;
	return {
		simulated: isEmbedded || (account.options.source.isSimulated?.() ?? false),
		endpoint: isEmbedded ? null : account.clients.endpoint,
	};
};

/** The assumptions of the plan. */
const basisLine = ({target, config: {share}}: BatchSetup, items: number): string => {
	const parts = [
		`${formatCount(items)} items for ${cleanText(target.model)}`,
		'input estimated',
		'output at most max tokens',
		...(share === 1 ? [] : [`${formatPercent(share)} of the on-demand quota`]),
	];
	return parts.join(', ');
};

/** Says which limits the plan assumes, where the quota is unknown. */
const assumedLines = ({target: {quota}}: BatchSetup, choices: readonly Choice[]): readonly string[] =>
	choices.some(({isAssumed}) => isAssumed)
		? [
				`(assumed) The quota is not fully known: ${formatLimit(quota.requestsPerMinute)} requests and ${formatLimit(quota.tokensPerMinute)} tokens per minute; --rpm and --tpm set it.`,
			]
		: [];

/** Prints the plan. @returns Exit code 0. */
export async function planRoutes(setup: BatchSetup, flags: FlagValues, io: Io): Promise<number> {
	const text = flags.text('items');
	const items =
		text === undefined
			? Math.max(1, setup.batch.task.items.length)
			: readInteger('items', text, {min: 1, max: 1_000_000_000});
	const choices = choicesOf(setup, items);
	const place = placeOf(setup);
	if (resolveOutput(flags, io.environment).json !== undefined) {
		await writeJson(io.stdout, {
			model: setup.target.model,
			...place,
			items,
			share: setup.config.share,
			variants: choices.map(({isAssumed, ...choice}) => ({...choice, assumed: isAssumed})),
		});
		return 0;
	}
	const {region} = setup.account.options;
	await writeLines(io.stdout, [
		...(place.simulated || place.endpoint !== null
			? [placeLine(region, place.endpoint, place.simulated)]
			: []),
		basisLine(setup, items),
		'',
		...renderTable(columns, choices, columnsOf(io.stdout)),
		'',
		...choices.map(
			({name, recommended, reason}) => `${name}: ${recommended ?? 'unknown'}, because ${reason}.`,
		),
		...assumedLines(setup, choices),
	]);
	return 0;
}
