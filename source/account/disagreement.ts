import type {Disagreement} from '../domain/account-snapshot.ts';
import type {TimeWindow} from '../domain/usage-source.ts';
import {type CalibrationMinute, calibrateBurndown} from './burndown-calibration.ts';
import {minuteMs} from './minute-ring.ts';
import {settledTokens} from './model-minutes.ts';
import type {UsageHistory} from './usage-history.ts';

/** From here on the two are said to disagree: below it rounding and requests that straddle a minute decide. */
const tolerance = 0.05;

/**
 * Holds the service's own estimate of quota tokens against the formula, over the ModelIds that have one.
 * @returns null where they agree, or where there is no estimate.
 */
export const disagreementOf = (
	history: UsageHistory,
	modelIds: readonly string[],
	burndown: number,
	window: TimeWindow,
): Disagreement | null => {
	const minutes: CalibrationMinute[] = [];
	for (const modelId of modelIds) {
		for (let minute = window.fromMs; minute < window.toMs; minute += minuteMs) {
			const quotaTokens = history.value(modelId, 'estimatedQuotaTokens', minute);
			if (quotaTokens > 0) {
				minutes.push({
					quotaTokens,
					inputTokens: history.value(modelId, 'inputTokens', minute),
					cacheWriteTokens: history.value(modelId, 'cacheWriteTokens', minute),
					outputTokens: history.value(modelId, 'outputTokens', minute),
				});
			}
		}
	}
	const estimated = minutes.reduce((sum, minute) => sum + minute.quotaTokens, 0);
	const computed = minutes.reduce((sum, minute) => sum + settledTokens(minute, burndown), 0);
	return Math.abs(estimated - computed) > tolerance * Math.max(estimated, computed)
		? {estimated, computed, burndown: calibrateBurndown(minutes)?.value ?? null}
		: null;
};
