import type {CountsFrom, Use} from '../../domain/bucket-usage.ts';
import type {VariantFigures} from '../../domain/figures-schema.ts';
import type {CellSpec, LoadShape} from '../../domain/run-config.ts';
import type {Target} from '../../domain/target.ts';
import {adviseMaxTokens} from '../decisions/client-settings.ts';
import type {Checked} from '../decisions/elimination.ts';
import {leftBy, sustainableRate} from '../decisions/sustainable.ts';
import {wilsonInterval} from '../statistics/intervals.ts';
import {VectorMoments} from '../statistics/streams.ts';
import {spentUsd} from './blocks.ts';
import {activeMs, type Figures} from './figures.ts';
import {cachingFigures, emptyTotals, turnFigures, type VariantTotals} from './variant-totals.ts';

const noRate: VariantFigures['rate'] = {
	requestsPerMinute: null,
	tokensPerMinute: null,
	outputTokensPerSecond: null,
	usefulPerMinute: null,
	goodputPerMinute: null,
};

/** The fixed properties of a cell. */
type CellView = {
	readonly name: string;
	readonly cell: CellSpec;
	readonly target: Target;
	readonly shape: LoadShape;
	readonly hasServiceLevel: boolean;
	/** Maximum of items per request; absent: one. */
	readonly itemsPerRequest?: number;
	/** Its variant has `cache: true`. */
	readonly isCaching?: boolean;
	/** Requests in flight where the load limits them, whatever the quota allows; null where it does not. */
	readonly inFlightBound?: number | null;
	/**
	 * Until when it was sent, waiting for the quota included, in milliseconds since the start; absent where it was given up.
	 * Without the wait, a window's quota that was sent in seconds would look like a rate.
	 */
	readonly sentUntil?: number;
	/** What others use of its bucket per window; absent where that is not known. */
	readonly others?: Use;
	/** Where its bucket counts tokens from; absent where nothing is sent to one. */
	readonly countsFrom?: CountsFrom;
	/** Value now; differs from the configured one while it is right-sized. */
	readonly maxTokens: number;
};

const rateOf = (figures: Figures, index: number, view: CellView): VariantFigures['rate'] => {
	const totals = figures.variants[index];
	if (totals === undefined) {
		return noRate;
	}
	const {firstSentAt, lastActiveAt} = totals;
	if (view.shape === 'measure' || firstSentAt === undefined) {
		return noRate;
	}
	const until = Math.max(lastActiveAt, view.sentUntil ?? 0);
	const perMinute = figures.windows[index]?.perMinute(activeMs(figures, firstSentAt, until), totals);
	return perMinute === undefined
		? noRate
		: {
				requestsPerMinute: perMinute.requests,
				tokensPerMinute: perMinute.quotaTokens,
				outputTokensPerSecond: perMinute.outputTokens / 60,
				usefulPerMinute: perMinute.useful,
				goodputPerMinute: view.hasServiceLevel ? perMinute.good : null,
			};
};

/** Over items: repeated ones count once. */
const qualityOf = (
	{items}: VariantTotals,
	checked: Checked = {count: 0, passed: 0},
): VariantFigures['quality'] => {
	const interval = wilsonInterval(checked.passed, checked.count);
	return {
		checked: items.checked,
		passed: items.passed,
		score: checked.count === 0 ? null : checked.passed / checked.count,
		low: interval?.low ?? null,
		high: interval?.high ?? null,
	};
};

/** Quota tokens of the longest possible answer, where that is above twice the longest so far. */
const unseenTokens = ({outputs}: VariantTotals, {maxTokens, target}: CellView): number | undefined =>
	outputs.count > 0 && maxTokens > 2 * outputs.max ? maxTokens * target.burndown.value : undefined;

/** The rates that the whole quota allows, and what others leave of it. */
const sustainableOf = (figures: Figures, index: number, view: CellView): VariantFigures['sustainable'] => {
	const totals = figures.variants[index] ?? emptyTotals();
	const warm = totals.caching.warmRequests;
	// Filling a cache is paid once: the lasting rate is that of the warm answers.
	const requests =
		view.isCaching === true && warm.count > 0 ? warm : (figures.requests[index] ?? new VectorMoments(0));
	const bounds = {
		itemsPerRequest: view.itemsPerRequest,
		inFlight: view.inFlightBound,
		unseenTokens: unseenTokens(totals, view),
	};
	const whole = {
		...sustainableRate(requests, view.target.quota, bounds),
		...(view.countsFrom === undefined ? {} : {countsFrom: view.countsFrom}),
	};
	const {requests: othersRequests = 0, tokens: othersTokens = 0} = view.others ?? {};
	if (view.others === undefined || othersRequests + othersTokens <= 0) {
		return whole;
	}
	const {quota, othersShare} = leftBy(view.others, view.target.quota);
	const {usefulPerMinute, limitedBy} = sustainableRate(requests, quota, bounds);
	return {...whole, afterOthers: {usefulPerMinute, othersShare, limitedBy}};
};

