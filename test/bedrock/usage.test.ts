import {describe, expect, it} from 'vitest';
import {isRefusal, isTruncation} from '../../source/bedrock/methods/answer.ts';
import {countsIn, settleUsage} from '../../source/bedrock/usage.ts';
import {costOf} from '../../source/domain/accounting.ts';

describe('counts', () => {
	it.each([
		[{inputTokens: 1, outputTokens: 2, cacheReadInputTokens: 3, cacheWriteInputTokens: 4}],
		[{inputTokens: 1, outputTokens: 2, cacheReadInputTokenCount: 3, cacheWriteInputTokenCount: 4}],
		[{inputTokenCount: 1, outputTokenCount: 2, cacheReadInputTokenCount: 3, cacheWriteInputTokenCount: 4}],
		[{input_tokens: 1, output_tokens: 2, cache_read_input_tokens: 3, cache_creation_input_tokens: 4}],
	])('%j', (usage) => {
		expect(countsIn(usage)).toEqual({input: 1, output: 2, cacheRead: 3, cacheWrite: 4, reasoning: undefined});
	});

	it('chat completions count cached tokens within the prompt; Bedrock counts them apart', () => {
		const details = {prompt_tokens_details: {cached_tokens: 6}};
		const within = {prompt_tokens: 10, completion_tokens: 2, total_tokens: 12, ...details};
		expect(countsIn(within)).toMatchObject({input: 4, output: 2, cacheRead: 6});
		const apart = {prompt_tokens: 10, completion_tokens: 2, total_tokens: 18, ...details};
		expect(countsIn(apart)).toMatchObject({input: 10, output: 2, cacheRead: 6});
		expect(countsIn({prompt_tokens: 10, completion_tokens: 2, ...details})).toMatchObject({input: 4});
		expect(countsIn({prompt_tokens: 3, ...details})).toMatchObject({input: 3});
	});

	it.each([
		[
			'Converse',
			{
				cacheDetails: [
					{ttl: '1h', inputTokens: 300},
					{ttl: '5m', inputTokens: 100},
				],
			},
		],
		['Anthropic', {cache_creation: {ephemeral_5m_input_tokens: 100, ephemeral_1h_input_tokens: 300}}],
	])('what is cached for an hour is counted apart, and costs twice the input: %s', (_who, details) => {
		const counts = countsIn({inputTokens: 10, outputTokens: 1, cacheWriteInputTokens: 400, ...details});
		const {usage} = settleUsage([{source: 'converse', counts}]) ?? {};
		expect(usage).toMatchObject({cacheWriteTokens: 400, longCacheWriteTokens: 300});
		const price = {input: 1, output: 5, cacheRead: 0.1, cacheWrite: 1.25, source: 'test'};
		expect(usage && costOf(usage, price)).toBe(10 + 5 + 100 * 1.25 + 300 * 2);
	});

	it.each([
		null,
		undefined,
		'x',
		[],
		{inputTokens: '1', outputTokens: -2},
		{inputTokens: 1.5},
		{inputTokens: Number.NaN},
	])('%j counts nothing', (value) => {
		expect(Object.values(countsIn(value)).filter((count) => count !== undefined)).toEqual([]);
	});
});

describe('one account from several places', () => {
	it('the most believed place wins, others fill its gaps', () => {
		expect(
			settleUsage([
				{source: 'header', counts: {input: 3, output: 44}},
				{source: 'body', counts: {input: 99, output: 99, cacheRead: 9511, cacheWrite: 1956}},
			]),
		).toEqual({
			source: 'header',
			usage: {
				inputTokens: 3,
				outputTokens: 44,
				cacheReadTokens: 9511,
				cacheWriteTokens: 1956,
				reasoningTokens: undefined,
				isEstimated: false,
			},
		});
	});

	it('half a count is none', () => {
		expect(settleUsage([{source: 'header', counts: {input: 3}}])).toBeUndefined();
		expect(settleUsage([{source: 'body', counts: {output: 3}}])).toBeUndefined();
		expect(settleUsage([])).toBeUndefined();
	});

	it('zero is a count', () => {
		expect(settleUsage([{source: 'converse', counts: {input: 0, output: 0}}])?.usage).toMatchObject({
			inputTokens: 0,
			outputTokens: 0,
		});
	});
});

describe('stop reasons', () => {
	it.each(['max_tokens', 'length', 'MAX_TOKENS', 'LENGTH', 'model_length', 'model_context_window_exceeded'])(
		'%s is a truncation',
		(reason) => {
			expect([isTruncation(reason), isRefusal(reason)]).toEqual([true, false]);
		},
	);

	it.each([
		'refusal',
		'content_filtered',
		'content_filter',
		'CONTENT_FILTERED',
		'guardrail_intervened',
		'ERROR_TOXIC',
	])('%s is a refusal', (reason) => {
		expect([isTruncation(reason), isRefusal(reason)]).toEqual([false, true]);
	});

	it.each([
		'end_turn',
		'stop',
		'stop_sequence',
		'tool_use',
		'COMPLETE',
		'FINISH',
		'endoftext',
		'unknown',
		'',
	])('%j is neither', (reason) => {
		expect([isTruncation(reason), isRefusal(reason)]).toEqual([false, false]);
	});
});
