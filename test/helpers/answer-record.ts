import type {AnswerRecord} from '../../source/engine/attempts/request-records.ts';

/** A useful answer to a request with two items. */
export const answerRecord: AnswerRecord = {
	at: '2026-11-22T10:00:00.000Z',
	variant: 'terse',
	target: 0,
	model: 'us.amazon.nova-lite-v1:0',
	items: [3, 1],
	answer: 'a',
	isTruncated: false,
	isRefused: false,
	verdicts: [
		{item: 3, kind: 'useful', answer: 'a', checked: true},
		{item: 1, kind: 'check-failed', answer: 'b', checked: true},
	],
	usage: {
		inputTokens: 100,
		outputTokens: 20,
		cacheReadTokens: 0,
		cacheWriteTokens: 5,
		reasoningTokens: undefined,
		isEstimated: false,
	},
	quotaTokens: 125,
	stopReason: 'end_turn',
	attempts: 2,
	latencyMs: {timeToFirstToken: undefined, service: 900.5, dispatchDelay: -0.25, total: 900.25},
};
