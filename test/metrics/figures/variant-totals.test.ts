import {describe, expect, it} from 'vitest';
import type {AnsweredEvent} from '../../../source/domain/run-event.ts';
import {emptyFigures} from '../../../source/metrics/figures/figures.ts';
import {foldEvent} from '../../../source/metrics/figures/fold-event.ts';
import {toVariantFigures} from '../../../source/metrics/figures/variant-figures.ts';
import {emptyCaching, foldCaching} from '../../../source/metrics/figures/variant-totals.ts';
import {leverTexts} from '../../../source/reports/words.ts';
import {cellOf, quotaOf, targetOf} from '../../helpers/spec-fixture.ts';

const answer = (tokens: Partial<AnsweredEvent['tokens']>, quotaTokens: number): AnsweredEvent => ({
	type: 'answered',
	at: 10,
	cell: 0,
	target: 0,
	isCounted: true,
	block: undefined,
	stopReason: 'end_turn',
	isTruncated: false,
	isRefused: false,
	items: {useful: 1, checkFailed: 0, unparsed: 0, checked: 0, passed: 0},
	tokens: {
		input: 10,
		output: 5,
		cacheRead: 0,
		cacheWrite: 0,
		reasoning: undefined,
		isEstimated: false,
		...tokens,
	},
	quotaTokens,
	occupied: {tokens: quotaTokens, requests: 1},
	reservedTokens: quotaTokens,
	isOverrun: false,
	costUsd: undefined,
	times: {timeToFirstToken: 100, service: 200, dispatchDelay: 0, total: 200},
	isWithinServiceLevel: undefined,
	isSimulated: true,
	text: 'a',
});

const cold = answer({cacheWrite: 2000}, 2015);
const warm = answer({cacheRead: 2000}, 15);

const figuresOf = (answers: readonly AnsweredEvent[], isCaching: boolean) => {
	const figures = emptyFigures([cellOf()], 1);
	for (const event of answers) {
		foldEvent(figures, event);
	}
	return toVariantFigures(figures, 0, {
		name: 'v',
		cell: cellOf(),
		target: targetOf(quotaOf(null, 100_000)),
		shape: 'measure',
		hasServiceLevel: false,
		isCaching,
		maxTokens: 100,
	});
};

describe('cold and warm answers', () => {
	it('are kept apart; what used no cache is on neither side', () => {
		const {caching} = figuresOf([cold, warm, warm, answer({}, 2015)], true);
		expect(caching?.cold).toMatchObject({requests: 1, quotaTokens: {mean: 2015}, inputTokens: {mean: 2010}});
		expect(caching?.warm).toMatchObject({requests: 2, quotaTokens: {mean: 15}, inputTokens: {mean: 2010}});
	});

	it('an answer that reads one part and writes the next is warm', () => {
		const caching = emptyCaching();
		foldCaching(caching, answer({cacheRead: 2000, cacheWrite: 50}, 65));
		expect(caching.warm.quotaTokens.count).toBe(1);
		expect(caching.cold.quotaTokens.count).toBe(0);
	});

	it('the sustainable rate of a variant that caches is that of its warm answers', () => {
		const both = [cold, warm, warm, warm];
		const lasting = figuresOf([warm, warm, warm], true).sustainable.usefulPerMinute;
		expect(figuresOf(both, true).sustainable.usefulPerMinute).toBe(lasting);
		expect(figuresOf(both, false).sustainable.usefulPerMinute).toBeLessThan(lasting ?? 0);
	});

	it('before any warm answer it is that of all', () => {
		expect(figuresOf([cold], true).sustainable.usefulPerMinute).toBe(
			figuresOf([cold], false).sustainable.usefulPerMinute,
		);
	});

	it('a variant without caching has no such figures', () => {
		expect(figuresOf([warm], false)).not.toHaveProperty('caching');
	});

	it('in words: both sides, whose the rate is, and that nothing was cached', () => {
		const texts = leverTexts([figuresOf([cold, warm], true)]);
		expect(texts.join('\n')).toContain('cache cold: 1 answer, 2,010 tokens in, 2,015 quota tokens');
		expect(texts.at(-1)).toBe('v: the sustainable rate is that of its warm answers.');
		expect(leverTexts([figuresOf([answer({}, 15)], true)])[0]).toContain('nothing was cached');
	});
});
