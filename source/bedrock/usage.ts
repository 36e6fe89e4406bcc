import type {Usage} from '../domain/backend.ts';
import {at, countOf} from './json.ts';

/** The source of counts: Converse's usage, a header, `amazon-bedrock-invocationMetrics`, the model's own body. */
export type UsageFields = 'converse' | 'header' | 'metrics' | 'body';

/** Counts of one source; undefined: not reported there. */
export type ReportedCounts = {
	readonly input?: number | undefined;
	readonly output?: number | undefined;
	readonly cacheRead?: number | undefined;
	readonly cacheWrite?: number | undefined;
	/** Part of `cacheWrite`: for an hour. */
	readonly longCacheWrite?: number | undefined;
	readonly reasoning?: number | undefined;
};

export type UsageReport = {readonly source: UsageFields; readonly counts: ReportedCounts};

/**
 * Every spelling under which Bedrock and its model providers report a count (seen in recorded answers). They do not
 * overlap in meaning, so one table reads all families, Converse and `amazon-bedrock-invocationMetrics`.
 */
const spellings = {
	input: [
		'inputTokens',
		'inputTokenCount',
		'input_tokens',
		'prompt_tokens',
		'prompt_token_count',
		'inputTextTokenCount',
	],
	output: [
		'outputTokens',
		'outputTokenCount',
		'output_tokens',
		'completion_tokens',
		'generation_token_count',
		'totalOutputTextTokenCount',
	],
	cacheRead: ['cacheReadInputTokens', 'cacheReadInputTokenCount', 'cache_read_input_tokens'],
	cacheWrite: ['cacheWriteInputTokens', 'cacheWriteInputTokenCount', 'cache_creation_input_tokens'],
} as const;

/** Reads an object that holds counts, in whichever spelling. */
export function countsIn(value: unknown): ReportedCounts {
	const input = firstCount(value, spellings.input);
	const output = firstCount(value, spellings.output);
	// Chat Completions and Responses have the same details below other names.
	const details = at(value, 'prompt_tokens_details') ?? at(value, 'input_tokens_details');
	const cached = countOf(at(details, 'cached_tokens'));
	const written = countOf(at(details, 'cache_write_tokens'));
	return {
		input:
			input === undefined ? undefined : uncachedPrompt(value, input, (cached ?? 0) + (written ?? 0), output),
		output,
		cacheRead: firstCount(value, spellings.cacheRead) ?? cached,
		cacheWrite: firstCount(value, spellings.cacheWrite) ?? written,
		longCacheWrite: longCacheWriteIn(value),
		reasoning:
			countOf(at(value, 'completion_tokens_details', 'reasoning_tokens')) ??
			countOf(at(value, 'output_tokens_details', 'reasoning_tokens')) ??
			countOf(at(value, 'output_tokens_details', 'thinking_tokens')),
	};
}

/** As Converse and as Anthropic say it. */
const longCacheWriteIn = (value: unknown): number | undefined => {
	const details = at(value, 'cacheDetails');
	const long = Array.isArray(details) ? details.filter((each) => at(each, 'ttl') === '1h') : [];
	return long.length > 0
		? long.reduce<number>((sum, each) => sum + (countOf(at(each, 'inputTokens')) ?? 0), 0)
		: countOf(at(value, 'cache_creation', 'ephemeral_1h_input_tokens'));
};

const firstCount = (value: unknown, keys: readonly string[]): number | undefined => {
	for (const key of keys) {
		const count = countOf(at(value, key));
		if (count !== undefined) {
			return count;
		}
	}
	return undefined;
};

/**
 * OpenAI-style usage counts cached tokens within `prompt_tokens`, Bedrock counts them apart. The total shows which of
 * the two a body means; without it the format's own definition holds.
 */
const uncachedPrompt = (value: unknown, prompt: number, cached: number, output: number | undefined) => {
	const total = countOf(at(value, 'total_tokens'));
	const isApart = total !== undefined && output !== undefined && total === prompt + cached + output;
	return isApart || cached > prompt ? prompt : prompt - cached;
};

/** Counts of a later chunk, with those of an earlier one where it has none. */
export function overlay(earlier: ReportedCounts, later: ReportedCounts): ReportedCounts {
	return {
		input: later.input ?? earlier.input,
		output: later.output ?? earlier.output,
		cacheRead: later.cacheRead ?? earlier.cacheRead,
		cacheWrite: later.cacheWrite ?? earlier.cacheWrite,
		longCacheWrite: later.longCacheWrite ?? earlier.longCacheWrite,
		reasoning: later.reasoning ?? earlier.reasoning,
	};
}

/**
 * One usage of an answer from all reports, most trusted first.
 * @returns undefined unless both input and output were reported: half a count would be a guess.
 */
export function settleUsage(
	reports: readonly UsageReport[],
): {readonly usage: Usage; readonly source: UsageFields} | undefined {
	const counts = reports.reduce<ReportedCounts>((known, report) => overlay(report.counts, known), {});
	const source = reports.find((report) => report.counts.input !== undefined)?.source;
	if (counts.input === undefined || counts.output === undefined || source === undefined) {
		return undefined;
	}
	return {
		source,
		usage: {
			inputTokens: counts.input,
			outputTokens: counts.output,
			cacheReadTokens: counts.cacheRead ?? 0,
			cacheWriteTokens: counts.cacheWrite ?? 0,
			...(counts.longCacheWrite ? {longCacheWriteTokens: counts.longCacheWrite} : {}),
			reasoningTokens: counts.reasoning,
			isEstimated: false,
		},
	};
}
