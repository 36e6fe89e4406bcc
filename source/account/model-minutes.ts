import type {TimeWindow, UsageMetric} from '../domain/usage-source.ts';
import {minuteMs} from './minute-ring.ts';
import type {UsageHistory} from './usage-history.ts';

/** Quota tokens of ModelIds, minute by minute. */

/** Settled quota tokens by AWS's formula: input + cache write + output x burndown. Cache reads are free. */
export const settledTokens = (
	tokens: {
		readonly inputTokens: number;
		readonly cacheWriteTokens: number;
		readonly outputTokens: number;
	},
	burndown: number,
): number => tokens.inputTokens + tokens.cacheWriteTokens + tokens.outputTokens * burndown;

/** Sums of a window over several ModelIds. */
export const sumOf = (
	history: UsageHistory,
	modelIds: readonly string[],
	metric: UsageMetric,
	window: TimeWindow,
): number => modelIds.reduce((sum, modelId) => sum + history.sum(modelId, metric, window), 0);

/** The window of one minute. */
export const minuteWindow = (minute: number): TimeWindow => ({fromMs: minute, toMs: minute + minuteMs});

/** Metrics that every answer of text has. */
const tokenMetrics = ['inputTokens', 'outputTokens'] as const;

/**
 * Whether a minute of a ModelId has requests whose tokens CloudWatch does not have yet: they come later than the requests.
 * @param hour What the model's minutes are like: of embeddings no output is ever counted, of pictures no tokens at all.
 * @param isTokenLimited A quota counts its tokens, so there must be some.
 */
export const lacksTokens = (
	history: UsageHistory,
	modelId: string,
	minute: number,
	{hour, isTokenLimited}: {readonly hour: TimeWindow; readonly isTokenLimited: boolean},
): boolean => {
	const value = (metric: UsageMetric): number => history.value(modelId, metric, minute);
	if (value('requests') === 0 || value('estimatedQuotaTokens') > 0) {
		return false;
	}
	const missing = tokenMetrics.filter((metric) => value(metric) === 0);
	const isCounted = missing.some((metric) => history.sum(modelId, metric, hour) > 0);
	return isCounted || (isTokenLimited && missing.length === tokenMetrics.length);
};

/** Quota tokens of one minute of a ModelId by the formula. */
export const computedTokens = (
	history: UsageHistory,
	modelId: string,
	minute: number,
	burndown: number,
): number =>
	settledTokens(
		{
			inputTokens: history.value(modelId, 'inputTokens', minute),
			cacheWriteTokens: history.value(modelId, 'cacheWriteTokens', minute),
			outputTokens: history.value(modelId, 'outputTokens', minute),
		},
		burndown,
	);

/** Quota tokens of one minute of a ModelId: as the service estimates them where it does, else by the formula. */
export const quotaTokensAt = (
	history: UsageHistory,
	modelId: string,
	minute: number,
	burndown: number,
): number => {
	const estimated = history.value(modelId, 'estimatedQuotaTokens', minute);
	return estimated > 0 ? estimated : computedTokens(history, modelId, minute, burndown);
};