/** The figures of a cell, as a Snapshot has them. */
export function toVariantFigures(figures: Figures, index: number, view: CellView): VariantFigures {
	const totals = figures.variants[index];
	if (totals === undefined) {
		throw new RangeError(`no cell ${index}`);
	}
	const {tokens, perRequest, latencyMs} = totals;
	const turns = turnFigures(totals.turns);
	const compression = totals.prompt?.compression;
	return {
		name: view.name,
		target: view.cell.target,
		lane: view.cell.lane,
		requests: {
			...totals.requests,
			throttled: {...totals.throttled},
			failed: Object.fromEntries(totals.failed),
		},
		items: {
			sent: totals.items.sent,
			useful: totals.items.useful,
			checkFailed: totals.items.checkFailed,
			unparsed: totals.items.unparsed,
			...(totals.items.empty === 0 ? {} : {empty: totals.items.empty}),
		},
		tokens: {
			input: tokens.input,
			output: tokens.output,
			cacheRead: tokens.cacheRead,
			cacheWrite: tokens.cacheWrite,
			reasoning: tokens.reasoning ?? null,
			quota: tokens.quota,
			reserved: tokens.reserved,
			overruns: tokens.overruns,
			estimated: tokens.isEstimated,
		},
		...(totals.broken.attempts === 0
			? {}
			: {
					attemptsBroken: {
						count: totals.broken.attempts,
						quotaTokens: totals.broken.quotaTokens,
						estimated: true,
					},
				}),
		...spentUsd(totals.spent),
		perRequest: {
			inputTokens: perRequest.inputTokens.toMean(),
			outputTokens: perRequest.outputTokens.toMean(),
			totalTokens: perRequest.totalTokens.toMean(),
			quotaTokens: perRequest.quotaTokens.toMean(),
			reservedTokens: perRequest.reservedTokens.toMean(),
			costUsd: perRequest.costUsd.toMean(),
		},
		latencyMs: {
			timeToFirstToken: latencyMs.timeToFirstToken.toDistribution(),
			...(latencyMs.timeToFirstAnswerToken.count === 0
				? {}
				: {timeToFirstAnswerToken: latencyMs.timeToFirstAnswerToken.toDistribution()}),
			total: latencyMs.total.toDistribution(),
			perOutputToken: latencyMs.perOutputToken.toDistribution(),
			dispatchDelay: latencyMs.dispatchDelay.toDistribution(),
			service: latencyMs.service.toDistribution(),
		},
		rate: rateOf(figures, index, view),
		sustainable: sustainableOf(figures, index, view),
		quality: qualityOf(totals, figures.quality[index]),
		stopReasons: Object.fromEntries(totals.stopReasons),
		maxTokensAdvice: adviseMaxTokens(
			totals.outputs,
			totals.requests.truncated,
			view.maxTokens,
			view.target.quota,
			{
				useful: totals.requests.succeeded === 0 ? 0 : totals.items.useful / totals.requests.succeeded,
				quotaTokens: perRequest.quotaTokens.mean,
				// While it is being right-sized the mean is of what was sent earlier, which says nothing of the next one.
				reservedTokens:
					view.maxTokens === view.cell.maxTokens
						? perRequest.reservedTokens.mean
						: perRequest.inputTokens.mean + view.maxTokens,
				reservedByService: perRequest.inputTokens.mean + view.maxTokens,
				serviceMs: latencyMs.service.toDistribution().mean ?? 0,
				timeToFirstTokenMs: latencyMs.timeToFirstToken.toDistribution().mean ?? undefined,
				countsFrom: view.countsFrom,
			},
		),
		prompt: {system: totals.prompt?.system ?? null, user: totals.prompt?.user ?? null},
		sample: totals.sample ?? null,
		...(totals.example === undefined ? {} : {example: totals.example}),
		...(totals.failures.size === 0 ? {} : {itemsFailed: Object.fromEntries(totals.failures)}),
		...(totals.tiers.size === 0 ? {} : {tiers: Object.fromEntries(totals.tiers)}),
		...(totals.latencyModes.size === 0 ? {} : {latencyModes: Object.fromEntries(totals.latencyModes)}),
		...(turns === undefined ? {} : {turns}),
		...(view.isCaching === true ? {caching: cachingFigures(totals.caching)} : {}),
		...(compression === undefined ? {} : {compression}),
	};
}
