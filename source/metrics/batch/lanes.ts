import type {Price} from '../../engine/run-spec.ts';
import type {Quota} from '../../engine/target.ts';
import {sustainableBound} from '../sustainable.ts';

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
};

const hourMs = 3_600_000;
/** Shortest timeout of a job, which is the default. */
export const batchTimeoutMs = 24 * hourMs;
/** Up to here nobody wants to wait for a queue that promises nothing. */
const quickMs = hourMs;

const costOf = ({inputTokens, outputTokens}: Work, requests: number, price: Price | null): number | null =>
	price === null ? null : requests * (inputTokens * price.input + outputTokens * price.output);

/**
 * Which lane some work should take: on-demand inside its quota, or a batch job with a quota of its own.
 * @param leastRecords Fewest records of a batch job.
 */
export const chooseLane = (
	work: Work,
	quota: Quota,
	prices: {readonly onDemand: Price | null; readonly batch: Price | null},
	leastRecords: number,
): LaneChoice => {
	const requests = Math.ceil(work.items / work.itemsPerRequest);
	const quotaTokens = work.inputTokens + work.outputTokens * work.burndown;
	const bound = sustainableBound(quota, work.itemsPerRequest, quotaTokens);
	const durationMs =
		bound === undefined || bound.usefulPerMinute === 0 ? null : (work.items / bound.usefulPerMinute) * 60_000;
	const onDemand = {durationMs, costUsd: costOf(work, requests, prices.onDemand)};
	const batch = {durationMs: batchTimeoutMs, costUsd: costOf(work, requests, prices.batch)};
	const choice = {requests, onDemand, batch};
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
	return durationMs <= quickMs
		? {...choice, recommended: 'on-demand', reason: 'it is done within the hour'}
		: {
				...choice,
				recommended: 'batch',
				reason:
					'it would take the whole on-demand quota for more than an hour; a batch leaves it alone and costs less',
			};
};
