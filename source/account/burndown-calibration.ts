import type {Disagreement} from '../domain/account-snapshot.ts';
import {settledTokens} from '../domain/accounting.ts';
import type {TimeWindow} from '../domain/usage-source.ts';
import {minuteMs, tokensAt, type UsageHistory} from './usage-history.ts';

/** Measures a burndown from CloudWatch's figures of minutes in which a bucket was used. */

/** Sums of one minute of one bucket, from the namespace AWS/Bedrock. */
type CalibrationMinute = {
	/** EstimatedTPMQuotaUsage: quota tokens as the service settled them. */
	readonly quotaTokens: number;
	/** InputTokenCount. */
	readonly inputTokens: number;
	/** CacheWriteInputTokenCount. */
	readonly cacheWriteTokens: number;
	/** OutputTokenCount. */
	readonly outputTokens: number;
};

type Calibration = {
	/** Output multiplier over all minutes. */
	readonly value: number;
	/** Minutes that it rests on. */
	readonly minutes: number;
	readonly outputTokens: number;
};

/** Below this many output tokens, rounding and requests that straddle a minute decide the result. */
const minOutputTokens = 1000;

/**
 * burndown = (quota tokens - input - cache write) / output, over all given minutes (the settlement formula of the AWS user
 * guide, solved for the multiplier). Minutes with impossible numbers are left out.
 * @returns undefined when there is too little output, or the sums contradict the formula.
 */
export function calibrateBurndown(minutes: readonly CalibrationMinute[]): Calibration | undefined {
	const usable = minutes.filter(
		(minute) =>
			Object.values(minute).every((value) => Number.isFinite(value) && value >= 0) && minute.outputTokens > 0,
	);
	const outputTokens = usable.reduce((sum, minute) => sum + minute.outputTokens, 0);
	const outputQuotaTokens = usable.reduce(
		(sum, minute) => sum + minute.quotaTokens - minute.inputTokens - minute.cacheWriteTokens,
		0,
	);
	if (outputTokens < minOutputTokens || outputQuotaTokens <= 0) {
		return undefined;
	}
	return {
		value: Math.round((outputQuotaTokens / outputTokens) * 100) / 100,
		minutes: usable.length,
		outputTokens,
	};
}

/** Smallest relative difference that is reported: below it rounding and requests that straddle a minute decide. */
const tolerance = 0.05;

/**
 * Compares the service's own estimate of quota tokens with the formula, over the ModelIds that have one.
 * @returns null where they agree, or without an estimate.
 */
export function disagreementOf(
	history: UsageHistory,
	modelIds: readonly string[],
	burndown: number,
	window: TimeWindow,
): Disagreement | null {
	const minutes: CalibrationMinute[] = [];
	for (const modelId of modelIds) {
		for (let minute = window.fromMs; minute < window.toMs; minute += minuteMs) {
			const quotaTokens = history.value(modelId, 'estimatedQuotaTokens', minute);
			if (quotaTokens > 0) {
				minutes.push({quotaTokens, ...tokensAt(history, modelId, minute)});
			}
		}
	}
	const estimated = minutes.reduce((sum, minute) => sum + minute.quotaTokens, 0);
	const computed = minutes.reduce((sum, minute) => sum + settledTokens(minute, burndown), 0);
	return Math.abs(estimated - computed) > tolerance * Math.max(estimated, computed)
		? {estimated, computed, burndown: calibrateBurndown(minutes)?.value ?? null}
		: null;
}
