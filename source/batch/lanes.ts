import type {Price} from '../domain/run-spec.ts';
import type {Limit, Quota} from '../domain/target.ts';
import {costOfTypical} from '../metrics/decisions/reservation-pressure.ts';
import {sustainableBound} from '../metrics/decisions/sustainable.ts';

/** Work that could go either way. Tokens are those of one request. */
export type Work = {
	readonly items: number;
	readonly itemsPerRequest: number;
	readonly inputTokens: number;
	/** At most. */
	readonly outputTokens: number;
	readonly burndown: number;
};

export type Lane = {
	/** Milliseconds; null where it cannot be told. */
	readonly durationMs: number | null;
	/** USD; null where a price is not known. */
	readonly costUsd: number | null;
};

export type LaneChoice = {
	readonly requests: number;
	readonly onDemand: Lane;
	/** Its duration is the longest that the service takes before it gives up: it promises none. */
	readonly batch: Lane;
	readonly recommended: 'on-demand' | 'batch' | null;
	readonly reason: string;
	/** Whether the time on demand rests on limits that nobody told, as a run would then keep to. */
	readonly isAssumed: boolean;
};

/** What is known of the batch and of the run that would take its place. */
export type LaneBounds = {
	/** Fewest records of a batch job. */
	readonly leastRecords: number;
	/** Part of the quota that on-demand may use. */
	readonly share: number;
};

const hourMs = 3_600_000;
/** Shortest timeout of a job, which is the default. */
export const batchTimeoutMs = 24 * hourMs;
/** Up to here nobody wants to wait for a queue that promises nothing. */
const quickMs = hourMs;

const costOf = ({inputTokens, outputTokens}: Work, requests: number, price: Price | null): number | null =>
	price === null ? null : requests * (inputTokens * price.input + outputTokens * price.output);

/** A limit that nobody told: a run keeps to what is assumed in its place. */
const isAssumedLimit = ({state, source, value}: Limit): boolean =>
	state === 'unknown' && source === 'assumed' && value !== null;

/** What a run would keep to: its share of the limits a minute, assumed ones too. The day is not shared. */
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

/** How much of the quota on-demand would take, in words. */
const takenWords = (share: number): string =>
	share < 1 ? `${Math.round(share * 100)} % of the on-demand quota` : 'the whole on-demand quota';

/** Which lane some work should take: on-demand inside its quota, or a batch job with a quota of its own. */
export const chooseLane = (
	work: Work,
	quota: Quota,
	prices: {readonly onDemand: Price | null; readonly batch: Price | null},
	{leastRecords, share}: LaneBounds,
): LaneChoice => {
	const requests = Math.ceil(work.items / work.itemsPerRequest);
	const quotaTokens = work.inputTokens + work.outputTokens * work.burndown;
	// How long an answer will take is not known: what is in flight is left out.
	const cost = costOfTypical({quotaTokens, reservedTokens: 0, serviceMs: 0});
	const bound = sustainableBound(usedQuota(quota, share), work.itemsPerRequest, {...cost, setAside: 0});
	const durationMs =
		bound === undefined || bound.usefulPerMinute === 0 ? null : (work.items / bound.usefulPerMinute) * 60_000;
	const onDemand = {durationMs, costUsd: costOf(work, requests, prices.onDemand)};
	const batch = {durationMs: batchTimeoutMs, costUsd: costOf(work, requests, prices.batch)};
	const isAssumed =
		durationMs !== null && [quota.requestsPerMinute, quota.tokensPerMinute].some(isAssumedLimit);
	const choice = {requests, onDemand, batch, isAssumed};
	if (requests < leastRecords) {
		return {
			...choice,
			recommended: 'on-demand',
			reason: `a batch job needs at least ${leastRecords} records and this has ${requests}`,
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
};
