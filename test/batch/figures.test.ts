import {expect, it} from 'vitest';
import {createBatchFigures} from '../../source/batch/figures.ts';
import type {Answer} from '../../source/domain/backend.ts';
import type {ItemVerdict, Variant} from '../../source/domain/task.ts';

const variants = [{name: 'a'}, {name: 'b'}] as unknown as readonly Variant[];
const price = {input: 1e-6, output: 2e-6, cacheRead: 0, cacheWrite: 0, source: 'list'};
const answer = {
	text: 'billing',
	stopReason: 'end_turn',
	isTruncated: false,
	isRefused: false,
	usage: {inputTokens: 100, outputTokens: 50, cacheReadTokens: 0, cacheWriteTokens: 0, isEstimated: false},
} as unknown as Answer;
const useful = {kind: 'useful', checked: true} as ItemVerdict;
const wrong = {kind: 'check-failed', checked: true, answer: ''} as ItemVerdict;
const recordOf = (variant: number, items = 1) => ({
	variant,
	items,
	prompt: {system: undefined, user: 'Say.'},
});

it('adds up records by variant, with rates over the span of the batch', () => {
	const figures = createBatchFigures({variants, price, startedAtMs: 0});
	figures.answered(recordOf(0, 2), answer, [useful, wrong]);
	figures.answered(recordOf(0), answer, [useful]);
	figures.failed(recordOf(0), 'gone');
	const [first, second] = figures.variants(60_000);
	expect(first).toMatchObject({
		requests: {sent: 3, attempts: 3, succeeded: 2, failed: {'model-error': 1}},
		items: {sent: 4, useful: 2, checkFailed: 1, empty: 1},
		tokens: {input: 200, output: 100, reasoning: null, quota: 0},
		perRequest: {inputTokens: {mean: 100}, quotaTokens: {mean: 0}},
		rate: {requestsPerMinute: 2, tokensPerMinute: 300, usefulPerMinute: 2},
		quality: {checked: 3, passed: 2, score: 2 / 3},
		stopReasons: {end_turn: 2},
		prompt: {system: null, user: 'Say.'},
		sample: 'billing',
	});
	expect(first?.costUsd).toBeCloseTo(2 * (100e-6 + 100e-6));
	expect(second).toMatchObject({requests: {sent: 0, failed: {}}, costUsd: null, quality: {score: null}});
});

it('counts failures by message, and keeps a hundred messages', () => {
	const figures = createBatchFigures({variants, price: null, startedAtMs: 0});
	for (let index = 0; index < 150; index++) {
		figures.failed(recordOf(1), `reason ${index % 120}`);
	}
	expect(figures.failures()).toHaveLength(100);
	expect(figures.failures()[0]).toMatchObject({class: 'model-error', message: 'reason 0', count: 2});
	expect(figures.events()[1]).toEqual({
		at: '1970-01-01T00:00:00.000Z',
		kind: 'model-error',
		text: 'reason 1',
	});
	expect(figures.variants(0)[1]).toMatchObject({
		requests: {failed: {'model-error': 150}},
		rate: {requestsPerMinute: null},
	});
});
