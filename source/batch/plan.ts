import type {FlagValues} from '../config/parse-arguments.ts';
import {resolveLedger} from '../config/resolve-ledger.ts';
import {resolveOutput} from '../config/resolve-output.ts';
import {readInteger} from '../config/values.ts';
import {costOf, estimatedTokens, settledTokens} from '../domain/accounting.ts';
import {leftBeside, type Use} from '../domain/bucket-usage.ts';
import type {FleetLedger, Price} from '../domain/run-config.ts';
import type {Limit, Quota} from '../domain/target.ts';
import {costOfTypical, sustainableBound} from '../metrics/decisions/sustainable.ts';
import {composePrompt} from '../prompts/compose.ts';
import {formatLimit} from '../reports/words.ts';
import {columnsOf, type Io, writeJson, writeLines} from '../terminal/io.ts';
import {formatCount, formatDurationMs, formatPercent, formatTokens, formatUsd} from '../text/numbers.ts';
import {type Column, renderTable} from '../text/table.ts';
import {cleanText} from '../text/width.ts';
import {ledgerFaultOf} from '../threads/ledger-connection.ts';
import {openFleetStore} from '../threads/sharing.ts';
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
	/** What a fleet uses of it. */
	readonly fleet?: Use | undefined;
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

/**
 * The limits that a run would keep to: its share of those per minute beside a fleet, assumed ones too. The day is not
 * shared.
 */
const usedQuota = (
	quota: Quota,
	{share, fleet = {requests: 0, tokens: 0}}: Pick<RouteBounds, 'share' | 'fleet'>,
): Quota => {
	const used = (limit: Limit, others: number): Limit => {
		const {state, value} = limit;
		return {
			...limit,
			state: isAssumedLimit(limit) ? 'known' : state,
			value: value === null ? null : Math.max(0, leftBeside(value, share, others)),
		};
	};
	return {
		...quota,
		requestsPerMinute: used(quota.requestsPerMinute, fleet.requests),
		tokensPerMinute: used(quota.tokensPerMinute, fleet.tokens),
	};
};

/** The quota that on-demand would use, in words. */
const takenWords = ({share, fleet}: Pick<RouteBounds, 'share' | 'fleet'>): string => {
	const part = share < 1 ? `${formatPercent(share)} of the on-demand quota` : 'the whole on-demand quota';
	return fleet === undefined ? part : `what the fleet leaves of ${part}`;
};

/** Chooses the route of some work: on demand inside its quota, or a batch job, which has its own quota. */
export function chooseRoute(
	work: Work,
	quota: Quota,
	prices: {readonly onDemand: Price | null; readonly batch: Price | null},
	bounds: RouteBounds,
): RouteChoice {
	const requests = Math.ceil(work.items / work.itemsPerRequest);
	const quotaTokens = settledTokens(usageOf(work), work.burndown);
	// How long an answer will take is not known: what is in flight is left out.
	const cost = costOfTypical({quotaTokens, reservedTokens: 0, serviceMs: 0});
	const {minRecords} = bounds;
	const bound = sustainableBound(usedQuota(quota, bounds), work.itemsPerRequest, {...cost, setAside: 0});
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
			: {
					...choice,
					recommended: 'batch',
					reason:
						bounds.fleet === undefined
							? 'the on-demand quota is 0'
							: 'the fleet leaves nothing of the on-demand quota',
				};
	}
	const assumed = isAssumed ? ', by an assumed quota' : '';
	return durationMs <= quickMs
		? {...choice, recommended: 'on-demand', reason: `it is done within the hour${assumed}`}
		: {
				...choice,
				recommended: 'batch',
				reason: `it would take ${takenWords(bounds)} for more than an hour${assumed}; a batch leaves it alone and costs less`,
			};
}

/** `batch --plan`: which lane the work of a preset should take, variant by variant. Nothing is sent. */

/** Items that the length of a request is estimated from. */
const sampleItems = 200;

const choicesOf = (
	{config, batch, target, limits, onDemandPrice, price}: BatchSetup,
	items: number,
	fleet: Use | undefined,
) =>
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
		const bounds = {minRecords: limits.minRecords, share: config.share, fleet};
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

/** What a fleet uses of the bucket, and how many members. */
type Beside = {readonly members: number; readonly use: Use};

/** Null where nobody uses it, or where the ledger can't be read. */
const fleetJson = (beside: Beside | undefined) =>
	beside === undefined
		? null
		: {
				members: beside.members,
				requestsPerMinute: beside.use.requests,
				quotaTokensPerMinute: beside.use.tokens,
			};

/** What the fleet uses now. @returns In place of it a sentence, where its ledger can't be read. */
const fleetBeside = async (
	{account, target}: BatchSetup,
	ledger: FleetLedger,
): Promise<{readonly beside: Beside | undefined; readonly line: string}> => {
	const fleet = await openFleetStore(ledger, account.clients, target);
	try {
		const state = fleet.fault === undefined ? (await fleet.lookAt(target)).state : undefined;
		const members = state === undefined ? 0 : state.members + state.vanished;
		if (state !== undefined && members > 0) {
			const {use} = state;
			const who = `${formatCount(members)} ${members === 1 ? 'member uses' : 'members use'}`;
			return {
				beside: {members, use},
				line: `fleet: ${who} ${formatCount(use.requests)} RPM and ${formatTokens(use.tokens)} TPM now; on demand takes what that leaves`,
			};
		}
		return {
			beside: undefined,
			line:
				fleet.fault === undefined
					? 'fleet: nobody uses this quota by the ledger now'
					: `fleet: left out, for the ledger ${ledger.name} can't be used: ${fleet.fault.reason}. ${fleet.fault.hint}`,
		};
	} catch (error) {
		const {reason, hint} = ledgerFaultOf(error);
		return {
			beside: undefined,
			line: `fleet: left out, for the ledger ${ledger.name} can't be used: ${reason}. ${hint}`,
		};
	} finally {
		fleet.close();
	}
};

/** Prints the plan. @returns Exit code 0. */
export async function planRoutes(setup: BatchSetup, flags: FlagValues, io: Io): Promise<number> {
	const text = flags.text('items');
	const items =
		text === undefined
			? Math.max(1, setup.batch.task.items.length)
			: readInteger('items', text, {min: 1, max: 1_000_000_000});
	const ledger = resolveLedger(flags, io.environment);
	const fleet = ledger && (await fleetBeside(setup, ledger));
	const choices = choicesOf(setup, items, fleet?.beside?.use);
	const place = placeOf(setup);
	if (resolveOutput(flags, io.environment).json !== undefined) {
		await writeJson(io.stdout, {
			model: setup.target.model,
			...place,
			items,
			share: setup.config.share,
			...(fleet === undefined ? {} : {fleet: fleetJson(fleet.beside)}),
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
		...(fleet === undefined ? [] : [fleet.line]),
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
