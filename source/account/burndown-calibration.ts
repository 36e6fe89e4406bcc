/** Measures a burndown from what CloudWatch says about minutes in which a bucket was used. */

/** Sums of one minute of one bucket, from the namespace AWS/Bedrock. */
export type CalibrationMinute = {
	/** EstimatedTPMQuotaUsage: quota tokens as the service settled them. */
	readonly quotaTokens: number;
	/** InputTokenCount. */
	readonly inputTokens: number;
	/** CacheWriteInputTokenCount. */
	readonly cacheWriteTokens: number;
	/** OutputTokenCount. */
	readonly outputTokens: number;
};

export type Calibration = {
	/** Output multiplier over all minutes. */
	readonly value: number;
	/** Minutes that it rests on. */
	readonly minutes: number;
	readonly outputTokens: number;
};

/** Below this many output tokens, rounding and requests that straddle a minute decide the result. */
const leastOutputTokens = 1000;

/**
 * burndown = (quota tokens - input - cache write) / output, over all given minutes (the settlement formula of the AWS user
 * guide, solved for the multiplier). Minutes with numbers that cannot be are left out.
 * @returns undefined when there is too little output to tell, or the sums contradict the formula.
 */
export const calibrateBurndown = (minutes: readonly CalibrationMinute[]): Calibration | undefined => {
	const usable = minutes.filter(
		(minute) =>
			Object.values(minute).every((value) => Number.isFinite(value) && value >= 0) && minute.outputTokens > 0,
	);
	const outputTokens = usable.reduce((sum, minute) => sum + minute.outputTokens, 0);
	const outputQuotaTokens = usable.reduce(
		(sum, minute) => sum + minute.quotaTokens - minute.inputTokens - minute.cacheWriteTokens,
		0,
	);
	if (outputTokens < leastOutputTokens || outputQuotaTokens <= 0) {
		return undefined;
	}
	return {
		value: Math.round((outputQuotaTokens / outputTokens) * 100) / 100,
		minutes: usable.length,
		outputTokens,
	};
};
