import type {Answer, Usage} from './backend.ts';
import type {ItemCounts, RequestTimes, TokenCounts} from './run-event.ts';
import type {Price, ServiceLevel} from './run-spec.ts';
import type {ItemVerdict} from './variant.ts';

/** About four characters a token: only where the service reports no counts, and marked as estimated. */
const charactersPerToken = 4;

/** The token counts of an answer; where the service reported none, an estimate that says so. */
export const usageOf = (answer: Answer, expectedInputTokens: number): Usage =>
	answer.usage ?? {
		inputTokens: expectedInputTokens,
		outputTokens: Math.ceil((answer.text.length + (answer.reasoning?.length ?? 0)) / charactersPerToken),
		cacheReadTokens: 0,
		cacheWriteTokens: 0,
		reasoningTokens: undefined,
		isEstimated: true,
	};

/** Settled quota tokens: input + cache write + output x burndown (AWS: quotas-token-burndown). */
export const settledTokens = (usage: Usage, burndown: number): number =>
	usage.inputTokens + usage.cacheWriteTokens + usage.outputTokens * burndown;

/** List price of an answer in USD. */
export const costOf = (usage: Usage, price: Price): number =>
	usage.inputTokens * price.input +
	usage.outputTokens * price.output +
	usage.cacheReadTokens * price.cacheRead +
	usage.cacheWriteTokens * price.cacheWrite;

export const tokenCounts = (usage: Usage): TokenCounts => ({
	input: usage.inputTokens,
	output: usage.outputTokens,
	cacheRead: usage.cacheReadTokens,
	cacheWrite: usage.cacheWriteTokens,
	reasoning: usage.reasoningTokens,
	isEstimated: usage.isEstimated,
});

/** What became of the items of an answer. Truncated and refused answers have no useful item, whatever their text. */
export const countItems = (
	verdicts: readonly ItemVerdict[],
	{isTruncated, isRefused}: Pick<Answer, 'isTruncated' | 'isRefused'>,
): ItemCounts => {
	const isWhole = !(isTruncated || isRefused);
	const count = (has: (verdict: ItemVerdict) => boolean): number => verdicts.filter(has).length;
	return {
		useful: isWhole ? count(({kind}) => kind === 'useful') : 0,
		checkFailed: isWhole ? count(({kind}) => kind === 'check-failed') : 0,
		unparsed: isWhole ? count(({kind}) => kind === 'unparsed') : 0,
		checked: count(({checked}) => checked),
		passed: isWhole ? count(({kind, checked}) => checked && kind === 'useful') : 0,
	};
};

/** Whether an answer met every bound; undefined without a service level. A bound that was not measured is not met. */
export const meetsServiceLevel = (level: ServiceLevel | null, times: RequestTimes): boolean | undefined => {
	if (level === null) {
		return undefined;
	}
	const {timeToFirstTokenMs = Number.POSITIVE_INFINITY, totalMs = Number.POSITIVE_INFINITY} = level;
	const isFirstTokenInTime =
		level.timeToFirstTokenMs === undefined ||
		(times.timeToFirstToken !== undefined && times.timeToFirstToken <= timeToFirstTokenMs);
	return isFirstTokenInTime && times.total <= totalMs;
};
