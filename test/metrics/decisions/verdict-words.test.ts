import {describe, expect, it} from 'vitest';
import {betterMaxTokens} from '../../../source/metrics/decisions/advice.ts';
import {uselessReasons} from '../../../source/metrics/decisions/verdict-words.ts';
import {targetFixture, variantFixture} from '../../helpers/snapshot-fixture.ts';
import {variantOf} from '../../helpers/spec-fixture.ts';

const plain = variantFixture({
	name: 'plain',
	inputTokens: 10,
	outputTokens: 10,
	sent: 4,
	useful: 0,
	firstTokenMs: 1,
	totalMs: 2,
	usefulPerMinute: null,
});

const requests = {...plain.requests, sent: 1, succeeded: 1, truncated: 0, refused: 0, failed: {}};
const items = {sent: 1, useful: 0, checkFailed: 0, unparsed: 0};

describe('why nothing was useful', () => {
	it.each([
		[
			{requests: {...requests, refused: 1}, stopReasons: {guardrail_intervened: 1}},
			'1 refused (guardrail_intervened)',
		],
		[
			{requests: {...requests, refused: 1}, stopReasons: {content_filtered: 1}},
			'1 refused (content_filtered)',
		],
		[{requests, items: {...items, checkFailed: 1, empty: 1}, stopReasons: {end_turn: 1}}, '1 empty'],
		[{requests, stopReasons: {tool_use: 1}}, '1 asked for a tool'],
		[{requests, stopReasons: {malformed_model_output: 1}}, '1 malformed'],
		[{requests: {...requests, truncated: 1}, stopReasons: {max_tokens: 1}}, '1 cut off'],
		[
			{requests: {...requests, truncated: 1}, stopReasons: {model_context_window_exceeded: 1}},
			'1 longer than the window of the model',
		],
		[
			{requests: {...requests, succeeded: 0, failed: {'access-denied': 1}}, stopReasons: {}},
			'1 without an answer (access-denied)',
		],
	])('%#: one line with the word of the service', (figures, expected) => {
		expect(uselessReasons([{...plain, items, ...figures}])).toBe(expected);
	});
});

describe('an answer that was cut off', () => {
	const adviceFor = (stopReasons: Readonly<Record<string, number>>) =>
		betterMaxTokens({
			figures: {...plain, requests: {...requests, sent: 3, succeeded: 3, truncated: 3}, stopReasons},
			variant: variantOf('plain'),
			target: targetFixture(),
			maxTokens: 100,
		}).map(({text}) => text);

	it('by a full window: shorten the prompt, and no word of more max tokens', () => {
		expect(adviceFor({model_context_window_exceeded: 3})).toEqual([
			'plain: 3 of 3 prompts and answers did not fit the window of the model together; shorten the prompt.',
		]);
	});

	it('by both: each for itself', () => {
		expect(adviceFor({model_context_window_exceeded: 1, max_tokens: 2})).toEqual([
			expect.stringMatching(/^plain: 1 of 3 .*window/),
			expect.stringMatching(/^plain: 2 of 3 answers were cut off at 100 max tokens/),
		]);
	});
});
